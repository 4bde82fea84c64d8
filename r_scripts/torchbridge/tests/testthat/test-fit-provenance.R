# A fit that resumes is the one that wrote the checkpoint: what R alone knows of it counts too.

path <- tempfile()
withr::defer(unlink(path), teardown_env())

train <- function(formula = mpg ~ wt + hp, data = mtcars, model = mlp(4), ..., epochs = 2,
                  seed = 1) {
  torch_fit(formula, data, model, ..., epochs = epochs, seed = seed, verbose = FALSE)
}

square <- function(output, y) (output - y)^2
module <- function(forward = function(x) self$linear(x) * self$by) {
  nn_module(
    "scaled",
    initialize = function(by = 2) {
      self$linear <- nn_linear(2, 1)
      self$by <- by
    },
    forward = forward
  )
}

test_that("columns, rows, weights, the model and every option are those of the checkpoint", {
  train(validation = 0.25, checkpoint = path)
  go_on <- function(...) train(..., epochs = 4, resume = path)
  expect_identical(go_on(validation = 0.25)$weights, train(validation = 0.25, epochs = 4)$weights)
  renamed <- setNames(mtcars, sub("^wt$", "weight", names(mtcars)))
  expect_error(
    go_on(mpg ~ hp + wt, validation = 0.25), "columns is ['hp', 'wt'], and was", fixed = TRUE
  )
  expect_error(
    go_on(mpg ~ weight + hp, renamed, validation = 0.25),
    "columns is ['weight', 'hp'], and was ['wt', 'hp'] in the fit to resume", fixed = TRUE
  )
  expect_error(go_on(data = mtcars[32:1, ], validation = 0.25), "x .float32 .*not what it was")
  expect_error(go_on(weights = 1:32, validation = 0.25), "weights is given, and was not")
  expect_error(go_on(), "validation is None, and was 0.25")
  expect_error(go_on(validation = 0.25, seed = 2), "seed is 2, and was 1 in the fit to resume")
  expect_error(
    go_on(validation = 0.25, model = mlp(4, activation = "tanh")),
    "model_options: activation is 'tanh', and was 'relu'"
  )
  expect_error(go_on(validation = 0.25, lr = 0.1), "lr is 0.1, and was 0.001")
  expect_error(go_on(validation = 0.25, early_stopping = 3), "early_stopping is given, and was not")
  expect_error(go_on(validation = 0.25, standardize = FALSE), "standardize is False, and was None")
  expect_error(train(validation = 0.25, epochs = 1, resume = path), "epochs is 1, and the fit to")
})

test_that("functions are known by their source", {
  score <- function(row) list(score = row$epoch)
  train(loss = square, callbacks = list(score), checkpoint = path)
  go_on <- function(...) train(..., epochs = 4, resume = path)
  # comments and blanks are no source
  same <- function(output, y) (output - y) ^ 2 # nolint: infix_spaces_linter.
  expect_identical(go_on(loss = same, callbacks = list(score))$history$score, c(1, 2, 3, 4))
  other <- function(output, y) abs(output - y)
  expect_error(go_on(loss = other, callbacks = list(score)), "loss .R function. is not what it was")
  expect_error(
    go_on(loss = square, callbacks = list(score, function(row) FALSE)),
    "callbacks has a function that the fit to resume did not have"
  )
  expect_error(go_on(loss = square), "a function that added \"score\" to the history")
  looking <- function(row) NULL
  train(callbacks = list(looking), checkpoint = path)
  expect_length(go_on()$history$epoch, 4L)
})

test_that("modules are known by their R code and fields", {
  train(model = module()(), checkpoint = path)
  go_on <- function(model) train(model = model, epochs = 4, resume = path)
  expect_length(go_on(module()())$history$epoch, 4L)
  expect_error(go_on(module()(3)), "module: fields: by is 3.0, and was 2.0")
  other <- module(function(x) self$linear(x) + self$by)
  expect_error(go_on(other()), "module: methods: 0: forward is")
  inside <- function(by) nn_sequential(module()(by), nn_relu())
  train(model = inside(1), checkpoint = path)
  expect_error(go_on(inside(2)), "module: children: 0: fields: by is 2.0, and was 1.0")
})

test_that("dataloaders are known by what they read and how", {
  x <- torch_randn(20, 2)
  y <- torch_randn(20, 1)
  loader <- function(x, batch_size = 5) dataloader(tensor_dataset(x, y), batch_size)
  fit <- function(loader, ..., epochs = 4) {
    torch_manual_seed(1)
    torch_fit(
      loader, module()(), loss = "mse_loss", seed = 1, epochs = epochs, verbose = FALSE, ...
    )
  }
  fit(loader(x), epochs = 2, checkpoint = path)
  expect_identical(fit(loader(x), resume = path)$history, fit(loader(x))$history)
  expect_error(fit(loader(x + 1), resume = path), "dataset: fields: tensors: 0 .float32 .20, 2")
  expect_error(fit(loader(x, 4), resume = path), "batch_size is 4, and was 5")

  file <- tempfile(fileext = ".csv")
  lines <- dataset(
    "lines",
    initialize = function(file, skip = 0L) {
      self$file <- file
      self$skip <- skip
    },
    .getbatch = function(i) {
      rows <- as.matrix(utils::read.csv(self$file))[i + self$skip, , drop = FALSE]
      list(torch_tensor(rows[, 1:2]), torch_tensor(rows[, 3, drop = FALSE]))
    },
    .length = function() 10L
  )
  rows <- data.frame(a = 1:20 / 20, b = 20:1 / 20, y = 1)
  utils::write.csv(rows, file, row.names = FALSE)
  fit(dataloader(lines(file), 5), epochs = 2, checkpoint = path)
  moved <- file.path(tempfile("folder"), basename(file))
  dir.create(dirname(moved))
  file.copy(file, moved)
  expect_length(fit(dataloader(lines(moved), 5), resume = path)$history$epoch, 4L)
  expect_error(
    fit(dataloader(lines(file, 1L), 5), resume = path), "dataset: fields: skip is 1, and was 0"
  )
  utils::write.csv(rows[1:15, ], file, row.names = FALSE)
  expect_error(fit(dataloader(lines(file), 5), resume = path), "fields: file: size is [0-9]+, and")
})

test_that("the weights alone go into a new fit", {
  train(model = module()(), checkpoint = path)
  state <- torch_load(path)
  state <- state[startsWith(names(state), "module.")]
  names(state) <- sub("module.", "", names(state), fixed = TRUE)
  new <- module()()
  new$load_state_dict(state)
  expect_identical(as.array(new$linear$weight), as.array(state$linear.weight))
  expect_length(train(model = new, lr = 0.1, seed = 7)$history$epoch, 2L)
})
