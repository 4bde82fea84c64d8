# Ctrl-C, in a process of its own that sends itself SIGINT while it works.

skip_without_python()
skip_on_os("windows")

# Runs code as R's prompt would, interrupts it after it has begun, and looks at what is left.
interrupted <- function(code) {
  run_r(c(
    "library(torchbridge)",
    "x <- torch_ones(3, requires_grad = TRUE)",
    "steps <- 0",
    # A shell that lives on without us: R itself is busy.
    "system(sprintf('(sleep 1; kill -INT %d) &', Sys.getpid()))",
    "started <- Sys.time()",
    "stopped <- FALSE",
    "tryCatch(", code, ", interrupt = function(condition) stopped <<- TRUE)",
    "cat('stopped', stopped, 'soon', Sys.time() - started < 20, '\\n')",
    # Everything works as before, gradients among it.
    "(x * 2)$sum()$backward()",
    "cat('gradient', as.numeric(x$grad)[1], 'recorded', x$requires_grad, '\\n')",
    "layer <- nn_linear(3, 1); optimizer <- optim_sgd(layer$parameters, lr = 0.1)",
    "layer(torch_ones(2, 3))$sum()$backward(); optimizer$step(); cat('trained\\n')"
  ))
}

expect_usable <- function(run) {
  expect_identical(run$status, 0L)
  expect_match(output(run), "stopped TRUE soon TRUE")
  expect_match(output(run), "gradient 2 recorded TRUE")
  expect_match(output(run), "trained")
}

test_that("a loop of R on tensors stops", {
  expect_usable(interrupted("while (steps < 1e7) { steps <- steps + 1; (x + 1)$sum() }"))
})

test_that("a training loop stops, between forward and step", {
  expect_usable(interrupted(c(
    "{ net <- nn_linear(3, 1); optimizer <- optim_adam(net$parameters)",
    "while (steps < 1e7) { steps <- steps + 1; optimizer$zero_grad()",
    "net(torch_ones(4, 3))$sum()$backward(); optimizer$step() } }"
  )))
})

test_that("a backward pass through R code stops", {
  expect_usable(interrupted(c(
    "{ slow <- autograd_function(",
    "forward = function(ctx, input) input * 1,",
    "backward = function(ctx, grad_output) { while (TRUE) steps <- steps + 1; list(input = grad_output) })",
    "slow(x)$sum()$backward() }"
  )))
})

test_that("no_grad ends with the code that is stopped", {
  expect_usable(interrupted("with_no_grad(while (steps < 1e7) { steps <- steps + 1; x + 1 })"))
})
