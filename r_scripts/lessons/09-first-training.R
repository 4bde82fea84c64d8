#' ---
#' title: A first training
#' korean: 첫 신경망 학습
#' shows: A network learns a curve that a line cannot follow; 50,000 steps, compiled.
#' api: nn_module, nnf_mse_loss, optim_sgd, torch_compile
#' rows: S0-7
#' ---

library(torchbridge)
library(ggplot2)

#' ## A hundred points on a wave
#' The truth is x + 30 sin(x / 10), with noise of standard deviation 5. A line misses the wave.

set.seed(2021)
x <- sort(sample(1:100))
truth <- x + 30 * sin(0.1 * x)
y <- truth + rnorm(100, sd = 5)
line <- lm(y ~ x)
c(line = mean(resid(line)^2), truth = mean((y - truth)^2))

#' ## A network
#' Four layers, the first two with a tanh: 251 parameters. The seed is what 2021 became for the
#' initial weights in R torch 0.2.1.

Net <- nn_module(
  "Nonlinear",
  initialize = function() {
    self$first <- nn_linear(1, 10)
    self$second <- nn_linear(10, 10)
    self$third <- nn_linear(10, 10)
    self$last <- nn_linear(10, 1)
  },
  forward = function(x) {
    hidden <- torch_tanh(self$second(torch_tanh(self$first(x))))
    self$last(self$third(hidden))
  }
)
torch_manual_seed(659487)
net <- Net()
n_parameters <- sum(vapply(net$parameters, function(p) p$numel(), 0))
input <- torch_tensor(scale(x))
target <- torch_tensor(matrix(y))

#' ## Training
#' Predict, measure, go back, step. The loss is logged now and then.

optimizer <- optim_sgd(net$parameters, lr = 1e-5)
epochs <- 3000
every <- 20
losses <- data.frame(epoch = seq(0, epochs - 1, every), loss = NA_real_)
for (epoch in seq_len(epochs) - 1) {
  optimizer$zero_grad()
  loss <- nnf_mse_loss(net(input), target)
  if (epoch %% every == 0) losses$loss[epoch / every + 1] <- loss$item()
  loss$backward()
  optimizer$step()
}
head(losses, 3)
