test_that("perceptron and adaline", {
  expect_identical(errors, c(1L, 3L, 3L, 2L, 1L, 0L, 0L, 0L, 0L, 0L))
  expect_lt(max(abs(costs[c(1, 15)] - c(50.977, 2.575))), 5.1e-4)
})
