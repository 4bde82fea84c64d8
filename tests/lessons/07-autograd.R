rounds_to <- function(x, expected, digits) {
  expect_lte(max(abs(x - expected)), 0.5001 * 10^-digits)
}

test_that("values and slopes", {
  rounds_to(x, c(5.1339, 7.4256, 7.1589, 5.7047, 1.6527, .4431, 9.6277), 4)
  rounds_to(f(2), 20.0462, 4)
  # The original's are float32, which keeps 37 to 4e-6.
  expect_lt(
    max(abs(path - c(37.27285, 37.06098, 36.84991, 36.63964, 36.43018, 36.22152))), 0.9e-5
  )
  rounds_to(slope, -5.6133, 4)
  expect_equal(slope, 2 * (2.5 - mean(x)), tolerance = 1e-14)
  rounds_to(loss$item(), 16.9896, 4)
  rounds_to((loss^2)$item(), 288.646, 3)
  expect_identical(recorded, c(always = TRUE, detached = FALSE, no_grad = FALSE))
  skip_if_not_installed("numDeriv")
  expect_equal(slope, numDeriv::grad(f, 2.5), tolerance = 1e-9)
})

test_that("descent ends at the mean", {
  expect_lt(abs(mu - 5.306654), 1e-6)
  rounds_to(f(mu), 9.1123, 4)
  expect_true(all(diff(steps$loss) < 1e-14))
  # As many steps of 0.8 of the way that is left.
  expect_equal(mu, mean(x) + (0.5 - mean(x)) * 0.8^100, tolerance = 1e-14)
  # The best of its points: the loss is flat there.
  expect_equal(found$par, mu, tolerance = 1e-8)
})
