#' ---
#' title: The gradient tape
#' korean: 그래디언트 테이프 (gradient tape)
#' shows: Gradients with respect to weights and to inputs, and one step of descent.
#' api: autograd_grad, grad, optim_sgd
#' rows: S4-7
#' ---

library(torchbridge)
library(ggplot2)

w <- torch_tensor(1, requires_grad = TRUE)
b <- torch_tensor(0.5, requires_grad = TRUE)
x <- torch_tensor(1.4, requires_grad = TRUE)
y <- torch_tensor(2.1)

#' What PyTorch records while it computes, others call a tape. `autograd_grad()` plays it back for
#' whatever you ask: here weight, bias and input.

loss <- sum((y - (w * x + b))^2)
gradients <- autograd_grad(loss, list(w = w, b = b, x = x), retain_graph = TRUE)
gradients <- vapply(gradients, as.numeric, 0)
gradients

#' A formula needs no tape of your own: `grad()` differentiates a plain R function.

by_grad <- grad(function(at) (2.1 - (at[1] * at[3] + at[2]))^2, c(w = 1, b = 0.5, x = 1.4))
by_grad

#' An optimizer takes the step.

optimizer <- optim_sgd(list(w, b), lr = 0.01)
loss$backward()
optimizer$step()
after <- c(w = w$item(), b = b$item())
after

#+ surface, fig.alt = "The loss over weight and bias, with the step against the gradient"
grid <- expand.grid(w = seq(0.8, 1.6, 0.02), b = seq(0.3, 1.1, 0.02))
grid$loss <- (2.1 - (grid$w * 1.4 + grid$b))^2
ggplot(grid, aes(w, b)) +
  geom_raster(aes(fill = loss)) +
  geom_segment(
    aes(x = 1, y = 0.5, xend = 1 + 0.56 / 2, yend = 0.5 + 0.4 / 2),
    data.frame(), colour = "white", arrow = grid::arrow(length = grid::unit(3, "mm"))
  ) +
  scale_fill_viridis_c() +
  coord_equal(expand = FALSE) +
  labs(title = "Against the gradient", subtitle = "Half of it, to be seen")
