skip_without_python()
skip_if_not_installed("survival")

Surv <- survival::Surv # nolint: object_name_linter.
strata <- survival::strata
lung <- na.omit(survival::lung[c("time", "status", "age", "sex", "ph.ecog", "inst")])
tight <- survival::coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 50)

expect_same <- function(fit, theirs, tolerance = 1e-7) {
  expect_equal(coef(fit), coef(theirs), tolerance = tolerance)
  expect_equal(vcov(fit), vcov(theirs), tolerance = 10 * tolerance, ignore_attr = "dimnames")
  expect_equal(c(logLik(fit)), c(logLik(theirs)), tolerance = 1e-10)
  expect_equal(AIC(fit), AIC(theirs), tolerance = 1e-10)
}

test_that("cox() is coxph()", {
  formulas <- list(
    Surv(time, status) ~ age + factor(ph.ecog), Surv(time, status) ~ age * sex + strata(inst),
    Surv(time, status) ~ age + strata(inst, sex) + offset(0.1 * ph.ecog),
    Surv(time, status) ~ age - 1
  )
  for (formula in formulas) {
    for (ties in c("efron", "breslow")) {
      theirs <- survival::coxph(formula, lung, ties = ties, control = tight)
      fit <- torch_fit(formula, lung, cox(ties = ties))
      expect_same(fit, theirs)
      expect_equal(BIC(fit), BIC(theirs), tolerance = 1e-10)
      expect_equal(
        unname(residuals(fit)), unname(residuals(theirs, "martingale")), tolerance = 1e-7
      )
      expect_equal(
        unname(residuals(fit, "deviance")), unname(residuals(theirs, "deviance")), tolerance = 1e-7
      )
    }
  }
  weights <- rep(c(1, 2, 0.5), length.out = nrow(lung))
  theirs <- survival::coxph(Surv(time, status) ~ age, lung, weights, control = tight)
  expect_equal(
    coef(torch_fit(Surv(time, status) ~ age, lung, cox(), weights = weights)), coef(theirs),
    tolerance = 1e-8
  )
  started <- survival::coxph(
    Surv(start, stop, event) ~ age + surgery + transplant, survival::heart, control = tight
  )
  found <- torch_fit(Surv(start, stop, event) ~ age + surgery + transplant, survival::heart, cox())
  expect_same(found, started)
  expect_equal(
    predict(found, type = "link"), predict(started), ignore_attr = TRUE, tolerance = 1e-7
  )
})

test_that("cox() predicts as coxph() does", {
  theirs <- survival::coxph(Surv(time, status) ~ age + sex, lung, control = tight)
  fit <- torch_fit(Surv(time, status) ~ age + sex, lung, cox())
  new <- lung[c(3, 50, 100), ]
  expected <- predict(theirs, new, se.fit = TRUE)
  found <- predict(fit, new, type = "link", se.fit = TRUE)
  expect_equal(unname(found$fit), unname(expected$fit), tolerance = 1e-8)
  expect_equal(unname(found$se.fit), unname(expected$se.fit), tolerance = 1e-7)
  expect_equal(
    unname(predict(fit, new)), unname(predict(theirs, new, type = "risk")), tolerance = 1e-8
  )
  expect_equal(
    predict(fit, new, type = "terms"), predict(theirs, new, type = "terms"), ignore_attr = TRUE,
    tolerance = 1e-7
  )
  times <- c(1, 100, 310.5, 2000)
  curves <- summary(survival::survfit(theirs, new), times, extend = TRUE)$surv
  expect_equal(
    predict(fit, new, type = "survival", times = times), t(curves), ignore_attr = TRUE,
    tolerance = 1e-7
  )
  by_sex <- torch_fit(Surv(time, status) ~ age + strata(sex), lung, cox())
  theirs <- survival::coxph(Surv(time, status) ~ age + strata(sex), lung, control = tight)
  found <- predict(by_sex, new, type = "survival", times = times[1:3])
  for (i in 1:3) {
    curve <- summary(survival::survfit(theirs, new[i, ]), times[1:3])$surv
    expect_equal(unname(found[i, ]), curve, tolerance = 1e-7)
  }
  expect_identical(formula(by_sex), Surv(time, status) ~ age + strata(sex), ignore_attr = TRUE)
  expect_error(
    predict(by_sex, data.frame(age = 50, sex = 3), type = "survival", times = 1), "sex=3"
  )
})

