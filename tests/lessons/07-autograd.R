test_that("values and slopes", {
  expect_equal(
    as.numeric(x), c(5.1339, 7.4256, 7.1589, 5.7047, 1.6527, .4431, 9.6277), tolerance = 1e-5
  )
  expect_lt(abs(f(2)$item() - 20.0462), 5e-5)
  expect_equal(
    path, c(37.27285, 37.06098, 36.84991, 36.63964, 36.43018, 36.22152), tolerance = 3e-7
  )
  expect_lt(abs(slope + 5.6133), 5.1e-5)
  expect_lt(abs(f(2.5)$item() - 16.9896), 5e-5)
  expect_lt(abs((f(2.5)^2)$item() - 288.646), 5e-4)
})

test_that("descent ends at the mean", {
  expect_lt(abs(mu$item() - 5.306654), 1e-6)
  expect_lt(abs(f(mu$item())$item() - 9.1123), 5e-5)
  expect_true(all(diff(steps$loss) < 1e-5))
})
