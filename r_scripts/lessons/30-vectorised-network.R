#' ---
#' title: A network in matrix algebra
#' korean: 벡터화한 신경망, 배치 경사하강법
#' shows: All rows at once, one layer and then two, written with %*% alone; the gradient checked by
#'   autograd.
#' api: torch_tensor, nnf_binary_cross_entropy_with_logits, autograd_grad
#' rows: S3-1
#' ---

library(torchbridge)
library(ggplot2)

#' ## Breast cancer data
#' Thirty measurements of 569 tumours. A fifth is for the test, a fifth of the rest for validation;
#' all are scaled by the training rows.

split <- py_import("sklearn.model_selection")$train_test_split
cancer <- py_import("sklearn.datasets")$load_breast_cancer()
fifth <- function(x, y) split(x, y, stratify = y, test_size = 0.2, random_state = 42L)
all <- fifth(cancer$data, cancer$target)
parts <- fifth(all[[1]], all[[3]])
center <- colMeans(parts[[1]])
spread <- sqrt(colMeans(sweep(parts[[1]], 2, center)^2))
x <- scale(parts[[1]], center, spread)
x_val <- scale(parts[[2]], center, spread)
y <- parts[[3]]
y_val <- parts[[4]]
c(train = nrow(x), validation = nrow(x_val), columns = ncol(x))

#' ## One layer
#' One product gives 364 sums, another the gradient of all 30 weights.

m <- nrow(x)
loss_of <- function(a, y) {
  a <- pmin(pmax(a, 1e-10), 1 - 1e-10)
  mean(-(y * log(a) + (1 - y) * log(1 - a)))
}
w <- rep(1, 30)
b <- 0
l2 <- 0.01
history <- data.frame(epoch = 1:10000, train = NA, validation = NA)
for (epoch in history$epoch) {
  a <- plogis(x %*% w + b)
  error <- a - y
  penalty <- l2 / 2 * sum(w^2)
  history$train[epoch] <- loss_of(a, y) + penalty / m
  history$validation[epoch] <- loss_of(plogis(x_val %*% w + b), y_val) + penalty / m
  w <- w - 0.1 * c(crossprod(x, error) + l2 * w) / m
  b <- b - 0.1 * mean(error)
}
one_layer <- mean((x_val %*% w + b > 0) == y_val)
one_layer
tail(history, 1)

#' Is the gradient right? Autograd finds the same.

weights <- torch_tensor(matrix(w), dtype = torch_double(), requires_grad = TRUE)
z <- torch_matmul(torch_tensor(x, dtype = torch_double()), weights) + b
target <- torch_tensor(matrix(as.double(y)), dtype = torch_double())
loss <- nnf_binary_cross_entropy_with_logits(z, target)
by_autograd <- as.numeric(autograd_grad(loss, weights)[[1]])
by_hand <- c(crossprod(x, plogis(x %*% w + b) - y)) / m
max(abs(by_autograd - by_hand))

#' ## Two layers
#' Ten hidden nodes. The error goes back through the second layer's weights and the sigmoid's slope.

set.seed(42)
w1 <- matrix(rnorm(300, sd = 1), 30)
b1 <- rep(0, 10)
w2 <- matrix(rnorm(10))
b2 <- 0
for (epoch in 1:2000) {
  hidden <- plogis(sweep(x %*% w1, 2, b1, "+"))
  error <- plogis(hidden %*% w2 + b2) - y
  hidden_error <- (error %*% t(w2)) * hidden * (1 - hidden)
  w2 <- w2 - 0.1 * (crossprod(hidden, error) + l2 * w2) / m
  b2 <- b2 - 0.1 * mean(error)
  w1 <- w1 - 0.1 * (crossprod(x, hidden_error) + l2 * w1) / m
  b1 <- b1 - 0.1 * colMeans(hidden_error)
}
hidden <- plogis(sweep(x_val %*% w1, 2, b1, "+"))
two_layers <- mean((hidden %*% w2 + b2 > 0) == y_val)
two_layers

#+ losses, fig.alt = "Training and validation loss of one layer over 10,000 epochs, log scales"
ggplot(history, aes(epoch)) +
  geom_line(aes(y = train, colour = "training")) +
  geom_line(aes(y = validation, colour = "validation")) +
  scale_x_log10() +
  scale_y_log10() +
  labs(title = "One layer, all rows at once", x = "Epoch", y = "Loss", colour = NULL)
