skip_without_python()
skip_if_not_installed("Matrix")

# Estimates as near to the peer's as 1e-4 of a standard error, its errors to 1e-3, and a
# log-likelihood that is no lower.
expect_as_peer <- function(fit, coefficients, errors, likelihood) {
  own <- sqrt(diag(vcov(fit)))
  expect_lt(max(abs(unname(fixef(fit)) - unname(coefficients)) / own), 1e-4)
  expect_equal(unname(own), unname(errors), tolerance = 1e-3)
  expect_equal(as.numeric(logLik(fit)), as.numeric(likelihood), tolerance = 1e-6)
  expect_gt(as.numeric(logLik(fit)), as.numeric(likelihood) - 1e-6 * abs(likelihood))
}

test_that("a balanced one-way layout has the estimates of the analysis of variance", {
  set.seed(3)
  d <- data.frame(g = factor(rep(1:8, each = 5)))
  d$y <- rnorm(8)[d$g] + rnorm(40)
  fit <- torch_fit(y ~ 1 + (1 | g), d, linear())
  squares <- anova(lm(y ~ g, d))[["Mean Sq"]]
  expect_equal(sigma(fit)^2, squares[2L], tolerance = 1e-8)
  expect_equal(c(VarCorr(fit)$g), (squares[1L] - squares[2L]) / 5, tolerance = 1e-8)
  expect_equal(fixef(fit), c(`(Intercept)` = mean(d$y)), tolerance = 1e-12)
  expect_equal(c(vcov(fit)), squares[1L] / 40, tolerance = 1e-8)
  # Maximum likelihood takes no degree of freedom for the mean.
  plain <- torch_fit(y ~ 1 + (1 | g), d, linear(), REML = FALSE)
  expect_equal(c(VarCorr(plain)$g), (squares[1L] * 7 / 8 - squares[2L]) / 5, tolerance = 1e-8)
  shrink <- 1 - squares[2L] / squares[1L]
  means <- tapply(d$y, d$g, mean)
  expect_equal(ranef(fit)$g[[1L]], unname(c(shrink * (means - mean(d$y)))), tolerance = 1e-8)
})

test_that("a standard deviation of 0 is found, and has no interval", {
  d <- data.frame(g = factor(rep(1:4, each = 6)), y = rep(c(-2, -1, 0, 0, 1, 2), 4))
  fit <- torch_fit(y ~ 1 + (1 | g), d, linear())
  expect_identical(unname(fit$theta), 0)
  expect_equal(sigma(fit), sd(d$y), tolerance = 1e-10)
  expect_true(all(is.na(confint(fit)["sd_(Intercept)|g", ])))
  expect_false(anyNA(confint(fit)["sigma", ]))
})

test_that("growth curves are those of nlme", {
  skip_if_not_installed("nlme")
  data <- as.data.frame(nlme::Orthodont)
  tight <- nlme::lmeControl(tolerance = 1e-10, msTol = 1e-12, niterEM = 100)
  for (method in c("REML", "ML")) {
    fit <- torch_fit(
      distance ~ age * Sex + (age | Subject), data, linear(), REML = method == "REML"
    )
    peer <- nlme::lme(
      distance ~ age * Sex, data, ~ age | Subject, method = method, control = tight
    )
    expect_as_peer(fit, nlme::fixef(peer), sqrt(diag(peer$varFix)), c(logLik(peer)))
    expect_equal(sigma(fit), peer$sigma, tolerance = 1e-5)
    expect_equal(
      as.matrix(ranef(fit)$Subject)[rownames(nlme::ranef(peer)), ],
      as.matrix(nlme::ranef(peer)), tolerance = 1e-4, ignore_attr = TRUE
    )
    expect_identical(nlme::fixef(fit), fixef(fit))
    expect_identical(fixef(peer), nlme::fixef(peer))
  }
})

