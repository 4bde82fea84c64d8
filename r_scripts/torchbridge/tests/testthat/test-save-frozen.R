skip_without_python()

# What saveRDS() keeps of handles: in this session, and in a new one.

reread <- function(x) unserialize(serialize(x, NULL))
values <- function(x) as.array(x$detach())

block <- nn_module(
  "block",
  initialize = function(k, scale = 2) {
    self$inner <- nn_linear(4, k)
    self$scale <- scale
    private$secret <- "kept"
  },
  forward = function(x) self$inner(x) * self$scale,
  told = function() private$secret,
  private = list(secret = NULL),
  active = list(size = function() length(self$parameters))
)

net <- nn_module(
  "net",
  initialize = function(k) {
    self$blocks <- nn_module_list(list(block(4), block(k, scale = 3)))
    self$shift <- nn_parameter(torch_ones(k))
    self$calls <- nn_buffer(torch_zeros(1), persistent = FALSE)
    self$plain <- torch_ones(2)
    self$note <- as.Date("2024-02-29")
  },
  forward = function(x) {
    for (i in 1:2) x <- self$blocks[[i]](x)
    x + self$shift
  }
)

test_that("tensors and modules in an .rds file work in a new session", {
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  model <- net(3)
  model$eval()
  sequence <- nn_sequential(nn_linear(4, 3), nn_relu(), nn_batch_norm1d(3))
  x <- torch_randn(2, 4)
  sequence(x)
  both <- list(
    model = model, sequence = sequence, first = sequence[[1]], weight = sequence[[1]]$weight,
    x = x, long = torch_tensor(c(2^40, 3), dtype = torch_long()), dtype = torch_float16()
  )
  saveRDS(c(both, list(y = values(model(x)), z = values(sequence$eval()(x)))), file)
  run <- run_r(c(
    sprintf("a <- readRDS(%s)", deparse(file)),
    "stopifnot(!isNamespaceLoaded('reticulate'))", # Python starts at the first use
    "library(torchbridge)",
    "values <- function(x) as.array(x$detach())",
    "stopifnot(identical(values(a$model(a$x)), a$y), !a$model$training)",
    "a$sequence$eval()",
    "stopifnot(identical(values(a$sequence(a$x)), a$z))",
    "stopifnot(identical(a$first, a$sequence[[1]]), inherits(a$first, 'nn_linear'))",
    "with_no_grad(a$weight$zero_())",
    "stopifnot(all(values(a$sequence[[1]]$weight) == 0), a$weight$requires_grad)",
    "stopifnot(identical(as.numeric(a$long), c(2^40, 3)), a$long$dtype == torch_long())",
    "stopifnot(torch_ones(1, dtype = a$dtype)$dtype == torch_float16())",
    "stopifnot(identical(a$model$note, as.Date('2024-02-29')), a$model$blocks[[2]]$size == 2L)",
    "stopifnot(identical(a$model$blocks[[1]]$told(), 'kept'), a$model$blocks[[2]]$scale == 3)",
    "optimizer <- optim_sgd(a$model$parameters, lr = 0.1)",
    "a$model$train()",
    "a$model(a$x)$sum()$backward()",
    "optimizer$step()",
    "stopifnot(max(abs(values(a$model$shift) - 0.8)) < 1e-6)",
    "for (i in 1:3) gc()",
    "stopifnot(identical(names(a$model$state_dict())[1], 'shift'))",
    "b <- unserialize(serialize(a, NULL))",
    "stopifnot(identical(values(b$model(b$x)), values(a$model(a$x))))",
    "cat('done\\n')"
  ))
  expect_identical(run$status, 0L, info = output(run))
  expect_match(output(run), "done")
})

