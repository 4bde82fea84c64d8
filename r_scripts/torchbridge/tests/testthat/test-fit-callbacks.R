# Functions at the events of a fit, and metrics by name.

skip_without_python()

small <- function(..., model = mlp(4), epochs = 2) {
  torch_fit(mpg ~ wt + hp, data = mtcars, model = model, seed = 1, epochs = epochs,
    batch_size = 16, ...)
}

test_that("every event is sent, in order, with what belongs to it", {
  seen <- list()
  hear <- function(at) {
    seen[[length(seen) + 1L]] <<- at
    NULL
  }
  events <- names(formals(torch_callback))
  fit <- small(callbacks = do.call(torch_callback, stats::setNames(
    rep(list(hear), length(events)), events
  )), validation = 0.25)
  batch <- c("on_batch_begin", "on_gradients", "on_batch_end")
  epoch <- c(
    "on_epoch_begin", batch, batch, "on_validation_begin", "on_validation_end", "on_epoch_end",
    "on_epoch_logged"
  )
  heard <- vapply(seen, function(at) at$event, "")
  expect_identical(heard, c("on_fit_begin", epoch, epoch, "on_fit_end"))
  of <- function(event) seen[heard == event]
  expect_identical(vapply(of("on_batch_end"), function(at) at$epoch, 1L), c(1L, 1L, 2L, 2L))
  expect_identical(vapply(of("on_batch_end"), function(at) at$batch, 1L), c(1L, 2L, 1L, 2L))
  losses <- vapply(of("on_batch_end"), function(at) at$loss, 1)
  expect_equal(
    fit$history$train_loss, colSums(matrix(losses, 2) * c(16, 8)) / 24,
    tolerance = 1e-6
  )
  expect_equal(of("on_epoch_end")[[2]]$line$valid_loss, fit$history$valid_loss[2])
  names <- c("network.0.weight", "network.0.bias", "network.2.weight", "network.2.bias")
  expect_named(of("on_gradients")[[1]]$gradients, names)
  expect_identical(dim(of("on_gradients")[[1]]$gradients[[1]]), c(4L, 2L))
  expect_true(inherits(seen[[1]]$module, "nn_module"))
  expect_identical(seen[[1]]$lr, 0.001)
})

test_that("functions change gradients, end the fit and add to the history", {
  frozen <- torch_callback(on_gradients = function(at) for (g in at$gradients) g$zero_())
  fit <- small(callbacks = frozen)
  expect_identical(fit$weights, small(callbacks = frozen, epochs = 1)$weights)
  half <- torch_callback(on_gradients = function(at) for (g in at$gradients) g$mul_(0.5))
  halves <- function(output, y) (output - y)^2 / 2
  by_gradients <- small(callbacks = list(half), optimizer = "sgd")
  by_loss <- small(loss = halves, standardize = TRUE, optimizer = "sgd")
  expect_equal(fitted(by_gradients), fitted(by_loss), tolerance = 1e-6)
  lbfgs <- list(max_iter = 4)
  expect_equal(
    fitted(small(callbacks = half, optimizer = "lbfgs", optimizer_options = lbfgs, lr = 0.001)),
    fitted(small(
      loss = halves, standardize = TRUE, optimizer = "lbfgs", optimizer_options = lbfgs, lr = 0.001
    )),
    tolerance = 1e-5
  )
  stops <- small(epochs = 9, callbacks = list(torch_callback(
    on_batch_end = function(at) at$epoch < 3,
    on_epoch_end = function(at) list(twice = 2 * at$line$train_loss)
  )))
  expect_identical(nrow(stops$history), 3L)
  expect_equal(stops$history$twice, 2 * stops$history$train_loss)
  expect_match(stops$status, "stopped early in epoch 3: the function on_batch_end returned False")
})

test_that("a callback sees and changes what is trained", {
  rates <- c()
  step <- torch_callback(
    on_batch_begin = function(at) {
      at$optimizer$param_groups[[1]]$lr <- 0.1 / (2 * at$epoch + at$batch - 2)
    },
    on_batch_end = function(at) rates <<- c(rates, at$lr)
  )
  small(callbacks = step)
  expect_equal(rates, 0.1 / 1:4)
  clamped <- small(epochs = 3, lr = 0.1, callbacks = torch_callback(on_batch_end = function(at) {
    with_no_grad(for (p in at$module$parameters) p$clamp_(-0.05, 0.05))
  }))
  found <- coef(clamped)
  expect_lte(max(abs(unlist(found[grep("^network", names(found))]))), 0.05 + 1e-7)
})

