# A fit is an R value: it goes through saveRDS() into another session.

skip_without_python()

elsewhere <- function(fit, new) {
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(list(fit = fit, new = new), file)
  run <- run_r(c(
    "library(torchbridge)", paste0("kept <- readRDS(\"", file, "\")"),
    "cat(sprintf('%a', as.vector(predict(kept$fit, kept$new))))"
  ))
  expect_equal(run$status, 0L, info = output(run))
  as.numeric(strsplit(utils::tail(run$out, 1L), " ")[[1L]])
}

test_that("networks, exact models and modules predict the same bits in a new session", {
  data <- transform(mtcars, cyl = factor(cyl))
  network <- torch_fit(mpg ~ wt + cyl, data = data, model = tabular(8), epochs = 3, seed = 1)
  expect_identical(elsewhere(network, data), unname(predict(network, data)))
  classes <- torch_fit(Species ~ ., data = iris, model = mlp(4), epochs = 2, seed = 1)
  expect_identical(elsewhere(classes, iris), as.vector(predict(classes, iris)))
  exact <- torch_fit(am ~ wt, data = mtcars, model = logistic())
  expect_identical(elsewhere(exact, mtcars), unname(predict(exact, mtcars)))
  net <- nn_module(
    "Net", initialize = function() self$a <- nn_linear(10, 1), forward = function(x) self$a(x)
  )
  own <- torch_fit(mpg ~ ., data = mtcars, model = net(), epochs = 2, seed = 1)
  expect_identical(elsewhere(own, mtcars), unname(predict(own, mtcars)))
})

test_that("what is read is no larger than its numbers, and safetensors", {
  # As of lm(), the formula brings its environment along.
  formula <- as.formula("mpg ~ wt", env = globalenv())
  fit <- torch_fit(formula, data = mtcars, model = mlp(c(64, 64)), epochs = 1, seed = 1)
  expect_lt(length(serialize(fit, NULL)), 2 * length(fit$weights) + 2e4)
  expect_type(fit$weights, "raw")
  # An 8-byte length and a JSON header begin a safetensors file.
  header <- readBin(fit$weights[1:8], "integer", 1L, size = 4L)
  expect_match(rawToChar(fit$weights[8 + seq_len(header)]), "network.0.weight")
})
