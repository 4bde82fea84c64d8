skip_without_python()

errors_of <- function(fit) unname(sqrt(diag(vcov(fit))))

set.seed(7)
n <- 300
d <- data.frame(x = rnorm(n), g = factor(sample(c("a", "b", "c"), n, TRUE)))
design <- model.matrix(~ x + g, d)
eta <- drop(design %*% c(0.2, 0.7, -0.5, 0.4))
start <- setNames(numeric(4), colnames(design))

# Estimates, standard errors and log-likelihood are those of an R fit.
expect_fit <- function(fit, coef, errors, logl, tolerance = 1e-6) {
  expect_equal(unname(coef(fit)), unname(coef), tolerance = tolerance)
  expect_equal(errors_of(fit), unname(errors), tolerance = tolerance)
  expect_equal(as.numeric(logLik(fit)), as.numeric(logl), tolerance = tolerance)
}
# glm() iterates to convergence here, with the expected information: for canonical links the
# observed one.
exactly <- glm.control(epsilon = 1e-14, maxit = 100)

test_that("logistic and Poisson regression equal glm()", {
  d$y <- rbinom(n, 1, plogis(eta))
  for (method in c("BFGS", "L-BFGS", "Newton", "trust")) {
    nll <- function(b, design, y) -sum(dbinom(y, 1, plogis(design %*% b), log = TRUE))
    fit <- torch_mle(nll, start, design = design, y = d$y, method = method)
    known <- glm(y ~ x + g, binomial, d, control = exactly)
    expect_fit(fit, coef(known), sqrt(diag(vcov(known))), logLik(known))
  }
  d$y <- rpois(n, exp(eta))
  fit <- torch_mle(function(b, data) -dpois(data$y, exp(drop(design %*% b)), log = TRUE), start, d)
  known <- glm(y ~ x + g, poisson, d, control = exactly)
  expect_fit(fit, coef(known), sqrt(diag(vcov(known))), logLik(known))
  expect_equal(c(AIC(fit), BIC(fit)), c(AIC(known), BIC(known)), tolerance = 1e-9)
  expect_identical(nobs(fit), 300L)
  expect_equal(unname(confint(fit)), unname(suppressMessages(confint(known))), tolerance = 1e-3)
  # White's sandwich, from the closed form of the scores.
  scores <- design * drop(d$y - fitted(known))
  bread <- vcov(known)
  expect_equal(
    unname(vcov(fit, "sandwich")), unname(bread %*% crossprod(scores) %*% bread), tolerance = 1e-6
  )
  se <- predict(known, d[1:3, ], se.fit = TRUE)
  ours <- predict(fit, function(b, design) drop(design %*% b), design[1:3, ], se.fit = TRUE)
  expect_equal(ours$fit, unname(se$fit), tolerance = 1e-6)
  expect_equal(ours$se.fit, unname(se$se.fit), tolerance = 1e-6)
})

test_that("gamma regression equals glm(), with its dispersion at the maximum", {
  mu <- exp(eta)
  d$y <- rgamma(n, 3, 3 / mu)
  known <- glm(y ~ x + g, Gamma("log"), d, control = exactly)
  fit <- torch_mle(
    function(p, y) -sum(dgamma(y, p$shape, p$shape / exp(drop(design %*% p$b)), log = TRUE)),
    list(b = start, shape = 1), list(y = d$y), lower = c(shape = 1e-3)
  )
  shape <- coef(fit)[["shape"]]
  expect_equal(unname(coef(fit)[1:4]), unname(coef(known)), tolerance = 1e-6)
  expect_equal(
    shape, MASS::gamma.shape(known, eps.max = 1e-12, it.lim = 100)$alpha, tolerance = 1e-6
  )
  w <- d$y / fitted(known) # observed information of a log link
  expect_equal(
    errors_of(
      fit
    )[1:4], unname(sqrt(diag(solve(shape * crossprod(design, design * w))))), tolerance = 1e-6
  )
})

test_that("negative binomial regression equals MASS::glm.nb()", {
  d$y <- rnbinom(n, 2, mu = exp(eta))
  known <- MASS::glm.nb(y ~ x + g, d, control = glm.control(epsilon = 1e-14, maxit = 200))
  nll <- function(b, theta, y) -sum(dnbinom(y, theta, mu = exp(drop(design %*% b)), log = TRUE))
  fit <- torch_mle(nll, list(b = start, theta = 1), d, lower = c(theta = 1e-3))
  expect_equal(unname(coef(fit)), unname(c(coef(known), known$theta)), tolerance = 1e-6)
  expect_equal(as.numeric(logLik(fit)), as.numeric(logLik(known)), tolerance = 1e-9)
  # glm.nb()'s errors take one part of the information at a time, that of b as expected.
  expect_equal(1 / sqrt(fit$hessian[5, 5]), as.numeric(known$SE.theta), tolerance = 1e-5)
  mu <- fitted(known)
  theta <- known$theta
  observed <- crossprod(design, design * (mu * (1 + d$y / theta) / (1 + mu / theta)^2))
  expect_equal(unname(fit$hessian[1:4, 1:4]), unname(observed), tolerance = 1e-6)
  expected <- crossprod(design, design * (mu / (1 + mu / theta)))
  expect_equal(unname(vcov(known)), unname(solve(expected)), tolerance = 1e-6)
})

