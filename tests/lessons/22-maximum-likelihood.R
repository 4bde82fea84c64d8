test_that("the likelihood's peak", {
  expect_lt(abs(log_lik(.27) + 58.325884), 5e-7)
  expect_lt(abs(dbinom(k, n, .27) - .0895556), 5e-8)
  expect_lt(abs(by_optimize - .27), 1e-7)
  expect_lt(abs(theta$item() - .27), 1e-6)
  expect_equal(curvature, n / (.27 * .73), tolerance = 1e-12)
  expect_lt(abs(curvature - 507.36), 5e-3)
})
