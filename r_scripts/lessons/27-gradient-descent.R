#' ---
#' title: Gradient descent, step by step
#' korean: 경사하강법 심화, 역전파
#' shows: The same path to the minimum by a hand-written gradient, by autograd and by an optimizer.
#' api: autograd_grad, optim_sgd
#' rows: S2-7, S1-5
#' ---

library(torchbridge)
library(ggplot2)

x <- c(1, 2, 3)
y <- c(1, 2, 3)
cost <- function(w) mean((x * w - y)^2)

#' ## By hand
#' The sum of (xw - y)x points uphill. Step a tenth of it the other way.

w <- 0
by_hand <- data.frame(w = numeric(10), cost = numeric(10))
for (epoch in 1:10) {
  by_hand[epoch, ] <- c(w, cost(w))
  w <- w - 0.1 * sum((x * w - y) * x)
}
first_gradient <- sum((x * 0 - y) * x)
first_gradient
by_hand

#' ## By an optimizer
#' The cost is a mean of squares, so its slope is 2/3 of that sum: with lr 0.15 the path is the
#' same.

x <- torch_tensor(x)
y <- torch_tensor(y)
weight <- torch_zeros(1, requires_grad = TRUE)
optimizer <- optim_sgd(list(weight), lr = 0.15)
by_optimizer <- numeric(10)
for (epoch in 1:10) {
  by_optimizer[epoch] <- weight$item()
  optimizer$zero_grad()
  cost(weight)$backward()
  optimizer$step()
}
cbind(by_hand = by_hand$w, by_optimizer)

#+ cost, fig.alt = "The cost by weight, a parabola, with steps that jump across its minimum"
curve <- data.frame(w = seq(-5, 7, 0.1))
curve$cost <- vapply(curve$w, function(w) cost(w)$item(), 0)
ggplot(curve, aes(w, cost)) +
  geom_line() +
  geom_path(data = by_hand, colour = "#D55E00") +
  geom_point(data = by_hand, colour = "#D55E00") +
  labs(title = "Steps down a parabola", y = "Cost")
