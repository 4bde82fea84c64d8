# A fit keeps what its verbs need, and knows the data that it was made of.

skip_without_python()

by_argument <- function(form, dat, ...) {
  chosen <- dat$hp > 60
  described <- linear()
  torch_fit(form, data = dat, model = described, subset = chosen, ...)
}
cars <- transform(mtcars, cyl = factor(cyl))
full <- mpg ~ wt + qsec + cyl
reference <- lm(full, cars, subset = hp > 60)

test_that("fits made in functions, with the formula as an argument, work with every verb", {
  fit <- by_argument(full, cars)
  expect_equal(anova(fit)$F[-1], anova(reference)[["F value"]][1:3], tolerance = 1e-9)
  expect_equal(coef(update(fit, . ~ . - qsec)), coef(update(reference, . ~ . - qsec)))
  expect_equal(coef(update(fit, model = gaussian("log"))), coef(
    glm(full, gaussian("log"), cars, subset = hp > 60, control = list(epsilon = 1e-14))
  ), tolerance = 1e-6)
  expect_equal(formula(step(fit, trace = 0)), formula(step(reference, trace = 0)),
    ignore_formula_env = TRUE
  )
  expect_equal(
    formula(step(by_argument(mpg ~ 1, cars), ~ wt + qsec + am, trace = 0)),
    formula(step(lm(mpg ~ 1, cars, subset = hp > 60), ~ wt + qsec + am, trace = 0)),
    ignore_formula_env = TRUE
  )
  expect_equal(confint(fit), confint(reference), tolerance = 1e-8)
  expect_equal(
    predict(fit, interval = "confidence"), predict(reference, interval = "confidence"),
    tolerance = 1e-8
  )
  expect_equal(
    predict(fit, type = "terms"), predict(reference, type = "terms"), tolerance = 1e-8,
    ignore_attr = TRUE
  )
  expect_equal(model.frame(fit), model.frame(reference), ignore_attr = TRUE)
  expect_equal(hatvalues(fit), hatvalues(reference), tolerance = 1e-9)
  expect_equal(nrow(augment(fit)), nobs(reference))
  expect_equal(nrow(torch_importance(fit, times = 1)), 3L)
  expect_s3_class(update(fit, evaluate = FALSE), NA)
  # The call reads as it was written.
  expect_equal(deparse1(update(fit)$call$data), "dat")
})

test_that("update() of networks and of a changed argument goes on from the fit", {
  trained <- function(form, dat, n) torch_fit(form, dat, mlp(2), epochs = n, seed = 1)
  fit <- trained(mpg ~ wt, mtcars, 2)
  expect_equal(nrow(update(fit, . ~ . + hp)$history), 2L)
  expect_equal(nrow(update(fit, epochs = 3)$history), 3L)
  half <- mtcars[1:16, ]
  expect_equal(nobs(update(fit, data = half)), 16L)
  expect_error(update(fit, . ~ ., 3), "`...` must be arguments of torch_fit() by name",
    fixed = TRUE
  )
})

test_that("anova() and drop1() compare the rows of the fit, whatever the terms are NA for", {
  skip_if_not_installed("MASS")
  boston <- MASS::Boston
  set.seed(1)
  boston$lstat[sample(506, 100)] <- NA
  fit <- torch_fit(medv ~ rm + age + lstat, boston, linear())
  expected <- lm(medv ~ rm + age + lstat, boston)
  expect_equal(anova(fit)$Deviance[-1], anova(expected)[["Sum Sq"]][1:3], tolerance = 1e-9)
  expect_equal(anova(fit)[["Resid. Df"]], c(405, 404, 403, 402))
  expect_equal(
    as.matrix(drop1(fit, test = "F")), as.matrix(drop1(expected, test = "F")), tolerance = 1e-9
  )
  smaller <- torch_fit(medv ~ rm, boston, linear())
  expect_error(anova(smaller, fit), "same response in the same rows")
  expect_warning(
    found <- add1(smaller, ~ . + age + lstat), "uses the 406 of 506 rows that have no NA"
  )
  theirs <- suppressWarnings(add1(lm(medv ~ rm, boston), ~ . + age + lstat))
  expect_equal(as.matrix(found), as.matrix(theirs), tolerance = 1e-9)
})

