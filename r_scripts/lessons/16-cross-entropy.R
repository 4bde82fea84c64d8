#' ---
#' title: Sigmoid and cross entropy
#' korean: 시그모이드와 크로스 엔트로피, 로지스틱 손실의 미분
#' shows: The sigmoid's slope vanishes far out, yet through cross entropy the gradient is sigmoid
#'   minus y; by the chain rule, by R's D() and by autograd.
#' api: grad, nnf_binary_cross_entropy_with_logits
#' rows: S1-4a, S3-2
#' ---

library(torchbridge)
library(ggplot2)

#' ## The chain rule by hand
#' With the sigmoid $a = \sigma(z)$ and $L = -(y \log a + (1 - y) \log(1 - a))$ it says
#' $$\frac{\partial L}{\partial z} =
#' \frac{\partial L}{\partial a} \cdot \frac{\partial a}{\partial z} = a - y.$$

y <- 1
z <- 0.7
a <- plogis(z)
dl_da <- -(y / a - (1 - y) / (1 - a))
da_dz <- a * (1 - a)
by_d <- eval(D(quote(-(y * log(1 / (1 + exp(-z))) + (1 - y) * log(1 - 1 / (1 + exp(-z))))), "z"))
loss <- function(z, y) -(y * log(plogis(z)) + (1 - y) * log(1 - plogis(z)))
by_autograd <- grad(loss, z, y = y)
c(chain_rule = dl_da * da_dz, short = a - y, d = by_d, autograd = by_autograd)

#' Weights come one link further: $\frac{\partial L}{\partial w} = (a - y) x$.

x <- c(0.5, -1.2, 2)
w <- c(0.3, 0.1, -0.4)
by_weight <- grad(function(w) loss(sum(w * x), y), w)
rbind(autograd = by_weight, chain_rule = (plogis(sum(w * x)) - y) * x)

#' ## Saturation cancels
#' For y = 0: the sigmoid's own slope dies, the slope of the loss does not.

logit_loss <- function(z) {
  nnf_binary_cross_entropy_with_logits(z, torch_zeros_like(z), reduction = "none")
}
slopes <- function(z) data.frame(z, sigmoid = grad(plogis, z), loss = grad(logit_loss, z))
table <- slopes(c(0, 2, 5, 10))
table

#' With logits the loss is stable even where a sigmoid is 0 or 1 to the last digit.

stable <- as.numeric(logit_loss(torch_tensor(c(-1000, 1000), dtype = torch_double())))
stable

#+ slopes, fig.alt = "Slope of the sigmoid, a bump around 0, and slope of the loss, rising to 1"
curve <- slopes(seq(-10, 10, 0.1))
ggplot(curve, aes(z)) +
  geom_line(aes(y = sigmoid, colour = "of the sigmoid")) +
  geom_line(aes(y = loss, colour = "of the loss")) +
  labs(title = "Slopes for y = 0", y = NULL, colour = "Slope")
