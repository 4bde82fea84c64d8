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

test_that("R's numbers are tensors where a layer wants one, typed as torch_tensor() types them", {
  words <- nn_embedding(3, 5)
  expect_identical(as.array(words(3L)), as.array(words(torch_tensor(3L))))
  expect_identical(as.array(words(c(3L, 1L))), as.array(words(torch_tensor(c(3L, 1L)))))
  net <- nn_sequential(nn_linear(2, 3), nn_relu())
  x <- matrix(c(1, -2, 0.5, 3), 2)
  expect_identical(as.array(net(x)), as.array(net(torch_tensor(x))))
  expect_identical(as.array(net(x[1, ])), as.array(net(torch_tensor(x[1, ]))))
  rnn <- nn_lstm(1, 1)
  x <- array(c(1, 2), c(2, 1, 1))
  expect_identical(as.array(rnn(x, NULL)[[1]]), as.array(rnn(torch_tensor(x))[[1]]))
  expect_identical(as.numeric(nn_mse_loss()(c(1, 2), target = c(1, 4))), 2)
  bag <- nn_embedding_bag(3, 2, mode = "sum")
  expect_identical(
    as.array(bag(c(1L, 2L, 3L), offsets = c(1L, 3L))),
    as.array(bag(torch_tensor(c(1L, 2L, 3L)), offsets = torch_tensor(c(1L, 3L))))
  )
  # Where its parameters are; a loss has none.
  far <- nn_linear(2, 3)$to(device = "meta")(matrix(1, 2, 2))
  expect_identical(far$device$type, "meta")
  expect_identical(nn_mse_loss()(far, matrix(1, 2, 3))$device$type, "meta")
  # A class of somebody else's may want numbers.
  own <- py_run("
import torch
class Power(torch.nn.Module):
    def forward(self, input, by):
        return type(by).__name__
")$Power()
  expect_identical(own(torch_tensor(1), 2), "float")
})
