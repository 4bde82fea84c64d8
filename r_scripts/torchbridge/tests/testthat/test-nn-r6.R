skip_without_python()

test_that("a generator answers what an R6 class does", {
  base <- nn_module("base", expansion = 4, loss = function(x, y) 1, forward = function(x) x)
  child <- nn_module("child", inherit = base, private = list(n = 1, f = function() 2))
  expect_identical(class(child), c("child", "base", "nn_module", "nn_module_generator"))
  expect_identical(base$public_fields$expansion, 4)
  expect_true(is.function(base$public_methods$loss))
  expect_null(base$public_methods$step)
  expect_identical(child$classname, "child")
  expect_identical(child$private_fields, list(n = 1))
  expect_identical(names(child$private_methods), "f")
  expect_identical(child$get_inherit()$public_fields$expansion, 4)
  expect_null(child$get_inherit()$get_inherit()$get_inherit())
  expect_identical(child$get_inherit()$get_inherit()$classname, nn_Module$classname)
  expect_identical(names(formals(nn_linear$public_methods$forward)), "input")
  expect_s3_class(child$new(), "child")
  expect_null(base$nothing)
  expect_error(base$x <- 1, "no module, but the function that makes one")
  expect_false(is_nn_module(base))
  expect_output(print(base), "<nn_module generator> base()", fixed = TRUE)
})

test_that("losses are of class nn_loss, and no other class is", {
  expect_identical(class(nn_mse_loss()), c("nn_mse_loss", "nn_loss", "nn_module"))
  own <- nn_module("own", inherit = nn_mse_loss)
  expect_identical(class(own()), c("own", "nn_mse_loss", "nn_loss", "nn_module"))
  expect_false(inherits(nn_relu(), "nn_loss"))
  weighted <- c("nn_weighted_loss", "nn_loss", "nn_module")
  for (name in c("bce", "cross_entropy", "multi_margin", "multilabel_soft_margin", "nll")) {
    name <- paste0("nn_", name, "_loss")
    loss <- getExportedValue("torchbridge", name)
    expect_identical(class(loss()), c(name, weighted))
    expect_identical(class(nn_module("own", inherit = loss)()), c("own", name, weighted))
  }
  expect_false(inherits(nn_bce_with_logits_loss(), "nn_weighted_loss"))
})

test_that("layers have the classes of R torch's families, and so has what is made from them", {
  families <- list(
    nn_conv2d = "nn_conv_nd", nn_conv_transpose3d = c("nn_conv_transpose_nd", "nn_conv_nd"),
    nn_batch_norm2d = c("nn_batch_norm_", "nn_norm_base_"), nn_gru = "nn_rnn_base",
    nn_dropout = "nn_dropout_nd", nn_max_pool1d = "nn_max_pool_nd", nn_lp_pool2d = "lp_pool_nd",
    nn_relu6 = "nn_hardtanh", nn_linear = character()
  )
  for (name in names(families)) {
    layer <- getExportedValue("torchbridge", name)
    classes <- c(name, families[[name]], "nn_module")
    expect_identical(class(layer), c(classes, "nn_module_generator"))
    own <- nn_module("own", inherit = layer)
    expect_identical(class(own), c("own", classes, "nn_module_generator"))
  }
  expect_identical(class(nn_gru(1, 1)), c("nn_gru", "nn_rnn_base", "nn_module"))
})

test_that("containers can be inherited from", {
  block <- nn_module(
    "block", inherit = nn_sequential,
    initialize = function(i, o) super$initialize(nn_linear(i, o), last = nn_relu(), )
  )
  net <- block(3, 2)
  expect_identical(dim(net(torch_randn(4, 3))), c(4L, 2L))
  expect_identical(names(net$children), c("0", "last"))
  expect_length(net, 2)
  plain <- nn_module("plain", inherit = nn_sequential)(nn_linear(3, 1), nn_tanh())
  expect_identical(dim(plain(torch_randn(4, 3))), c(4L, 1L))
  list <- nn_module(
    inherit = nn_module_list, initialize = function() super$initialize(list(nn_relu(), nn_relu()))
  )()
  expect_length(list, 2)
  list$insert(index = 1, nn_tanh())
  expect_s3_class(list[[1]], "nn_tanh")
})

test_that("private has what R torch keeps there", {
  net <- nn_module(
    initialize = function() {
      self$a <- nn_linear(3, 2)
      self$b <- nn_relu()
      self$w <- nn_parameter(torch_ones(1))
      self$v <- nn_buffer(torch_ones(1), persistent = FALSE)
    },
    forward = function(x) {
      for (module in private$modules_) x <- module(x)
      x
    },
    keep = function(names) private$modules_ <- private$modules_[names],
    passing = function() private$non_persistent_buffers_
  )()
  expect_identical(dim(net(torch_randn(4, 3))), c(4L, 2L))
  own <- net$.__enclos_env__$private
  expect_identical(names(own$parameters_), "w")
  expect_identical(names(own$buffers_), "v")
  expect_identical(net$passing(), "v")
  expect_true(own$training_)
  net$keep("b")
  expect_identical(names(net$children), "b")
  expect_null(net$a)
  expect_identical(names(nn_sequential(nn_relu())$.__enclos_env__$private$modules_), "0")
})

test_that("methods see what is put into their enclosing environment", {
  net <- nn_module(forward = function(x) ctx)()
  assign("ctx", 42, envir = net$.__enclos_env__)
  expect_identical(net(1), 42)
  expect_identical(net$.__enclos_env__$self, net)
})

test_that("super has what every module has", {
  net <- nn_module(
    "counted",
    initialize = function() self$layer <- nn_linear(1, 1),
    active = list(first = function() super$parameters[1]),
    state = function() names(super$state_dict()),
    train = function(mode = TRUE) {
      self$trained <- mode
      super$train(mode)
    }
  )()
  expect_identical(names(net$first), "layer.weight")
  expect_identical(net$state(), c("layer.weight", "layer.bias"))
  net$train(FALSE)
  expect_false(net$trained)
  expect_false(net$layer$training)
})

test_that("the enclosing environments of super lead from class to class, and end", {
  first <- nn_module("first", one = function() here)
  second <- nn_module("second", inherit = first, two = function() here)
  net <- nn_module("third", inherit = second, three = function() here)()
  climbed <- 0
  x <- net
  while (!is.null(x)) {
    climbed <- climbed + 1
    assign("here", climbed, envir = x$.__enclos_env__)
    x <- x$.__enclos_env__$super
  }
  # The three classes, and nn_Module.
  expect_identical(climbed, 4)
  expect_identical(c(net$three(), net$two(), net$one()), c(1, 2, 3))
})
