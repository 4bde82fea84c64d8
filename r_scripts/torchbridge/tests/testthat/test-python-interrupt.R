# Ctrl-C: a process of its own gets SIGINT while it works, again and again.

skip_without_python()
skip_on_os("windows")

cases <- c(
  "a loop on tensors" = "while (TRUE) (x + 1)$sum()",
  "training" = "while (TRUE) {
    optimizer$zero_grad()
    net(torch_ones(4, 3))$sum()$backward()
    optimizer$step()
  }",
  "R code in a backward pass" = "slow(x)$sum()$backward()",
  "code without gradients" = "with_no_grad(while (TRUE) x + 1)"
)

run <- run_r(c(
  "suppressPackageStartupMessages(library(torchbridge))",
  "x <- torch_ones(3, requires_grad = TRUE)",
  "net <- nn_linear(3, 1)",
  "optimizer <- optim_adam(net$parameters)",
  "slow <- autograd_function(",
  "  forward = function(ctx, input) input * 1,",
  "  backward = function(ctx, grad_output) while (TRUE) grad_output <- grad_output * 1",
  ")",
  "interrupted <- function(code) {",
  # A shell that lives on without us: R itself is busy.
  "  system(sprintf('(sleep 0.5; kill -INT %d) &', Sys.getpid()))",
  "  tryCatch(code, interrupt = function(condition) cat('stopped,'))",
  # Everything works as before, gradients among it.
  "  before <- if (is.null(x$grad)) 0 else as.numeric(x$grad)[1]",
  "  (x * 2)$sum()$backward()",
  "  net(torch_ones(2, 3))$sum()$backward()",
  "  optimizer$step()",
  "  cat(' gradient', as.numeric(x$grad)[1] - before, '\\n')",
  "}",
  sprintf("interrupted(%s)", cases)
))

test_that("Ctrl-C ends what runs, and everything is usable", {
  expect_identical(run$status, 0L)
  expect_identical(trimws(run$out), rep("stopped, gradient 2", length(cases)), info = names(cases))
})
