#' ---
#' title: Gradient descent, step by step
#' korean: 경사하강법 심화, 역전파
#' shows: The same path to the minimum by a hand-written gradient, by grad() and by an optimizer;
#'   and the chain rule through two layers.
#' api: grad, torch_optim
#' rows: S2-7, S1-5
#' ---

library(torchbridge)
library(ggplot2)

x <- c(1, 2, 3)
y <- c(1, 2, 3)
cost <- function(w) mean((x * w - y)^2)

#' ## By hand
#' The sum of the slopes, $\sum_i (x_i w - y_i) x_i$, points uphill. Step a tenth of it back.

w <- 0
by_hand <- data.frame(w = numeric(10), cost = numeric(10))
for (epoch in 1:10) {
  by_hand[epoch, ] <- c(w, cost(w))
  w <- w - 0.1 * sum((x * w - y) * x)
}
first_gradient <- sum((x * 0 - y) * x)
first_gradient
by_hand

#' ## By derivative
#' `cost()` is a mean of squares, so its slope is 2/3 of that sum: with a rate of 0.15 the steps are
#' the same. `descend()` goes down any function of R's, and keeps its way.

descend <- function(f, from, lr, steps) {
  path <- data.frame(w = from, cost = f(from))
  for (step in seq_len(steps)) {
    from <- from - lr * grad(f, from)
    path[step + 1, ] <- c(from, f(from))
  }
  path
}
by_grad <- descend(cost, 0, lr = 0.15, steps = 9)

#' ## By an optimizer
#' `torch_optim()` is such a `descend()`, with any of PyTorch's optimizers; here the plain one.

by_optimizer <- torch_optim(
  0, cost, method = "sgd", control = list(lr = 0.15, steps = 9, history = TRUE)
)$history
data.frame(by_hand = by_hand$w, by_grad = by_grad$w, by_optimizer = by_optimizer$par1)

#' ## Backwards through layers
#' Of nested functions the slopes multiply: that is backpropagation. Here a weight sits before a
#' tanh, and another behind it.

inner <- 0.7
outer <- -1.2
net_cost <- function(p) mean((p[2] * tanh(p[1] * x) - y)^2)
hidden <- tanh(inner * x)
error <- 2 * (outer * hidden - y) / length(x)
by_chain_rule <- c(sum(error * outer * (1 - hidden^2) * x), sum(error * hidden))
by_autograd <- grad(net_cost, c(inner, outer))
rbind(by_chain_rule, by_autograd)

#+ cost, fig.alt = "The cost by weight, a parabola, with steps that jump across its minimum"
curve <- data.frame(w = seq(-5, 7, 0.1))
curve$cost <- vapply(curve$w, cost, 0)
ggplot(curve, aes(w, cost)) +
  geom_line() +
  geom_path(data = by_hand, colour = "#D55E00") +
  geom_point(data = by_hand, colour = "#D55E00") +
  labs(title = "Steps down a parabola", y = "Cost")
