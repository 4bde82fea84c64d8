# Models of TMB's examples, written afresh as plain R functions, on data that are R's own or drawn
# here. The numbers are those of TMB 1.9.2, each from a template of the same density: nlminb() to
# rel.tol = 1e-12, then Newton's steps; its standard errors are sdreport()'s.

skip_without_python()
skip_if_not_installed("Matrix")

expect_as_tmb <- function(fit, likelihood, estimates, errors) {
  expect_equal(c(logLik(fit)), likelihood, tolerance = 1e-9)
  expect_lt(max(abs(coef(fit)[names(estimates)] - estimates) / errors), 1e-4)
  found <- sqrt(diag(vcov(fit)))[names(estimates)]
  expect_lt(max(abs(unname(found) / errors - 1)), 1e-3)
}

test_that("orange trees: a nonlinear model, each tree with its own asymptote", {
  trees <- as.data.frame(Orange)
  tree <- as.integer(factor(as.character(trees$Tree)))
  nll <- function(beta, logs, logu, u, y, t) {
    mean <- (192 + beta[1] + u[tree]) / (1 + exp(-(t - (726 + beta[2])) / (356 + beta[3])))
    -sum(dnorm(y, mean, exp(logs), log = TRUE)) - sum(dnorm(u, 0, exp(logu), log = TRUE))
  }
  start <- list(beta = c(0, 0, 0), logs = 1, logu = 2, u = numeric(5))
  fit <- torch_mle(nll, start, list(y = trees$circumference, t = trees$age), random = "u")
  expect_as_tmb(
    fit, -131.57188510,
    c(beta1 = 0.05315082, beta2 = 1.90632554, beta3 = -7.92695454, logs = 2.05962294,
      logu = 3.45462128),
    c(15.6576665, 35.2486450, 27.0797877, 0.1290995, 0.3242544)
  )
})

test_that("a population that grows to a limit, observed with errors (theta-logistic)", {
  n <- 200L
  set.seed(11)
  x <- 3
  for (i in 2:n) {
    x[i] <- x[i - 1L] + exp(-1) * (1 - (exp(x[i - 1L]) / exp(6))^exp(0.2)) + rnorm(1, 0, exp(-2))
  }
  y <- x + rnorm(n, 0, exp(-1.5))
  nll <- function(x, logr, logtheta, logk, logq, logs) {
    before <- x[-n]
    mean <- before + exp(logr) * (1 - (exp(before) / exp(logk))^exp(logtheta))
    -sum(dnorm(x[-1], mean, sqrt(exp(logq)), log = TRUE)) -
      sum(dnorm(y, x, sqrt(exp(logs)), log = TRUE))
  }
  start <- list(x = numeric(n), logr = 0, logtheta = 0, logk = 6, logq = 0, logs = 0)
  fit <- torch_mle(nll, start, random = "x")
  expect_as_tmb(
    fit, -11.41160608,
    c(logr = -0.98801592, logtheta = -0.48740491, logk = 5.99389028, logq = -5.07138025, logs =
      -2.93825950),
    c(0.4995217, 0.8055947, 0.0307920, 0.5957694, 0.1364132)
  )
})

test_that("counts on a lattice whose neighbours are alike both ways", {
  n <- 20L
  set.seed(123)
  root <- t(chol(exp(-1 / 4)^abs(outer(1:n, 1:n, "-"))))
  y <- rpois(n^2, exp(c(root %*% matrix(rnorm(n^2), n) %*% t(root))))
  first <- rep(1:n, n) > 1
  second <- rep(1:n, each = n) > 1
  above <- pmax(seq_len(n^2) - 1L, 1L)
  left <- pmax(seq_len(n^2) - n, 1L)
  nll <- function(u, t) {
    phi <- tanh(t)
    s <- sqrt(1 - phi^2)
    z <- (u - first * phi * u[above]) * (1 - first + first / s)
    z <- (z - second * phi * z[left]) * (1 - second + second / s)
    -sum(dnorm(z, log = TRUE)) + 2 * (n^2 - n) * log(s) - sum(dpois(y, exp(u), log = TRUE))
  }
  fit <- torch_mle(nll, list(u = numeric(n^2), t = 0.5), random = "u")
  expect_as_tmb(
    fit, -641.21285133,
    c(t = 1.07564221),
    c(0.1015903)
  )
})

test_that("three random walks, whose steps are correlated", {
  n <- 100L
  lag <- abs(outer(1:3, 1:3, "-"))
  set.seed(12)
  steps <- matrix(rnorm(3 * n), n) %*% chol(0.9^lag * outer(c(0.5, 1.25, 2), c(0.5, 1.25, 2)))
  y <- apply(steps, 2L, cumsum) + rnorm(3 * n)
  nll <- function(u, t, logs, logo) {
    sds <- exp(logs)
    precision <- solve(tanh(t)^lag * (sds %*% t(sds)))
    moves <- u[-1, ] - u[-n, ]
    sum((moves %*% precision) * moves) / 2 - (n - 1) / 2 * determinant(precision)$modulus +
      (n - 1) * 3 / 2 * log(2 * pi) -
      sum(dnorm(as.vector(y), as.vector(u), rep(exp(logo), each = n), log = TRUE))
  }
  start <- list(u = 0 * y, t = 0.1, logs = c(0, 0, 0), logo = c(0, 0, 0))
  fit <- torch_mle(nll, start, random = "u")
  expect_as_tmb(
    fit, -520.44622908,
    c(logo1 = -0.12728274, logo2 = -0.12901008, logo3 = 0.28140158, logs1 = -0.72944938, logs2 =
      -0.03155598, logs3 = 0.32811414, t = 1.65646455),
    c(0.0867114, 0.1227192, 0.1137046, 0.1531367, 0.1266039, 0.1314336, 0.2919285)
  )
})
