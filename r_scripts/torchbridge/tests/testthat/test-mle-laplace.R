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
  # The definition, by a fit with the parameter held at its limit.
  at <- confint(fit, "b2")
  held <- torch_mle(nll, begin, d[c("n", "x")], random = "u", fixed = list(b2 = at[[2L]]))
  expect_equal(2 * (c(logLik(fit)) - c(logLik(held))), qchisq(0.95, 1), tolerance = 1e-6)
  z <- profile(fit, "b2", zmax = 2, points = 1)$b2$z
  expect_equal(z[2L], 0, tolerance = 1e-6)
  expect_true(z[1L] < -1.5 && z[3L] > 1.5)
  total <- predict(fit, function(p) exp(p$logs) * p$u[1] + p$b[1], se.fit = TRUE)
  slope <- c(1, 0, exp(coef(fit)[["logs"]]), rep(0, 6), exp(coef(fit)[["logs"]]) * ranef(fit)[[1L]])
  expect_equal(total$se.fit, c(sqrt(slope %*% vcov(fit, "joint") %*% slope)), tolerance = 1e-10)
  # What a sampler starts from.
  expect_identical(laplace_spread(fit, fit$fullcoef, NULL), unname(vcov(fit, "joint")))
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
  fit <- function(...) torch_mle(gaussian_nll, ..., data = d[c("y", "x")], random = "u")
  expect_error(fit(replace(start, "b", list(c(NA, 0)))), "`start` must be numbers: `b1`")
  expect_error(fit(start, lower = c(logs1 = 1), upper = c(logs1 = 0)), "above `upper`.*`logs1`")
  expect_error(fit(start, lower = c(logs2 = 1)), "`start` must be within.*`logs2` is not")
  expect_error(fit(start, lower = c(u3 = 0)), "not for random effects, such as `u3`")
  never <- function(b, u) -log(b) + sum(u^2)
  expect_error(torch_mle(never, list(b = 0, u = 1), random = "u"), "not finite at `start`")
})

test_that("chicks that grow, RTMB's introduction, are those of nlme", {
  skip_if_not_installed("Matrix")
  skip_if_not_installed("nlme")
  chicks <- as.data.frame(ChickWeight)
  chick <- as.integer(factor(as.character(chicks$Chick)))
  nll <- function(slope, level, a, b, logs, weight, days) {
    -sum(dnorm(weight, a[chick] * days + b[chick], exp(logs[3]), log = TRUE)) -
      sum(dnorm(a, slope, exp(logs[1]), log = TRUE)) -
      sum(dnorm(b, level, exp(logs[2]), log = TRUE))
  }
  begin <- list(slope = 8, level = 30, a = numeric(50), b = numeric(50), logs = c(1, 2, 2))
  given <- list(weight = chicks$weight, days = chicks$Time)
  fit <- torch_mle(nll, begin, given, random = c("a", "b"))
  chicks$chick <- factor(chick)
  peer <- nlme::lme(
    weight ~ Time, chicks, list(chick = nlme::pdDiag(~Time)), method = "ML",
    control = nlme::lmeControl(tolerance = 1e-10, msTol = 1e-12, niterEM = 100)
  )
  expect_equal(c(logLik(fit)), c(logLik(peer)), tolerance = 1e-8)
  errors <- sqrt(diag(vcov(fit)))
  found <- coef(fit)[c("level", "slope")]
  expect_true(all(abs(found - nlme::fixef(peer)) < 1e-4 * errors[c("level", "slope")]))
  theirs <- sqrt(diag(peer$varFix))
  expect_equal(unname(errors[c("level", "slope")]), unname(theirs), tolerance = 1e-3)
  expect_equal(unname(exp(coef(fit)[["logs3"]])), peer$sigma, tolerance = 1e-5)
  draw <- function(p) rnorm(nrow(chicks), p$a[chick] * chicks$Time + p$b[chick], exp(p$logs[3]))
  drawn <- simulate(fit, 2, seed = 1, fun = draw)
  expect_identical(names(drawn), c("sim_1", "sim_2"))
  expect_identical(drawn, simulate(fit, 2, seed = 1, fun = draw))
  set.seed(1)
  expect_identical(drawn$sim_1, draw(like_numbers(fit$fullcoef, begin)))
  expect_error(simulate(fit), "`fun` must be a function of the parameters that draws")
})

