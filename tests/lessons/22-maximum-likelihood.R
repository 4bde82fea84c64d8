test_that("the likelihood's peak", {
  expect_lt(abs(log_lik(.27) + 58.325884), 5e-7)
  expect_lt(abs(dbinom(k, n, .27) - .0895556), 5e-8)
  expect_lt(abs(by_optimize - .27), 1e-7)
  expect_identical(nrow(descent$history), 2001L)
  expect_lt(abs(descent$par - .27), 1e-8)
  expect_lt(abs(theta$item() - .2700003), 5e-8)
  expect_equal(coef(fit)[["theta"]], .27, tolerance = 1e-9)
})

test_that("its curvature", {
  expect_equal(curvature, n / (.27 * .73), tolerance = 1e-13)
  expect_lt(abs(curvature - 507.36), 5e-3)
  expect_equal(vcov(fit)[[1]], .27 * .73 / n, tolerance = 1e-8)
  # Where the log-likelihood is half of qchisq(.95, 1) below its peak.
  expect_equal(
    log_lik(c(confint(fit))), rep(log_lik(.27) - qchisq(.95, 1) / 2, 2), tolerance = 1e-6
  )
})
