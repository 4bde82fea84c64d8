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
