skip_without_python()

set.seed(3)
d <- data.frame(x = rnorm(40), z = rnorm(40), w = rnorm(40))
d$y <- 1 + 0.5 * d$x + 0.5 * d$z + rnorm(40)
nll <- function(b, logs, y, x, z, w) {
  -sum(dnorm(y, b[1] + b[2] * x + b[3] * z + b[4] * w, exp(logs), log = TRUE))
}
begin <- list(b = c(0, 0, 0, 0.2), logs = 0)

test_that("tied and held parameters are those of the model without them", {
  fit <- torch_mle(nll, begin, d, map = list(b = factor(c("a", "s", "s", NA))))
  known <- stats::lm(I(y - 0.2 * w) ~ I(x + z), d)
  expect_equal(unname(coef(fit)[1:2]), unname(coef(known)), tolerance = 1e-8)
  expect_identical(names(coef(fit)), c("b1", "b2", "logs"))
  expect_identical(coef(fit, fixed = TRUE)[["b3"]], coef(fit)[["b2"]])
  expect_identical(coef(fit, fixed = TRUE)[["b4"]], 0.2)
  expect_equal(c(logLik(fit)), c(logLik(known)), tolerance = 1e-12)
  expect_identical(attr(logLik(fit), "df"), 3L)
  # By the delta method: both are one.
  error <- sqrt(vcov(fit)["b2", "b2"])
  of_sum <- predict(fit, function(p) p$b[2] + p$b[3] + p$b[4], se.fit = TRUE)
  expect_equal(of_sum$se.fit, 2 * error, tolerance = 1e-12)
  expect_output(print(fit), "Fixed:\n *b4 *\n *0.2 *\n\nTied: b3 = b2")
  limits <- confint(fit, "b2")
  held <- torch_mle(function(b, s, logs, y, x, z, w) nll(c(b, s, s, 0.2), logs, y, x, z, w),
    list(b = 0, logs = 0), d, fixed = list(s = limits[[1L]])
  )
  expect_equal(2 * (c(logLik(fit)) - c(logLik(held))), qchisq(0.95, 1), tolerance = 1e-6)
  # All parameters in one vector, with one factor.
  flat <- torch_mle(
    function(p, d) nll(p[1:4], p[5], d$y, d$x, d$z, d$w), c(a = 0, b = 0, c = 1, d = 0.2, e = 0), d,
    map = factor(c(1, 2, 2, NA, 3))
  )
  expect_equal(unname(coef(flat)), unname(coef(fit)), tolerance = 1e-8)
})

test_that("standard deviations of random effects are tied", {
  skip_if_not_installed("Matrix")
  one <- rep(1:5, 8)
  two <- rep(1:4, each = 10)
  y <- d$y + rnorm(5)[one] + rnorm(4)[two]
  mixed <- function(m, u, v, logs) {
    -sum(dnorm(y, m + u[one] + v[two], exp(logs[3]), log = TRUE)) -
      sum(dnorm(u, 0, exp(logs[1]), log = TRUE)) - sum(dnorm(v, 0, exp(logs[2]), log = TRUE))
  }
  start <- list(m = 0, u = numeric(5), v = numeric(4), logs = c(0, 1, 0))
  fit <- torch_mle(mixed, start, random = c("u", "v"), map = list(logs = factor(c(1, 1, 2))))
  alike <- function(m, u, v, log_a, log_e) mixed(m, u, v, c(log_a, log_a, log_e))
  start <- list(m = 0, u = numeric(5), v = numeric(4), log_a = 0.5, log_e = 0)
  known <- torch_mle(alike, start, random = c("u", "v"))
  expect_equal(unname(coef(fit)), unname(coef(known)), tolerance = 1e-7)
  expect_equal(c(logLik(fit)), c(logLik(known)), tolerance = 1e-12)
  expect_equal(unname(vcov(fit)), unname(vcov(known)), tolerance = 1e-5)
  expect_equal(unname(ranef(fit)), unname(ranef(known)), tolerance = 1e-6)
})

test_that("what is no map is named", {
  expect_error(torch_mle(nll, begin, d, map = list(a = factor(1))), "`map` must be a list.*not `a`")
  expect_error(torch_mle(nll, begin, d, map = list(b = 1:4)), "`map\\$b` must be a factor of len")
  expect_error(
    torch_mle(nll, begin, d, map = list(b = factor(1:2))), "factor of length 4.*of length 2"
  )
  expect_error(
    torch_mle(nll, begin, d, map = list(b = factor(rep(NA, 4)), logs = factor(NA))),
    "`map` leaves no parameter"
  )
  expect_error(
    torch_mle(nll, begin, d, fixed = list(b2 = 1), map = list(b = factor(c(1, 2, 2, 3)))),
    "`fixed` has `b2`, which `map` ties"
  )
})
