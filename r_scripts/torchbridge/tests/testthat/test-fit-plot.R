skip_without_python()

test_that("plots return what they draw", {
  pdf(NULL)
  on.exit(dev.off())
  fit <- torch_fit(mpg ~ wt + hp, data = mtcars, model = linear())
  found <- plot(fit, type = "residuals")
  expect_equal(found$residual, unname(residuals(lm(mpg ~ wt + hp, mtcars))))
  found <- plot(fit, type = "coefficients")
  expect_equal(as.character(found$term), c("wt", "hp"))
  expect_equal(found$low, unname(confint(lm(mpg ~ wt + hp, mtcars))[2:3, 1]))
  network <- torch_fit(
    Species ~ ., data = iris, model = mlp(4), epochs = 3, validation = 0.2, seed = 1
  )
  found <- plot(network)
  expect_equal(found$value[found$series == "valid_loss"], network$history$valid_loss)
  found <- plot(network, type = "calibration", groups = 5)
  setosa <- found[found$series == "setosa", ]
  expect_equal(setosa$n, rep(30L, 5))
  expect_equal(mean(setosa$observed), 1 / 3)
  expect_equal(mean(setosa$predicted), mean(fitted(network)[, "setosa"]))
  expect_error(plot(fit, type = "history"), "no epochs")
  expect_error(plot(fit, type = "histry"), "Did you mean `history`")
})

test_that("what a learning-rate finder tried is kept and drawn", {
  fit <- torch_fit(
    mpg ~ ., data = mtcars, epochs = 1, seed = 1, callbacks = list(lr_finder = list(steps = 20))
  )
  expect_true(fit$history$lr %in% fit$lr_finder$lr)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_equal(plot(fit, type = "lr_finder"), fit$lr_finder)
  other <- torch_fit(mpg ~ ., data = mtcars, epochs = 1)
  expect_error(plot(other, type = "lr_finder"), "needs a fit with callbacks")
})

test_that("autoplot() draws the same", {
  skip_if_not_installed("ggplot2")
  fit <- torch_fit(mpg ~ wt + hp, data = mtcars, model = linear())
  for (type in c("residuals", "calibration", "coefficients")) {
    drawn <- ggplot2::ggplot_build(ggplot2::autoplot(fit, type = type))
    expect_gt(nrow(drawn$data[[2]]), 0L)
  }
  network <- torch_fit(mpg ~ wt, data = mtcars, model = mlp(4), epochs = 3, seed = 1)
  drawn <- ggplot2::ggplot_build(ggplot2::autoplot(network))
  expect_equal(drawn$data[[1]]$y, network$history$train_loss)
})