test_that("a sparse Hessian gives what a dense one gives: value, mode, gradient, variances", {
  skip_if_not_installed("Matrix")
  set.seed(2)
  first <- sample(9L, 60L, TRUE)
  second <- sample(5L, 60L, TRUE)
  n <- rpois(60L, exp(rnorm(9L)[first] / 2 + rnorm(5L)[second] / 2))
  crossed <- function(b, u, v, logs) {
    -sum(dpois(n, exp(b + u[first] + v[second]), log = TRUE)) -
      sum(dnorm(u, 0, exp(logs[1]), log = TRUE)) - sum(dnorm(v, 0, exp(logs[2]), log = TRUE))
  }
  remembered <- function(b, u, z, logs) {
    k <- length(u)
    -sum(dpois(n[1:30], exp(b + u), log = TRUE)) - dnorm(u[1], log = TRUE) -
      sum(dnorm(u[-1], tanh(z) * u[-k], exp(logs), log = TRUE))
  }
  cases <- list(
    list(crossed, list(b = 0.1, u = numeric(9), v = numeric(5), logs = c(-1, 0.2)), 2:15),
    list(crossed, list(b = 0.1, u = numeric(9), v = numeric(5), logs = c(-1, 0.2)), 1:15),
    list(remembered, list(b = 0.1, u = numeric(30), z = 0.4, logs = -0.5), 2:31)
  )
  for (case in cases) {
    full <- flat_values(case[[2L]])
    model <- likelihood_model(case[[1L]], case[[2L]], NULL, list(), list(), "estimate", NULL)
    target <- target_of(free_function(model, full), full, list(), TRUE, NULL)
    engines <- list(
      sparse_laplace(target, full, case[[3L]], NULL), dense_laplace(target, case[[3L]], NULL)
    )
    modes <- lapply(engines, function(e) e$mode(full))
    expect_null(modes[[2L]]$cholesky)
    expect_false(is.null(modes[[1L]]$cholesky))
    expect_equal(modes[[1L]]$value, modes[[2L]]$value, tolerance = 1e-12)
    expect_equal(modes[[1L]]$full, modes[[2L]]$full, tolerance = 1e-9)
    expect_equal(engines[[1L]]$gradient(modes[[1L]]), modes[[2L]]$slope, tolerance = 1e-9)
    others <- setdiff(seq_along(full), case[[3L]])
    spreads <- Map(function(e, m) e$spread(m, others), engines, modes)
    expect_equal(as.matrix(spreads[[1L]]$hessian), spreads[[2L]]$hessian, tolerance = 1e-9)
    expect_equal(spreads[[1L]]$conditional, spreads[[2L]]$conditional, tolerance = 1e-9)
    expect_equal(spreads[[1L]]$moves, spreads[[2L]]$moves, tolerance = 1e-9)
    # From mode to mode, near and far, by the last factor and without.
    for (step in c(1e-6, 1e-4, 0.01, 0.3, 1e-5)) {
      from <- replace(modes[[1L]]$full, others, modes[[1L]]$full[others] + step)
      modes <- lapply(engines, function(e) e$mode(from))
      expect_equal(modes[[1L]]$value, modes[[2L]]$value, tolerance = 1e-13)
      expect_equal(modes[[1L]]$full, modes[[2L]]$full, tolerance = 1e-10)
      expect_equal(engines[[1L]]$gradient(modes[[1L]]), modes[[2L]]$slope, tolerance = 1e-10)
    }
  }
})

test_that("steps with the factor of a Hessian nearby go as far as they get shorter", {
  skip_if_not_installed("Matrix")
  pattern <- sparse_pattern(1:3, 1:3, 3L)
  cholesky <- sparse_cholesky(pattern, c(1, 2, 3))
  mode <- c(1, -2, 0.5)
  # The Hessian is `times` that of the factor.
  steps <- function(times, x = c(0, 0, 0, 7)) {
    looks <- 0L
    slope_at <- function(x) {
      looks <<- looks + 1L
      off <- x[1:3] - mode
      list(value = times * sum(c(1, 2, 3) * off^2) / 2, slope = times * c(1, 2, 3) * off)
    }
    list(x = steps_by_factor(x, 1:3, slope_at, cholesky), looks = looks)
  }
  expect_equal(steps(1.0001)$x, c(mode, 7), tolerance = 1e-13)
  expect_lte(steps(1.0001)$looks, 4L)
  expect_equal(steps(1, c(mode, 7)), list(x = c(mode, 7), looks = 1L))
  # Half of what is left at each step is too slow; one step was made. Three times it leads away.
  expect_equal(steps(0.5)$x, c(mode / 2, 7))
  expect_null(steps(3)$x)
  expect_null(steps(NaN)$x)
})

test_that("a hundred levels of the Nile: Durbin and Koopman's log-likelihood, Kalman's smoother", {
  skip_if_not_installed("Matrix")
  nile <- as.numeric(Nile)
  level <- function(logs, u, y) {
    -sum(dnorm(y, u, exp(logs[1]), log = TRUE)) -
      sum(dnorm(u[-1], u[-length(u)], exp(logs[2]), log = TRUE))
  }
  begin <- list(logs = c(4, 4), u = rep(mean(nile), 100L))
  fit <- torch_mle(level, begin, list(y = nile), random = "u")
  expect_equal(c(logLik(fit)), -632.54562510, tolerance = 1e-11)
  # The same density, as a multivariate normal: what is left of the levels, and their means.
  sds <- exp(coef(fit))
  precision <- crossprod(diff(diag(100L))) / sds[2L]^2 + diag(100L) / sds[1L]^2
  expect_equal(unname(ranef(fit)), solve(precision, nile / sds[1L]^2), tolerance = 1e-9)
  expect_equal(
    ranef(fit, condVar = TRUE)$conditional, sqrt(diag(solve(precision))), tolerance = 1e-9
  )
})

test_that("where the function takes another way, its Hessian is found anew", {
  skip_if_not_installed("Matrix")
  y <- c(0.3, -0.2, 1.1, 0.4, 0.9, -0.5)
  # Neighbours are alike only where `a` says so.
  nll <- function(a, u) {
    value <- -sum(dnorm(y, u, 1, log = TRUE)) - sum(dnorm(u, a, 1, log = TRUE))
    if (a > 0.1) value + sum((u[-1] - u[-6])^2) else value
  }
  full <- c(a = 0, setNames(numeric(6), paste0("u", 1:6)))
  begin <- list(a = 0, u = numeric(6))
  model <- likelihood_model(nll, begin, NULL, list(), list(), "estimate", NULL)
  target <- target_of(free_function(model, full), full, list(), TRUE, NULL)
  engine <- sparse_laplace(target, full, 2:7, NULL)
  expect_length(engine$gradient(engine$mode(full)), 7L)
  expect_null(engine$gradient(engine$mode(replace(full, 1L, 0.4))))
})
