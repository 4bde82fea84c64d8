skip_without_python()

linear_fit <- function(formula = mpg ~ wt + qsec + factor(cyl), ...) {
  torch_fit(formula, data = mtcars, model = linear(), ...)
}

test_that("anova() has the numbers of anova.lm() and anova.glm()", {
  found <- anova(linear_fit())
  expected <- anova(lm(mpg ~ wt + qsec + factor(cyl), mtcars))
  expect_equal(found$Deviance[-1], expected[["Sum Sq"]][1:3], tolerance = 1e-10)
  expect_equal(found$F[-1], expected[["F value"]][1:3], tolerance = 1e-10)
  expect_equal(found[["Pr(>F)"]][-1], expected[["Pr(>F)"]][1:3], tolerance = 1e-10)
  two <- anova(linear_fit(mpg ~ wt), linear_fit())
  theirs <- anova(lm(mpg ~ wt, mtcars), lm(mpg ~ wt + qsec + factor(cyl), mtcars))
  expect_equal(two$F, theirs$F, tolerance = 1e-10)
  expect_equal(two[["Pr(>F)"]], theirs[["Pr(>F)"]], tolerance = 1e-10)
  counts <- torch_fit(carb ~ wt + offset(log(qsec)) + am, data = mtcars, model = poisson())
  expected <- anova(glm(carb ~ wt + offset(log(qsec)) + am, poisson(), mtcars), test = "Chisq")
  expect_equal(
    unclass(as.matrix(anova(counts)[c(1, 2, 5)])),
    unclass(as.matrix(expected[c("Resid. Df", "Resid. Dev", "Pr(>Chi)")])), tolerance = 1e-7
  )
  expect_output(print(anova(counts)), "Analysis of deviance: poisson, link log")
  expect_error(anova(counts, mtcars), "`...` must be fits of torch_fit()", fixed = TRUE)
})

test_that("step() and drop1() choose as they do for lm() and glm()", {
  full <- mpg ~ wt + qsec + hp + am
  found <- step(linear_fit(full), trace = 0)
  expected <- step(lm(full, mtcars), trace = 0)
  expect_equal(sort(names(coef(found))), sort(names(coef(expected))))
  expect_equal(extractAIC(linear_fit(full)), extractAIC(lm(full, mtcars)))
  counts <- torch_fit(carb ~ wt + am, data = mtcars, model = poisson())
  theirs <- glm(carb ~ wt + am, poisson(), mtcars)
  expect_equal(extractAIC(counts), extractAIC(theirs))
  expect_equal(drop1(counts)$AIC, drop1(theirs)$AIC)
})

test_that("a known scale, tests and rows of weight 0 count in tables of terms as they do in R's", {
  cars_data <- within(mtcars, times <- rep(c(1, 2, 0, 1), 8)) # 8 rows of weight 0
  converged <- glm.control(epsilon = 1e-14, maxit = 100)
  pairs <- list(
    list(
      torch_fit(mpg ~ wt + hp + qsec, cars_data, linear(), weights = times),
      lm(mpg ~ wt + hp + qsec, cars_data, weights = times)
    ),
    list(
      torch_fit(carb ~ wt + hp, cars_data, poisson(), weights = times),
      glm(carb ~ wt + hp, poisson, cars_data, weights = times, control = converged)
    ),
    list(
      torch_fit(mpg ~ wt + hp, cars_data, Gamma("log")),
      glm(mpg ~ wt + hp, Gamma("log"), cars_data, control = converged)
    )
  )
  tables <- list(drop1 = drop1, add1 = function(fit, ...) add1(fit, ~ . + disp + drat, ...))
  for (pair in pairs) {
    for (test in c("none", "Chisq", "F", if (inherits(pair[[2L]], "glm")) "LRT")) {
      for (scale in c(0, 1, 6.5)) {
        for (table in tables) {
          # R warns that an F test assumes another family.
          found <- lapply(pair, function(fit) {
            suppressWarnings(as.data.frame(table(fit, scale = scale, test = test)))
          })
          expect_equal(found[[1L]], found[[2L]], tolerance = 1e-6, ignore_attr = "heading")
        }
      }
    }
    expect_equal(BIC(pair[[1L]]), BIC(pair[[2L]]))
    expect_equal(weights(pair[[1L]]), weights(pair[[2L]]))
  }
  plain <- list(linear_fit(mpg ~ wt + hp), lm(mpg ~ wt + hp, mtcars))
  expect_equal(extractAIC(plain[[1L]], scale = 6.5), extractAIC(plain[[2L]], scale = 6.5))
  expect_output(print(drop1(plain[[1L]], scale = 6.5)), "scale: +6.5.+Cp")
  expect_null(weights(plain[[1L]]))
  expect_equal(
    weights(pairs[[3L]][[1L]], "working"), weights(pairs[[3L]][[2L]], "working"),
    tolerance = 1e-6
  )
  expect_error(weights(plain[[1L]], "none"), "it can be \"prior\", \"working\"", fixed = TRUE)
  expect_error(drop1(plain[[1L]], scale = -1), "`scale` must be a number that is not negative")
  expect_error(extractAIC(plain[[1L]], scale = NA), "`scale` must be a number")
})

test_that("leverages, standardised residuals and Cook's distances are R's", {
  fit <- torch_fit(
    mpg ~ wt + qsec + factor(cyl), data = mtcars, model = linear(), weights = qsec
  )
  expected <- lm(mpg ~ wt + qsec + factor(cyl), mtcars, weights = qsec)
  expect_equal(hatvalues(fit), hatvalues(expected), tolerance = 1e-9)
  expect_equal(rstandard(fit), rstandard(expected), tolerance = 1e-9)
  expect_equal(cooks.distance(fit), cooks.distance(expected), tolerance = 1e-8)
  counts <- torch_fit(carb ~ wt + am, data = mtcars, model = poisson())
  theirs <- glm(carb ~ wt + am, poisson(), mtcars, control = list(epsilon = 1e-14))
  expect_equal(hatvalues(counts), hatvalues(theirs), tolerance = 1e-7)
  expect_equal(rstandard(counts), rstandard(theirs), tolerance = 1e-7)
  expect_equal(cooks.distance(counts), cooks.distance(theirs), tolerance = 1e-7)
})

test_that("model frames and matrices are those of lm()", {
  expected <- lm(mpg ~ wt + qsec + factor(cyl), mtcars)
  matrix <- model.matrix(expected)
  expect_equal(matrix(model.matrix(linear_fit()), 32), matrix(matrix, 32))
  expect_equal(colnames(model.matrix(linear_fit())), colnames(matrix))
  expect_equal(names(model.frame(linear_fit())), names(model.frame(expected)))
  network <- torch_fit(mpg ~ wt, mtcars, epochs = 1)
  expect_error(model.matrix(network), "are for models fitted exactly")
})
