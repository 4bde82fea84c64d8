#' ---
#' title: Maximum likelihood of a thumbtack
#' korean: 딥러닝 TIPS, 최대 가능도 추정 (MLE)
#' shows: 27 of 100 throws land on the head; the likelihood's peak by optimize(), by descent, and
#'   its
#'   curvature by a second derivative.
#' api: optim_sgd, autograd_grad(create_graph = TRUE)
#' rows: S2-2
#' ---

library(torchbridge)
library(ggplot2)

n <- 100
k <- 27
log_lik <- function(theta) k * log(theta) + (n - k) * log(1 - theta)
by_optimize <- optimize(log_lik, c(0.01, 0.99), maximum = TRUE, tol = 1e-9)$maximum
c(theta = by_optimize, log_lik = log_lik(0.27), probability = dbinom(k, n, 0.27))

#' ## Descent
#' The best theta has the smallest minus log-likelihood. The function is the same: R's `log()` works
#' on tensors.

theta <- torch_tensor(0.5, requires_grad = TRUE)
optimizer <- optim_sgd(list(theta), lr = 1e-4)
path <- numeric(300)
for (step in seq_along(path)) {
  path[step] <- theta$item()
  optimizer$zero_grad()
  (-log_lik(theta))$backward()
  optimizer$step()
}
theta$item()

#' ## How sure
#' The second derivative at the peak is one over the variance: n / (theta (1 - theta)).

peak <- torch_tensor(0.27, dtype = torch_double(), requires_grad = TRUE)
first <- autograd_grad(-log_lik(peak), peak, create_graph = TRUE)[[1]]
curvature <- as.numeric(autograd_grad(first, peak)[[1]])
c(autograd = curvature, formula = n / (0.27 * 0.73), standard_error = 1 / sqrt(curvature))

#+ likelihood, fig.alt = "The log-likelihood with its peak at 0.27, and descent's steps towards it"
curve <- data.frame(theta = seq(0.05, 0.7, 0.005))
ggplot(curve, aes(theta, log_lik(theta))) +
  geom_line() +
  geom_point(aes(theta, log_lik(theta)), data.frame(theta = path[1:30]), colour = "#0072B2") +
  geom_vline(xintercept = 0.27, colour = "#D55E00", linetype = "dashed") +
  labs(title = "Likely values of theta", y = "Log-likelihood")
