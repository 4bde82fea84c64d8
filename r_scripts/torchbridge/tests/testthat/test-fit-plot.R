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

test_that("plot() draws what autoplot() draws, and puts par() back", {
  skip_if_not_installed("ggplot2")
  pdf(NULL)
  on.exit(dev.off())
  settings <- c("mai", "mfrow", "cex", "new", "xpd")
  before <- par(settings)
  data <- mtcars
  data$a_name_that_is_much_longer_than_a_margin_has_room_for <- data$wt^2
  data$cyl <- NULL
  fit <- torch_fit(mpg ~ ., data, linear())
  flowers <- torch_fit(Species ~ ., iris, mlp(4), epochs = 2, seed = 1, validation = 0.2)
  categories <- torch_fit(mpg ~ factor, transform(mtcars, factor = factor(cyl)), linear())
  tuned <- structure(
    list(
      trials = data.frame(
        number = 1:4, value = c(3, 2, NA, 1), lr = c(0.1, 0.2, 0.3, 0.4),
        hidden = I(list(8, 8, 16, c(16, 8)))
      ),
      best_options = list(hidden = 8, lr = 0.1)
    ),
    class = "torch_tuned"
  )
  same <- function(x, ...) {
    drawn <- plot(x, ...)
    wanted <- ggplot2::autoplot(x, ...)$data
    expect_equal(as.data.frame(drawn)[names(wanted)], as.data.frame(wanted), ignore_attr = TRUE)
    expect_equal(par(settings), before)
    drawn
  }
  set.seed(1)
  importance <- torch_importance(fit, times = 2)
  expect_identical(plot(importance), importance)
  expect_equal(par(settings), before)
  same(torch_partial(fit, "hp"))
  same(torch_ale(fit, "hp", intervals = 4))
  same(torch_partial(flowers, "Sepal.Width"))
  same(torch_partial(categories, "factor"))
  same(tuned)
  same(tuned, type = "lr")
  expect_identical(same(tuned, type = "hidden")$hidden, c("8", "8", "16, 8"))
  expect_error(plot(tuned, type = "trails"), "Did you mean `trials`")
  same(fit, type = "coefficients")
  history <- same(flowers)
  expect_identical(attr(history, "best_epoch"), flowers$best_epoch)
})

test_that("labels fit: they have their margin, and the middle gives way where half is not enough", {
  pdf(NULL, width = 4, height = 4)
  on.exit(dev.off())
  seen <- NULL
  draw <- function(labels, size) {
    seen <<- list(labels = labels, margin = par("mai")[2L], size = size)
    plot.default(1:2)
  }
  with_labels(2L, c("a", "a longer one"), draw)
  expect_identical(seen$labels, c("a", "a longer one"))
  expect_gt(seen$margin, max(strwidth(seen$labels, "inches")))
  long <- paste(rep("word", 30), collapse = " ")
  with_labels(2L, c("a", paste(long, "end")), draw)
  expect_match(seen$labels[2L], "^word .*[.]{3}.* end$")
  expect_gt(seen$margin, max(strwidth(seen$labels, "inches", cex = seen$size)))
  expect_lt(seen$margin, 2)
  with_labels(2L, paste("row", 1:100), draw)
  expect_equal(seen$size, 0.5)
})

test_that("a profile is drawn parameter by parameter", {
  pdf(NULL)
  on.exit(dev.off())
  y <- c(2.1, 3.4, 1.9, 2.8)
  fit <- torch_mle(
    function(mu, sigma, y) -sum(dnorm(y, mu, sigma, log = TRUE)), list(mu = 2, sigma = 1),
    data = list(y = y), lower = c(sigma = 1e-6)
  )
  profile <- profile(fit, points = 2)
  before <- par("mfrow")
  drawn <- plot(profile)
  expect_identical(par("mfrow"), before)
  expect_identical(drawn$z[drawn$parameter == "mu"], profile$mu$z)
  expect_identical(drawn$value[drawn$parameter == "sigma"], profile$sigma$sigma)
  expect_output(print(profile), "^\\$mu")
  skip_if_not_installed("ggplot2")
  expect_identical(ggplot2::autoplot(profile)$data$z, drawn$z)
})