test_that("aft() is survreg()", {
  for (name in c("weibull", "exponential", "rayleigh", "lognormal", "loglogistic", "gaussian")) {
    theirs <- survival::survreg(
      Surv(time, status) ~ age + sex, lung, dist = name,
      control = survival::survreg.control(rel.tolerance = 1e-14)
    )
    fit <- torch_fit(Surv(time, status) ~ age + sex, lung, aft(name))
    expect_same(fit, theirs, 1e-6)
    new <- lung[1:4, ]
    expect_equal(unname(predict(fit, new)), unname(predict(theirs, new)), tolerance = 1e-7)
    expect_equal(
      predict(fit, new, type = "quantile", p = c(0.1, 0.5)),
      predict(theirs, new, type = "quantile", p = c(0.1, 0.5)), ignore_attr = TRUE,
      tolerance = 1e-7
    )
    half <- predict(fit, new, type = "quantile", p = 0.5)
    survived <- vapply(1:4, function(i) {
      predict(fit, new[i, ], type = "survival", times = half[i])[[1L]]
    }, 1)
    expect_equal(survived, rep(0.5, 4), tolerance = 1e-12)
  }
  theirs <- survival::survreg(Surv(time, status) ~ age + strata(sex), lung)
  fit <- torch_fit(Surv(time, status) ~ age + strata(sex), lung, aft())
  expect_equal(unname(fit$exact$extra), unname(log(theirs$scale)), tolerance = 1e-6)
  expect_named(fit$exact$extra, c("Log(scale)[sex=1]", "Log(scale)[sex=2]"))
})

test_that("aft() takes times censored on the left and in intervals", {
  tobin <- survival::tobin
  theirs <- survival::survreg(
    Surv(durable, durable > 0, type = "left") ~ age + quant, tobin, dist = "gaussian"
  )
  fit <- torch_fit(Surv(durable, durable > 0, type = "left") ~ age + quant, tobin, aft("gaussian"))
  expect_equal(coef(fit), coef(theirs), tolerance = 1e-6)
  rows <- data.frame(
    low = c(1, 2, 4, NA, 3, 6), high = c(1, 3, NA, 2, 5, 6), x = c(0.1, 0.5, 1, 0.2, 0.4, 1.2)
  )
  theirs <- survival::survreg(
    Surv(low, high, type = "interval2") ~ x, rows,
    control = survival::survreg.control(rel.tolerance = 1e-13)
  )
  fit <- torch_fit(Surv(low, high, type = "interval2") ~ x, rows, aft())
  expect_same(fit, theirs, 1e-6)
})

test_that("networks take times and events", {
  fit <- torch_fit(
    Surv(time, status) ~ age + sex + strata(inst), lung, mlp(NULL), epochs = 300, lr = 0.05,
    batch_size = nrow(lung), seed = 1, precision = "64-true", validation = NULL
  )
  theirs <- survival::coxph(Surv(time, status) ~ age + sex + strata(inst), lung)
  loss <- fit$history$train_loss[[300L]]
  expect_equal(loss, -theirs$loglik[[2L]] / nrow(lung), tolerance = 1e-9)
  # (coxph() centres in each stratum.)
  lines <- predict(theirs, reference = "zero")
  expect_equal(cor(predict(fit, type = "link"), lines), 1, tolerance = 1e-4)
  expect_identical(fit$loss, "cox_loss")
})

