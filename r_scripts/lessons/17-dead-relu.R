#' ---
#' title: Zig-zags and dead units
#' korean: 양수 출력 문제와 죽은 ReLU
#' shows: Positive inputs make all gradients of a unit share one sign; a ReLU below zero everywhere
#'   never learns again, a leaky one does.
#' api: autograd_grad, nnf_relu, nnf_leaky_relu, optim_sgd
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
  y <- torch_tensor(x %*% truth, dtype = torch_double())
  x <- torch_tensor(x, dtype = torch_double())
  w <- torch_zeros(2, 1, dtype = torch_double(), requires_grad = TRUE)
  path <- matrix(NA, steps, 4)
  for (i in seq_len(steps)) {
    row <- (i - 1) %% 100 + 1
    loss <- sum((torch_matmul(x[row, , drop = FALSE], w) - y[row, ])^2) / 2
    gradient <- autograd_grad(loss, w)[[1]]
    path[i, ] <- c(as.numeric(w$detach()), as.numeric(gradient))
    with_no_grad(w$sub_(lr * gradient))
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
#' A leaky ReLU lets a hundredth through.

revive <- function(activation) {
  x <- torch_tensor(positive)
  y <- torch_ones(100, 1)
  w <- torch_tensor(matrix(c(-1, -1)), requires_grad = TRUE)
  optimizer <- optim_sgd(list(w), lr = 1)
  gradient <- NULL
  for (i in 1:300) {
    optimizer$zero_grad()
    nnf_mse_loss(activation(torch_matmul(x, w)), y)$backward()
    if (i == 1) gradient <- as.numeric(w$grad)
    optimizer$step()
  }
  dead <- with_no_grad(torch_matmul(x, w) < 0)
  list(gradient = gradient, w = as.numeric(w$detach()), dead = mean(as.numeric(dead)))
}
relu <- revive(nnf_relu)
leaky <- revive(nnf_leaky_relu)
rbind(
  relu = c(gradient = relu$gradient, w = relu$w, dead = relu$dead),
  leaky = c(leaky$gradient, leaky$w, leaky$dead)
)
