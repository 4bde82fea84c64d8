skip_without_python()
skip_if_not_installed("Matrix")

# Laplace's approximation, group by group, by R's own optimize() and a difference of the density's
# logarithm: of a model with one random intercept.
laplace_by_groups <- function(density, group, sd) {
  total <- 0
  for (g in levels(group)) {
    of <- group == g
    f <- function(u) sum(density(sd * u)[of]) - u^2 / 2
    u <- optimize(f, c(-8, 8), maximum = TRUE, tol = 1e-10)$maximum
    h <- 1e-3
    curve <- -(f(u + h) - 2 * f(u) + f(u - h)) / h^2
    total <- total + f(u) - log(curve) / 2
  }
  total
}

set.seed(11)
n <- 120L
d <- data.frame(g = factor(rep(1:12, 10)), x = rnorm(n), o = rnorm(n, 0, 0.2))
eta <- 0.4 + 0.5 * d$x + 0.7 * rnorm(12)[d$g]
d$count <- rpois(n, exp(eta))
d$over <- rnbinom(n, size = 2, mu = exp(eta)) * rbinom(n, 1, 0.8)
d$yes <- rbinom(n, 1, plogis(eta))
d$share <- rbeta(n, plogis(eta) * 6, (1 - plogis(eta)) * 6)
d$size <- rgamma(n, 3, 3 / exp(eta))

# The log-likelihood is that of the approximation by hand, and no neighbour's is higher.
expect_best <- function(fit, density_at) {
  estimates <- c(fixef(fit), fit$theta, if (has_sigma(fit)) fit$sigma, fit$zero)
  by_hand <- function(p) laplace_by_groups(density_at(p), d$g, p[[3L]])
  best <- by_hand(estimates)
  expect_equal(as.numeric(logLik(fit)), best, tolerance = 1e-6)
  for (i in seq_along(estimates)) {
    for (step in c(-0.02, 0.02)) {
      expect_lt(by_hand(replace(estimates, i, estimates[i] + step)), best)
    }
  }
}

test_that("counts, shares and sizes have the approximation's own maximum", {
  fit <- torch_fit(count ~ x + offset(o) + (1 | g), d, poisson())
  expect_best(fit, function(p) {
    function(b) dpois(d$count, exp(p[1L] + p[2L] * d$x + d$o + b), log = TRUE)
  })
  for (link in c("logit", "probit", "cloglog")) {
    inverse <- make.link(link)$linkinv
    fit <- torch_fit(yes ~ x + (1 | g), d, binomial(link))
    expect_best(fit, function(p) {
      function(b) dbinom(d$yes, 1, inverse(p[1L] + p[2L] * d$x + b), log = TRUE)
    })
  }
  fit <- torch_fit(share ~ x + (1 | g), d, beta_regression())
  expect_best(fit, function(p) {
    function(b) {
      mu <- plogis(p[1L] + p[2L] * d$x + b)
      dbeta(d$share, mu * p[4L], (1 - mu) * p[4L], log = TRUE)
    }
  })
  fit <- torch_fit(size ~ x + (1 | g), d, Gamma("log"))
  expect_best(fit, function(p) {
    function(b) {
      mu <- exp(p[1L] + p[2L] * d$x + b)
      dgamma(d$size, 1 / p[4L]^2, scale = mu * p[4L]^2, log = TRUE)
    }
  })
})

test_that("zeros of their own count, in the fit and in predictions", {
  fit <- torch_fit(over ~ x + (1 | g), d, negative_binomial(), zero_inflation = ~1)
  expect_best(fit, function(p) {
    function(b) {
      zero <- plogis(p[5L])
      counts <- dnbinom(d$over, size = p[4L], mu = exp(p[1L] + p[2L] * d$x + b))
      log(zero * (d$over == 0) + (1 - zero) * counts)
    }
  })
  expect_equal(
    predict(fit), predict(fit, type = "conditional") * (1 - predict(fit, type = "zero"))
  )
  expect_equal(unname(predict(fit, d)), unname(fitted(fit)), tolerance = 1e-12)
})

test_that("a Gaussian model by Laplace's approximation is exact", {
  d$y <- eta + rnorm(n)
  exact <- torch_fit(y ~ x + (1 | g), d, linear(), REML = FALSE)
  task <- list(family = "gaussian", link = "identity", dispersion = TRUE)
  frame <- model.frame(y ~ x + g, d)
  parts <- mixed_parts(frame, split_bars(y ~ x + (1 | g), NULL), list(), NULL, NULL)
  data <- c(parts, mixed_response(frame, task, NULL), task[1:2], list(offset = numeric(n)))
  other <- estimate_generalized(data, task, NULL)
  expect_equal(other$deviance, exact$deviance, tolerance = 1e-10)
  expect_equal(other$coefficients, fixef(exact), tolerance = 1e-7)
  expect_equal(other$sigma, sigma(exact), tolerance = 1e-6)
})

test_that("cbpp, Salamanders and Owls are those of glmmTMB", {
  skip_if_not_installed("glmmTMB")
  skip_if_not_installed("lme4")
  from <- function(name, package) get(data(list = name, package = package, envir = environment()))
  owls <- from("Owls", "glmmTMB")
  salamanders <- from("Salamanders", "glmmTMB")
  cbpp <- from("cbpp", "lme4")
  # Log-likelihoods of glmmTMB 1.1.5 with tight controls stand beside it, for other versions.
  cases <- list(
    list(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial(), NULL,
      binomial(), -92.02628187),
    list(count ~ mined + (1 | site), salamanders, negative_binomial(), ~mined,
      glmmTMB::nbinom2(), -864.71077),
    list(SiblingNegotiation ~ FoodTreatment * SexParent + offset(log(BroodSize)) + (1 | Nest),
      owls, negative_binomial(), ~1, glmmTMB::nbinom2(), -1708.82309)
  )
  for (case in cases) {
    fit <- torch_fit(case[[1L]], case[[2L]], case[[3L]], zero_inflation = case[[4L]])
    expect_equal(as.numeric(logLik(fit)), case[[6L]], tolerance = 1e-8)
    peer <- suppressWarnings(glmmTMB::glmmTMB(
      case[[1L]], case[[2L]], case[[5L]], ziformula = if (is.null(case[[4L]])) ~0 else case[[4L]],
      control = glmmTMB::glmmTMBControl(
        optCtrl = list(iter.max = 1e3, eval.max = 1e3, rel.tol = 1e-14, x.tol = 1e-12)
      )
    ))
    known <- summary(peer)$coefficients$cond
    expect_gt(as.numeric(logLik(fit)), as.numeric(logLik(peer)) - 1e-7)
    expect_lt(max(abs(fixef(fit) - known[, 1L]) / known[, 2L]), 2e-4)
    expect_equal(sqrt(diag(vcov(fit))), known[, 2L], tolerance = 1e-4)
  }
})
