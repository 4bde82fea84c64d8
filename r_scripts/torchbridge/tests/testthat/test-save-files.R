skip_without_python()

saved_file <- function(obj) {
  file <- tempfile(fileext = ".safetensors")
  torch_save(obj, file)
  file
}
round_trip <- function(obj, ...) torch_load(saved_file(obj), ...)
bits <- function(x) writeBin(as.vector(unclass(x)), raw())
dtype_of <- function(x) sub(".*torch[.]", "", python(x)$dtype$`__repr__`())
torch <- function() py_import("torch")

# ---- tensors ----

test_that("a tensor of every dtype comes back with dtype, shape and values", {
  names <- c(
    "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool",
    "complex64", "complex128"
  )
  for (name in names) {
    x <- as_torch_tensor(matrix(c(0, 1, 1, 0, 1, 0), 2), dtype = name)
    back <- round_trip(x)
    expect_identical(format(back$dtype), format(x$dtype), label = name)
    expect_identical(dim(back), c(2L, 3L), label = name)
    expect_identical(to_r(back), to_r(x), label = name)
  }
})

test_that("values are those of before to the bit", {
  torch()$manual_seed(1L)
  for (x in list(torch()$randn(1000L), torch()$randn(100L, dtype = torch()$float64))) {
    expect_identical(bits(as.array(round_trip(x))), bits(as.array(x)))
  }
  special <- as_torch_tensor(c(NaN, Inf, -Inf, -0, 5e-324, NA))
  expect_identical(bits(to_r(round_trip(special))), bits(to_r(special)))
})

test_that("shapes of no dims, no elements and other layouts come back", {
  expect_identical(dim(round_trip(torch()$tensor(2.5))), integer())
  expect_identical(dim(round_trip(torch()$zeros(0L, 3L))), c(0L, 3L))
  x <- tensor(matrix(1:6, 2))
  expect_identical(as.array(round_trip(x$t())), t(matrix(as.numeric(1:6), 2)))
  shared <- as_torch_tensor(matrix(as.numeric(1:6), 2), share = TRUE)
  expect_identical(as.array(round_trip(shared)), matrix(as.numeric(1:6), 2))
  eye <- torch()$eye(3L)
  layouts <- suppressWarnings(list(eye$to_sparse(), eye$to_sparse_csr(), eye$to_sparse_csc()))
  for (sparse in layouts) {
    back <- suppressWarnings(round_trip(sparse))
    expect_identical(format(back$layout), format(sparse$layout))
    expect_identical(as.matrix(back$to_dense()), diag(3))
  }
})

test_that("requires_grad and parameters come back, graphs do not", {
  w <- tensor(c(1, 2), requires_grad = TRUE)
  expect_true(round_trip(w)$requires_grad)
  expect_false(round_trip(w$mul(2))$requires_grad)
  parameter <- round_trip(nn_parameter(tensor(1)))
  expect_true(is_nn_parameter(parameter))
  expect_false(is_nn_parameter(round_trip(w)))
})

test_that("tensors that were one are one again", {
  w <- tensor(c(1, 2))
  back <- round_trip(list(a = w, b = w, c = tensor(c(1, 2))))
  back$a$add_(1)
  expect_identical(as.numeric(back$b), c(2, 3))
  expect_identical(as.numeric(back$c), c(1, 2))
})

test_that("what a factor's tensor means comes back", {
  x <- factor(c("u", "v", "u"), levels = c("v", "u"))
  expect_identical(to_r(round_trip(as_torch_tensor(x))), x)
  day <- as.Date("2024-02-29")
  expect_identical(to_r(round_trip(as_torch_tensor(day))), day)
})

# ---- R data ----

