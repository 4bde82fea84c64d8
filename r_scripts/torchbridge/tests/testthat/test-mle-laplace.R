skip_without_python()

set.seed(5)
d <- data.frame(g = factor(rep(1:7, each = 6)), x = rnorm(42))
d$y <- 1 + 0.5 * d$x + 0.8 * rnorm(7)[d$g] + rnorm(42)
d$n <- rpois(42, exp(0.3 + 0.4 * d$x + 0.6 * rnorm(7)[d$g]))
index <- as.integer(d$g)

gaussian_nll <- function(b, u, logs, y, x) {
  -sum(dnorm(y, b[1] + b[2] * x + u[index], exp(logs[2]), log = TRUE)) -
    sum(dnorm(u, 0, exp(logs[1]), log = TRUE))
}
start <- list(b = c(0, 0), u = numeric(7), logs = c(0, 0))

test_that("a Gaussian model is the exact one, restricted where fixed effects are random too", {
  skip_if_not_installed("Matrix")
  for (reml in c(FALSE, TRUE)) {
    known <- torch_fit(y ~ x + (1 | g), d, linear(), REML = reml)
    random <- if (reml) c("u", "b") else "u"
    fit <- torch_mle(gaussian_nll, start, d[c("y", "x")], random = random)
    expect_equal(c(logLik(fit)), c(logLik(known)), tolerance = 1e-9)
    sds <- c(attr(VarCorr(known)$g, "stddev"), sigma(known))
    expect_equal(unname(exp(coef(fit)[c("logs1", "logs2")])), unname(sds), tolerance = 1e-5)
    expect_equal(unname(fit$fullcoef[1:2]), unname(fixef(known)), tolerance = 1e-5)
    expect_equal(unname(fit$fullcoef[3:9]), ranef(known)$g[[1L]], tolerance = 1e-5)
    limits <- confint(fit, "logs1", method = "wald")
    expect_equal(
      unname(c(exp(limits))), unname(confint(known)["sd_(Intercept)|g", ]), tolerance = 1e-4
    )
  }
  # With theta at its estimate, REML's variance of fixed effects is the conditional one.
  expect_equal(
    unname(ranef(fit, condVar = TRUE)$conditional[1:2]), unname(sqrt(diag(vcov(known)))),
    tolerance = 1e-4
  )
})

test_that("counts are those of the formula's model, with errors, profiles and functions", {
  skip_if_not_installed("Matrix")
  nll <- function(b, u, logs, n, x) {
    -sum(dpois(n, exp(b[1] + b[2] * x + exp(logs) * u[index]), log = TRUE)) -
      sum(dnorm(u, log = TRUE))
  }
  begin <- list(b = c(0, 0), u = numeric(7), logs = 0)
  fit <- torch_mle(nll, begin, d[c("n", "x")], random = "u")
  known <- torch_fit(n ~ x + (1 | g), d, poisson())
  expect_equal(c(logLik(fit)), c(logLik(known)), tolerance = 1e-9)
  expect_equal(unname(coef(fit)[1:2]), unname(fixef(known)), tolerance = 1e-6)
  expect_equal(unname(vcov(fit)[1:2, 1:2]), unname(vcov(known)), tolerance = 1e-4)
  less <- torch_mle(nll, begin, d[c("n", "x")], random = "u", fixed = list(b2 = 0))
  expect_equal(
    anova(less, fit)$Chisq[2L],
    2 * (c(logLik(known)) - c(logLik(torch_fit(n ~ 1 + (1 | g), d, poisson())))),
    tolerance = 1e-6
  )
  expect_error(confint(fit), "Profiles are not for fits with `random`")
  total <- predict(fit, function(p) exp(p$logs) * p$u[1] + p$b[1], se.fit = TRUE)
  slope <- c(1, 0, exp(coef(fit)[["logs"]]), rep(0, 6), exp(coef(fit)[["logs"]]) * ranef(fit)[[1L]])
  expect_equal(total$se.fit, c(sqrt(slope %*% fit$joint %*% slope)), tolerance = 1e-10)
  expect_true(all(ranef(fit, condVar = TRUE)$std.error >= ranef(fit, condVar = TRUE)$conditional))
})

test_that("what has no integral is named", {
  flat <- function(b, u, logs, y, x) {
    -sum(dnorm(y, b[1] + b[2] * x + u[1], exp(logs[2]), log = TRUE)) - sum(dnorm(u[1], log = TRUE))
  }
  expect_error(torch_mle(flat, start, d[c("y", "x")], random = "u"), "does not curve up.*`u2`")
  expect_error(torch_mle(gaussian_nll, start, d[c("y", "x")], random = "v"), "`random` must name")
  expect_error(
    torch_mle(gaussian_nll, start, d[c("y", "x")], random = c("b", "u", "logs")), "leaves no"
  )
  never <- function(b, u) -log(b) + sum(u^2)
  expect_error(torch_mle(never, list(b = 0, u = 1), random = "u"), "not finite at `start`")
})
