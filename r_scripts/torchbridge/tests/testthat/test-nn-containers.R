skip_without_python()

x32 <- function(x) as_torch_tensor(x, dtype = "float32")

test_that("a sequence calls one module after the other", {
  net <- nn_sequential(nn_linear(2, 3), nn_relu(), nn_linear(3, 1))
  x <- x32(matrix(1:4, 2))
  step <- net[[3]](net[[2]](net[[1]](x)))
  expect_identical(as.array(net(x)$detach()), as.array(step$detach()))
  expect_named(net$state_dict(), c("0.weight", "0.bias", "2.weight", "2.bias"))
  expect_length(net, 3)
  expect_length(nn_sequential(), 0)
  expect_s3_class(net, c("nn_sequential", "nn_module"))
})

test_that("modules in a sequence have names, given or by place", {
  net <- nn_sequential(first = nn_linear(2, 3), nn_relu())
  expect_named(net$children, c("first", "1"))
  expect_identical(net$first, net[[1]])
  expect_identical(names(net), c("first", "1"))
})

test_that("lists of modules are put in", {
  layers <- list(nn_linear(2, 2), nn_linear(2, 2))
  expect_length(nn_sequential(!!!layers), 2)
  expect_length(nn_sequential(nn_relu(), !!!layers, nn_relu()), 4)
  expect_named(nn_sequential(!!!list(a = nn_relu()), b = nn_relu())$children, c("a", "b"))
  expect_length(do.call(nn_sequential, layers), 2)
})

test_that("places count from 1, or from the end", {
  net <- nn_sequential(nn_relu(), nn_tanh(), nn_sigmoid())
  expect_s3_class(net[[-1]], "nn_sigmoid")
  expect_s3_class(net[2:3][[1]], "nn_tanh")
  expect_s3_class(net[2:3], "nn_sequential")
  expect_length(net[-1], 2)
  expect_length(net[c(TRUE, FALSE, TRUE)], 2)
  expect_error(net[[0]], "from 1 to 3")
  expect_error(net[[4]], "from 1 to 3")
  expect_error(net[[1.5]], "from 1 to 3")
  expect_error(net[3:4], "from 1 to 3")
  net[[2]] <- nn_elu()
  expect_s3_class(net[[2]], "nn_elu")
  net[[4]] <- nn_relu()
  expect_length(net, 4)
  net$append(nn_relu())
  net$insert(1, nn_softmax(1))
  expect_s3_class(net[[1]], "nn_softmax")
  expect_length(net, 6)
})

test_that("containers are lists to R's verbs", {
  layers <- nn_module_list(list(nn_linear(1, 2), nn_linear(2, 3)))
  expect_identical(vapply(layers, function(m) m$out_features, 1L), 2:3)
  expect_identical(seq_along(layers), 1:2)
  expect_length(as.list(layers), 2)
  expect_s3_class(layers[1], "nn_module_list")
  layers$extend(list(nn_relu()))
  expect_length(layers, 3)
})

test_that("a module list registers its modules", {
  net <- nn_module(
    initialize = function(n) {
      self$layers <- nn_module_list(lapply(seq_len(n), function(i) nn_linear(2, 2)))
    },
    forward = function(x) {
      for (i in seq_along(self$layers)) x <- self$layers[[i]](x)
      x
    }
  )(3)
  expect_length(net$parameters, 6)
  expect_identical(dim(net(x32(matrix(1, 5, 2)))), c(5L, 2L))
})

test_that("a module dict finds modules by name", {
  dict <- nn_module_dict(list(relu = nn_relu(), linear = nn_linear(1, 2)))
  expect_s3_class(dict$relu, "nn_relu")
  expect_s3_class(dict[["linear"]], "nn_linear")
  expect_identical(names(dict), c("relu", "linear"))
  expect_named(as.list(dict), c("relu", "linear"))
  dict$tanh <- nn_tanh()
  expect_length(dict, 3)
})

test_that("parameters can be in lists", {
  one <- nn_parameter(x32(1))
  net <- nn_module(initialize = function() {
    self$list <- nn_parameter_list(list(one, nn_parameter(x32(2))))
    self$dict <- nn_parameter_dict(list(a = nn_parameter(x32(3))))
  })()
  expect_named(net$parameters, c("list.0", "list.1", "dict.a"))
  expect_equal(as.numeric(net$list[[2]]), 2)
  expect_equal(as.numeric(net$dict$a), 3)
  expect_length(net$list, 2)
})

test_that("what is no module is refused, with its place", {
  expect_error(
    nn_sequential(nn_relu(), 3),
    "Element 2 of `nn_sequential` must be an nn_module, but got object of type a number"
  )
  expect_error(nn_sequential(nn_relu), "call it, `nn_relu()`", fixed = TRUE)
  expect_error(nn_sequential(sin), "got object of type a function")
  expect_error(nn_module_list(nn_relu()), "`modules` must be a list")
  expect_error(nn_module_list(list(1)), "Element 1 of `modules`")
  expect_error(nn_module_dict(list(nn_relu())), "name of its own")
  expect_error(nn_parameter_list(list(1)), "`parameters` must be a tensor")
  expect_error(nn_sequential(nn_relu())("3"), "must be Tensor")
})

test_that("a head is left out", {
  net <- nn_sequential(nn_linear(2, 3), nn_relu(), nn_linear(3, 1))
  body <- nn_prune_head(net)
  expect_s3_class(body, "nn_sequential")
  expect_length(body, 2)
  expect_identical(body[[1]], net[[1]])
  own <- nn_module(
    initialize = function() {
      self$a <- nn_linear(3, 2)
      self$head <- nn_linear(2, 1)
    },
    forward = function(x) self$head(self$a(x))
  )()
  expect_identical(names(nn_prune_head(own, 1)$children), "a")
  expect_equal(as.array(nn_prune_head(own, 1)(torch_ones(1, 3))), as.array(own$a(torch_ones(1, 3))))
  expect_error(nn_prune_head(own, 2), "`head_size` must be below the number of submodules")
})

test_that("names with dots are those of children, parameters, buffers and fields", {
  net <- nn_module(
    initialize = function() {
      self$.check <- nn_parameter(torch_ones(1))
      self$a.b <- nn_linear(2, 2)
      self$c.d <- nn_buffer(torch_zeros(2))
      self$e.f <- 1
    }
  )()
  expect_named(net$state_dict(), c(".check", "c.d", "a.b.weight", "a.b.bias"))
  expect_identical(net$e.f, 1)
  net$load_state_dict(net$state_dict(), strict = TRUE)
  net$a.b <- nn_relu()
  expect_named(net$parameters, ".check")
  copy <- unserialize(serialize(net, NULL))
  expect_named(copy$state_dict(), c(".check", "c.d"))
  expect_s3_class(copy$a.b, "nn_relu")
})

test_that("packages prune what is theirs by methods of nn_prune_head()", {
  method <- function(x, head_size = 1L) nn_prune_head(x$net, head_size)
  registerS3method("nn_prune_head", "a_fit", method, envir = asNamespace("torchbridge"))
  fit <- structure(list(net = nn_sequential(nn_relu(), nn_tanh())), class = "a_fit")
  expect_length(nn_prune_head(fit)$children, 1L)
  expect_error(nn_prune_head(3), "`x` must be an nn_module")
})
