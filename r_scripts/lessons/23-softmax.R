#' ---
#' title: Softmax classification
#' korean: 소프트맥스 분류
#' shows: Cross entropy by four routes, a classifier of three classes, the mistake of softmax twice,
#'   and multinomial regression beside it.
#' api: nnf_softmax, nnf_cross_entropy, nnf_nll_loss, nnf_one_hot, optim_sgd
#' rows: S2-3
#' ---

library(torchbridge)
library(ggplot2)

soft <- as.numeric(nnf_softmax(torch_tensor(c(1, 2, 3)), dim = 1))
soft

#' ## Four routes to one loss

torch_manual_seed(1)
z <- torch_rand(3, 5)
y <- torch_tensor(c(1L, 3L, 2L))
p <- nnf_softmax(z, dim = 2)
one_hot <- nnf_one_hot(y, 5)
routes <- c(
  by_hand = mean(torch_sum(-one_hot * log(p), dim = 2))$item(),
  log_softmax = mean(torch_sum(-one_hot * nnf_log_softmax(z, dim = 2), dim = 2))$item(),
  nll_loss = nnf_nll_loss(nnf_log_softmax(z, dim = 2), y)$item(),
  cross_entropy = nnf_cross_entropy(z, y)$item()
)
routes

#' ## Learning three classes
#' Eight rows of four numbers. A factor's codes are the targets: classes count from 1, as in R.

x <- rbind(
  c(1, 2, 1, 1), c(2, 1, 3, 2), c(3, 1, 3, 4), c(4, 1, 5, 5),
  c(1, 7, 5, 5), c(1, 2, 5, 6), c(1, 6, 6, 6), c(1, 7, 7, 7)
)
class <- factor(c("c", "c", "c", "b", "b", "b", "a", "a"))
inputs <- torch_tensor(x)
codes <- torch_tensor(as.integer(class))

train <- function(loss, epochs = 1000) {
  w <- torch_zeros(4, 3, requires_grad = TRUE)
  b <- torch_zeros(1, requires_grad = TRUE)
  optimizer <- optim_sgd(list(w, b), lr = 0.1)
  costs <- numeric(epochs + 1)
  for (epoch in seq_along(costs)) {
    cost <- loss(torch_matmul(inputs, w) + b)
    costs[epoch] <- cost$item()
    optimizer$zero_grad()
    cost$backward()
    optimizer$step()
  }
  list(costs = costs, w = w, b = b)
}
right <- train(function(z) nnf_cross_entropy(z, codes))
right$costs[c(1, 101, 1001)]
scores <- with_no_grad(torch_matmul(inputs, right$w) + right$b)
predicted <- factor(levels(class)[as.integer(torch_argmax(scores, dim = 2))])
table(predicted, class)

#' ## Softmax twice
#' `nnf_cross_entropy()` takes scores and does the softmax itself. To give it probabilities runs
#' without complaint, and learns badly.

twice <- train(function(z) nnf_cross_entropy(nnf_softmax(z, dim = 2), codes))
twice$costs[1001]

#+ costs, fig.alt = "Cost over 1000 epochs: softmax once falls to 0.40, twice stays above 0.73"
costs <- data.frame(
  epoch = rep(0:1000, 2), cost = c(right$costs, twice$costs),
  softmax = rep(c("once", "twice"), each = 1001)
)
ggplot(costs, aes(epoch, cost, colour = softmax)) +
  geom_line(linewidth = 0.8) +
  labs(title = "Softmax once, and by mistake twice", x = "Epoch", y = "Cost")
