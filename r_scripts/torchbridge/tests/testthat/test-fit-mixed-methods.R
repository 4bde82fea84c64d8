skip_without_python()
skip_if_not_installed("Matrix")

set.seed(23)
d <- data.frame(g = factor(rep(letters[1:9], each = 8)), x = rnorm(72), h = gl(4, 1, 72))
d$y <- 2 + d$x + rnorm(9)[d$g] + 0.4 * rnorm(9)[d$g] * d$x + rnorm(72) +
  2 * c(-1, 1, 0.3, -0.4)[d$h]
d$n <- rpois(72, exp(0.3 * d$y))
fit <- torch_fit(y ~ x + (x | g) + (1 | h), d, linear())

test_that("predictions add the random effects that are asked for", {
  fixed <- drop(model.matrix(~x, d) %*% fixef(fit))
  g <- ranef(fit)$g
  of_g <- g[d$g, 1L] + g[d$g, 2L] * d$x
  of_h <- ranef(fit)$h[d$h, 1L]
  expect_equal(unname(predict(fit)), unname(fixed + of_g + of_h), tolerance = 1e-12)
  expect_equal(predict(fit, re.form = NA), fixed, tolerance = 1e-12)
  expect_equal(unname(predict(fit, re.form = ~ (1 | h))), unname(fixed + of_h), tolerance = 1e-12)
  expect_equal(unname(predict(fit, d[5:9, ])), unname(predict(fit)[5:9]), tolerance = 1e-12)
  expect_equal(predict(fit, d["x"], re.form = NA), fixed, tolerance = 1e-12)
  new <- data.frame(x = 1, g = "z", h = "1")
  expect_error(predict(fit, new), "allow.new.levels")
  expect_equal(
    unname(predict(fit, new, allow.new.levels = TRUE)),
    unname(predict(fit, new, re.form = ~ (1 | h), allow.new.levels = TRUE))
  )
  expect_error(predict(fit, re.form = ~ (1 | g)), "is no term of the fit")
  with_error <- predict(fit, d[1:3, ], re.form = NA, type = "link", se.fit = TRUE)
  design <- model.matrix(~x, d)[1:3, ]
  expect_equal(
    with_error$se.fit, sqrt(diag(design %*% vcov(fit) %*% t(design))), tolerance = 1e-12
  )
})

test_that("a fit reports itself", {
  expect_output(print(fit), "Mixed model, gaussian \\(identity\\), by restricted")
  expect_output(print(summary(fit)), "g, 9; h, 4")
  table <- tidy(fit, conf.int = TRUE)
  expect_identical(table$effect, rep(c("fixed", "ran_pars"), c(2L, 5L)))
  expect_equal(table$conf.low[1:2], unname(confint(fit)[1:2, 1L]))
  expect_identical(glance(fit)$nobs, 72L)
  expect_equal(AIC(fit), -2 * c(logLik(fit)) + 2 * 7)
  expect_equal(unname(residuals(fit)), unname(d$y - fitted(fit)))
  both <- coef(fit)$g
  expect_equal(both$x, fixef(fit)[["x"]] + ranef(fit)$g$x)
  expect_error(confint(fit, "z"), "must be among")
})

test_that("conditional variances are those of the joint normal distribution", {
  z <- cbind(
    do.call(cbind, lapply(levels(d$g), function(l) (d$g == l) * cbind(1, d$x))),
    outer(d$h, levels(d$h), `==`)
  )
  covariances <- VarCorr(fit)
  prior <- matrix(0, 22, 22)
  for (l in 1:9) prior[2 * l - 1:0, 2 * l - 1:0] <- covariances$g
  diag(prior)[19:22] <- covariances$h
  posterior <- solve(solve(prior) + crossprod(z) / sigma(fit)^2)
  found <- ranef(fit, condVar = TRUE)
  expect_equal(attr(found$g, "condVar")[, , 2L], posterior[3:4, 3:4], tolerance = 1e-8)
  expect_equal(c(attr(found$h, "condVar")), diag(posterior)[19:22], tolerance = 1e-8)
})

test_that("nested fits are compared, and restricted ones of other fixed effects are not", {
  less <- update(fit, . ~ . - (1 | h))
  table <- anova(fit, less)
  expect_equal(table$Chisq[2L], 2 * (c(logLik(fit)) - c(logLik(less))))
  expect_identical(rownames(table), c("less", "fit"))
  expect_error(anova(fit, torch_fit(y ~ 1 + (x | g), d, linear())), "REML = FALSE")
  ml <- torch_fit(y ~ x + (x | g), d, linear(), REML = FALSE)
  expect_silent(anova(ml, torch_fit(y ~ 1 + (x | g), d, linear(), REML = FALSE)))
})

test_that("simulated responses are drawn by the seed, with new random effects", {
  drawn <- simulate(fit, 200, seed = 1)
  expect_identical(drawn, simulate(fit, 200, seed = 1))
  total <- sum(unlist(VarCorr(fit)$g[1L, 1L], VarCorr(fit)$h)) + c(VarCorr(fit)$h) + sigma(fit)^2
  near <- abs(d$x) < 0.3
  spread <- mean(apply(as.matrix(drawn)[near, ], 1L, var))
  expect_equal(spread, total, tolerance = 0.25)
  counts <- torch_fit(n ~ x + (1 | g), d, poisson())
  expect_true(all(unlist(simulate(counts, 2, seed = 2)) %% 1 == 0))
})

test_that("a fit survives a file", {
  file <- withr::local_tempfile()
  saveRDS(fit, file)
  again <- readRDS(file)
  expect_equal(predict(again, d), predict(fit, d))
  expect_lt(file.size(file), 20000)
})

test_that("what cannot be is said", {
  expect_error(torch_fit(y ~ x + (1 | g), d), "fitted by linear\\(\\)")
  expect_error(torch_fit(y ~ x + (1 | g), d, linear(), epochs = 2), "Unknown argument: `epochs`")
  expect_error(torch_fit(y ~ x + (1 | g), d, poisson()), "must be counts")
  expect_error(torch_fit(n ~ x + (1 | g), d, poisson(), REML = TRUE), "`REML` is for linear")
  expect_error(torch_fit(y ~ x + (1 | y), d, linear()), "residual variance is not known")
  expect_error(torch_fit(n ~ x + (1 | g), d, poisson("inverse")), "link")
  expect_error(
    torch_fit(y ~ x + (1 | g), d, linear(), zero_inflation = ~1), "`zero_inflation` is for counts"
  )
  expect_error(torch_fit(y ~ x + (1 | g), d, linear(), weights = x), "must be above 0")
  expect_error(torch_fit(I(0 * y + 2) ~ x + (1 | g), d, linear()), "one number in all rows")
  d$twice <- 2 * d$x
  expect_warning(torch_fit(y ~ x + twice + (1 | g), d, linear()), "left out.*`twice`")
})
