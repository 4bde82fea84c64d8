#' ---
#' title: Forward propagation
#' korean: 순전파 (forward propagation)
#' shows: A network of two inputs, three hidden nodes and one output, computed by hand in base R and
#'   then by PyTorch, with the same weights.
#' api: torch_tensor, torch_sigmoid, %*%, nn_sequential, load_state_dict
#' rows: S0-4
#' ---

library(torchbridge)
library(ggplot2)

x <- rbind(c(1, 2), c(3, 4), c(5, 6))
sigmoid <- function(z) 1 / (1 + exp(-z))

#' ## One path
#' The first row goes through one hidden node: a weighted sum, squeezed by the sigmoid, twice.

set.seed(1234)
beta_1 <- runif(2)
gamma_1 <- runif(1)
z_2 <- sum(x[1, ] * beta_1)
a_2 <- sigmoid(z_2)
one_path <- sigmoid(a_2 * gamma_1)
c(z = z_2, a = a_2, y = one_path)

#' ## Three paths
#' With three hidden nodes the sums become a product with a matrix of weights, a column a node.

beta_3 <- matrix(runif(6), 2)
gamma_3 <- matrix(runif(3))
z_hidden <- x[1, , drop = FALSE] %*% beta_3
z_output <- sigmoid(z_hidden) %*% gamma_3
three_paths <- sigmoid(z_output)
list(hidden = z_hidden, output = z_output, y = three_paths)

#' ## All rows at once
#' Nothing changes but the number of rows. That is why networks are written with matrices.

forward <- function(x, beta, gamma) {
  hidden <- sigmoid(x %*% beta)
  sigmoid(hidden %*% gamma)
}
beta <- matrix(runif(6), 2)
gamma <- matrix(runif(3))
by_r <- forward(x, beta, gamma)
by_r

#' ## The same function on tensors
#' `forward()` is plain R, and tensors are numbers to it: no line changes.

tensors <- lapply(list(x, beta, gamma), torch_tensor, dtype = torch_double())
by_torch <- do.call(forward, tensors)
by_torch

#' ## The same weights in a network
#' A network's layers keep their weights transposed, a row a node. Give it R's matrices by name, and
#' it says the same.

net <- nn_sequential(
  nn_linear(2, 3, bias = FALSE), nn_sigmoid(), nn_linear(3, 1, bias = FALSE), nn_sigmoid()
)$to(dtype = torch_double())
net$load_state_dict(list("0.weight" = tensors[[2]]$t(), "2.weight" = tensors[[3]]$t()))
by_network <- net(tensors[[1]])
cbind(r = by_r, torch = as.array(by_torch), network = as.array(by_network))

#+ surface, fig.alt = "The network's output over both inputs: it rises to the upper right"
grid <- expand.grid(x1 = seq(-4, 6, 0.1), x2 = seq(-4, 6, 0.1))
grid$y <- c(forward(as.matrix(grid), beta, gamma))
ggplot(grid, aes(x1, x2, fill = y)) +
  geom_raster() +
  geom_point(aes(x1, x2, fill = NULL), data.frame(x1 = x[, 1], x2 = x[, 2]), colour = "white") +
  scale_fill_viridis_c() +
  coord_equal(expand = FALSE) +
  labs(title = "What the network says", subtitle = "White: the three rows of x") +
  theme(legend.key.width = grid::unit(1.2, "cm"))