test_that("drop1() and add1() have the tables of lm() and glm()", {
  pairs <- list(
    list(lm(full, cars), torch_fit(full, cars, linear())),
    list(
      glm(carb ~ wt + cyl, poisson, cars, control = list(epsilon = 1e-14)),
      torch_fit(carb ~ wt + cyl, cars, poisson())
    ),
    list(
      glm(full, Gamma("log"), cars, control = list(epsilon = 1e-14)),
      torch_fit(full, cars, Gamma("log"))
    )
  )
  for (pair in pairs) {
    for (test in c("none", "F", "Chisq")) {
      expect_equal(
        as.matrix(drop1(pair[[2]], test = test)),
        as.matrix(suppressWarnings(drop1(pair[[1]], test = test))), tolerance = 1e-6
      )
      expect_equal(
        as.matrix(add1(pair[[2]], ~ . + gear + disp, test = test)),
        as.matrix(suppressWarnings(add1(pair[[1]], ~ . + gear + disp, test = test))),
        tolerance = 1e-6
      )
    }
  }
  expect_error(drop1(pairs[[1]][[2]], "hp"), "`scope`: `hp` is no term of the fit")
})

test_that("no verb takes changed data for those of the fit", {
  d <- cars
  fit <- torch_fit(full, d, linear())
  expected <- lm(full, d)
  network <- torch_fit(mpg ~ wt, d, mlp(2), epochs = 1, seed = 1)
  columns <- torch_fit(d["wt"], d$mpg, linear())
  # A fit that a function made holds `d` as it was: so change that.
  change <- function(fit, env) assign("d", transform(cars, wt = rev(wt)), env)
  change(fit, environment(fit$terms))
  change(network, environment(network$terms))
  assign("d", transform(cars, wt = rev(wt)), columns$env)
  expect_equal(hatvalues(fit), hatvalues(expected), tolerance = 1e-9)
  expect_equal(anova(fit)$F[-1], anova(expected)[["F value"]][1:3], tolerance = 1e-9)
  expect_equal(as.matrix(drop1(fit)), as.matrix(drop1(expected)), tolerance = 1e-9)
  expect_equal(
    predict(fit, interval = "confidence"), predict(expected, interval = "confidence"),
    tolerance = 1e-8
  )
  changed <- "data of the fit have changed since"
  expect_error(augment(fit), changed)
  expect_error(torch_importance(network), changed)
  expect_error(predict(network, type = "link"), changed)
  expect_error(model.matrix(columns), changed)
  expect_warning(update(fit, . ~ . - qsec), "update() reads them as they are now", fixed = TRUE)
  expect_silent(update(fit, data = cars))
})

test_that("data are known again by their values, whatever R keeps beside them", {
  columns <- list(id = 1:1e5, x = as.numeric(1:1e5), g = rep(c("a", NA), 5e4))
  digest <- data_digest(columns)
  expanded <- columns
  expanded$id[1] <- 1L
  expanded$x <- sort(rev(columns$x))
  expanded$g <- paste0("", columns$g)
  expanded$g[is.na(columns$g)] <- NA
  expect_identical(data_digest(expanded), digest)
  expect_identical(data_digest(unserialize(serialize(columns, NULL))), digest)
  for (name in names(columns)) {
    other <- columns
    other[[name]][99999] <- other[[name]][99997]
    expect_false(identical(data_digest(other), digest) && name != "g")
  }
  other <- columns
  other$g[3] <- "b"
  expect_false(identical(data_digest(other), digest))
  expect_false(identical(data_digest(list(factor("a"))), data_digest(list("a"))))
})
