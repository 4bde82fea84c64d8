skip_without_python()

cars <- transform(mtcars, cyl = factor(cyl))

test_that("the lasso of orthogonal columns is least squares, shrunk", {
  design <- scale(qr.Q(qr(scale(matrix(sin(1:90), 30)))))
  data <- data.frame(design * sqrt(30 / 29), y = cos(1:30))
  slopes <- coef(lm(y ~ ., data))[-1]
  path <- torch_path(y ~ ., data = data, penalty = c(0.05, 0.01))
  for (i in 1:2) {
    shrunk <- sign(slopes) * pmax(abs(slopes) - path$penalty[i], 0)
    expect_equal(coef(path)[i, -1], shrunk, tolerance = 1e-8)
  }
})

test_that("without a penalty the coefficients are those of glm()", {
  formula <- carb ~ wt + cyl + offset(log(qsec))
  path <- torch_path(formula, data = cars, model = poisson(), penalty = c(0.3, 0), weights = gear)
  expected <- glm(formula, poisson(), cars, weights = gear, epsilon = 1e-14)
  expect_equal(coef(path)[2, ], coef(expected), tolerance = 1e-6)
  expect_equal(
    predict(path, cars[4:9, ], penalty = 0)[, 1], predict(expected, cars[4:9, ], "response"),
    tolerance = 1e-6
  )
  expect_equal(path$deviance_ratio[2], 1 - expected$deviance / expected$null.deviance)
})

test_that("x and y give the path of the formula, and every verb its numbers", {
  path <- torch_path(mpg ~ ., data = cars, n_penalties = 20)
  same <- torch_path(cars[-1], cars$mpg, n_penalties = 20)
  expect_equal(path$coefficients, same$coefficients)
  expect_equal(path$df[c(1, 20)], c(0, 11))
  expect_true(all(diff(path$deviance_ratio) >= 0))
  expect_equal(predict(path, cars)[, 20], predict(same, cars[-1])[, 20])
  expect_equal(tidy(path)$estimate[1:12], unname(path$coefficients[1, ]))
  expect_named(glance(path), c("penalty", "df", "deviance_ratio"))
  expect_output(print(path), "deviance_ratio")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_equal(plot(path)$wt, unname(path$coefficients[, "wt"]))
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(path), "ggplot")
})

test_that("wrong calls are errors that name the argument", {
  expect_error(torch_path(mpg ~ ., data = cars, model = mlp(3)), "`model` must be linear\\(\\)")
  expect_error(torch_path(mpg ~ ., data = cars, mixture = 3), "mixture must be a number from")
  expect_error(torch_path(mpg ~ ., data = cars, alpha = 1), "Unknown argument: `alpha`")
  path <- torch_path(mpg ~ wt, data = cars, penalty = c(1, 2))
  expect_error(coef(path, penalty = 1.5), "`penalty`: 1.5 is not on the path")
  expect_error(predict(path, cars["cyl"]), "wt")
})
