#' ---
#' title: Zig-zags and dead units
#' korean: 양수 출력 문제와 죽은 ReLU
#' shows: Positive inputs make all gradients of a unit share one sign; a ReLU below zero everywhere
#'   never learns again, a leaky one does; how to count dead units.
#' api: grad, torch_fit, nn_relu, nn_leaky_relu
#' rows: S1-4b, S1-4c
#' ---

library(torchbridge)
library(ggplot2)

#' ## One sign for all weights
#' The gradient of each weight is the unit's error times that weight's input. If every input is
#' positive, all gradients have the error's sign: to raise one weight and lower another takes a
#' zig-zag. Centred inputs are free.

set.seed(1)
positive <- matrix(runif(200, 0.2, 1), 100)
centred <- sweep(positive, 2, colMeans(positive))
truth <- c(2, -2)

descend <- function(x, steps = 60, lr = 0.5) {
  y <- x %*% truth
  w <- c(0, 0)
  path <- matrix(NA, steps, 4)
  for (i in seq_len(steps)) {
    gradient <- grad(function(w) (sum(x[i, ] * w) - y[i])^2 / 2, w)
    path[i, ] <- c(w, gradient)
    w <- w - lr * gradient
  }
  path
}
paths <- list(positive = descend(positive), centred = descend(centred))
same_sign <- vapply(paths, function(p) mean(sign(p[, 3]) == sign(p[, 4])), 0)
same_sign

#+ zigzag, fig.alt = "Two weights on their way: a zig-zag for positive inputs, freer when centred"
shown <- do.call(rbind, lapply(names(paths), function(inputs) {
  data.frame(w1 = paths[[inputs]][, 1], w2 = paths[[inputs]][, 2], inputs)
}))
ggplot(shown, aes(w1, w2)) +
  geom_path(colour = "#0072B2") +
  geom_point(size = 0.8, colour = "#0072B2") +
  annotate("point", x = 2, y = -2, colour = "#D55E00", size = 3) +
  facet_wrap(~inputs) +
  coord_equal() +
  labs(title = "The way to (2, -2)")

#' ## Dead units
#' A unit whose sums are all below zero has gradient zero through ReLU: it stays as it is, for good.
#' A leaky ReLU lets a hundredth through. Here are eight units that begin with weights and biases
#' below zero.

set.seed(2)
weights <- matrix(runif(16, -0.6, -0.2), 8)
start <- lapply(
  list(
    "0.weight" = weights, "0.bias" = rep(-0.1, 8), "2.weight" = matrix(0.5, 1, 8), "2.bias" = 0
  ),
  torch_tensor
)
answer <- 10 * positive[, 1] * positive[, 2]
train <- function(activation) {
  net <- nn_sequential(nn_linear(2, 8), activation, nn_linear(8, 1))
  net$load_state_dict(start)
  torch_fit(positive, answer, net, epochs = 2000, batch_size = 100, optimizer = "sgd", lr = 0.1)
}

#' A unit is dead where no row makes its sum positive. How many are, layer by layer, before and
#' after?

dead <- function(weight, bias) {
  sums <- positive %*% t(weight) + rep(bias, each = nrow(positive))
  colSums(sums > 0) == 0
}
fits <- list(relu = train(nn_relu()), leaky_relu = train(nn_leaky_relu()))
before <- dead(weights, rep(-0.1, 8))
after <- lapply(fits, function(fit) dead(coef(fit)[["0.weight"]], coef(fit)[["0.bias"]]))
data.frame(
  dead_before = sum(before), dead_after = vapply(after, sum, 0L),
  loss = vapply(fits, function(fit) tail(fit$history$train_loss, 1), 0)
)

#' The weights of ReLU have not moved at all. The leaky ones have, and one unit is enough to learn.

moved <- vapply(
  fits, function(fit) rowSums(abs(coef(fit)[["0.weight"]] - as.array(start[["0.weight"]]))),
  numeric(8)
)
round(cbind(dead = before, moved), 3)