test_that("R data comes back identical", {
  values <- list(
    NULL, 1, c(a = 1.5, b = NA, c = NaN), 1:3, c(1L, NA), c(TRUE, NA, FALSE), 1i, as.raw(0:255),
    "a", c(x = "\u00e9", y = NA), NA_character_, c(NA_character_, NA), character(), double(),
    list(), list(1, list("a", NULL)), list(a = 1, 2), factor(c("x", "y")), as.Date("2024-02-03"),
    as.POSIXct("2024-02-03 12:00:00", tz = "Asia/Seoul"),
    matrix(1:6, 2, dimnames = list(NULL, letters[1:3])),
    array(1:24, 2:4), head(cars), iris[c(1, 51, 101), ], structure(list(1), class = "mine"),
    structure(1:2, note = list("deep", structure(3, more = "deeper"))), -0, .Machine$integer.max,
    as.difftime(3, units = "mins")
  )
  for (value in values) expect_identical(round_trip(value), value)
  expect_identical(round_trip(values), values)
  expect_identical(bits(round_trip(c(NA, NaN, -0))), bits(c(NA, NaN, -0)))
})

test_that("tensors and R data go together", {
  weights <- list(w = tensor(c(1, 2)), b = tensor(3))
  obj <- list(weights = weights, classes = c("no", "yes"), epoch = 12)
  back <- round_trip(obj)
  expect_identical(names(back), names(obj))
  expect_identical(as.numeric(back$weights$w), c(1, 2))
  expect_identical(back[c("classes", "epoch")], obj[c("classes", "epoch")])
})

test_that("names that repeat or are empty do no harm", {
  obj <- list(
    tensor(1), tensor(2),
    a = tensor(3), a = tensor(4), `a.b` = tensor(5), a = list(b = tensor(6))
  )
  back <- round_trip(obj)
  expect_identical(names(back), names(obj))
  flat <- vapply(c(back[1:5], back[[6L]]), as.numeric, 0)
  expect_identical(unname(flat), as.numeric(1:6))
})

test_that("a tensor may have the name of the header's metadata", {
  back <- round_trip(list(`__metadata__` = tensor(1:2), x = tensor(3)))
  expect_identical(names(back), c("__metadata__", "x"))
  expect_identical(as.numeric(back$`__metadata__`), c(1, 2))
})

test_that("what is no data is refused, with its place", {
  expect_identical(
    message_of(torch_save(list(a = list(1, mean)), tempfile())),
    "`obj$a$2` is a function: only tensors, R data and lists of them can be saved."
  )
  expect_match(message_of(torch_serialize(globalenv())), "^`obj` is an environment")
  expect_match(message_of(torch_serialize(y ~ x)), "^`obj` is a <formula> object")
  optimizer <- optim_sgd(list(tensor(1, requires_grad = TRUE)))
  expect_match(message_of(torch_serialize(optimizer)), "Save its `$state_dict()`.", fixed = TRUE)
  meta <- torch()$empty(2L, device = "meta")
  expect_match(message_of(torch_serialize(meta)), "`value` is a meta tensor")
  file <- tempfile()
  try(torch_save(list(1, mean), file), silent = TRUE)
  expect_false(file.exists(file))
})

# ---- state dicts ----

test_that("a loaded net computes the same bits", {
  torch_manual_seed(1)
  for (dtype in list(torch_float32(), torch_float64(), torch_bfloat16())) {
    for (n in c(1, 3, 7, 13, 33, 65, 129)) {
      net <- nn_sequential(nn_linear(n, n + 3), nn_tanh(), nn_linear(n + 3, 2))
      net$to(dtype = dtype)
      x <- torch_randn(11, n)$to(dtype = dtype)
      wanted <- bits(to_r(net(x)))
      expect_identical(bits(to_r(round_trip(net)(x))), wanted)
      expect_identical(bits(to_r(torch_load(torch_serialize(net))(x))), wanted)
      expect_identical(bits(to_r(unserialize(serialize(net, NULL))(x))), wanted)
    }
  }
})