test_that("likelihoods are compared, and what cannot be asked is named", {
  small <- torch_fit(Surv(time, status) ~ age, lung, cox())
  large <- torch_fit(Surv(time, status) ~ age + sex, lung, cox())
  theirs <- anova(
    survival::coxph(Surv(time, status) ~ age, lung),
    survival::coxph(Surv(time, status) ~ age + sex, lung)
  )
  expect_equal(anova(small, large)[2L, "Pr(>Chi)"], theirs[2L, 4L], tolerance = 1e-6)
  expect_output(print(summary(large)), "Partial log-likelihood: -7.* of 226 rows, 163 events")
  expect_equal(tidy(large, exponentiate = TRUE)$estimate, unname(exp(coef(large))))
  expect_error(torch_fit(Surv(time, status) ~ age, lung, linear()), "aft\\(\\) and networks")
  expect_error(torch_fit(time ~ age, lung, cox()), "takes times and events")
  expect_error(torch_fit(Surv(time, status) ~ age * strata(sex), lung, cox()), "term of its own")
  expect_error(torch_fit(Surv(time, status) ~ age, lung, mlp(), loss = "mse_loss"), "cox_loss")
  expect_error(predict(small, type = "survival"), "`times` must be given")
  expect_error(predict(small, type = "quantile", p = 0.5), "is for aft")
  expect_error(residuals(small, "pearson"), "for cox\\(\\), not \"pearson\"")
  expect_error(confint(small, method = "profile"), "must be \"wald\" for cox")
  expect_error(anova(small), "of one fit are not for cox")
  expect_error(torch_fit(Surv(time, status) ~ age, lung, aft("weibul")), "distribution")
})

test_that("ordinal() is polr()", {
  skip_if_not_installed("MASS")
  housing <- MASS::housing
  for (link in c("logit", "probit", "cloglog")) {
    theirs <- MASS::polr(
      Sat ~ Infl + Type + Cont, housing, Freq, Hess = TRUE,
      method = if (link == "logit") "logistic" else link, control = list(reltol = 1e-15)
    )
    fit <- torch_fit(Sat ~ Infl + Type + Cont, housing, ordinal(link), weights = Freq)
    expect_equal(coef(fit), coef(theirs), tolerance = 1e-6)
    expect_equal(fit$exact$extra, theirs$zeta, tolerance = 1e-6)
    expect_equal(c(logLik(fit)), c(logLik(theirs)), tolerance = 1e-10)
    expect_equal(vcov(fit), vcov(theirs), tolerance = 1e-4)
    expect_equal(
      predict(fit, housing[1:5, ], type = "prob"), predict(theirs, housing[1:5, ], type = "probs"),
      tolerance = 1e-6
    )
    expect_equal(
      as.character(predict(fit, type = "class")), as.character(predict(theirs, type = "class"))
    )
  }
  path <- withr::local_tempfile()
  saveRDS(fit, path)
  expect_equal(predict(readRDS(path), housing[3:4, ]), predict(fit, housing[3:4, ]))
  expect_error(torch_fit(cyl ~ mpg, mtcars, ordinal()), "takes a factor")
  expect_error(predict(fit, se.fit = TRUE), "not for ordinal")
})

test_that("quantile_regression() is rq()", {
  # quantreg 5.94: rq(stack.loss ~ ., tau = 0.3), and summary(se = "nid").
  fit <- torch_fit(stack.loss ~ ., stackloss, quantile_regression(0.3))
  expect_equal(
    unname(coef(fit)),
    c(-37.897058823529420, 0.757352941176470, 0.794117647058824, -0.098039215686274),
    tolerance = 1e-13
  )
  expect_equal(
    summary(fit)$coefficients[, 2L],
    c(4.3296099043329, 0.1731297352356, 0.3801140622161, 0.0485391225538),
    tolerance = 1e-7, ignore_attr = TRUE
  )
  expect_equal(c(logLik(fit)), -51.117102398445837, tolerance = 1e-13)
  expect_error(quantile_regression(1.5), "not 1.5")
})
