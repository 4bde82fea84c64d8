skip_without_python()

# Modules written in R, whole, in files of torch_save().

x32 <- function(x) as_torch_tensor(x, dtype = "float32")

there_and_back <- function(net) {
  file <- tempfile()
  torch_save(net, file)
  torch_load(file)
}

test_that("a module comes back with its class, methods, fields, and what is around them", {
  base <- nn_module(
    "base",
    initialize = function(k = 2) {
      self$fc <- nn_linear(2, 1)
      self$again <- self$fc
      self$k <- k
      self$hidden <- nn_module("hidden", forward = function(x) x * k)()
    },
    private = list(secret = 3, m = function() private$secret),
    active = list(twice = function() self$k * 2),
    forward = function(x) self$hidden(self$fc(x)) * private$m() + self$twice
  )
  make <- function(scale, unused = 5) {
    nn_module("child", inherit = base, forward = function(x) super$forward(x) * scale)()
  }
  net <- make(10)
  net$fc$bias$requires_grad_(FALSE)
  net$k <- 4
  x <- x32(matrix(1:2, 1))
  for (i in 1:3) before <- as.array(net(x)) # R has compiled its functions by now
  back <- there_and_back(net)
  expect_identical(class(back), c("child", "base", "nn_module"))
  expect_identical(as.array(back(x)), before)
  expect_identical(back$fc, back$again)
  expect_false(back$fc$bias$requires_grad)
  expect_true(back$fc$weight$requires_grad)
  expect_identical(back$twice, 8)
  back$k <- 1
  expect_identical(net$k, 4)
  expect_identical(as.array(there_and_back(there_and_back(net))(x)), before)
})

test_that("connections and raw vectors have it, too, and lists have it once", {
  net <- nn_module("net", initialize = function() self$w <- nn_parameter(torch_ones(2)))()
  to <- rawConnection(raw(), "wb")
  torch_save(net, to)
  bytes <- rawConnectionValue(to)
  close(to)
  expect_s3_class(torch_load(bytes), "net")
  from <- rawConnection(bytes)
  on.exit(close(from))
  expect_equal(as.numeric(torch_load(from)$w), c(1, 1))
  all <- torch_load(torch_serialize(list(a = net, b = list(net, 3), s = net$state_dict())))
  expect_identical(all$a, all$b[[1]])
  expect_error(torch_load(bytes, weights_only = TRUE), "has the R functions of a module")
})

test_that("modules made of containers with modules in R come back", {
  net <- nn_sequential(nn_linear(2, 2), nn_module("own", forward = function(x) x + 1)())
  back <- there_and_back(net)
  x <- x32(matrix(1, 1, 2))
  expect_identical(as.array(back(x)), as.array(net(x)))
  expect_s3_class(back[[2]], "own")
  child <- nn_module("mine", inherit = nn_sequential)(nn_relu(), nn_linear(2, 1))
  expect_identical(as.array(there_and_back(child)(x)), as.array(child(x)))
  rnn <- nn_module(
    initialize = function() self$rnn <- nn_gru(2, 3, num_layers = 2),
    forward = function(x) self$rnn(x)[[1]]
  )()
  expect_identical(as.array(there_and_back(rnn)(x)), as.array(rnn(x)))
})

test_that("a module of its own kind in a damaged file is an error", {
  definition <- new_module_definition("net", python = "Module")
  expect_no_error(check_definition(definition))
  definition$methods <- structure(list(f = function() 1), class = "python_object")
  expect_error(check_definition(definition), "damaged")
  definition$methods <- list(f = 3)
  expect_error(check_definition(definition), "damaged")
  definition$methods <- list()
  definition$parent <- definition
  expect_error(check_definition(definition), "its own parent")
})

test_that("what inherits from a class that is written in Python is saved as its state alone", {
  net <- nn_module("of_python", inherit = py_import("torch.nn")$Identity)()
  file <- tempfile()
  torch_save(net, file)
  expect_error(torch_load(file), "`module` must be given: a <of_python> was saved")
})
