# Networks: what decides a fit, how it ends, and what is refused.

skip_without_python()

# Its output has shape (n).
flat <- nn_module(
  initialize = function() self$line <- nn_linear(10, 1),
  forward = function(x) self$line(x)$squeeze(2)
)

small <- function(..., model = mlp(8), seed = 1) {
  torch_fit(mpg ~ ., data = mtcars, model = model, seed = seed, ...)
}

test_that("a seed, or set.seed(), decides all bits", {
  a <- small(epochs = 3, model = mlp(8, dropout = 0.2), validation = 0.25)
  b <- small(epochs = 3, model = mlp(8, dropout = 0.2), validation = 0.25)
  expect_identical(a$weights, b$weights)
  expect_identical(a$history, b$history)
  drawn <- lapply(1:2, function(i) {
    set.seed(5)
    small(epochs = 2, seed = NULL)
  })
  expect_identical(drawn[[1]]$weights, drawn[[2]]$weights)
  expect_false(identical(drawn[[1]]$weights, small(epochs = 2, seed = NULL)$weights))
})

test_that("a network without hidden layers learns least squares", {
  fit <- small(
    model = mlp(NULL), epochs = 60, optimizer = "lbfgs", lr = 0.5, batch_size = 32,
    optimizer_options = list(line_search_fn = "strong_wolfe")
  )
  expect_equal(unname(fitted(fit)), unname(fitted(lm(mpg ~ ., mtcars))), tolerance = 1e-3)
})

test_that("a network in double precision is lm() to more digits, and predicts after bfloat16", {
  fit <- torch_fit(
    mpg ~ wt, data = mtcars, model = mlp(NULL), epochs = 5, optimizer = "lbfgs", lr = 1,
    batch_size = 32, precision = "64-true", seed = 1,
    optimizer_options = list(
      line_search_fn = "strong_wolfe", tolerance_grad = 1e-13, tolerance_change = 1e-16
    )
  )
  line <- lm(mpg ~ wt, mtcars)
  expect_equal(predict(fit), fitted(line), tolerance = 1e-13)
  again <- unserialize(serialize(fit, NULL))
  expect_equal(predict(again, mtcars[1:5, ]), fitted(line)[1:5], tolerance = 1e-13)
  fabric <- tryCatch(py_import("lightning_fabric"), error = function(e) NULL)
  skip_if(is.null(fabric), "needs Python's lightning-fabric")
  half <- small(epochs = 2, precision = "bf16-true")
  expect_identical(length(predict(half, mtcars)), 32L)
  own <- nn_linear(1, 1)
  before <- as.numeric(own$weight)
  expect_length(predict(torch_fit(mpg ~ wt, mtcars, own, epochs = 2, precision = "64-true")), 32L)
  expect_identical(as.numeric(own$weight), before)
})

test_that("a run that goes on from a checkpoint equals the uninterrupted one", {
  path <- tempfile()
  model <- mlp(8, dropout = 0.2)
  whole <- small(epochs = 6, validation = 0.2, model = model)
  small(epochs = 3, validation = 0.2, model = model, checkpoint = path)
  resumed <- small(epochs = 6, validation = 0.2, model = model, resume = path)
  expect_identical(resumed$weights, whole$weights)
  expect_identical(resumed$history, whole$history)
  expect_error(small(resume = path, seed = NULL), "`seed` must be given")
})

test_that("early stopping keeps the best epoch's weights", {
  fit <- small(epochs = 200, lr = 0.3, validation = 0.3, early_stopping = 3)
  expect_match(fit$status, "stopped early")
  expect_equal(fit$best_epoch, which.min(fit$history$valid_loss))
  at_best <- small(epochs = fit$best_epoch, lr = 0.3, validation = 0.3)
  expect_identical(fit$weights, at_best$weights)
})

test_that("callbacks see every epoch, stop, and fail with their own error", {
  seen <- list()
  fit <- small(epochs = 9, callbacks = list(function(row) {
    seen[[length(seen) + 1]] <<- row
    row$epoch < 4
  }, gradient_clipping = list(max_norm = 1), lr_finder = list()))
  expect_equal(vapply(seen, function(row) row$train_loss, 1), fit$history$train_loss)
  expect_equal(nrow(fit$history), 4L)
  expect_error(small(callbacks = function(row) stop("my own")), "my own")
  log <- tempfile()
  fit <- small(epochs = 3, callbacks = list(csv_log = list(path = log)))
  expect_equal(read.csv(log)$train_loss, fit$history$train_loss)
})