test_that("what was read is a copy, and each reading another", {
  bytes <- serialize(list(model = net(3), w = tensor(c(1, 2))), NULL)
  a <- unserialize(bytes)
  b <- unserialize(bytes)
  with_no_grad(a$model$shift$add_(1))
  a$w$add_(1)
  expect_identical(values(b$model$shift), c(1, 1, 1))
  expect_identical(as.numeric(b$w), c(1, 2))
  expect_identical(as.numeric(a$w), c(2, 3))
})

test_that("layers that share a weight share it again", {
  tied <- nn_module(
    initialize = function() {
      self$encoder <- nn_linear(3, 3, bias = FALSE)
      self$decoder <- nn_linear(3, 3, bias = FALSE)
      self$decoder$weight <- self$encoder$weight
    },
    forward = function(x) self$decoder(self$encoder(x))
  )
  back <- reread(tied())
  expect_length(back$parameters, 1L)
  with_no_grad(back$encoder$weight$zero_())
  expect_true(all(values(back$decoder$weight) == 0))
})

test_that("every layer that can be made without arguments, and others, come back", {
  repr <- py_import("builtins")$repr
  namespace <- asNamespace("torchbridge")
  made <- list(
    nn_lstm(3, 4, bidirectional = TRUE), nn_multihead_attention(8, 2), nn_embedding(5, 2, 1),
    nn_transformer_encoder(
      nn_transformer_encoder_layer(8, 2, dim_feedforward = 16, batch_first = TRUE), 2
    ),
    nn_conv2d(2, 4, 3, padding = "same", padding_mode = "circular"), nn_layer_norm(c(2, 3)),
    nn_parameter_list(list(tensor(1))), nn_parameter_dict(list(a = tensor(1))),
    nn_module_dict(list(a = nn_linear(1, 1))), nn_cross_entropy_loss(weight = torch_ones(3))
  )
  for (name in grep("^nn_", getNamespaceExports("torchbridge"), value = TRUE)) {
    generator <- namespace[[name]]
    if (!inherits(generator, "nn_module_generator") || name == "nn_Module") next
    if (grepl("lazy", name)) next # no values before the first input
    required <- vapply(formals(generator), is.symbol, NA)
    # A transformer of its default size has 44 million parameters.
    if (!any(required) && name != "nn_transformer") made <- c(made, list(generator()))
  }
  expect_gt(length(made), 60L)
  for (module in made) {
    back <- reread(module)
    expect_identical(repr(back), repr(module))
    expect_identical(class(back), class(module))
    expect_identical(lapply(back$state_dict(), values), lapply(module$state_dict(), values))
  }
})

test_that("a recurrent layer computes the same", {
  layer <- nn_lstm(3, 4)
  x <- torch_randn(5, 3)
  expect_identical(values(reread(layer)(x)[[1]]), values(layer(x)[[1]]))
  own <- nn_module("own", inherit = nn_gru, doubled = function(x) self$forward(x)[[1]] * 2)
  layer <- own(3, 4)
  expect_identical(values(reread(layer)$doubled(x)), values(layer$doubled(x)))
})

test_that("a class that sees its module, and one in a container of Python's, come back", {
  inside <- local({
    mine <- NULL
    generator <- nn_module(
      "seer",
      initialize = function() self$w <- nn_parameter(torch_ones(1)),
      forward = function(x) x * self$w,
      other = function() mine
    )
    mine <- generator()
  })
  back <- reread(inside)
  expect_identical(back$other(), back)
  sequence <- nn_sequential(block(2), nn_relu())
  rm(inside)
  for (i in 1:3) gc()
  back <- reread(sequence)
  expect_identical(back[[1]]$told(), "kept")
  x <- torch_ones(1, 4)
  expect_identical(values(back(x)), values(sequence(x)))
})

test_that("what cannot be saved says so where it is used, and saving goes on", {
  optimizer <- optim_sgd(list(tensor(1, requires_grad = TRUE)))
  meta <- torch_empty(2, device = "meta")
  back <- reread(list(1, optimizer, meta, tensor(2)))
  expect_identical(as.numeric(back[[4]]), 2)
  expect_match(message_of(back[[2]]$step()), "load its `$state_dict()`", fixed = TRUE)
  expect_match(message_of(back[[3]]$sum()), "meta tensor: it has no values to save")
})