test_that("what is no callback says so, and errors of functions are R's own", {
  expect_error(torch_callback(), "At least one event must have a function")
  expect_error(torch_callback(on_batch_end = 3), "`on_batch_end` must be a function, not a number")
  expect_error(torch_callback(on_batches = print), "unused argument")
  expect_output(print(torch_callback(on_fit_end = print)), "of torch_fit\\(\\): on_fit_end")
  expect_error(
    small(callbacks = torch_callback(on_batch_end = function(at) stop("no more"))), "no more"
  )
  expect_error(
    torch_tune(mpg ~ wt, list(lr = c(0.1, 0.2)), mtcars,
      callbacks = torch_callback(on_fit_end = print)),
    "no functions"
  )
})

test_that("a checkpoint knows the callbacks by their text", {
  path <- tempfile()
  on.exit(unlink(path))
  clip <- function(bound) {
    torch_callback(on_gradients = eval(bquote(
      function(at) for (g in at$gradients) g$clamp_(-.(bound), .(bound))
    )))
  }
  small(callbacks = clip(1), checkpoint = path)
  on <- small(callbacks = clip(1), resume = path, epochs = 3)
  expect_identical(on$weights, small(callbacks = clip(1), epochs = 3)$weights)
  expect_error(
    small(callbacks = clip(2), resume = path, epochs = 3), "EventFunctions: on_gradients is "
  )
})

test_that("metrics are in the history and in glance(), and can be monitored", {
  fit <- torch_fit(
    Species ~ ., iris, mlp(8), epochs = 8, lr = 0.05, seed = 1, validation = 0.3,
    metrics = c("accuracy", "balanced_accuracy"),
    early_stopping = list(patience = 3, monitor = "valid_accuracy", mode = "max")
  )
  columns <- c(
    "epoch", "train_loss", "train_accuracy", "train_balanced_accuracy", "valid_loss",
    "valid_accuracy", "valid_balanced_accuracy"
  )
  expect_named(fit$history, columns)
  expect_equal(glance(fit)$valid_accuracy, utils::tail(fit$history$valid_accuracy, 1))
  last <- torch_fit(Species ~ ., iris, mlp(8), epochs = 3, lr = 0.05, seed = 1,
    validation = iris, metrics = "accuracy")
  right <- mean(predict(last, iris, type = "class") == iris$Species)
  expect_equal(utils::tail(last$history$valid_accuracy, 1), right, tolerance = 1e-7)
  numbers <- small(validation = mtcars, metrics = c("rmse", "r_squared"))
  gone <- mtcars$mpg - fitted(numbers)
  expect_equal(utils::tail(numbers$history$valid_rmse, 1), sqrt(mean(gone^2)), tolerance = 1e-6)
  expect_equal(
    utils::tail(numbers$history$valid_r_squared, 1),
    1 - sum(gone^2) / sum((mtcars$mpg - mean(mtcars$mpg))^2),
    tolerance = 1e-5
  )
  expect_error(small(metrics = "accuracy"), "\"accuracy\" is for classes, and loss \"mse_loss\"")
  expect_error(small(metrics = "rsme"), "it can be \"accuracy\"")
})

test_that("a script hears how far a long fit is", {
  lines <- py_import("torchbridge.models.callbacks.progress_lines")
  before <- lines$FIRST
  set <- py_import("builtins")$setattr
  on.exit(set(lines, "FIRST", before))
  set(lines, "FIRST", 0)
  said <- utils::capture.output(invisible(small(epochs = 1)), type = "message")
  expect_match(said[1], "epoch 1 of 1, batch 1 of 2; 0 s, at most 0 s to go")
  quiet <- utils::capture.output(type = "message", suppressMessages(invisible(small(epochs = 1))))
  expect_identical(quiet, character())
  inner <- tempfile()
  outer <- utils::capture.output(type = "message", {
    sink(inner)
    invisible(small(epochs = 1))
    sink()
  })
  expect_match(outer[1], "epoch 1 of 1")
  expect_identical(readLines(inner), character())
  quiet <- utils::capture.output(type = "message", invisible(small(epochs = 1, verbose = FALSE)))
  expect_identical(quiet, character())
})