test_that("a callback's numbers are added to the history and can be monitored", {
  script <- c(5, 4, 3, 3.1, 3.2, 3.3, 1)
  fit <- small(
    epochs = 7, early_stopping = list(patience = 3, monitor = "scripted"),
    callbacks = function(row) list(scripted = script[row$epoch])
  )
  expect_equal(fit$history$scripted, script[1:6])
  expect_equal(fit$best_epoch, 3L)
  expect_equal(names(small(epochs = 1, callbacks = identity)$history), c("epoch", "train_loss"))
  expect_error(small(callbacks = function(row) list(score = "good")), '"score" is str')
})

test_that("lazy layers learn the number of columns from the data", {
  lazy <- function() nn_sequential(nn_lazy_linear(4), nn_relu(), nn_lazy_linear(1))
  fit_lazy <- function(module) {
    torch_fit(mpg ~ wt + hp, mtcars, module, epochs = 2, seed = 3)
  }
  module <- lazy()
  fit <- fit_lazy(module)
  expect_equal(dim(coef(fit)[["0.weight"]]), c(4L, 2L))
  expect_false(identical(coef(fit)[["0.bias"]], as.array(module$parameters[["0.bias"]])))
  expect_identical(coef(fit), coef(fit_lazy(lazy())))
  expect_identical(coef(fit), coef(fit_lazy(module)))
})

test_that("schedules change the rate", {
  fit <- small(epochs = 4, lr = 0.1, lr_schedule = list("step", step_size = 2))
  expect_equal(fit$history$lr, c(0.1, 0.1, 0.01, 0.01))
})

test_that("weights count rows, offsets are added", {
  twice <- torch_fit(
    mpg ~ wt, data = mtcars, weights = rep(2, 32), model = mlp(4), seed = 1, epochs = 2,
    standardize = FALSE
  )
  once <- torch_fit(
    mpg ~ wt, data = mtcars, model = mlp(4), seed = 1, epochs = 2, standardize = FALSE
  )
  expect_equal(fitted(twice), fitted(once), tolerance = 1e-6)
  shifted <- torch_fit(
    I(mpg + 10) ~ wt + offset(rep(10, 32)), data = mtcars, model = mlp(4), seed = 1, epochs = 2,
    standardize = FALSE
  )
  expect_equal(fitted(shifted), fitted(once) + 10, tolerance = 1e-5)
})

test_that("validation data are a share, a data frame or x and y", {
  fit <- torch_fit(
    mpg ~ wt, data = mtcars[1:20, ], model = mlp(4), seed = 1, epochs = 2,
    validation = mtcars[21:32, ]
  )
  error <- mtcars$mpg[21:32] - predict(fit, mtcars[21:32, ])
  # The weights are those of the last epoch.
  expect_equal(fit$history$valid_loss[2], mean(error^2), tolerance = 1e-5)
  x <- as.matrix(mtcars["wt"])
  same <- torch_fit(
    x[1:20, , drop = FALSE], mtcars$mpg[1:20], model = mlp(4), seed = 1, epochs = 2,
    validation = list(x[21:32, , drop = FALSE], mtcars$mpg[21:32])
  )
  expect_equal(same$history, fit$history)
})

test_that("likelihoods follow from the loss", {
  fit <- small(epochs = 2)
  rss <- sum(residuals(fit)^2)
  expect_equal(c(logLik(fit)), -16 * (log(2 * pi * rss / 32) + 1))
  expect_equal(deviance(fit), rss)
  species <- torch_fit(Species ~ ., data = iris, model = mlp(4), epochs = 2, seed = 1)
  p <- fitted(species)[cbind(1:150, as.integer(iris$Species))]
  expect_equal(c(logLik(species)), sum(log(p)))
  counts <- torch_fit(
    carb ~ wt, data = mtcars, model = mlp(4), loss = "poisson_nll_loss", epochs = 2
  )
  expect_equal(
    c(logLik(counts)), sum(dpois(mtcars$carb, fitted(counts), log = TRUE)), tolerance = 1e-6
  )
  expect_error(logLik(small(loss = "l1_loss", epochs = 1)), "l1_loss")
  expect_error(vcov(fit), "fitted exactly")
})

test_that("compiled epochs train as others do", {
  skip_if(Sys.which("g++") == "", "no C++ compiler")
  skip_if(!l10n_info()[["UTF-8"]], "PyTorch's compiler reads its headers in the locale's encoding")
  eager <- small(epochs = 2)
  compiled <- suppressMessages(small(epochs = 2, compile = TRUE))
  expect_identical(compiled$engine, "compiled epochs")
  expect_equal(compiled$history, eager$history, tolerance = 1e-4)
})