test_that("censored Weibull regression equals survival::survreg()", {
  skip_if_not_installed("survival")
  time <- rweibull(n, 1.5, exp(eta))
  end <- runif(n, 0.5, 4)
  d$time <- pmin(time, end)
  d$status <- as.numeric(time <= end)
  known <- survival::survreg(
    survival::Surv(time, status) ~ x + g, d,
    control = survival::survreg.control(rel.tolerance = 1e-14, maxiter = 200)
  )
  fit <- torch_mle(function(b, log_scale, time, status) {
    shape <- exp(-log_scale)
    scale <- exp(drop(design %*% b))
    dead <- dweibull(time, shape, scale, log = TRUE)
    alive <- pweibull(time, shape, scale, lower.tail = FALSE, log.p = TRUE)
    -sum(ifelse(status == 1, dead, alive))
  }, list(b = start, log_scale = 0), d)
  expect_fit(fit, c(coef(known), log(known$scale)), sqrt(diag(vcov(known))), logLik(known))
})

test_that("a fit has stats4::mle's reports", {
  y <- c(26, 17, 13, 12, 20, 5, 9, 8, 5, 4, 8)
  x <- 0:10
  nll <- function(ymax = 15, xhalf = 6) -sum(stats::dpois(y, ymax / (1 + x / xhalf), log = TRUE))
  ours <- function(ymax, xhalf, y) -sum(dpois(y, ymax / (1 + x / xhalf), log = TRUE))
  known <- stats4::mle(
    nll, start = list(ymax = 25, xhalf = 3), method = "BFGS", control = list(reltol = 1e-15)
  )
  fit <- torch_mle(ours, list(ymax = 25, xhalf = 3), list(y = y))
  expect_fit(fit, stats4::coef(known), sqrt(diag(stats4::vcov(known))), stats4::logLik(known), 2e-6)
  utils::capture.output(limits <- suppressWarnings(stats4::confint(known)))
  expect_equal(unname(confint(fit)), unname(limits), tolerance = 2e-3)
  expect_equal(
    unname(confint(fit, "ymax", method = "wald")),
    coef(fit)[["ymax"]] + t(errors_of(fit)[1] * qnorm(c(0.025, 0.975))), tolerance = 1e-12
  )
  # The definition: twice the fall of the log-likelihood is the chi-squared quantile.
  at <- confint(fit, "xhalf")[1, 1]
  held <- torch_mle(ours, list(ymax = 25), list(y = y), fixed = list(xhalf = at))
  expect_equal(
    2 * (as.numeric(logLik(fit)) - as.numeric(logLik(held))), qchisq(0.95, 1), tolerance = 1e-6
  )
  expect_identical(coef(held, fixed = TRUE)[["xhalf"]], at)
  table <- anova(held, fit)
  expect_equal(table[["Pr(>Chisq)"]][2], 0.05, tolerance = 1e-6)
  profiles <- profile(fit)
  expect_equal(profiles$ymax$z[7], 0)
  expect_true(all(diff(profiles$ymax$z) > 0))
  shown <- summary(fit)$coefficients
  expect_identical(colnames(shown), c("Estimate", "Std. Error", "z value", "Pr(>|z|)"))
  expect_output(print(summary(fit)), "-2 log L")
  expect_output(print(held), "Fixed")
  skip_if_not_installed("generics")
  tidied <- generics::tidy(fit, conf.int = TRUE, conf.method = "wald")
  expect_identical(tidied$estimate, unname(coef(fit)))
  expect_equal(tidied$conf.low, unname(confint(fit, method = "wald")[, 1]))
  expect_equal(generics::glance(fit)$AIC, AIC(fit))
  file <- tempfile()
  on.exit(unlink(file))
  saveRDS(fit, file)
  expect_equal(confint(readRDS(file)), confint(fit))
})

test_that("parameters may be at a bound or held, and compiled likelihoods fit", {
  y <- c(0.5, 1, 1.5)
  nll <- function(p, y) -dnorm(y, p["mu"], p["sigma"], log = TRUE)
  expect_warning(
    fit <- torch_mle(nll, c(mu = 0.2, sigma = 1), y, upper = c(mu = 0.5), lower = c(sigma = 0.01)),
    "`mu` at a bound"
  )
  expect_equal(coef(fit), c(mu = 0.5, sigma = sqrt(mean((y - 0.5)^2))), tolerance = 1e-7)
  expect_true(is.na(vcov(fit)["mu", "mu"]) && !is.na(vcov(fit)["sigma", "sigma"]))
  held <- torch_mle(nll, c(mu = 0, sigma = 1), y, fixed = c(mu = 0.5), lower = c(sigma = 0.01))
  expect_equal(coef(held)[["sigma"]], coef(fit)[["sigma"]], tolerance = 1e-7)
  compiled <- torch_compile(function(p, y) sum(nll(p, y)), c(mu = 0, sigma = 1), y = y)
  free <- torch_mle(compiled, c(mu = 0, sigma = 1), lower = c(sigma = 0.01))
  expect_equal(coef(free)[["mu"]], 1, tolerance = 1e-9)
  expect_equal(dim(confint(free)), c(2L, 2L))
})