test_that("crossed, nested and uncorrelated effects are those of lme4", {
  skip_if_not_installed("lme4")
  from <- function(name) get(utils::data(list = name, package = "lme4", envir = environment()))
  tight <- lme4::lmerControl(optimizer = "nloptwrap", optCtrl = list(
    xtol_abs = 1e-12, xtol_rel = 0, ftol_abs = 0, ftol_rel = 0, maxeval = 1e4
  ), calc.derivs = FALSE)
  cases <- list(
    list(Reaction ~ Days + (Days | Subject), from("sleepstudy")),
    list(Reaction ~ Days + (Days || Subject), from("sleepstudy")),
    list(diameter ~ 1 + (1 | plate) + (1 | sample), from("Penicillin")),
    list(strength ~ 1 + (1 | batch / cask), from("Pastes"))
  )
  for (case in cases) {
    for (reml in c(TRUE, FALSE)) {
      fit <- torch_fit(case[[1L]], case[[2L]], linear(), REML = reml)
      peer <- lme4::lmer(case[[1L]], case[[2L]], REML = reml, control = tight)
      expect_as_peer(fit, lme4::fixef(peer), sqrt(diag(as.matrix(vcov(peer)))), c(logLik(peer)))
    }
  }
})

test_that("weights, offsets, NA, contrasts and units are taken as lme4 takes them", {
  skip_if_not_installed("lme4")
  set.seed(8)
  d <- data.frame(
    g = factor(rep(1:10, 8)), x = rnorm(80, 2000, 5),
    f = factor(sample(c("a", "b", "c"), 80, TRUE)), w = runif(80, 0.5, 2), o = rnorm(80)
  )
  d$y <- 3 + 0.1 * d$x + rnorm(10)[d$g] + 0.3 * rnorm(10)[d$g] * (d$x - 2000) + rnorm(80)
  d$y[c(3, 9)] <- NA
  formula <- y ~ x + f + offset(o) + (I(x - 2000) | g)
  fit <- torch_fit(
    formula, d, linear(), weights = w, na.action = na.exclude,
    contrasts = list(f = "contr.sum"), subset = w < 1.9
  )
  peer <- lme4::lmer(
    formula, d, weights = w, contrasts = list(f = "contr.sum"), subset = w < 1.9,
    control = lme4::lmerControl(
      optimizer = "nloptwrap", calc.derivs = FALSE,
      optCtrl = list(xtol_abs = 1e-12, ftol_abs = 0, xtol_rel = 0, ftol_rel = 0, maxeval = 1e4)
    )
  )
  expect_as_peer(fit, lme4::fixef(peer), sqrt(diag(as.matrix(vcov(peer)))), c(logLik(peer)))
  expect_length(fitted(fit), sum(d$w < 1.9))
  expect_true(is.na(fitted(fit)[["3"]]))
})

test_that("groupings of very different sizes take few steps", {
  # The deviance of means of groups, each with the variance of its own rows' noise.
  levels <- c(3000, 1100, 28)
  sds <- c(0.28, 0.44, 0.09)
  noise <- c(0.1, 0.02, 0.001)
  n <- 0
  objective <- list(
    fn = function(theta) {
      n <<- n + 1
      spread <- theta^2 + noise
      sum(levels * (log(spread) + (sds^2 + noise) / spread))
    },
    gr = function(theta) {
      spread <- theta^2 + noise
      2 * theta * levels * (1 / spread - (sds^2 + noise) / spread^2)
    }
  )
  found <- minimise_mixed(rep(1, 3), objective, rep(0, 3), sqrt(2 * levels))
  expect_equal(found$par, sds, tolerance = 1e-9)
  expect_true(found$converged)
  expect_lt(n, 80) # 38; of one scale 136

  terms <- lapply(list(gl(4, 3), gl(6, 2)), function(group) {
    list(group = group, theta = seq_len(nlevels(group) / 2))
  })
  expect_equal(theta_scale(list(terms = terms)), sqrt(c(8, 8, 12, 12, 12)))
})
