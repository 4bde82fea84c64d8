skip_without_python()

fit <- function() torch_fit(mpg ~ wt + hp + qsec, data = mtcars, model = linear())

test_that("partial dependence and ALE of a linear model are its slopes", {
  slope <- coef(lm(mpg ~ wt + hp + qsec, mtcars))[["wt"]]
  partial <- torch_partial(fit(), "wt", grid = c(2, 3, 5))
  expect_equal(diff(partial$prediction), slope * c(1, 2))
  expect_equal(partial$prediction[2], mean(predict(fit(), transform(mtcars, wt = 3))))
  ale <- torch_ale(fit(), "wt", intervals = 5)
  expect_equal(diff(ale$effect), slope * diff(ale$value))
})

test_that("importance is the rise of the metric", {
  set.seed(1)
  found <- torch_importance(fit(), times = 3)
  expect_equal(found$variable[1], "wt")
  expect_false(is.unsorted(-found$importance))
  # A column that the model does not use does not matter.
  data <- transform(mtcars, twice = 2 * wt)
  other <- torch_fit(mpg ~ wt + twice, data = data, model = linear())
  expect_equal(torch_importance(other, data, variables = "twice", times = 2)$importance, 0)
  set.seed(2)
  order <- sample.int(32)
  rmse <- function(data) sqrt(mean((mtcars$mpg - predict(fit(), data))^2))
  set.seed(2)
  once <- torch_importance(fit(), variables = "hp", times = 1)
  expect_equal(once$importance, rmse(transform(mtcars, hp = hp[order])) - rmse(mtcars))
  expect_error(torch_importance(fit(), variables = "wtt"), "Did you mean `wt`")
})

test_that("classes have an effect each", {
  species <- torch_fit(Species ~ ., data = iris, model = mlp(4), epochs = 2, seed = 1)
  partial <- torch_partial(species, "Petal.Width", grid = 3)
  expect_equal(
    unname(tapply(partial$prediction, partial$value, sum)), array(rep(1, 3)), ignore_attr = TRUE
  )
  expect_equal(unique(torch_ale(species, "Petal.Width")$class), levels(iris$Species))
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(partial), "ggplot")
  expect_s3_class(ggplot2::autoplot(torch_importance(species, times = 1)), "ggplot")
})

test_that("an interrupt gives the importance of the columns so far, or ends the call", {
  skip_on_os("windows")
  run <- run_r(c(
    "suppressPackageStartupMessages(library(torchbridge))",
    "fit <- torch_fit(mpg ~ wt + hp + qsec, mtcars, mlp(4), epochs = 1, seed = 1)",
    "calls <- 0",
    "importance <- function(last) torch_importance(fit, times = 2, metric = function(y, found) {",
    "  calls <<- calls + 1",
    "  if (calls == last) tools::pskill(Sys.getpid(), tools::SIGINT)",
    "  mean((y - found)^2)",
    "})",
    # One call is that of the data as they are.
    "found <- withCallingHandlers(importance(6), warning = function(w) {",
    "  cat(conditionMessage(w), '\\n')",
    "  invokeRestart('muffleWarning')",
    "})",
    "cat(sort(found$variable), '\\n')",
    "calls <- 0",
    "cat(tryCatch(importance(2)$variable, interrupt = function(e) 'interrupt'), '\\n')"
  ))
  expect_identical(trimws(run$out), c(
    "interrupted: the importance of 2 of 3 columns", "hp wt", "interrupt"
  ), info = run$err)
})
