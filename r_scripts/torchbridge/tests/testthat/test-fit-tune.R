skip_without_python()
skip_if_not(
  isTRUE(tryCatch(!is.null(py_import("optuna")), error = function(e) FALSE)), "Python's optuna"
)

test_that("the best trial is fitted, and its call fits it again", {
  space <- list(lr = tune_range(1e-3, 1e-1, log = TRUE), hidden = list(8, c(16, 8)))
  set.seed(1)
  tuned <- torch_tune(mpg ~ ., space, data = mtcars, epochs = 3, n_trials = 4, validation = 0.25)
  expect_equal(nrow(tuned$trials), 4L)
  expect_equal(tuned$best_value, min(tuned$trials$value, na.rm = TRUE))
  expect_equal(min(tuned$fit$history$valid_loss), tuned$best_value)
  expect_true(all(tuned$trials$lr >= 1e-3 & tuned$trials$lr <= 1e-1))
  expect_identical(eval(tuned$fit$call)$weights, tuned$fit$weights)
  set.seed(1)
  again <- torch_tune(mpg ~ ., space, data = mtcars, epochs = 3, n_trials = 4, validation = 0.25)
  expect_equal(again$trials$value, tuned$trials$value)
  expect_output(print(tuned), "4 trials")
})

test_that("trials at once are what the seed decides", {
  space <- list(lr = tune_range(1e-3, 1e-1, log = TRUE), dropout = c(0, 0.5))
  tuned <- lapply(1:2, function(i) {
    torch_tune(mpg ~ ., space, data = mtcars, epochs = 3, n_trials = 3, n_jobs = 2, seed = 1)
  })
  expect_identical(tuned[[1]]$trials$value, tuned[[2]]$trials$value)
  expect_identical(tuned[[1]]$trials$lr, tuned[[2]]$trials$lr)
  expect_identical(tuned[[1]]$fit$weights, tuned[[2]]$fit$weights)
})

test_that("an R function is an objective", {
  tuned <- torch_tune(
    function(at) if (at$x > 4) NA else -(at$x - 1)^2, list(x = tune_range(-5, 5), k = c("a", "b")),
    n_trials = 30, seed = 1, maximize = TRUE
  )
  expect_equal(tuned$best_value, max(tuned$trials$value, na.rm = TRUE))
  expect_equal(tuned$best_value, -(tuned$best_options$x - 1)^2)
  expect_lt(abs(tuned$best_options$x - 1), 1)
  expect_true(all(is.na(tuned$trials$value[tuned$trials$x > 4])))
})

test_that("a grid has every combination once", {
  tuned <- torch_tune(
    function(at) at$x * at$y, list(x = c(1, 2, 3), y = c(10, 20)), sampler = "grid", seed = 1
  )
  expect_setequal(tuned$trials$value, c(10, 20, 30, 20, 40, 60))
  expect_identical(nrow(unique(tuned$trials[c("x", "y")])), 6L)
  expect_identical(tuned$best_options, list(x = 1, y = 10))
  expect_error(
    torch_tune(function(at) at$x, list(x = tune_range(0, 1)), sampler = "grid"), "list of choices"
  )
})

test_that("wrong searches are errors", {
  expect_error(torch_tune(mpg ~ ., list(), data = mtcars), "`space` must be a named list")
  expect_error(
    torch_tune(mpg ~ ., list(lr = 1), data = mtcars, model = linear()), "`model` must be mlp"
  )
  expect_error(torch_tune(mpg ~ ., list(lrr = c(1, 2)), data = mtcars), "\"lrr\" is no option of")
  expect_error(
    torch_tune(mpg ~ ., list(lr = c(1, 2)), data = mtcars, n_trial = 1),
    "not an argument of torch_tune\\(\\).\nDid you mean `n_trials`"
  )
  expect_error(tune_range(2, 1), "`low` must be below")
  expect_error(torch_tune(function(at) "a", list(x = c(1, 2)), n_trials = 1), "single number")
})