test_that("optimizers go on to the bit from what was saved", {
  run <- function(steps, net, optimizer, x, y) {
    for (i in seq_len(steps)) {
      optimizer$step(function() {
        optimizer$zero_grad()
        loss <- nnf_mse_loss(net(x), y)
        loss$backward()
        loss
      })
    }
  }
  optimizers <- list(
    function(p) optim_lbfgs(p, lr = 0.1, max_iter = 3, line_search_fn = "strong_wolfe"),
    function(p) optim_lbfgs(p, lr = 0.1, max_iter = 3),
    function(p) optim_adam(p, lr = 0.01, amsgrad = TRUE),
    function(p) optim_sgd(p, lr = 0.01, momentum = 0.9)
  )
  again <- list(
    file = round_trip, bytes = function(x) torch_load(torch_serialize(x)),
    rds = function(x) unserialize(serialize(x, NULL))
  )
  torch_manual_seed(1)
  x <- torch_randn(37, 13)
  y <- torch_randn(37, 3)
  for (make in optimizers) {
    net <- nn_sequential(nn_linear(13, 7), nn_tanh(), nn_linear(7, 3))
    optimizer <- make(net$parameters)
    run(4, net, optimizer, x, y)
    resumed <- lapply(again, function(reread) {
      back <- reread(list(net = net, state = optimizer$state_dict()))
      new <- make(back$net$parameters)
      new$load_state_dict(back$state)
      list(net = back$net, optimizer = new)
    })
    run(4, net, optimizer, x, y)
    wanted <- lapply(net$parameters, function(w) bits(as.array(w)))
    for (one in resumed) {
      run(4, one$net, one$optimizer, x, y)
      expect_identical(lapply(one$net$parameters, function(w) bits(as.array(w))), wanted)
    }
  }
})

test_that("weights_only refuses what has functions, and nothing else", {
  written <- nn_module(
    "written",
    initialize = function() self$inner <- nn_linear(2, 1),
    forward = function(x) self$inner(x)
  )
  net <- written()
  for (x in list(net, nn_sequential(nn_relu(), net), list(a = 1, list(net)))) {
    bytes <- torch_serialize(x)
    expect_identical(
      message_of(torch_load(bytes, weights_only = TRUE)),
      "`path`: it has the R functions of a module, and `weights_only` is TRUE."
    )
    expect_no_error(torch_load(bytes))
  }
  layers <- nn_sequential(nn_linear(2, 1), nn_relu())
  shared <- nn_module_list(list(layers, layers)) # what no description has
  for (x in list(layers, shared, net$state_dict(), 1:3, list(kind = "code", "code", mean = NULL))) {
    back <- torch_load(torch_serialize(x), weights_only = TRUE)
    expect_identical(class(back), class(x))
  }
  expect_s3_class(torch_load(saved_file(net), module = written(), weights_only = TRUE), "written")
  expect_match(message_of(torch_load(saved_file(1), weights_only = NA)), "`weights_only` must be")
})

test_that("training goes on from a saved optimizer", {
  run <- function(steps, w, optimizer) {
    for (i in seq_len(steps)) {
      optimizer$zero_grad()
      w$sub(3)$pow(2)$sum()$backward()
      optimizer$step()
    }
  }
  straight <- tensor(c(0, 1), requires_grad = TRUE)
  run(10, straight, optim_adam(list(straight), lr = 0.1))
  w <- tensor(c(0, 1), requires_grad = TRUE)
  optimizer <- optim_adam(list(w), lr = 0.1)
  run(5, w, optimizer)
  back <- round_trip(list(w = w, state = optimizer$state_dict()))
  resumed <- optim_adam(list(back$w), lr = 1)
  resumed$load_state_dict(back$state)
  run(5, back$w, resumed)
  expect_identical(as.numeric(back$w), as.numeric(straight))
})

# ---- modules ----

