# Seconds of a fit by luz: its loop written in R, on the R package torch that this library has.
#
#   make packages CHECKOUTS=folder PACKAGES=luz
#   R_LIBS=output/packages/library:.r-library Rscript benchmarks/luz.R
#
# For R's own torch, the same with a library that has it. Processor time is what to compare on a busy
# machine. One thread. Beside R's own torch 0.17.0 (on PyTorch 2.13, a loaded machine of two cores,
# medians of four and five runs by turns) a step took 2.65, 2.51, 2.91 and 10.98 ms of the processor to
# its 6.36, 6.10, 6.34 and 12.70: 0.42, 0.41, 0.46 and 0.86.

if (!requireNamespace("luz", quietly = TRUE) || !requireNamespace("torch", quietly = TRUE)) {
  cat("luz is not installed (make packages): left out\n")
  quit()
}
suppressMessages({
  library(torch)
  library(luz)
})
torch_set_num_threads(1)

net <- nn_module(
  initialize = function(inputs, hidden) {
    self$first <- nn_linear(inputs, hidden)
    self$second <- nn_linear(hidden, hidden)
    self$last <- nn_linear(hidden, 1)
  },
  forward = function(x) self$last(nnf_relu(self$second(nnf_relu(self$first(x)))))
)

measure <- function(rows, inputs, hidden, batch, epochs) {
  torch_manual_seed(1)
  x <- torch_randn(rows, inputs)
  y <- x[, 1, drop = FALSE] + 0.1 * torch_randn(rows, 1)
  model <- setup(net, loss = nn_mse_loss(), optimizer = optim_adam)
  model <- set_hparams(model, inputs = inputs, hidden = hidden)
  loader <- dataloader(tensor_dataset(x, y), batch_size = batch, shuffle = TRUE)
  fit(model, loader, epochs = 1, verbose = FALSE)
  time <- system.time(fit(model, loader, epochs = epochs, verbose = FALSE))
  steps <- epochs * ceiling(rows / batch)
  cat(sprintf(
    "%6d x %3d, hidden %3d, batch %3d: %7.3f s, of the processor %7.3f (%.2f ms a step)\n",
    rows, inputs, hidden, batch, time[["elapsed"]], time[["user.self"]] + time[["sys.self"]],
    1000 * (time[["user.self"]] + time[["sys.self"]]) / steps
  ))
}

measure(1000, 10, 32, 32, epochs = 10)
measure(20000, 20, 64, 64, epochs = 1)
measure(20000, 20, 64, 256, epochs = 3)
measure(10000, 100, 512, 256, epochs = 2)
