#' ---
#' title: Softmax classification
#' korean: 소프트맥스 분류
#' shows: Cross entropy by four routes, a classifier of three classes, the mistake of softmax twice,
#'   and multinomial regression beside it.
#' api: nnf_softmax, nnf_cross_entropy, nnf_one_hot, torch_fit, multinomial
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
#' Eight rows of four numbers. Their classes are a factor.

x <- rbind(
  c(1, 2, 1, 1), c(2, 1, 3, 2), c(3, 1, 3, 4), c(4, 1, 5, 5),
  c(1, 7, 5, 5), c(1, 2, 5, 6), c(1, 6, 6, 6), c(1, 7, 7, 7)
)
class <- factor(c("c", "c", "c", "b", "b", "b", "a", "a"))

#' A layer without bias that begins with zeros is softmax regression. All rows are one batch.

train <- function(...) {
  layer <- nn_linear(4, 3, bias = FALSE)
  layer$load_state_dict(list(weight = torch_zeros(3, 4)))
  torch_fit(
    x, class, nn_sequential(layer, ...), epochs = 1001, batch_size = 8, shuffle = FALSE,
    optimizer = "sgd", lr = 0.1
  )
}
right <- train()
right$history[c(1, 101, 1001), ]
predicted <- predict(right, type = "class")
table(predicted, class)

#' ## Softmax twice
#' Cross entropy takes scores and does the softmax itself. To give it probabilities runs without
#' complaint, and learns badly.

twice <- train(nn_softmax(dim = 2))
twice$history[c(1, 101, 1001), ]

#' ## Multinomial regression
#' `nnet::multinom()` fits the same model to its maximum, and so does `multinomial()`. But these
#' eight rows can be told apart without error, so there is none: coefficients would grow for ever.
#' `multinomial()` says so.

apart <- tryCatch(torch_fit(x, class, multinomial()), warning = conditionMessage)
apart

#' On classes that overlap both agree.

by_nnet <- nnet::multinom(Species ~ Sepal.Length, iris, trace = FALSE, reltol = 1e-15)
by_torch <- torch_fit(Species ~ Sepal.Length, iris, multinomial())
cbind(nnet = coef(by_nnet), multinomial = coef(by_torch))

#+ costs, fig.alt = "Cost over 1000 epochs: softmax once falls to 0.40, twice stays above 0.73"
costs <- data.frame(
  epoch = rep(0:1000, 2), cost = c(right$history$train_loss, twice$history$train_loss),
  softmax = rep(c("once", "twice"), each = 1001)
)
ggplot(costs, aes(epoch, cost, colour = softmax)) +
  geom_line(linewidth = 0.8) +
  labs(title = "Softmax once, and by mistake twice", x = "Epoch", y = "Cost")
