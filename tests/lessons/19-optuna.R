test_that("the study", {
  expect_lt(abs(best - 2), .1)
  expect_identical(nrow(search$trials), 100L)
  expect_equal(min(search$trials$value), (best - 2)^2, tolerance = 1e-12)
  expect_identical(study$best_params$x, best)
})

test_that("the network's settings", {
  expect_identical(nrow(cars$trials), 15L)
  expect_equal(min(cars$trials$value, na.rm = TRUE), cars$best_value)
  expect_equal(min(cars$fit$history$valid_loss), cars$best_value)
})
