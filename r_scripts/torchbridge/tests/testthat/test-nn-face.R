skip_without_python()

test_that("the arguments of a module are those of its forward", {
  net <- nn_module(
    initialize = function() self$k <- 2,
    forward = function(x, times = self$k, ..., offset) {
      if (missing(offset)) x * times else x * times + offset + ...length()
    }
  )()
  expect_identical(names(formals(net)), c("x", "times", "...", "offset"))
  expect_identical(formals(net)$times, quote(self$k))
  expect_identical(net(3), 6)
  expect_identical(net(times = 5, 3), 15)
  expect_identical(net(3, offset = 1), 7)
  expect_identical(net(3, 2, 0, 0, offset = 1), 9)
  expect_identical(sapply(1:2, net), c(2, 4))
  expect_identical(do.call(net, list(x = 4)), 8)
  expect_identical(names(formals(nn_linear(1, 1))), "input")
  expect_identical(names(formals(nn_lstm(1, 1))), c("input", "hx"))
  expect_identical(names(formals(nn_mse_loss())), c("input", "target"))
  expect_error(nn_linear(1, 1)(), "missing")
})

test_that("an argument may have the name of what a face needs itself", {
  net <- nn_module(forward = function(module, handle = 2) module + handle)()
  expect_identical(net(1), 3)
  expect_identical(net(handle = 5, module = 1), 6)
})

test_that("arguments stay lazy, and hooks see the call", {
  net <- nn_module(forward = function(x, y) if (missing(y)) substitute(x) else y)()
  expect_no_error(net(stop("not asked for")))
  calls <- 0
  doubled <- nn_module(forward = function(x, by = 2) x * by)()
  hook <- doubled$register_forward_hook(function(module, input, output) {
    calls <<- calls + 1
    NULL
  })
  expect_equal(as.numeric(doubled(torch_tensor(3))), 6)
  expect_equal(as.numeric(doubled(torch_tensor(3), 5)), 15)
  expect_identical(calls, 2)
})
