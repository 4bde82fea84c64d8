skip_without_python()

x <- as_torch_tensor(c(1, 2), dtype = "float32")

test_that("a parameter has a gradient and the tensor's memory", {
  p <- nn_parameter(x)
  expect_true(p$requires_grad)
  expect_false(nn_parameter(x, requires_grad = FALSE)$requires_grad)
  x$mul_(2)
  expect_equal(as.numeric(p), c(2, 4))
  x$div_(2)
})

test_that("parameters, buffers and modules are told apart", {
  expect_true(is_nn_parameter(nn_parameter(x)))
  expect_false(is_nn_parameter(x))
  expect_false(is_nn_parameter(3))
  expect_true(is_nn_buffer(nn_buffer(x)))
  expect_false(is_nn_buffer(x))
  expect_true(is_nn_module(nn_relu()))
  expect_false(is_nn_module(nn_relu))
})

test_that("what is no tensor is refused", {
  expect_error(nn_parameter(3), "`x` must be a tensor, not a number")
  expect_error(nn_buffer("a"), "`x` must be a tensor, not a string")
  expect_error(nn_parameter(x, requires_grad = 1), "`requires_grad` must be")
  expect_error(nn_parameter(as_torch_tensor(1L)), "floating point")
})

test_that("a tied weight is one parameter", {
  net <- nn_module(initialize = function() {
    self$a <- nn_linear(2, 2, bias = FALSE)
    self$b <- nn_linear(2, 2, bias = FALSE)
    self$b$weight <- self$a$weight
  })()
  expect_length(net$parameters, 1)
  nn_init_zeros_(net$a$weight)
  expect_equal(as.array(net$b$weight), matrix(0, 2, 2))
})

test_that("parameters and buffers have their classes, wherever they come from", {
  p <- nn_parameter(torch_ones(2))
  net <- nn_linear(2, 1)
  for (x in list(p, net$weight, net$parameters[[1L]], p$detach(), p$clone())) {
    expect_identical(class(x), c("torch_tensor", "python_object", "nn_parameter"))
  }
  b <- nn_buffer(torch_ones(2))
  for (x in list(b, b$detach())) expect_s3_class(x, "nn_buffer")
  expect_identical(class(p + 1), class(torch_ones(1)))
})
