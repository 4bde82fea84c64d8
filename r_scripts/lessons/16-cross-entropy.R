#' ---
#' title: Sigmoid and cross entropy
#' korean: 시그모이드와 크로스 엔트로피, 로지스틱 손실의 미분
#' shows: The sigmoid's slope vanishes far out, yet through cross entropy the gradient is sigmoid
#'   minus y; by the chain rule, by R's D() and by autograd.
#' api: autograd_grad, nnf_binary_cross_entropy_with_logits
#' rows: S1-4a, S3-2
#' ---

library(torchbridge)
library(ggplot2)

#' ## The chain rule by hand
#' a = sigmoid(z) and L = -(y log a + (1 - y) log(1 - a)). Then dL/da times da/dz is a - y.

y <- 1
z <- 0.7
a <- plogis(z)
dl_da <- -(y / a - (1 - y) / (1 - a))
da_dz <- a * (1 - a)
by_d <- eval(D(quote(-(y * log(1 / (1 + exp(-z))) + (1 - y) * log(1 - 1 / (1 + exp(-z))))), "z"))
tensor <- torch_tensor(z, dtype = torch_double(), requires_grad = TRUE)
loss <- nnf_binary_cross_entropy_with_logits(tensor, torch_tensor(y, dtype = torch_double()))
by_autograd <- as.numeric(autograd_grad(loss, tensor)[[1]])
c(chain_rule = dl_da * da_dz, short = a - y, d = by_d, autograd = by_autograd)

#' ## Saturation cancels
#' For y = 0: the sigmoid's own slope dies, the slope of the loss does not.

slopes <- function(at) {
  z <- torch_tensor(at, dtype = torch_double(), requires_grad = TRUE)
  loss <- nnf_binary_cross_entropy_with_logits(z, torch_zeros_like(z), reduction = "sum")
  data.frame(
    z = at,
    sigmoid = as.numeric(autograd_grad(torch_sum(torch_sigmoid(z)), z)[[1]]),
    loss = as.numeric(autograd_grad(loss, z)[[1]])
  )
}
table <- slopes(c(0, 2, 5, 10))
table

#' With logits the loss is stable even where a sigmoid is 0 or 1 to the last digit.

extreme <- torch_tensor(c(-1000, 1000), dtype = torch_double())
stable <- as.numeric(nnf_binary_cross_entropy_with_logits(
  extreme, torch_zeros_like(extreme), reduction = "none"
))
stable

#+ slopes, fig.alt = "Slope of the sigmoid, a bump around 0, and slope of the loss, rising to 1"
curve <- slopes(seq(-10, 10, 0.1))
ggplot(curve, aes(z)) +
  geom_line(aes(y = sigmoid, colour = "of the sigmoid")) +
  geom_line(aes(y = loss, colour = "of the loss")) +
  labs(title = "Slopes for y = 0", y = NULL, colour = "Slope")
