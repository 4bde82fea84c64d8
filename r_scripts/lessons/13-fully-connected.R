#' ---
#' title: Fully connected networks
#' korean: 순방향 신경망, 완전 연결
#' shows: A layer is f(Wx + b); how many parameters networks of several shapes have.
#' api: nn_sequential, nn_linear, torch_fit, mlp
#' rows: S1-1
#' ---

library(torchbridge)
library(ggplot2)

#' Every node of a layer sees every node before it: a weight for each pair, and a bias for each
#' node.

layer <- nn_sequential(nn_linear(4, 16), nn_relu())
x <- torch_randn(5, 4)
by_hand <- pmax(as.array(x) %*% t(as.array(layer[[1]]$weight)) +
  rep(as.array(layer[[1]]$bias), each = 5), 0)
max(abs(as.array(layer(x)) - by_hand))

#' ## Counting parameters
#' From a to b nodes: ab weights and b biases. A network of several layers is their sum.

fully_connected <- function(sizes) {
  layers <- Map(nn_linear, head(sizes, -1), sizes[-1])
  do.call(nn_sequential, unname(layers))
}
count <- function(net) sum(lengths(lapply(net$parameters, as.array)))
shapes <- list(
  c(4, 16, 3), c(4, 16, 32), c(784, 100, 10), c(784, 50, 50, 10), c(2, 4, 4, 4, 1)
)
table <- data.frame(
  network = vapply(shapes, paste, "", collapse = "-"),
  parameters = vapply(shapes, function(sizes) count(fully_connected(sizes)), 0L),
  formula = vapply(shapes, function(s) sum((head(s, -1) + 1) * s[-1]), 0)
)
table

#' In `torch_fit()` the data say how many inputs and outputs there are, and `mlp()` what lies
#' between.

iris_net <- torch_fit(Species ~ ., iris, mlp(16), epochs = 1)
iris_net

#+ parameters, fig.alt = "Bars: the number of parameters of five networks, on log scale"
ggplot(table, aes(reorder(network, parameters), parameters, label = parameters)) +
  geom_col(fill = "#0072B2", width = 0.6) +
  geom_text(hjust = -0.15) +
  scale_y_log10(expand = expansion(c(0, 0.15))) +
  coord_flip() +
  labs(title = "Parameters of a fully connected network", x = NULL, y = "Parameters, log scale")
