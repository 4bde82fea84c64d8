#' ---
#' title: Logistic regression
#' korean: 로지스틱 회귀
#' shows: Six points in two classes, trained by descent; why glm() warns about them.
#' api: torch_fit, nn_linear, nnf_binary_cross_entropy, logistic
#' rows: S2-4
#' ---

library(torchbridge)
library(ggplot2)

data <- data.frame(x1 = c(1, 2, 3, 4, 5, 6), x2 = c(2, 3, 1, 3, 3, 2), y = c(0, 0, 0, 1, 1, 1))

#' ## A thousand steps
#' One layer that begins with zeros, all rows in one batch, a step as long as the slope.

layer <- nn_linear(2, 1)
layer$load_state_dict(list(weight = torch_zeros(1, 2), bias = torch_zeros(1)))
fit <- torch_fit(
  y ~ x1 + x2, data, layer, loss = "binary_cross_entropy_with_logits", epochs = 1001,
  batch_size = 6, shuffle = FALSE, optimizer = "sgd", lr = 1
)
fit$history[c(1, 101, 1001), ]
w <- c(coef(fit)$weight)
b <- c(coef(fit)$bias)
c(w = w, b = b)

#' The library's loss is this formula.

probability <- plogis(as.matrix(data[1:2]) %*% w + b)
by_hand <- -mean(data$y * log(probability) + (1 - data$y) * log(1 - probability))
library_loss <- nnf_binary_cross_entropy(torch_tensor(probability), torch_tensor(matrix(data$y)))
c(by_hand = by_hand, library = library_loss$item())
predicted <- as.integer(probability > 0.5)
table(predicted, data$y)

#' ## What glm() says
#' A line separates these classes entirely: a steeper curve is always better, and there is no best
#' one. `glm()` says so, and so does `logistic()`; descent just goes on, more and more slowly.

says <- function(fit) tryCatch(fit, warning = conditionMessage)
warned <- says(glm(y ~ x1 + x2, binomial, data))
exact <- says(torch_fit(y ~ x1 + x2, data, logistic()))
c(glm = warned, logistic = exact)

#+ line, fig.alt = "Six points, two classes, and the line that separates them"
ggplot(data, aes(x1, x2, colour = factor(y))) +
  geom_point(size = 3) +
  geom_abline(slope = -w[1] / w[2], intercept = -b / w[2]) +
  labs(title = "A line between the classes", colour = "y")
