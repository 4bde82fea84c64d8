test_that("rates", {
  expect_lt(max(abs(good[c(1, 2, 20)] - c(2.203667, 1.199645, .989365))), 2e-6)
  expect_lt(abs(test_cost - 1.425844), 2e-6)
  expect_identical(test_right, 0L)
  expect_gt(max(too_fast), 1e5)
  expect_equal(too_slow[20], too_slow[1], tolerance = 1e-6)
  expect_lt(abs(too_slow[20] - 3.187324), 2e-6)
  expect_equal(too_fast[2], 976950, tolerance = 1e-5)
})

test_that("scaling", {
  expect_lt(difference, 1e-14)
  expect_lt(
    max(abs(as.numeric(standard[, 1]) - c(-1.0674, .7418, .3799, 1.0132, -1.0674))), 5.1e-5
  )
})
