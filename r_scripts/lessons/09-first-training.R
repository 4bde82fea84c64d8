#' ---
#' title: A first training
#' korean: 첫 신경망 학습
#' shows: A network learns a curve that a line cannot follow, from its first loss on.
#' api: nn_module, nnf_mse_loss, optim_sgd, py_import("torchbridge.models")$fit
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
torch_manual_seed(659487)
net <- wave_net()
n_parameters <- sum(vapply(net$parameters, function(p) p$numel(), 0))
input <- torch_tensor(scale(x))
target <- torch_tensor(matrix(y))

#' ## Training
#' Predict, measure, go back, step. The loss is logged now and then.

optimizer <- optim_sgd(net$parameters, lr = 1e-5)
epochs <- 1000
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

#' That loop shows every part. The next 4,500 epochs run in Python, with no R in between: the same
#' steps, faster.

models <- py_import("torchbridge.models")
rest <- models$fit(
  net, input, target,
  epochs = 4500L, batch_size = 100L, optimizer = "sgd", lr = 1e-5
)
history <- rbind(
  losses, data.frame(epoch = epochs:5499, loss = as.data.frame(rest$history)$train_loss)
)
logged <- history[match(c(0, 1000, 3000, 5000), history$epoch), ]
logged
fitted <- as.numeric(net(input))
c(line = mean(resid(line)^2), network = mean((y - fitted)^2), truth = mean((y - truth)^2))

#' With 50,000 epochs, as the lesson trains it, the network comes to the truth's own error. Much
#' longer still and it goes below it, which is overfitting: it learns the noise.

#+ fit, fig.alt = "A hundred points on a wave, a straight line, the network's curve and the truth"
shown <- data.frame(
  x = rep(x, 3), y = c(fitted(line), fitted, truth),
  curve = rep(c("line", "network", "truth"), each = 100)
)
ggplot(shown, aes(x, y, colour = curve)) +
  geom_point(data = data.frame(x, y), colour = "#999999") +
  geom_line(linewidth = 0.8) +
  labs(title = "The network finds the wave", colour = NULL)

#+ loss, fig.alt = "The loss against the epoch, on log scale: it falls in steps"
ggplot(history, aes(epoch, loss)) +
  geom_line(colour = "#0072B2") +
  scale_y_log10() +
  labs(title = "5,500 epochs", x = "Epoch", y = "Mean squared error")
