skip_without_python()

# Modules and their R halves go when nobody has them, and stay when somebody has.

x32 <- function(x) as_torch_tensor(x, dtype = "float32")

# What is left after some calls of f, and R's and Python's collections.
left_by <- function(f) {
  f()
  before <- live_objects()
  for (i in 1:5) f()
  live_objects() - before
}

nothing <- c(r_objects = 0L, py_handles = 0L)

test_that("a module that nobody has goes", {
  simple <- nn_module(
    initialize = function() self$layer <- nn_linear(3, 2),
    forward = function(x) self$layer(x)
  )
  expect_identical(left_by(function() simple()), nothing)
  expect_identical(left_by(function() simple()(x32(matrix(1, 2, 3)))), nothing)
  expect_identical(left_by(function() nn_linear(3, 2)$parameters), nothing)
  expect_identical(left_by(function() simple()$clone(deep = TRUE)), nothing)
})

test_that("so does one whose fields are functions that see it", {
  closing <- nn_module(
    initialize = function() {
      self$layer <- nn_linear(3, 2)
      self$call <- function(x) self$layer(x)
    },
    forward = function(x) self$call(x)
  )
  expect_identical(left_by(function() closing()(x32(matrix(1, 2, 3)))), nothing)
})

test_that("so does one whose class sees it", {
  expect_identical(left_by(function() {
    block <- nn_module(
      initialize = function() self$layer <- nn_linear(3, 3),
      forward = function(x) self$layer(x)
    )
    class <- nn_module(
      initialize = function() self$blocks <- nn_sequential(block(), block()),
      forward = function(x) self$blocks(x)
    )
    net <- class()
    net(x32(matrix(1, 2, 3)))
  }), nothing)
})

test_that("one that only Python has keeps its state and works", {
  counting <- nn_module(
    initialize = function() {
      self$n <- 0
      self$shift <- x32(10)
      self$note <- list(x32(1))
    },
    forward = function(x) {
      self$n <- self$n + 1
      x + self$shift
    }
  )
  for (times in 1:2) {
    net <- nn_sequential(counting())
    collect()
    net(x32(1))
    collect()
    expect_equal(as.numeric(net(x32(1))), 11)
    expect_identical(net[[1]]$n, 2)
    collect()
    net[[1]]$n <- 7
    collect()
    expect_identical(net[[1]]$n, 7)
    expect_equal(as.numeric(net[[1]]$note[[1]]), 1)
  }
  rm(net)
  expect_identical(left_by(function() nn_sequential(counting())(x32(1))), nothing)
})

test_that("one that was R's alone can be given to Python", {
  class <- nn_module(initialize = function() self$k <- x32(5), forward = function(x) x * self$k)
  net <- class()
  collect() # now only R keeps it alive
  layers <- nn_module_list(list(net))
  rm(net)
  collect()
  expect_equal(as.numeric(layers[[1]](x32(2))), 10)
})

test_that("so can a container of them: however it is held, what is in it works", {
  class <- nn_module(initialize = function() self$k <- x32(5), forward = function(x) x * self$k)
  container <- function() {
    net <- nn_sequential(class(), nn_relu())
    collect() # now R's half of it holds the R half of its first
    net
  }
  works <- function(made) {
    collect()
    expect_equal(as.numeric(made(x32(2))), 10)
  }
  works(container()[1])
  works(nn_sequential(nn_sequential(container())))
  works(nn_module_list(list(container()))[[1]])
  works(nn_module_dict(list(a = container()))$a)
  works(py_import("torch")$nn$Sequential(container()))
  works(nn_module(
    initialize = function(x) self$net <- x, forward = function(x) self$net(x)
  )(container()))
  # Collected while the user still has the inner one.
  inner <- nn_sequential(class(), nn_relu())
  outer <- nn_module_list(list(inner))
  collect()
  rm(inner)
  works(outer[[1]])
})

test_that("a method that has escaped keeps its module", {
  getter <- nn_module(
    initialize = function() self$k <- nn_parameter(x32(5)),
    get = function() function() self$k
  )
  get <- getter()$get()
  collect()
  expect_equal(as.numeric(get()), 5)
})

test_that("the same module is the same R object", {
  net <- nn_module(initialize = function() self$layer <- nn_linear(1, 1), me = function() self)()
  expect_identical(net$layer, net$layer)
  expect_identical(net$children$layer, net$layer)
  expect_identical(net$modules[[1]], net)
  expect_identical(net$me(), net)
  layer <- nn_relu()
  expect_identical(nn_sequential(layer, net)[[1]], layer)
  expect_identical(nn_sequential(layer, net)[[2]], net)
})

test_that("R sees what Python changes", {
  net <- nn_module(
    initialize = function() self$layer <- nn_linear(1, 1),
    forward = function(x) self$layer(x)
  )()
  old <- net$layer
  python <- python_names(
    "import torch",
    "def replace(m): m.layer = torch.nn.Identity()",
    "def replace_below(m): m._modules['layer'] = torch.nn.Flatten()",
    "def remove(m): del m.layer",
    "def data(m): m.layer.weight.data.fill_(7)"
  )
  python$data(net)
  expect_equal(as.numeric(net$layer$weight), 7)
  python$replace(net)
  expect_s3_class(net$layer, "nn_identity")
  expect_equal(as.numeric(net(x32(3))), 3)
  python$replace_below(net)
  expect_s3_class(net$layer, "nn_flatten")
  python$remove(net)
  expect_null(net$layer)
  expect_s3_class(old, "nn_linear")
  # A module of Python is asked each time.
  pair <- nn_sequential(nn_relu(), nn_tanh())
  first <- pair[[1]]
  pair$insert(1, nn_sigmoid())
  expect_s3_class(pair$`0`, "nn_sigmoid")
  expect_identical(pair$`1`, first)
})

test_that("a container that R has just let go of does not come back without its memory", {
  set.seed(1)
  layer <- nn_module(initialize = function() self$k <- x32(2), forward = function(x) x * self$k)
  block <- nn_module(
    initialize = function() self$a <- nn_sequential(layer(), nn_relu()),
    forward = function(x) self$a(x)
  )
  for (i in 1:40) {
    net <- nn_sequential(nn_sequential(block(), layer()), nn_module_list(list(block()))[[1]])
    for (j in 1:6) {
      lapply(seq_len(sample(3000, 1)), function(i) new.env()) # a collection at any place
      for (module in net$modules) if (inherits(module, "nn_sequential")) module$train(j %% 2 == 0)
      found <- c(net(x32(1))$item(), net[[1]](x32(1))$item(), net$children[[1]][[1]](x32(1))$item())
      expect_identical(found, c(8, 4, 2))
    }
  }
})

test_that("what a finalizer lets go of, and then collects, does not come back for a moment", {
  skip_without_python()
  layers <- nn_module_list(list(nn_linear(1, 1), nn_linear(2, 2)))
  held <- list2env(list(layer = layers[[2]]))
  dying <- new.env()
  lets_go <- function(dying) {
    rm("layer", envir = held)
    gc()
  }
  reg.finalizer(dying, lets_go)
  held$layer <- layers[[2]]
  rm(dying)
  gc()
  expect_length(ls(held), 0)
  again <- layers[[2]]
  gc()
  expect_identical(dim(again(torch_ones(1, 2))), c(1L, 2L))
})

test_that("a collection is noticed once", {
  skip_without_python()
  watch_collections()
  expect_true(collections$watched)
  gc()
  expect_false(collections$watched)
})
