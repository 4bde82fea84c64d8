skip_without_python()

test_that("tidy() has the numbers of summary() and confint()", {
  fit <- torch_fit(mpg ~ wt + hp, data = mtcars, model = linear())
  found <- tidy(fit, conf.int = TRUE)
  table <- summary(lm(mpg ~ wt + hp, mtcars))$coefficients
  expect_equal(unname(as.matrix(found[2:5])), unname(table))
  expect_equal(unname(as.matrix(found[6:7])), unname(confint(lm(mpg ~ wt + hp, mtcars))))
  odds <- tidy(torch_fit(am ~ wt, data = mtcars, model = logistic()), exponentiate = TRUE)
  expect_equal(odds$estimate, unname(exp(coef(glm(am ~ wt, binomial, mtcars)))), tolerance = 1e-6)
  classes <- tidy(torch_fit(factor(gear) ~ wt, data = mtcars, model = multinomial()))
  expect_equal(classes$y.level, c("4", "4", "5", "5"))
  expect_equal(classes$term, rep(c("(Intercept)", "wt"), 2))
})

test_that("glance() has one row", {
  fit <- glance(torch_fit(mpg ~ wt + hp, data = mtcars, model = linear()))
  other <- summary(lm(mpg ~ wt + hp, mtcars))
  expect_equal(
    c(fit$r.squared, fit$adj.r.squared, fit$sigma, fit$statistic, fit$AIC),
    c(other$r.squared, other$adj.r.squared, other$sigma, other$fstatistic[[1]],
      AIC(lm(mpg ~ wt + hp, mtcars)))
  )
  network <- torch_fit(
    mpg ~ ., data = mtcars, model = mlp(4), epochs = 3, validation = 0.2, seed = 1
  )
  expect_equal(glance(network)$valid_loss, network$history$valid_loss[3])
})

test_that("augment() adds to the rows of the fit, or to new ones", {
  data <- mtcars
  data$wt[2] <- NA
  fit <- torch_fit(mpg ~ wt, data = data, model = linear())
  found <- augment(fit)
  expect_equal(nrow(found), 31L)
  expect_equal(found$.resid, unname(residuals(lm(mpg ~ wt, data))))
  expect_equal(augment(fit, new_data = mtcars[1:2, ])$.fitted, unname(predict(fit, mtcars[1:2, ])))
  species <- torch_fit(Species ~ ., data = iris, model = mlp(4), epochs = 1, seed = 1)
  found <- augment(species)
  expect_equal(found$.pred_class, unname(predict(species, iris, "class")))
  expect_equal(found$.pred_setosa, fitted(species)[, "setosa"], ignore_attr = TRUE)
  expect_error(augment(fit, data = mtcars[1:3, ]), "31 rows")
})