test_that("a module of PyTorch's layers comes back whole", {
  nn <- py_import("torch.nn")
  net <- nn_sequential(
    nn$Linear(4L, 8L), nn$ReLU(), nn$BatchNorm1d(8L), nn$Dropout(0.25),
    nn_sequential(nn$Linear(8L, 2L, bias = FALSE), nn$Softmax(dim = 1L))
  )
  x <- torch()$randn(5L, 4L)
  net(x) # moves the running means
  net$eval()
  net[[1L]]$requires_grad_(FALSE)
  torch()$manual_seed(1L)
  back <- round_trip(net)
  expect_identical(torch()$initial_seed(), 1L)
  expect_identical(as.array(back(x)), as.array(net(x)))
  expect_false(back$training)
  expect_false(back[[1L]]$weight$requires_grad)
  expect_true(back[[5L]][[1L]]$weight$requires_grad)
  expect_identical(names(back$state_dict()), names(net$state_dict()))
})

test_that("layers come back with the arguments they were made with", {
  nn <- py_import("torch.nn")
  layers <- list(
    nn$Conv2d(3L, 6L, 5L, padding = 2L, groups = 3L), nn$Conv1d(1L, 2L, 3L, bias = FALSE),
    nn$LSTM(4L, 5L, num_layers = 2L), nn$GRU(3L, 4L, bidirectional = TRUE),
    nn$Embedding(10L, 3L, padding_idx = 1L), nn$LayerNorm(c(3L, 4L)), nn$MultiheadAttention(8L, 2L),
    nn$BatchNorm2d(4L, affine = FALSE), nn$PReLU(), nn$MaxPool2d(2L),
    nn$Upsample(scale_factor = 2L),
    nn_module_list(list(nn$Linear(1L, 1L))), nn_module_dict(list(a = nn$Linear(1L, 1L)))
  )
  text <- py_import("builtins")$repr
  for (layer in layers) {
    back <- round_trip(layer)
    expect_identical(text(back), text(layer))
    expect_identical(lapply(back$state_dict(), as.array), lapply(layer$state_dict(), as.array))
  }
})

test_that("a module with code of its own is loaded into one that is there", {
  Net <- nn_module( # nolint: object_name_linter.
    "Net",
    initialize = function(k) {
      self$a <- py_import("torch.nn")$Linear(4L, as.integer(k))
    },
    forward = function(x) self$a(x)
  )
  net <- Net(3)
  file <- saved_file(net)
  x <- torch()$randn(2L, 4L)
  expect_identical(as.array(torch_load(file)(x)), as.array(net(x)))
  into <- Net(3)
  back <- torch_load(file, module = into)
  expect_identical(as.array(back(x)), as.array(net(x)))
  expect_identical(as.array(into(x)), as.array(net(x)))
  expect_match(message_of(torch_load(file, module = Net(2))), "does not fit")
  both <- torch_load(saved_file(list(net = net, again = net)))
  expect_identical(as.array(both$net(x)), as.array(net(x)))
  expect_identical(both$net, both$again)
  expect_match(message_of(torch_load(file, module = 3)), "`module` must be a module, not a number")
  expect_match(message_of(torch_load(saved_file(1), module = net)), "no module was saved there")
})