test_that("whole epochs train as steps do, or the error says what to install", {
  eager <- small(epochs = 3)
  expect_identical(eager$engine, "eager")
  if (is.null(py_import("importlib.util")$find_spec("jax"))) {
    expect_error(small(epochs = 3, compile = "xla"), "torchbridge[xla]", fixed = TRUE)
    return()
  }
  whole <- small(epochs = 3, compile = "xla")
  expect_equal(whole$history, eager$history, tolerance = 1e-5)
  expect_output(print(whole), "on cpu, by xla")
})

test_that("modules of the caller's are fitted and left as they were", {
  net <- nn_sequential(nn_linear(10, 4), nn_relu(), nn_linear(4, 1))
  before <- as.array(net$parameters[[1]])
  fit <- small(model = net, epochs = 3, lr = 0.01)
  expect_equal(as.array(net$parameters[[1]]), before)
  expect_equal(predict(fit, mtcars), fitted(fit))
  expect_equal(as.array(fitted_module(fit)$parameters[[1]]), coef(fit)[["0.weight"]])
  # In double precision: batches keep R's layout, and what is laid out in another way is summed in
  # another order, which shows in the last digits of float32 on some processors.
  loader <- dataloader(tensor_dataset(
    x = as_torch_tensor(as.matrix(mtcars[-1])), y = as_torch_tensor(mtcars$mpg)
  ), batch_size = 32)
  double <- function(...) torch_fit(..., epochs = 3, lr = 0.01, seed = 1, precision = "64-true")
  batches <- double(loader, net, loss = "mse_loss")
  rows <- double(mpg ~ ., data = mtcars, model = net)
  expect_equal(
    as.vector(predict(batches, as.matrix(mtcars[-1]))), unname(fitted(rows)), tolerance = 1e-12
  )
  expect_equal(
    predict(batches, loader), predict(batches, as.matrix(mtcars[-1])), tolerance = 1e-13
  )
})

test_that("factors are embedded by tabular(), images and sequences have their networks", {
  data <- transform(mtcars, cyl = factor(cyl), gear = factor(gear))
  fit <- torch_fit(mpg ~ wt + cyl + gear, data = data, model = tabular(4), epochs = 2, seed = 1)
  sizes <- vapply(coef(fit), length, 1L)
  expect_equal(sum(grepl("embeddings", names(sizes))), 2L)
  expect_equal(predict(fit, data[5:1, ]), fitted(fit)[5:1], tolerance = 1e-6)
  images <- array(rnorm(20 * 64), c(20, 1, 8, 8))
  classes <- factor(rep(c("a", "b"), 10))
  fit <- torch_fit(images, classes, model = cnn(4), epochs = 1, seed = 1)
  expect_equal(predict(fit, images[1:3, , , , drop = FALSE]), fitted(fit)[1:3], tolerance = 1e-6)
  series <- array(rnorm(20 * 15), c(20, 5, 3))
  fit <- torch_fit(series, rnorm(20), model = rnn(4), epochs = 1, seed = 1)
  expect_equal(predict(fit, series), fitted(fit), tolerance = 1e-6)
  code <- torch_fit(~., data = mtcars, model = autoencoder(8, 2), epochs = 1, seed = 1)
  expect_equal(dim(predict(code, mtcars)), dim(mtcars))
})

test_that("wrong calls are errors that name the argument or the column", {
  expect_error(small(epohcs = 3), "`epohcs` is not an argument.*`epochs`")
  expect_error(small(model = "mpl"), "Did you mean `mlp`")
  expect_error(small(optimizer = "adm"), "optimizer \"adm\" is not known")
  expect_error(small(model = mlp(8, activation = "rlu")), "activation")
  expect_error(small(model = linear(), epochs = 3), "`epochs` is for networks")
  expect_error(torch_fit(Species ~ ., data = iris, model = linear()), "takes numbers")
  expect_error(torch_fit(mpg ~ ., data = mtcars, model = multinomial()), "takes classes")
  expect_error(
    torch_fit(Species ~ ., data = iris, loss = "mse_loss"), "loss \"mse_loss\" takes numbers"
  )
  expect_error(small(loss = "cross_entropy"), "takes classes")
  one <- iris[1:50, ]
  expect_error(torch_fit(Sepal.Length ~ Species, data = one), "`Species` has one level only")
  expect_error(torch_fit(Species ~ ., data = one), "one class only")
  expect_error(torch_fit(mpg ~ wt, data = mtcars[0, ]), "no rows")
  expect_error(torch_fit(mpg ~ nothing, data = mtcars), "nothing")
  expect_error(
    torch_fit(mpg ~ day, data = transform(mtcars, day = 1i)), "`day` is a complex vector"
  )
  expect_error(small(lr = 1e30, optimizer = "sgd"), "in epoch [0-9]+.*smaller lr")
  expect_error(small(validation = 2), "`validation` must be a share")
  expect_error(torch_fit(mtcars[-1], 1:3), "`y` must have 32 rows")
  expect_error(torch_fit(mpg ~ wt, data = mtcars, weights = -mpg), "`weights` must not be negative")
  expect_error(torch_fit(3), "`x` must be a formula")
})