test_that("one Ctrl-C ends the search, and the trials so far come back", {
  skip_on_os("windows")
  # It comes in the middle of a trial's fit, which alone would give itself so far.
  run <- run_r(c(
    "suppressPackageStartupMessages(library(torchbridge))",
    "after <- function(n) function(...) {",
    "  n <<- n - 1",
    "  if (n == 0) tools::pskill(Sys.getpid(), tools::SIGINT)",
    "}",
    "show <- function(code) {",
    "  found <- tryCatch(code, interrupt = function(e) 'interrupt')",
    "  if (is.list(found)) found <- paste(nrow(found$trials), found$status)",
    "  cat(found, '\n')",
    "}",
    "space <- list(lr = tune_range(1e-3, 0.1))",
    "search <- function(n) {",
    "  hit <- after(n)",
    "  torch_tune(mpg ~ wt, space, mtcars, n_trials = 40, epochs = 2, pruner = 'none', seed = 1,",
    "    batch_size = 32, loss = function(output, y) { hit(); (output - y)^2 })",
    "}",
    # A trial calls the loss five times: to look, and for rows to train with and to validate by.
    "show(search(23))",
    "show(search(3))",
    "hit <- after(8)",
    "show(torch_tune(function(at) {",
    "  torch_fit(mpg ~ wt, mtcars, mlp(4), epochs = 3, seed = 1, callbacks = hit)$history[3, 2]",
    "}, space, n_trials = 40, seed = 1))",
    # A fit within a callback of another fit: what the user sees is the one around it.
    "hit <- after(2)",
    "fit <- torch_fit(mpg ~ wt, mtcars, mlp(4), epochs = 9, seed = 1, callbacks = function(row) {",
    "  torch_fit(mpg ~ wt, mtcars, mlp(4), epochs = 1, seed = 1, callbacks = hit)",
    "})",
    "cat(nrow(fit$history), fit$status)"
  ))
  # (A machine that is busy with other work is told how far the search is.)
  said <- grep(" to go$", trimws(run$out), invert = TRUE, value = TRUE)
  expect_identical(said, c(
    "4 interrupted in trial 4: the best of 3 complete trials", "interrupt",
    "3 interrupted in trial 3: the best of 2 complete trials",
    "1 interrupted in epoch 2: the weights are the latest"
  ), info = run$err)
})

test_that("a script hears how far a long search is", {
  lines <- py_import("torchbridge.models.callbacks.progress_lines")
  before <- lines$FIRST
  set <- py_import("builtins")$setattr
  on.exit(set(lines, "FIRST", before))
  set(lines, "FIRST", 0)
  said <- utils::capture.output(type = "message", invisible(
    torch_tune(function(at) at$x, list(x = tune_range(1, 2)), n_trials = 3, seed = 1)
  ))
  expect_match(said[1], "^trial 1 of 3, best value 1\\.[0-9]+; 0 s, about 0 s to go$")
})

test_that("a search in a storage goes on, of models and of functions", {
  storage <- tempfile(fileext = ".log")
  search <- function(n) {
    torch_tune(
      mpg ~ wt, list(lr = c(0.01, 0.1)), mtcars, mlp(2),
      epochs = 1, n_trials = n, storage = storage, seed = 1
    )
  }
  first <- search(1)
  second <- search(2)
  expect_equal(second$trials$value[1], first$trials$value)
  expect_equal(nrow(second$trials), 2)
  of_function <- function(n) {
    torch_tune(
      function(at) (at$x - 1)^2, list(x = tune_range(-5, 5)),
      n_trials = n, storage = storage, study_name = "function", seed = 1
    )
  }
  expect_equal(of_function(2)$trials$value, of_function(3)$trials$value[1:2])
  expect_error(
    torch_tune(function(at) 1, list(x = c(1, 2)), workers = 2),
    "start several sessions with the same"
  )
})
