#' ---
#' title: A network in matrix algebra
#' korean: 벡터화한 신경망, 배치 경사하강법
#' shows: All rows at once or a batch at a time, one layer and then two, written with %*% alone; the
#'   gradient checked by grad(), and the whole training by torch_fit().
#' api: grad, torch_fit, nn_sequential, load_state_dict
#' rows: S3-1
#' ---

library(torchbridge)
library(ggplot2)

#' ## Breast cancer data
#' Thirty measurements of 569 tumours. A fifth is for the test, a fifth of the rest for validation;
#' all are scaled by the training rows.

split_rows <- py_import("sklearn.model_selection")$train_test_split
cancer <- py_import("sklearn.datasets")$load_breast_cancer()
fifth <- function(x, y) split_rows(x, y, stratify = y, test_size = 0.2, random_state = 42L)
all <- fifth(cancer$data, cancer$target)
parts <- fifth(all[[1]], all[[3]])
center <- colMeans(parts[[1]])
spread <- sqrt(colMeans(sweep(parts[[1]], 2, center)^2))
x <- scale(parts[[1]], center, spread)
x_val <- scale(parts[[2]], center, spread)
y <- as.numeric(parts[[3]])
y_val <- parts[[4]]
m <- nrow(x)
c(train = m, validation = nrow(x_val), columns = ncol(x))

#' ## One layer
#' One product gives 364 sums, another the gradient of all 30 weights.

cross_entropy <- function(z, y) mean(log1p(exp((1 - 2 * y) * z)))
w <- rep(1, 30)
b <- 0
l2 <- 0.01
train <- validation <- numeric(10000)
for (epoch in seq_along(train)) {
  z <- c(x %*% w) + b
  error <- plogis(z) - y
  penalty <- l2 / 2 * sum(w^2) / m
  train[epoch] <- cross_entropy(z, y) + penalty
  validation[epoch] <- cross_entropy(c(x_val %*% w) + b, y_val) + penalty
  w <- w - 0.1 * (c(crossprod(x, error)) + l2 * w) / m
  b <- b - 0.1 * mean(error)
}
one_layer <- mean((x_val %*% w + b > 0) == y_val)
history <- data.frame(epoch = seq_along(train), train, validation)
one_layer
tail(history, 1)

#+ losses, fig.alt = "Training and validation loss of one layer over 10,000 epochs, log scales"
ggplot(history, aes(epoch)) +
  geom_line(aes(y = train, colour = "training")) +
  geom_line(aes(y = validation, colour = "validation")) +
  scale_x_log10() +
  scale_y_log10() +
  labs(title = "One layer, all rows at once", x = "Epoch", y = "Loss", colour = NULL)

#' Is the gradient right? `grad()` differentiates the loss as it stands, with no formula of ours.

by_grad <- grad(function(w) cross_entropy(x %*% w + b, y), w)
by_hand <- c(crossprod(x, plogis(x %*% w + b) - y)) / m
max(abs(by_grad - by_hand))

#' ## Two layers
#' The error goes back through the second layer's weights and the sigmoid's slope. `batches()` says
#' which rows make a step: all of them, unless told otherwise.

two_layers <- function(w1, w2, epochs, l2 = 0.01, batches = function() list(seq_len(m)),
                       copies = 1) {
  b1 <- rep(0, ncol(w1))
  b2 <- 0
  losses <- numeric(epochs)
  for (epoch in seq_len(epochs)) {
    for (rows in batches()) {
      n <- length(rows)
      part <- x[rows, ]
      hidden <- plogis(part %*% w1 + rep(b1, each = n))
      z <- c(copies * hidden %*% w2) + b2
      losses[epoch] <- losses[epoch] + cross_entropy(z, y[rows]) * n / m
      error <- plogis(z) - y[rows]
      hidden_error <- tcrossprod(error, w2) * hidden * (1 - hidden)
      w2 <- w2 - 0.1 * (crossprod(hidden, error) + l2 * w2) / n
      b2 <- b2 - 0.1 * mean(error)
      w1 <- w1 - 0.1 * (crossprod(part, hidden_error) + l2 * w1) / n
      b1 <- b1 - 0.1 * colMeans(hidden_error)
    }
  }
  hidden <- plogis(x_val %*% w1 + rep(b1, each = nrow(x_val)))
  list(losses = losses, accuracy = mean((copies * hidden %*% w2 + b2 > 0) == y_val))
}

#' Ten hidden units that start with equal weights stay equal: one of them, counted ten times, is the
#' whole layer. So weights should start unequal: here they are NumPy's, seed 42.

equal <- two_layers(matrix(1, 30, 1), matrix(1), epochs = 20000, copies = 10)
random <- py_import("numpy.random")$RandomState
draws <- random(42L)
w1 <- draws$normal(0, 1, c(30L, 10L))
w2 <- draws$normal(0, 1, c(10L, 1L))
unequal <- two_layers(w1, w2, epochs = 500)

#' ## A batch at a time
#' Shuffled rows in batches of 32, or 128: more steps an epoch, each from fewer rows.

in_batches <- function(size) {
  shuffle <- random(42L)$permutation
  function() split(shuffle(m) + 1, (seq_len(m) - 1) %/% size)
}
by_32 <- two_layers(w1, w2, epochs = 500, batches = in_batches(32))
by_128 <- two_layers(w1, w2, epochs = 500, batches = in_batches(128))
fits <- list(equal = equal, unequal = unequal, by_32 = by_32, by_128 = by_128)
accuracy <- vapply(fits, function(fit) fit$accuracy, 0)
accuracy

#+ batches, fig.alt = "Training loss over 500 epochs: the smaller the batches, the faster it falls"
shown <- data.frame(
  epoch = 1:500, loss = c(unequal$losses, by_128$losses, by_32$losses),
  rows = factor(rep(c(364, 128, 32), each = 500))
)
ggplot(shown, aes(epoch, loss, colour = rows)) +
  geom_line() +
  scale_y_log10() +
  labs(title = "Two layers, from the same weights", x = "Epoch", y = "Loss", colour = "Rows a step")

#' ## The same by torch_fit()
#' The network, its first weights, and how to train. The losses of all epochs are those of the loop.

double <- torch_double()
net <- nn_sequential(
  nn_linear(30, 10, dtype = double), nn_sigmoid(), nn_linear(10, 1, dtype = double)
)
net$load_state_dict(list(
  "0.weight" = torch_tensor(t(w1), dtype = double), "0.bias" = torch_zeros(10, dtype = double),
  "2.weight" = torch_tensor(t(w2), dtype = double), "2.bias" = torch_zeros(1, dtype = double)
))
fit <- torch_fit(
  x, y, net,
  loss = "binary_cross_entropy_with_logits", optimizer = "sgd", lr = 0.1, epochs = 500,
  batch_size = m, shuffle = FALSE
)
fit
by_loop <- two_layers(w1, w2, epochs = 500, l2 = 0)
difference <- max(abs(fit$history$train_loss - by_loop$losses))
difference
