skip_without_python()

x32 <- function(x) as_torch_tensor(x, dtype = "float32")

net_class <- nn_module(
  "net",
  initialize = function() {
    self$layer <- nn_linear(2, 2)
    self$norm <- nn_batch_norm1d(2)
    self$scale <- nn_parameter(x32(1))
  },
  forward = function(x) self$norm(self$layer(x)) * self$scale
)

test_that("parameters, buffers and modules are named lists", {
  net <- net_class()
  expect_named(net$parameters, c("scale", "layer.weight", "layer.bias", "norm.weight", "norm.bias"))
  expect_named(net$named_parameters(recursive = FALSE), "scale")
  expect_named(net$buffers, c("norm.running_mean", "norm.running_var", "norm.num_batches_tracked"))
  expect_identical(net$named_buffers(recursive = FALSE), stats::setNames(list(), character()))
  expect_named(net$children, c("layer", "norm"))
  expect_named(net$named_children(), c("layer", "norm"))
  expect_length(net$modules, 3)
  expect_named(net$named_modules(), c("", "layer", "norm"))
  expect_identical(nn_relu()$parameters, stats::setNames(list(), character()))
  expect_error(net$named_parameters(recursive = 1), "`recursive` must be `TRUE` or `FALSE`")
})

test_that("parameters are the module's own", {
  net <- net_class()
  py_import("torch.nn.init")$constant_(net$parameters$scale, 3)
  expect_equal(as.numeric(net$scale), 3)
})

test_that("states go there and back", {
  net <- net_class()
  other <- net_class()
  state <- net$state_dict()
  expect_true(all(vapply(state, inherits, NA, "torch_tensor")))
  expect_identical(other$load_state_dict(state), other)
  expect_identical(lapply(other$state_dict(), as.array), lapply(state, as.array))
  expect_named(net$state_dict(prefix = "a.")[1], "a.scale")
  # As its parameter, but without its gradients.
  expect_true(state$scale$requires_grad)
  expect_null(state$scale$grad_fn)
  net$scale$requires_grad_(FALSE)
  expect_false(net$state_dict()$scale$requires_grad)
  net$scale$requires_grad_(TRUE)
  expect_true(net$state_dict(keepvars = TRUE)$scale$requires_grad)
})

test_that("R arrays can be loaded", {
  layer <- nn_linear(2, 3)
  weight <- matrix(1:6 / 2, 3)
  layer$load_state_dict(list(weight = weight, bias = c(1, 2, 3)))
  expect_equal(as.array(layer$weight), weight)
  expect_equal(as.array(layer$bias), c(1, 2, 3))
})

test_that("a state that does not fit is an error that says where, and changes nothing", {
  layer <- nn_linear(2, 3)
  before <- as.array(layer$weight)
  weight <- x32(matrix(0, 3, 2))
  expect_error(layer$load_state_dict(list(weight = weight)), 'it lacks "bias"')
  expect_error(layer$load_state_dict(list(weight = weight)), class = "value_error")
  more <- list(weight = weight, bias = x32(rep(0, 3)), baz = x32(1))
  expect_error(
    layer$load_state_dict(more, strict = TRUE),
    'this module has no "baz"'
  )
  expect_error(
    layer$load_state_dict(list(weight = weight, bias = x32(0))),
    '"bias" has shape (1), the module\'s (3)',
    fixed = TRUE
  )
  expect_error(layer$load_state_dict(list(weight, x32(1))), "`state_dict` must be a named list")
  expect_error(layer$load_state_dict(3), "`state_dict` must be a named list")
  expect_error(layer$load_state_dict(list(weight = "a", bias = 1)), '"weight" is not a tensor')
  expect_identical(as.array(layer$weight), before)
  layer$load_state_dict(list(weight = weight), strict = FALSE)
  expect_identical(as.array(layer$weight), matrix(0, 3, 2))
  layer$load_state_dict(more) # as in R torch, what it does not have is left alone
  expect_identical(as.numeric(layer$bias), c(0, 0, 0))
})

test_that("a state is copied, or referred to", {
  layer <- nn_linear(2, 1)
  state <- list(weight = x32(matrix(1, 1, 2)), bias = x32(0))
  layer$load_state_dict(state)
  state$weight$fill_(5)
  expect_equal(as.numeric(layer$weight), c(1, 1))
  layer$load_state_dict(state, .refer_to_state_dict = TRUE)
  state$weight$fill_(7)
  expect_equal(as.numeric(layer$weight), c(7, 7))
  expect_true(layer$weight$requires_grad)
  expect_true(is_nn_parameter(layer$weight))
  gru <- nn_gru(1, 2)
  other <- nn_gru(1, 2)
  gru$load_state_dict(other$state_dict(), .refer_to_state_dict = TRUE)
  x <- x32(matrix(1:3, 3, 1))
  expect_identical(as.array(gru(x)[[1]]), as.array(other(x)[[1]]))
})