test_that("wrong input is named", {
  nll <- function(mu, y) -sum(dnorm(y, mu, log = TRUE))
  expect_error(torch_mle(1, list(mu = 1)), "`minuslogl` must be a function")
  expect_error(torch_mle(nll, "a"), "`start` must be a named list or vector")
  expect_error(torch_mle(nll, list(1)), "`start` must have names")
  expect_error(torch_mle(nll, list(mu = 1), list(z = 1)), "`data` has none of the arguments")
  expect_error(
    torch_mle(nll, list(mu = 1), list(y = 1), fixed = list(mu = 2)), "`fixed` leaves no parameter"
  )
  expect_error(
    torch_mle(nll, list(mu = 1), list(y = 1), lower = c(nu = 1)), "`lower` names no parameter: `nu`"
  )
  fit <- torch_mle(nll, list(mu = 1), list(y = 1:3))
  expect_error(confint(fit, "nu"), "`parm` must be among")
  expect_error(confint(fit, level = 2), "`level`")
  expect_error(vcov(fit, "robust"), "`type` must be \"hessian\" or \"sandwich\"")
  expect_error(vcov(fit, "sandwich"), "one number an observation")
  expect_error(anova(fit), "two fits")
  expect_error(anova(fit, 1), "Argument 2 must be a fit")
  expect_error(predict(fit), "`fun`")
  expect_error(coef(fit, fxed = TRUE), "Unknown argument")
})

test_that("a limit beyond where derivatives are finite is NA, with the reason", {
  # Below b = -1 the value is finite and the derivative is NaN.
  nll <- function(a, b) 0.05 * (a - 1)^2 + (b - a)^2 + 0 * sqrt((b + 1) * (b > -1))
  fit <- torch_mle(nll, list(a = 0, b = 0))
  expect_warning(
    limits <- confint(fit, "a"),
    "profile of a has no limit below its estimate, it is NA: a derivative .* is not finite at a = "
  )
  expect_identical(limits[[1L]], NA_real_)
  expect_equal(limits[[2L]], 1 + qnorm(0.975) * sqrt(10), tolerance = 1e-7)
})

test_that("limits of a profile are the same whichever way they are found", {
  x <- c(-1.2, 0.4, 0.1, 1.9, -0.3, 0.8, 2.4, -2.1)
  y <- c(0.3, 2.2, 1.6, 4.7, 0.2, 2.6, 6.8, -2.4)
  nll <- function(p) -sum(dnorm(y, p[["a"]] + p[["b"]] * x, exp(p[["s"]]), log = TRUE))
  fit <- torch_mle(nll, c(a = 0, b = 1, s = 0))
  objective <- fitted_objective(fit)
  for (i in 1:3) {
    for (sign in c(-1, 1)) {
      limit <- limit_by_newton(fit, i, sign, 1.96, objective)
      expect_equal(limit, limit_by_steps(fit, i, sign, 1.96, objective), tolerance = 1e-7)
    }
  }
  # Of sigma in closed form: n log(sigma) + rss / (2 sigma^2), the others at least squares.
  rss <- sum(residuals(lm(y ~ x))^2)
  value <- function(s) 8 * s + rss / (2 * exp(2 * s)) + 4 * log(2 * pi)
  expect_equal(value(limit), fit$min + 1.96^2 / 2, tolerance = 1e-10)
})

test_that("many observations take fewer steps than by their gradient, by `data` or not", {
  y <- qnorm(ppoints(2e4), 1, 2)
  nll <- function(mu, ls, y) -sum(dnorm(y, mu, exp(ls), log = TRUE))
  seen <- function(mu, ls) -sum(dnorm(y, mu, exp(ls), log = TRUE))
  start <- list(mu = 0, ls = 0)
  fits <- list(
    torch_mle(nll, start, data = list(y = y)), torch_mle(seen, start),
    torch_mle(nll, start, data = list(y = y), control = list(fnscale = 1))
  )
  for (fit in fits) {
    best <- c(mu = mean(y), ls = log(mean((y - mean(y))^2)) / 2)
    expect_equal(coef(fit), best, tolerance = 1e-9)
    expect_equal(unname(sqrt(diag(vcov(fit)))), exp(coef(fit)[[2]]) / sqrt(2e4 * c(1, 2)) /
      c(1, exp(coef(fit)[[2]])), tolerance = 1e-8)
  }
  expect_identical(coef(fits[[1]]), coef(fits[[2]]))
  expect_identical(fits[[1]]$counts, fits[[2]]$counts)
  expect_lt(fits[[1]]$counts[["function"]], fits[[3]]$counts[["function"]])
})
