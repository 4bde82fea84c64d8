test_that("odds and entropy", {
  expect_equal(table$odds, c(1 / 9, 1, 4, 99), tolerance = 1e-13)
  expect_lt(max(abs(table$logit - c(-2.19722, 0, 1.386294, 4.59512))), 5.1e-6)
  expect_equal(table$logit, qlogis(table$p), tolerance = 1e-15)
  expect_equal(table$back, table$p, tolerance = 1e-15)
  expect_equal(coin, log(2), tolerance = 1e-15)
  expect_equal(-nrow(mtcars) * entropy, as.numeric(logLik(fit)), tolerance = 1e-12)
})
