#' ---
#' title: Activation functions
#' korean: 활성화 함수
#' shows: Step, sigmoid, tanh, ReLU and their kin with their slopes; softmax; and why gradients
#'   vanish.
#' api: torch_sigmoid, nnf_relu, nnf_gelu, nnf_softmax, grad
#' rows: S1-3, S4-12
#' ---

library(torchbridge)
library(ggplot2)

activations <- list(
  step = function(z) torch_where(z > 0, 1, 0), sigmoid = torch_sigmoid, tanh = torch_tanh,
  relu = nnf_relu, leaky_relu = nnf_leaky_relu, elu = nnf_elu, silu = nnf_silu, gelu = nnf_gelu
)

#' `grad()` gives each point's own slope. R's `plogis()` and `tanh()` would do as well: it takes any
#' function. The step has no slope anywhere, which is why nothing can be learnt through it.

at <- c(-2, -0.5, 0, 0.5, 2)
value <- function(f, at) as.numeric(f(torch_tensor(at, dtype = torch_double())))
values <- sapply(activations, value, at = at)
slopes <- sapply(activations, grad, x = at)
rownames(values) <- rownames(slopes) <- at
round(values, 4)
round(slopes, 4)

#+ curves, fig.alt = "Eight activation functions in blue with their slopes in orange"
z <- seq(-4, 4, 0.05)
curves <- do.call(rbind, lapply(names(activations), function(name) {
  f <- activations[[name]]
  data.frame(
    name = factor(name, names(activations)), z, y = c(value(f, z), grad(f, z)),
    of = factor(rep(c("value", "slope"), each = length(z)), c("value", "slope"))
  )
}))
ggplot(curves, aes(z, y, colour = of)) +
  geom_line() +
  facet_wrap(~name, scales = "free_y", nrow = 2) +
  labs(title = "Activation functions and their slopes", y = NULL, colour = NULL)

#' ## A logistic neuron and softmax
#' One neuron gives the probability of one class. Several sigmoids do not add up to one; softmax
#' does.

x <- c(1, 1.4, 2.5)
w <- c(0.4, 0.3, 0.5)
neuron <- torch_sigmoid(torch_tensor(sum(x * w)))$item()
neuron
z <- torch_tensor(c(1.78, 0.76, 1.65), dtype = torch_double())
each <- as.numeric(torch_sigmoid(z))
together <- as.numeric(nnf_softmax(z, dim = 1))
data.frame(sigmoid = each, softmax = together)
c(sum(each), sum(together))

#' The slope of cross entropy through softmax is simply p - y.

loss <- function(z) nnf_cross_entropy(z$unsqueeze(1), 1L)
gradient <- grad(loss, c(1.78, 0.76, 1.65))
rbind(gradient, p_minus_y = together - c(1, 0, 0))

#' ## Vanishing gradients
#' A sigmoid's slope is at most 1/4, so through ten layers a gradient shrinks by a million or more.

depth <- 1:10
through <- function(z, layers) {
  for (i in seq_len(layers)) z <- plogis(z)
  z
}
shrunk <- vapply(depth, function(layers) grad(through, 0, layers), 0)
far <- torch_tensor(-5)
tails <- c(tanh = torch_tanh(far)$item(), logistic = torch_sigmoid(far)$item())
tails

#+ vanishing, fig.alt = "The gradient through 1 to 10 sigmoids, below one quarter a layer"
ggplot(data.frame(depth, shrunk), aes(depth, shrunk)) +
  geom_line(aes(y = 0.25^depth, colour = "0.25 to the depth")) +
  geom_line(aes(colour = "gradient")) +
  scale_y_log10() +
  scale_x_continuous(breaks = depth) +
  labs(title = "Through one sigmoid after another", x = "Layers", y = "Gradient", colour = NULL)
