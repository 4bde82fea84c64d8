test_that("models print as calls", {
  expect_output(
    print(mlp(c(64, 32), dropout = 0.1)), "mlp(hidden = c(64, 32), dropout = 0.1)", fixed = TRUE
  )
  expect_output(print(logistic("probit")), "logistic(link = \"probit\")", fixed = TRUE)
})

test_that("what an exact fit warns of is R's warning", {
  separated <- data.frame(x = 1:6, y = rep(c(FALSE, TRUE), each = 3))
  expect_warning(
    fit <- torch_fit(y ~ x, separated, logistic()), "fitted probabilities numerically 0 or 1"
  )
  expect_identical(predict(fit, type = "class"), factor(separated$y), ignore_attr = TRUE)
  expect_warning(torch_fit(factor(y) ~ x, separated, multinomial()), "separated")
  expect_silent(torch_fit(mpg ~ wt, mtcars, linear()))
})
