# Several devices: processes of their own train, and this R is what it was.

skip_without_python()
skip_on_os("windows")

set.seed(1)
frame <- data.frame(a = rnorm(67), b = rnorm(67))
frame$y <- frame$a - frame$b + rnorm(67)
# Four steps an epoch; the last one has 7 rows.
small <- function(devices, model = mlp(4), ...) {
  torch_fit(
    y ~ a + b, frame, model, devices = devices, epochs = 5, batch_size = 20, lr = 0.01, seed = 1,
    precision = "64-true", device = "cpu", ...
  )
}

test_that("a network, a loss and functions written in R give the fit of one device", {
  shift <- function(x) torch_tanh(x) * factor_of_shift
  factor_of_shift <- 2
  net <- nn_module(
    "shifted",
    initialize = function() {
      self$hidden <- nn_linear(2, 3)
      self$out <- nn_linear(3, 1)
    },
    forward = function(x) self$out(shift(self$hidden(x)))
  )
  torch_manual_seed(1)
  model <- net()$to(dtype = torch_double())
  here <- Sys.getpid()
  run <- function(devices) {
    seen <- integer()
    fit <- small(
      devices, model,
      loss = function(output, y) torch_abs(output - y),
      callbacks = list(function(row) {
        expect_identical(Sys.getpid(), here)
        seen <<- c(seen, row$epoch)
        list(score = row$epoch * 2)
      })
    )
    expect_equal(seen, 1:5)
    fit
  }
  one <- run(1)
  two <- run(2)
  expect_equal(two$history, one$history, tolerance = 1e-10)
  expect_equal(fitted(two), fitted(one), tolerance = 1e-10)
  expect_identical(two$status, "completed")
})

test_that("an interrupt ends all processes, and gives the fit so far", {
  fit <- torch_fit(
    y ~ a + b, frame, mlp(4), devices = 2, epochs = 1e6, device = "cpu", seed = 1,
    callbacks = list(function(row) if (row$epoch == 2) tools::pskill(Sys.getpid(), tools::SIGINT))
  )
  expect_match(fit$status, "^interrupted in epoch ")
  expect_equal(fit$history$epoch[1:2], 1:2)
})

test_that("what must stay in this R is refused before anything starts", {
  watch <- torch_callback(on_batch_end = function(at) NULL)
  expect_error(
    small(2, callbacks = list(watch)), "devices must be 1, not 2: the functions of a torch_callback"
  )
  batches <- dataloader(tensor_dataset(torch_randn(10, 2), torch_randn(10, 1)), batch_size = 5)
  expect_error(
    torch_fit(batches, nn_linear(2, 1), loss = "mse_loss", devices = 2, device = "cpu", epochs = 1),
    "devices must be 1, not 2: the batches of a dataloader are made in this R"
  )
})