test_that("batch normalization's counter need not be in a state", {
  layer <- nn_batch_norm1d(2)
  state <- layer$state_dict()
  state$num_batches_tracked <- NULL
  expect_no_error(layer$load_state_dict(state))
  expect_error(layer$load_state_dict(state, strict = TRUE), "num_batches_tracked")
})

test_that("one number of a state fits one number, with dims or without", {
  layer <- nn_batch_norm1d(2)
  state <- lapply(layer$state_dict(), as.array)
  state$num_batches_tracked <- 7L
  layer$load_state_dict(lapply(state, torch_tensor))
  expect_identical(as.array(layer$num_batches_tracked), 7L)
  expect_identical(dim(layer$num_batches_tracked), dim(nn_batch_norm1d(2)$num_batches_tracked))
  state$num_batches_tracked <- torch_tensor(8)
  layer$load_state_dict(state, .refer_to_state_dict = TRUE)
  expect_identical(as.array(layer$num_batches_tracked), 8)
  line <- nn_linear(1, 1)
  line$load_state_dict(list(weight = torch_scalar_tensor(3), bias = torch_tensor(matrix(4))))
  expect_identical(as.array(line(torch_tensor(matrix(5)))), matrix(19))
  expect_identical(dim(line$bias), 1L)
  state$num_batches_tracked <- torch_tensor(1:2)
  expect_error(layer$load_state_dict(state), "\"num_batches_tracked\" has shape \\(2\\)")
})

test_that("train and eval switch the mode of all, and give the module", {
  net <- net_class()
  expect_true(net$training)
  expect_identical(net$eval(), net)
  expect_false(net$training)
  expect_false(net$norm$training)
  expect_invisible(net$train())
  expect_true(net$norm$training)
  expect_false(net$train(FALSE)$training)
  expect_error(net$train("yes"), "`mode` must be")
})

test_that("to, float, double, ... convert in place", {
  net <- net_class()
  expect_identical(net$to(dtype = "float64"), net)
  expect_match(net$scale$dtype$`__repr__`(), "float64")
  expect_match(net$float()$layer$weight$dtype$`__repr__`(), "float32")
  expect_match(net$half()$layer$weight$dtype$`__repr__`(), "float16")
  expect_match(net$bfloat16()$layer$weight$dtype$`__repr__`(), "bfloat16")
  expect_match(net$double()$norm$running_mean$dtype$`__repr__`(), "float64")
  expect_match(net$to("float32", "cpu")$scale$dtype$`__repr__`(), "float32")
  expect_match(net$to(py_import("torch")$float64)$scale$dtype$`__repr__`(), "float64")
  expect_identical(net$to(device = "meta")$scale$device$type, "meta")
  expect_match(net_class()$cpu()$scale$device$`__repr__`(), "cpu")
  expect_error(net$to(dtype = "float33"), "float33")
  expect_error(net$to(device = "nowhere"), "`device`")
  expect_error(net$to(typ = "float32"), "Unknown argument: `typ`")
})

test_that("gradients are switched and cleared", {
  net <- net_class()
  net$eval()(x32(matrix(1, 1, 2)))$sum()$backward()
  expect_s3_class(net$layer$weight$grad, "torch_tensor")
  expect_identical(net$zero_grad(), net)
  expect_identical(as.numeric(net$layer$weight$grad$abs()$sum()), 0)
  net$zero_grad(set_to_none = TRUE)
  expect_null(net$layer$weight$grad)
  net$requires_grad_(FALSE)
  expect_false(net$layer$weight$requires_grad)
})

test_that("apply calls the function with every module, the module itself last", {
  net <- net_class()
  seen <- character()
  expect_identical(net$apply(function(module) seen <<- c(seen, class(module)[1])), net)
  expect_identical(seen, c("nn_linear", "nn_batch_norm1d", "net"))
  net$apply(function(module) {
    if (inherits(module, "nn_linear")) nn_init_constant_(module$weight, 2)
  })
  expect_equal(as.array(net$layer$weight), matrix(2, 2, 2))
  expect_error(net$apply(3), "`fn` must be a function")
  expect_error(net$apply(function(module) stop("enough")), "enough")
})

test_that("members are registered under computed names", {
  net <- nn_module()()
  for (i in 1:2) net$add_module(paste0("layer", i), nn_linear(1, 1))
  net$register_parameter("weight", x32(1))
  net$register_buffer("state", x32(2))
  net$register_buffer("passing", x32(3), persistent = FALSE)
  expect_named(net$children, c("layer1", "layer2"))
  expect_true(is_nn_parameter(net$weight))
  expect_named(net$buffers, c("state", "passing"))
  expect_false("passing" %in% names(net$state_dict()))
  expect_error(net$add_module("a", 3), "`module` must be an nn_module, not a number")
  expect_error(net$add_module("a", nn_relu), "call it")
  expect_error(net$register_parameter("a", 3), "`param` must be a tensor")
  expect_error(net$register_buffer("a", 3), "`tensor` must be a tensor")
})