test_that("reading and printing a module run none of the file's code", {
  ran <- tempfile()
  run_it <- eval(bquote(function(...) {
    file.create(.(ran))
    stop("ran")
  }), globalenv())
  evil <- list()
  # What was read and not yet used is data, to change and to write again.
  tamper <- function(change) {
    # In an environment that holds none of what was written before.
    class <- eval(quote(torchbridge::nn_module(
      "seen",
      initialize = function() {
        self$inner <- torchbridge::nn_linear(2, 2)
        self$shift <- torchbridge::nn_parameter(torchbridge::torch_ones(2))
      },
      forward = function(x) self$inner(x) + self$shift
    )), globalenv())
    model <- class()
    capture.output(print(model))
    back <- reread(model)
    change(environment(back))
    evil[[length(evil) + 1L]] <<- serialize(back, NULL)
  }
  tamper(function(half) half$note <- "nothing else")
  tamper(function(half) half$forward <- half$fields$forward <- run_it)
  tamper(function(half) body(half$access) <- body(run_it))
  tamper(function(half) body(half$face) <- body(run_it))
  tamper(function(half) half$release <- run_it)
  tamper(function(half) assign("switch", run_it, envir = half))
  tamper(function(half) {
    parent.env(half) <- list2env(list(switch = run_it, exists = run_it), parent = parent.env(half))
  })
  active <- function(name, env) {
    if (exists(name, envir = env, inherits = FALSE)) rm(list = name, envir = env)
    makeActiveBinding(name, run_it, env)
  }
  late <- function(name, env) {
    delayedAssign(name, run_it(), list2env(list(run_it = run_it), parent = globalenv()), env)
  }
  for (name in c("fields", "told", "definition", "children", "face", "scopes")) {
    tamper(function(half) active(name, half))
    tamper(function(half) late(name, half))
  }
  for (name in c("methods", "env", "name", "parent", "python")) {
    tamper(function(half) active(name, half$definition))
    tamper(function(half) late(name, half$definition))
  }
  for (name in c("inner", "shift", "training")) tamper(function(half) active(name, half$fields))
  tamper(function(half) assign("parent", half$definition, envir = half$definition)) # without end
  tamper(function(half) half$definition$methods$extra_repr <- run_it)
  tamper(function(half) half$definition$methods$`__len__` <- run_it)

  file <- tempfile(fileext = ".rds")
  on.exit(unlink(c(file, ran)))
  saveRDS(evil, file)
  run <- run_r(c(
    "library(torchbridge)",
    sprintf("evil <- readRDS(%s)", deparse(file)),
    sprintf("ran <- %s", deparse(ran)),
    "unlink(ran)",
    "for (i in seq_along(evil)) {",
    "  back <- unserialize(evil[[i]])",
    "  try(capture.output(print(back)), silent = TRUE)",
    "  try(capture.output(str(back)), silent = TRUE)",
    "  try(format(back), silent = TRUE)",
    "  try(back == back, silent = TRUE)",
    "  try(capture.output(print(list(back))), silent = TRUE)",
    "  if (i == 1L) stopifnot(length(back$parameters) == 3L)",
    "  gc()",
    "  if (file.exists(ran)) cat('ran:', i, '\n')",
    "  unlink(ran)",
    "}",
    # Calling it does: it is a module written in R.
    "called <- unserialize(evil[[2]])",
    "try(called(torch_ones(1, 2)), silent = TRUE)",
    "stopifnot(file.exists(ran))",
    "cat('done', sum(!vapply(evil, is.null, NA)), '\n')"
  ))
  expect_no_match(output(run), "ran:")
  expect_match(output(run), paste("done", length(evil)), info = output(run))
})
