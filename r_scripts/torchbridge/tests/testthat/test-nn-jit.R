skip_without_python()

test_that("a function is traced, called, printed, saved and loaded", {
  fn <- function(x, y) torch_relu(x) * y
  x <- torch_tensor(c(-1, 0, 2))
  traced <- jit_trace(fn, x, torch_tensor(3))
  expect_equal(as.numeric(traced(x, torch_tensor(2))), c(0, 0, 4))
  expect_output(print(traced$graph), "aten::relu")
  for (save in list(jit_save, jit_save_for_mobile)) {
    file <- tempfile()
    save(traced, file)
    loaded <- jit_load(file)
    expect_s3_class(loaded, c("script_module", "nn_module"))
    expect_equal(as.numeric(loaded(x, torch_tensor(2))), c(0, 0, 4))
  }
  expect_error(jit_trace(fn, x = x), "Unknown argument: `x`")
  expect_error(jit_trace(1, x), "jit_trace needs a function or nn_module")
  expect_error(jit_trace(nn_relu, x), "You must initialize the nn_module before tracing")
  expect_error(jit_trace(function(x) stop("abcde"), x), "abcde")
  expect_error(jit_save(fn, file), "`obj` must be what `jit_trace()` gives", fixed = TRUE)
})

test_that("what was traced takes its arguments by their places, whatever their names", {
  traced <- jit_trace(function(x, y) x - y, torch_tensor(1), torch_tensor(2))
  expect_equal(as.numeric(traced(x = torch_tensor(5), y = torch_tensor(3))), 2)
  module <- nn_module(forward = function(first, second) first - second)()
  traced <- jit_trace(module, torch_tensor(1), torch_tensor(2))
  expect_equal(as.numeric(traced(a.b = torch_tensor(5), c = torch_tensor(3))), 2)
})

test_that("sizes that are asked for while tracing are R's numbers", {
  fn <- function(x) {
    n <- length(x)
    while (dim(x)[1] < n) {
      half <- ncol(x) / 2
      x <- torch_vstack(list(x[, 1:half], x[, (half + 1):ncol(x)]))
    }
    x$reshape(c(x$size(1) * x$size(-1), x$numel() / n, prod(x$shape) / torch_numel(x)))
  }
  x <- torch_randn(2, 4)
  traced <- jit_trace(fn, x)
  expect_identical(traced(x)$shape, c(8L, 1L, 1L))
  expect_identical(as.array(traced(2 * x)), as.array(fn(2 * x)))
  net <- nn_module(forward = function(x) if (length(x) > 2) x$view(prod(dim(x))) else x)()
  expect_identical(jit_trace(net, x)(x)$shape, 8L)
})

test_that("lists, named lists and tuples go in and out", {
  x <- list(a = torch_tensor(1), b = torch_tensor(2))
  named <- jit_trace(function(x) list(sum = x$a + x$b), x, strict = FALSE)
  expect_equal(as.numeric(named(x)$sum), 3)
  stacked <- jit_trace(function(x) torch_stack(x), unname(x))
  expect_equal(as.numeric(stacked(unname(x))), c(1, 2))
  swapped <- jit_trace(function(x) jit_tuple(list(x$b, x$a)), jit_tuple(x))
  expect_equal(lapply(swapped(jit_tuple(x)), as.numeric), list(2, 1))
  expect_error(swapped(unname(x)), "must be a tuple")
})

test_that("lists of parts of several kinds go in and out, as nn_lstm() gives them", {
  x <- torch_randn(2, 5, 3)
  lstm <- nn_lstm(3, 4, batch_first = TRUE)
  jit_trace <- function(...) suppressWarnings(torchbridge::jit_trace(...)) # of lists, as Python's
  traced <- jit_trace(lstm, x)
  arrays <- function(x) rapply(x, as.array, how = "list")
  expect_equal(arrays(traced(2 * x)), arrays(unname(lstm(2 * x))), tolerance = 1e-6)
  state <- list(torch_ones(1, 2, 4), torch_zeros(1, 2, 4))
  net <- nn_module(
    initialize = function() self$lstm <- lstm,
    forward = function(x, state) self$lstm(x, state)
  )()
  traced <- jit_trace(net, x, state)
  expect_equal(arrays(traced(x, state)), arrays(unname(lstm(x, state))), tolerance = 1e-6)
  back <- function(x) list(x[[2]], list(x[[1]], list(x[[2]][[1]])))
  nested <- list(x, list(torch_ones(1), torch_zeros(2)))
  expect_equal(arrays(jit_trace(back, nested)(nested)), arrays(back(nested)))
  expect_error(jit_trace(back, nested)(list(x, x)), class = "python_error")
})

test_that("a module is traced in both modes, and has the very parameters", {
  torch_manual_seed(1) # y + 1 is not near 0, where float32 cancels
  net <- nn_module(
    "net",
    initialize = function() {
      self$fc <- nn_linear(2, 1)
      self$k <- nn_buffer(torch_ones(1), persistent = FALSE)
    },
    forward = function(x) if (self$training) self$fc(x) else -self$fc(x),
    twice = function(x) x * 2 * self$k
  )()
  x <- torch_ones(1, 2)
  traced <- jit_trace_module(net, forward = x, twice = list(torch_ones(1)))
  expect_true(net$training)
  y <- as.numeric(net(x))
  expect_equal(as.numeric(traced(x)), y)
  traced$eval()
  expect_equal(as.numeric(traced(x)), -y)
  expect_equal(as.numeric(traced$twice(torch_tensor(3))), 6)
  expect_identical(names(traced$parameters), c("fc.weight", "fc.bias"))
  with_no_grad(net$fc$bias$add_(1))
  expect_equal(as.numeric(traced(x)), -(y + 1), tolerance = 1e-6)
  expect_error(traced$fc(x), "Methods from submodules of traced modules are not traced")
  expect_null(traced$nothing)
  expect_error(traced$register_buffer("a", x), "takes nothing new")
  one <- jit_trace(net, x, respect_mode = FALSE)
  one$eval()
  expect_equal(as.numeric(one(x)), y + 1, tolerance = 1e-6)
  again <- jit_unserialize(jit_serialize(traced))
  expect_equal(as.numeric(again(x)), -(y + 1), tolerance = 1e-6)
  around <- jit_trace(nn_sequential(one, nn_relu()), x)
  expect_equal(as.numeric(around(x)), max(0, y + 1), tolerance = 1e-6)
})

test_that("a layer that compares its sizes is traced", {
  x <- torch_randn(4, 3, 2)
  for (layer in list(nn_gru(2, 2), nn_rnn(2, 2))) {
    traced <- jit_trace(layer, x, strict = FALSE)
    expect_identical(as.array(traced(x)[[1]]), as.array(layer(x)[[1]]))
  }
})

test_that("source is compiled", {
  unit <- jit_compile("
    def double(x):
      return x + x
  ")
  double <- unit$double
  rm(unit)
  expect_equal(as.numeric(double(torch_tensor(2))), 4)
  expect_error(jit_compile("def f(x):\n  return nothing"), "nothing")
})

test_that("a file whose code runs when it is read is refused", {
  file <- tempfile()
  writeBin(as.raw(1:100), file)
  expect_error(jit_load(file), "is no file of TorchScript")
  zip <- py_import("zipfile")$ZipFile(file, "w")
  zip$writestr("m/code/a.py", "def __setstate__(self): pass")
  zip$close()
  expect_error(jit_load(file), "code that runs when it is read")
})
