#' ---
#' title: A first training
#' korean: 첫 신경망 학습
#' shows: A network learns a curve that a line cannot follow, from its first loss on; the loop by
#'   hand, and torch_fit().
#' api: nn_module, nnf_mse_loss, optim_sgd, torch_fit
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

wave_net <- nn_module(
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
new_net <- function() {
  torch_manual_seed(659487)
  wave_net()
}

#' ## Training, part by part
#' Predict, measure, go back, step: an epoch. Here are the first five.

net <- new_net()
input <- torch_tensor(scale(x))
target <- torch_tensor(matrix(y))
optimizer <- optim_sgd(net$parameters, lr = 1e-5)
losses <- numeric()
for (epoch in 1:5) {
  loss <- nnf_mse_loss(net(input), target)
  losses[epoch] <- loss$item()
  optimizer$zero_grad()
  loss$backward()
  optimizer$step()
}
losses

#' ## All of it
#' `torch_fit()` does the same, in Python, with no R in between: all rows in one batch, and the same
#' initial weights. (On a slow machine this takes a minute: fewer epochs show the idea.)

epochs <- 50000
fit <- torch_fit(
  scale(x), y, new_net(), epochs = epochs, batch_size = 100, shuffle = FALSE, optimizer = "sgd",
  lr = 1e-5
)
fit
logged <- fit$history[c(1, seq(epochs / 10, epochs, by = epochs / 10)), ]
logged
fitted <- predict(fit)
c(line = mean(resid(line)^2), network = mean((y - fitted)^2), truth = mean((y - truth)^2))

#' The network comes to the truth's own error. Longer still and it goes below it, which is
#' overfitting: it learns the noise.

#+ fit, fig.alt = "A hundred points on a wave, a straight line, the network's curve and the truth"
shown <- data.frame(
  x = rep(x, 3), y = c(fitted(line), fitted, truth),
  curve = rep(c("line", "network", "truth"), each = 100)
)
ggplot(shown, aes(x, y, colour = curve)) +
  geom_point(data = data.frame(x, y), colour = "#999999") +
  geom_line(linewidth = 0.8) +
  labs(title = "The network finds the wave", colour = NULL)

#+ loss, fig.alt = "The loss against the epoch, both on log scale: it falls in steps"
every <- unique(round(10^seq(0, log10(epochs), length.out = 400)))
ggplot(fit$history[every, ], aes(epoch, train_loss)) +
  geom_line(colour = "#0072B2") +
  scale_x_log10(labels = scales::label_comma()) +
  scale_y_log10() +
  labs(title = "From 4268.52 down", x = "Epoch", y = "Mean squared error")
