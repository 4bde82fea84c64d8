test_that("the study", {
  expect_lt(abs(best - 2), .1)
  expect_identical(nrow(trials), 100L)
  expect_equal(min(trials$value), (best - 2)^2, tolerance = 1e-12)
})