test_that("a module written in R comes back from an .rds, in a new session, with its code", {
  nn <- py_import("torch.nn")
  block <- nn_module(
    "block",
    initialize = function(k, scale = 2) {
      self$inner <- nn$Linear(4L, as.integer(k))
      self$scale <- scale
      private$secret <- "kept"
    },
    forward = function(x) self$inner(x)$mul(self$scale),
    told = function() private$secret,
    private = list(secret = NULL)
  )
  net <- nn_module(
    "net",
    initialize = function(k) {
      self$blocks <- nn_module_list(list(block(4), block(k, scale = 3)))
      self$shift <- nn_parameter(tensor(rep(0.5, k), dtype = "float32"))
      self$calls <- nn_buffer(tensor(0))
      self$note <- list(names = letters[1:3], when = as.Date("2024-02-29"))
    },
    forward = function(x) {
      for (i in 1:2) x <- self$blocks[[i]](x)
      x$add(self$shift)
    },
    active = list(size = function() length(self$parameters))
  )
  made <- net(3)
  made$eval()
  x <- torch()$ones(2L, 4L)
  before <- as.array(made(x))
  back <- torch_load(torch_serialize(made))
  expect_identical(as.array(back(x)), before)
  expect_identical(class(back), class(made))
  expect_identical(back$note, made$note)
  expect_identical(back$size, 5L)
  expect_identical(back$blocks[[2L]]$told(), "kept")
  expect_identical(names(back$state_dict()), names(made$state_dict()))
  expect_false(back$training)
  # A copy: training one leaves the other.
  with_no_grad(back$shift$add_(1))
  expect_identical(as.array(made(x)), before)
  back$train()
  expect_length(optim_sgd(back$parameters)$param_groups[[1L]]$params, 5L)

  file <- tempfile(fileext = ".rds")
  saveRDS(list(model = torch_serialize(made), input = torch_serialize(x)), file)
  run <- run_r(c(
    "library(torchbridge)", sprintf("all <- readRDS(%s)", deparse(file)),
    "net <- torch_load(all$model)", "out <- net(torch_load(all$input))",
    "cat(format(as.numeric(out), digits = 17), sep = '\\n')"
  ))
  expect_identical(run$status, 0L, info = output(run))
  expect_identical(as.numeric(tail(run$out, 6L)), as.vector(before))

  # The bytes have all of it.
  expect_identical(as.array(torch_load(torch_serialize(made))(x)), before)
})

test_that("layers that share a weight are not saved as if they did not", {
  nn <- py_import("torch.nn")
  first <- nn$Linear(3L, 3L)
  second <- nn$Linear(3L, 3L)
  second$weight <- first$weight
  expect_null(torchbridge:::call_python("saved_modules.describe", nn_sequential(first, second)))
})

# ---- places ----

test_that("torch_serialize() gives raw bytes that .rds files keep, in a new session too", {
  file <- tempfile(fileext = ".rds")
  saveRDS(list(w = torch_serialize(tensor(c(1.5, 2))), note = "kept"), file)
  back <- readRDS(file)
  expect_type(back$w, "raw")
  expect_identical(as.numeric(torch_load(back$w)), c(1.5, 2))
  run <- run_r(c(
    "library(torchbridge)", sprintf("x <- torch_load(readRDS(%s)$w)", deparse(file)),
    "cat(as.numeric(x), '\\n')"
  ))
  expect_match(output(run), "1.5 2")
})

test_that("connections can be written and read", {
  file <- tempfile()
  con <- file(file, "wb")
  expect_identical(torch_save(1:3, con), 1:3)
  close(con)
  con <- file(file, "rb")
  expect_identical(torch_load(con), 1:3)
  close(con)
})

test_that("files are safetensors that others read, and others' are read", {
  file <- saved_file(list(layer = list(weight = tensor(c(1, 2))), other = tensor(3)))
  found <- py_import("safetensors.torch")$load_file(file)
  expect_setequal(names(found), c("layer.weight", "other", "__robj__"))
  expect_identical(as.numeric(found$layer.weight), c(1, 2))
  py_import("safetensors.torch")$save_file(list(a = tensor(1), b = tensor(c(2, 3))), file)
  expect_identical(lapply(torch_load(file), as.numeric), list(a = 1, b = c(2, 3)))
})

test_that("a file is written whole or not at all, and keeps the umask", {
  folder <- tempfile()
  dir.create(folder)
  file <- file.path(folder, "x.safetensors")
  torch_save(1, file)
  expect_identical(list.files(folder, all.files = TRUE, no.. = TRUE), "x.safetensors")
  skip_on_os("windows")
  plain <- file.path(folder, "plain")
  file.create(plain)
  expect_identical(file.mode(file), file.mode(plain))
})

