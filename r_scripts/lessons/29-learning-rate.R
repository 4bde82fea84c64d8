#' ---
#' title: Learning rates, scaling and unseen data
#' korean: 딥러닝 TIPS, 학습률과 데이터 전처리, 과적합
#' shows: A good rate, one that diverges, one that stands still; training fits and the test fails.
#' api: nn_linear, nnf_cross_entropy, optim_sgd(weight_decay), scale
#' rows: S2-2b
#' ---

library(torchbridge)
library(ggplot2)

x <- torch_tensor(rbind(
  c(1, 2, 1), c(1, 3, 2), c(1, 3, 4), c(1, 5, 5), c(1, 7, 5), c(1, 2, 5), c(1, 6, 6), c(1, 7, 7)
))
y <- torch_tensor(c(3L, 3L, 3L, 2L, 2L, 2L, 1L, 1L))
x_test <- torch_tensor(rbind(c(2, 1, 1), c(3, 1, 2), c(3, 3, 4)))
y_test <- torch_tensor(c(3L, 3L, 3L))

train <- function(model, lr, epochs = 20) {
  optimizer <- optim_sgd(model$parameters, lr = lr)
  costs <- numeric(epochs)
  for (epoch in seq_len(epochs)) {
    cost <- nnf_cross_entropy(model(x), y)
    costs[epoch] <- cost$item()
    optimizer$zero_grad()
    cost$backward()
    optimizer$step()
  }
  costs
}

#' ## Trained well, tested badly
#' Three test rows, none of them right: they look like nothing the model has seen.

torch_manual_seed(1)
model <- nn_linear(3, 3)
good <- train(model, 0.1)
good[c(1, 2, 20)]
test_cost <- with_no_grad(nnf_cross_entropy(model(x_test), y_test))$item()
test_right <- sum(as.integer(torch_argmax(model(x_test), dim = 2)) == 3)
c(cost = test_cost, right = test_right)

#' ## Too fast, too slow
#' The next two models go on with the seed's numbers.

too_fast <- train(nn_linear(3, 3), 1e5)
too_slow <- train(nn_linear(3, 3), 1e-10)
rbind(fast = too_fast[1:3], slow = too_slow[c(1, 2, 20)])

#+ rates, fig.alt = "Cost by epoch: falls at a good rate, wild at a large one, flat at a tiny one"
costs <- data.frame(
  epoch = rep(1:20, 3), cost = c(good, too_fast, too_slow),
  lr = rep(c("0.1", "100000", "1e-10"), each = 20)
)
ggplot(costs, aes(epoch, cost, colour = lr)) +
  geom_line(linewidth = 0.8) +
  scale_y_log10() +
  labs(title = "Three learning rates", x = "Epoch", y = "Cost")

#' ## Scaling
#' Subtract the mean, divide by the deviation: torch's `std` is R's `sd`, so `scale()` is the same.

quizzes <- cbind(c(73, 93, 89, 96, 73), c(80, 88, 91, 98, 66), c(75, 93, 90, 100, 70))
q <- torch_tensor(quizzes, dtype = torch_double())
standard <- (q - torch_mean(q, dim = 1)) / torch_std(q, dim = 1)
difference <- max(abs(as.array(standard) - scale(quizzes)))
standard[, 1]