test_that("new data that changed are errors, or NA, that name the column", {
  fit <- torch_fit(Sepal.Length ~ Petal.Width + Species, data = iris, model = linear())
  expect_error(predict(fit, iris["Species"]), "Petal.Width")
  expect_error(predict(fit, transform(iris, Petal.Width = "wide")), "Petal.Width")
  new <- data.frame(Petal.Width = 1, Species = factor("rose"))
  expect_warning(value <- predict(fit, new), "rose")
  expect_true(is.na(value))
  expect_error(predict(fit, iris, type = "klass"), "klass")
  expect_error(predict(fit, iris, type = "class"), "classes")
  expect_error(predict(fit, iris, foo = 1), "`foo`")
})

test_that("an interrupt ends training and leaves a usable fit", {
  skip_on_os("windows")
  code <- c(
    "library(torchbridge)",
    "fit <- torch_fit(mpg ~ ., data = mtcars, model = mlp(8), epochs = 1e6, seed = 1,",
    "  validation = 0.2, callbacks = function(row) {",
    "    if (row$epoch == 5) tools::pskill(Sys.getpid(), tools::SIGINT)",
    "  })",
    "cat(fit$status, length(predict(fit, mtcars)))"
  )
  run <- run_r(code)
  expect_equal(run$status, 0L, info = output(run))
  expect_match(output(run), "interrupted in epoch [0-9]+: .*the best 32")
})

test_that("a loss in R trains on rows, whatever shapes y and the output have", {
  squares <- function(output, y) (output - y)^2
  for (model in list(mlp(8), flat())) {
    named <- small(model = model, epochs = 3, standardize = FALSE)
    own <- small(model = model, epochs = 3, standardize = FALSE, loss = squares)
    expect_equal(own$history, named$history, tolerance = 1e-6)
    expect_equal(fitted(own), fitted(named), tolerance = 1e-6)
  }
  scaled <- small(epochs = 3, loss = squares, standardize = TRUE)
  expect_equal(fitted(scaled), fitted(small(epochs = 3)), tolerance = 1e-6)
  both <- lapply(list("mse_loss", squares), function(loss) {
    torch_fit(cbind(mpg, qsec) ~ wt, mtcars, mlp(8), epochs = 2, seed = 1, loss = loss,
      standardize = TRUE)$history
  })
  expect_equal(both[[1]], both[[2]], tolerance = 1e-6)
  for (loss in list(
    function(output, y) torch_mean((output[, 1] - y)^2),
    function(output, y) (y - output$squeeze(2))^2
  )) {
    expect_error(small(loss = loss), "pairs every row with every other.*\\(3, 1\\)")
  }
  expect_error(
    small(loss = function(output, y) (output - y)[1:2, ]^2),
    "must return 3 values, one for each row, or one value; .* it made shape \\(2, 1\\)"
  )
})

test_that("nine tenths of the rows lie below a line fitted by the pinball loss at 0.9", {
  pinball <- function(output, y) {
    above <- y - output
    torch_maximum(0.9 * above, -0.1 * above)
  }
  fit <- torch_fit(
    medv ~ ., MASS::Boston, mlp(NULL), loss = pinball, standardize = TRUE, epochs = 40, lr = 0.01,
    lr_schedule = "cosine_annealing", seed = 1
  )
  share <- mean(MASS::Boston$medv < fitted(fit))
  expect_gt(share, 0.88)
  expect_lt(share, 0.92)
})

test_that("one row that is left over joins the batch before under batch normalisation", {
  rows <- mtcars[c(1:32, 1), ]
  fit <- function(...) {
    torch_fit(
      mpg ~ wt + hp, rows, mlp(4, normalization = "batch"), epochs = 2, seed = 1,
      optimizer = "sgd", ...
    )
  }
  expect_equal(fitted(fit(batch_size = 32)), fitted(fit(batch_size = 33)), tolerance = 1e-5)
  expect_length(fitted(fit(batch_size = 8)), 33L)
})