test_that("what is no such file is refused in words", {
  file <- tempfile()
  expect_match(message_of(torch_load(file)), "there is no file")
  writeLines("this is a text of more than a few bytes", file)
  expect_match(message_of(torch_load(file)), "is not a whole safetensors file")
  whole <- torch_serialize(tensor(1:10))
  writeBin(head(whole, -20L), file)
  expect_match(message_of(torch_load(file)), "is not a whole safetensors file")
  expect_match(message_of(torch_load(head(whole, -20L))), "are no safetensors content")
  expect_match(message_of(torch_load(raw())), "are no safetensors content")
  torch()$save(tensor(1), file)
  expect_match(message_of(torch_load(file)), "pickle of Python's torch.save")
  expect_match(message_of(torch_save(1, file.path(tempfile(), "x"))), "`path`: there is no folder")
  expect_match(message_of(torch_save(1, 3)), "`path` must be a single string")
  expect_match(message_of(torch_load(saved_file(1), device = 3)), "`device` must be a name")
})

test_that("a description that was tampered with is an error, not a crash", {
  tampered <- function(change) {
    code <- python_names(
      "import json, safetensors.torch as st",
      "def write(path, text, tensors):",
      "    st.save_file(dict(tensors), path, {'torchbridge': text})"
    )
    file <- tempfile()
    code$write(file, change, list(value = tensor(c(1, 2))))
    message_of(torch_load(file))
  }
  described <- function(value, tensors = '"value": {}') {
    tampered(sprintf('{"version": 1, "value": {%s}, "tensors": {%s}}', value, tensors))
  }
  expect_match(tampered("{"), "header is damaged")
  expect_match(tampered('{"version": 3}'), "written by a later torchbridge (format 3", fixed = TRUE)
  expect_match(described('"kind": "tensor", "name": "x"', ""), "a tensor is missing")
  expect_match(described('"kind": "closure", "name": "value"'), "unknown kind")
  dim <- '"attribute_names": ["dim"], "attributes": [{"kind": "integer", "name": "value"}]'
  expect_match(described(paste('"kind": "double", "name": "value",', dim)), "the file is damaged")
  sparse <- '"s": {"layout": "sparse_coo", "shape": [2]}'
  expect_match(described('"kind": "tensor", "name": "s"', sparse), "damaged")
  code <- '{\\"layers\\": {\\"class\\": \\"modules.sys\\", \\"arguments\\": {}}}'
  module <- sprintf('"kind": "module", "class": "x", "description": "%s"', code)
  expect_match(described(paste(module, ', "state": {"kind": "null"}')), "damaged")
  text <- function(value) described(sprintf('"kind": "character", "values": [%s]', value))
  for (value in c('"a\\u0000b"', '"\\udc80"', "1e400", "36893488147419103232")) {
    expect_match(text(value), "^`path`: the file is damaged: .*/file")
  }
  state <- '"kind": "module", "class": "x", "state": {"kind": "null"}'
  expect_match(described(state), "in the file .*/file[^ ]*\\.\nMake one and load into it")
})

test_that("a state that Python has written is read, and code is not run", {
  file <- tempfile(fileext = ".pth")
  net <- nn_linear(2, 1)
  py_import("torch")$save(net$state_dict(), file)
  if (inherits(try(load_state_dict(file), silent = TRUE), "try-error")) {
    expect_error(load_state_dict(file), "only from 2.10 on does it read pickles", fixed = TRUE)
    skip("this PyTorch does not read pickles safely")
  }
  state <- load_state_dict(file)
  expect_identical(lapply(state, as.array), lapply(net$state_dict(), as.array))
  other <- nn_linear(2, 1)
  other$load_state_dict(state)
  expect_identical(as.array(other$weight), as.array(net$weight))
  expect_error(load_state_dict(tempfile()), "there is no file")
})
