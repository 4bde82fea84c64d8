test_that("training", {
  expect_lt(max(abs(costs[c(1, 101, 1001)] - c(.693147, .134722, .019852))), 2e-6)
  expect_equal(library_cost$item(), costs[1001], tolerance = 2e-3)
  expect_identical(predicted, as.integer(data$y))
  expect_match(warned, "converge|fitted probabilities")
})
