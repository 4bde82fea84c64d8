#' ---
#' title: Learning rates, scaling and unseen data
#' korean: 딥러닝 TIPS, 학습률과 데이터 전처리, 과적합
#' shows: A good rate, one that diverges, one that stands still; training fits and the test fails.
#' api: torch_fit(lr, weight_decay), predict, scale
#' rows: S2-2b
#' ---

library(torchbridge)
library(ggplot2)

x <- rbind(
  c(1, 2, 1), c(1, 3, 2), c(1, 3, 4), c(1, 5, 5), c(1, 7, 5), c(1, 2, 5), c(1, 6, 6), c(1, 7, 7)
)
class <- factor(c(3, 3, 3, 2, 2, 2, 1, 1))
unseen <- rbind(c(2, 1, 1), c(3, 1, 2), c(3, 3, 4))
unseen_class <- factor(c(3, 3, 3), levels(class))

train <- function(layer, lr) {
  torch_fit(
    x, class, layer, epochs = 20, batch_size = 8, shuffle = FALSE, optimizer = "sgd", lr = lr
  )
}

#' ## Trained well, tested badly
#' Three test rows, none of them right: they look like nothing the model has seen.

torch_manual_seed(1)
layers <- list(nn_linear(3, 3), nn_linear(3, 3), nn_linear(3, 3))
good <- train(layers[[1]], 0.1)
good$history[c(1, 2, 20), ]
probability <- predict(good, unseen, type = "prob")
test_cost <- -mean(log(probability[, "3"]))
test_right <- sum(predict(good, unseen, type = "class") == unseen_class)
c(cost = test_cost, right = test_right)

#' ## Too fast, too slow
#' A rate of 100,000 jumps about in the millions; one of 1e-10 never leaves.

too_fast <- train(layers[[2]], 1e5)
too_slow <- train(layers[[3]], 1e-10)
cbind(fast = too_fast$history$train_loss, slow = too_slow$history$train_loss)[c(1, 2, 20), ]

#' Where numbers stop being finite, `torch_fit()` says what happened and what helps.

quizzes <- cbind(c(73, 93, 89, 96, 73), c(80, 88, 91, 98, 66), c(75, 93, 90, 100, 70))
final <- c(152, 185, 180, 196, 142)
diverged <- tryCatch(
  torch_fit(quizzes, final, nn_linear(3, 1), optimizer = "sgd", lr = 0.1),
  error = conditionMessage
)
diverged

#+ rates, fig.alt = "Cost by epoch: falls at a good rate, wild at a large one, flat at a tiny one"
costs <- data.frame(
  epoch = rep(1:20, 3),
  cost = unlist(lapply(list(good, too_fast, too_slow), function(fit) fit$history$train_loss)),
  lr = rep(c("0.1", "100000", "1e-10"), each = 20)
)
ggplot(costs, aes(epoch, cost, colour = lr)) +
  geom_line(linewidth = 0.8) +
  scale_y_log10() +
  labs(title = "Three learning rates", x = "Epoch", y = "Cost")

#' ## Scaling
#' Subtract the mean, divide by the deviation: torch's `std` is R's `sd`, so `scale()` is the same.

q <- torch_tensor(quizzes, dtype = torch_double())
standard <- (q - torch_mean(q, dim = 1)) / torch_std(q, dim = 1)
difference <- max(abs(as.array(standard) - scale(quizzes)))
standard[, 1]

#' On scaled columns the same rate of 0.1 that diverged above works, and a penalty on large weights
#' (`weight_decay`) keeps the line flatter.

scaled <- function(...) {
  torch_manual_seed(1)
  fit <- torch_fit(
    scale(quizzes), final, nn_linear(3, 1), epochs = 20, batch_size = 5, optimizer = "sgd",
    lr = 0.1, ...
  )
  c(cost = tail(fit$history$train_loss, 1), size = sqrt(sum(coef(fit)$weight^2)))
}
rbind(plain = scaled(), penalty = scaled(weight_decay = 0.2))
