#' ---
#' title: Activation functions
#' korean: 활성화 함수
#' shows: Sigmoid, tanh, ReLU and their kin with their slopes; softmax; and why gradients vanish.
#' api: nnf_sigmoid, nnf_relu, nnf_gelu, nnf_softmax, autograd_grad
#' rows: S1-3, S4-12
#' ---

library(torchbridge)
library(ggplot2)

activations <- list(
  sigmoid = torch_sigmoid, tanh = torch_tanh, relu = nnf_relu, leaky_relu = nnf_leaky_relu,
  elu = nnf_elu, silu = nnf_silu, gelu = nnf_gelu
)

#' Values and slopes, the slopes by autograd: the sum's gradient is each point's own slope.

value_and_slope <- function(name, at) {
  z <- torch_tensor(at, dtype = torch_double(), requires_grad = TRUE)
  value <- activations[[name]](z)
  slope <- autograd_grad(torch_sum(value), z)[[1]]
  data.frame(name, z = at, value = as.numeric(value), slope = as.numeric(slope))
}
at <- c(-2, -0.5, 0, 0.5, 2)
tables <- lapply(names(activations), value_and_slope, at = at)
names(tables) <- names(activations)
values <- sapply(tables, function(t) setNames(t$value, at))
slopes <- sapply(tables, function(t) setNames(t$slope, at))
round(values, 4)
round(slopes, 4)

#+ curves, fig.alt = "Seven activation functions in blue with their slopes in orange"
curves <- do.call(rbind, lapply(names(activations), value_and_slope, at = seq(-4, 4, 0.05)))
ggplot(curves, aes(z)) +
  geom_line(aes(y = value, colour = "value")) +
  geom_line(aes(y = slope, colour = "slope")) +
  facet_wrap(~name, scales = "free_y") +
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

z <- torch_tensor(rbind(c(1.78, 0.76, 1.65)), dtype = torch_double(), requires_grad = TRUE)
gradient <- as.numeric(autograd_grad(nnf_cross_entropy(z, 1L), z)[[1]])
rbind(gradient, p_minus_y = together - c(1, 0, 0))

#' ## Vanishing gradients
#' A sigmoid's slope is at most 1/4, so through ten layers a gradient shrinks by a million or more.

depth <- 1:10
shrunk <- vapply(depth, function(layers) {
  z <- torch_tensor(0, dtype = torch_double(), requires_grad = TRUE)
  y <- z
  for (i in seq_len(layers)) y <- torch_sigmoid(y)
  as.numeric(autograd_grad(y, z)[[1]])
}, 0)
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
