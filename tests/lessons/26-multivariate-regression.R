test_that("descent", {
  expect_equal(fit$costs[1:4], c(29661.80, 9298.52, 2915.713, 915.040), tolerance = 1e-6)
  expect_equal(fit$costs[101], 1.563626, tolerance = 1e-4)
  expect_equal(fit$costs[1001], 1.079375, tolerance = 1e-3)
  expect_equal(typo$costs[c(2, 21)], c(9537.69, 5.957), tolerance = 1e-4)
  expect_lt(mean(resid(exact)^2), fit$costs[1001])
})

test_that("batches", {
  expect_identical(as.integer(steps$steps), c(44L, 12L, 3L, 3L))
  expect_identical(steps$last, c(6, 12, 108, 1))
  expect_length(noisy, 60)
  expect_lt(mean(noisy[55:60]), noisy[1] / 10)
})
