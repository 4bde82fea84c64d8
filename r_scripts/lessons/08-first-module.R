#' ---
#' title: A first network
#' korean: 첫 신경망 모듈 (nn_module)
#' shows: A network of layers, its parameters, and that a linear layer is a product with its
#'   weights.
#' api: nn_module, nn_linear, net$parameters, net$state_dict, net$load_state_dict
#' rows: S0-6
#' ---

library(torchbridge)
library(ggplot2)

#' `initialize` makes the layers, `forward` says how a batch runs through them.

two_layer_net <- nn_module(
  "TwoLayerNet",
  initialize = function(inputs, hidden, outputs) {
    self$hidden <- nn_linear(inputs, hidden, bias = FALSE)
    self$output <- nn_linear(hidden, outputs, bias = FALSE)
    self$sigmoid <- nn_sigmoid()
  },
  forward = function(x) self$sigmoid(self$output(self$sigmoid(self$hidden(x))))
)

torch_manual_seed(1)
net <- two_layer_net(2, 3, 1)
net

#' ## Its parameters
#' 2 x 3 weights to the hidden layer and 3 x 1 to the output: nine.

n_parameters <- sum(vapply(net$parameters, function(p) p$numel(), 0))
n_parameters

#' ## What a linear layer computes
#' Each row of x times the transposed weights.

x <- torch_tensor(rbind(c(1, 2), c(3, 4), c(5, 6)))
net$hidden(x)
x %*% t(net$hidden$weight)
net(x)

#' ## Weights of your own
#' `state_dict()` is all of them by name: a list of matrices once `as.array()` has been there.
#' `load_state_dict()` puts others in their place.

matrices <- lapply(net$state_dict(), as.array)
str(matrices)
net$load_state_dict(list(
  hidden.weight = torch_tensor(rbind(
    c(-0.072235, -0.075713), c(-0.224736, -0.163281), c(-0.121568, -0.225592)
  )),
  output.weight = torch_tensor(matrices$output.weight)
))
without_bias <- net$hidden(x)
without_bias

layer <- nn_linear(2, 3)
layer$load_state_dict(list(
  weight = torch_tensor(rbind(c(0.0837, -0.5985), c(-0.6104, 0.1347), c(0.0889, -0.2483))),
  bias = torch_tensor(c(0.1729, -0.2470, -0.1615))
))
with_bias <- layer(x)
with_bias

#+ weights, fig.alt = "The weights of the layer as a table of colours, two inputs by three nodes"
weights <- data.frame(
  expand.grid(node = factor(1:3), input = factor(1:2)), weight = as.numeric(layer$weight)
)
ggplot(weights, aes(input, node, fill = weight, label = round(weight, 3))) +
  geom_tile(colour = "white") +
  geom_text() +
  scale_fill_gradient2(low = "#D55E00", high = "#0072B2") +
  labs(title = "A layer's weights", x = "Input", y = "Node") +
  theme(legend.key.width = grid::unit(1.2, "cm"))