test_that("a clone has parameters and fields of its own", {
  net <- nn_module(
    initialize = function() {
      self$layer <- nn_linear(1, 1)
      self$k <- 1
      self$constant <- x32(5)
      private$secret <- 1
    },
    private = list(secret = NULL),
    reveal = function(set = NULL) {
      if (!is.null(set)) private$secret <- set
      private$secret
    },
    forward = function(x) self$layer(x) * self$k
  )()
  net$k <- 2
  net$reveal(7)
  copy <- net$clone(deep = TRUE)
  expect_identical(class(copy), class(net))
  expect_identical(as.array(copy$layer$weight), as.array(net$layer$weight))
  nn_init_zeros_(copy$layer$weight)
  expect_false(identical(as.array(copy$layer$weight), as.array(net$layer$weight)))
  expect_identical(copy$k, 2)
  expect_identical(copy$reveal(), 7)
  copy$k <- 3
  copy$reveal(8)
  copy$constant$add_(1)
  expect_identical(net$k, 2)
  expect_identical(net$reveal(), 7)
  expect_equal(as.numeric(net$constant), 5)
  expect_equal(as.numeric(copy(x32(0))), 3 * as.numeric(copy$layer$bias), tolerance = 1e-6)
})

test_that("what is not there is NULL, as in R torch", {
  net <- net_class()
  expect_null(net$layr)
  expect_null(net[["layr"]])
  expect_null(nn_relu()$foo)
  expect_identical(net[["layer"]], net$layer)
  net[["k"]] <- 4
  expect_identical(net$k, 4)
})

test_that("everything else of Python's module is there", {
  net <- net_class()
  expect_identical(net$get_submodule("layer"), net$layer)
  expect_identical(net$layer$in_features, 2L)
  expect_identical(net$layer$extra_repr(), "in_features=2, out_features=2, bias=True")
})

test_that("members that name a dim or a class count from 1, as R's torch has them", {
  expect_equal(nn_softmax(2)$dim, 2)
  expect_equal(nn_glu()$dim, -1)
  expect_equal(nn_unflatten(3, c(2, 2))$dim, 3)
  flatten <- nn_flatten(1, 2)
  expect_equal(c(flatten$start_dim, flatten$end_dim), c(1, 2))
  expect_equal(nn_embedding(4, 2, padding_idx = 1)$padding_idx, 1)
  expect_equal(nn_embedding_bag(4, 2, padding_idx = -1)$padding_idx, 4)
  expect_null(nn_embedding(4, 2)$padding_idx)
  expect_equal(nn_cross_entropy_loss(ignore_index = 3)$ignore_index, 3)
  expect_equal(nn_nll_loss()$ignore_index, -100)
  x <- x32(matrix(1:6, 2))
  softmax <- nn_softmax(2)
  softmax$dim <- 1
  expect_equal(softmax$dim, 1)
  expect_identical(as.array(softmax(x)), as.array(nnf_softmax(x, 1)))
  expect_error(softmax$dim <- 0, "`dim` counts dims from 1")
  # So does a class in R that inherits from such a layer.
  logged <- nn_module(inherit = nn_softmax, forward = function(x) nnf_log_softmax(x, self$dim))(1)
  expect_identical(as.array(logged(x)), as.array(nnf_log_softmax(x, 1)))
  # A field of that name that is R's is what it is.
  own <- nn_module(initialize = function() self$dim <- 0, forward = function(x) x)()
  expect_identical(own$dim, 0)
  own$dim <- 5
  expect_identical(own$dim, 5)
})

test_that("names and completion show members", {
  net <- net_class()
  expect_setequal(names(net), c("forward", "scale", "layer", "norm"))
  completions <- utils::.DollarNames(net, "^s")
  expect_setequal(completions, c("scale", "state_dict"))
})

test_that("modules have names, and what has two names has both in its own module", {
  net <- nn_module("net", initialize = function() {
    weight <- nn_parameter(torch_ones(1))
    self$a <- weight
    self$b <- weight
    self$part <- nn_sequential(nn_relu())
  })()
  classes <- vapply(net$modules, function(x) class(x)[1], "")
  expect_identical(classes[[1]], "net")
  expect_identical(classes[-1], c(part = "nn_sequential", part.0 = "nn_relu"))
  expect_identical(names(net$parameters), "a")
  expect_identical(names(net$named_parameters(recursive = FALSE)), c("a", "b"))
  expect_identical(names(net$.__enclos_env__$private$parameters_), c("a", "b"))
})
