#' ---
#' title: Maximum likelihood of a thumbtack
#' korean: 딥러닝 TIPS, 최대 가능도 추정 (MLE)
#' shows: 27 of 100 throws land on the head; the likelihood's peak by optimize(), by descent and by
#'   torch_mle(), and its curvature by a second derivative.
#' api: torch_optim, hessian, torch_mle
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
#' The best $\theta$ has the smallest minus log-likelihood,
#' $$-\log L(\theta) = -k \log \theta - (n - k) \log(1 - \theta).$$
#' The function is the same: R's `log()` works
#' on tensors. Two thousand small steps from 0.5:

minus_log_lik <- function(theta) -log_lik(theta)
descent <- torch_optim(
  0.5, minus_log_lik, method = "sgd",
  control = list(lr = 1e-4, steps = 2000, gtol = 0, history = TRUE)
)
descent$history[c(1, 2, 11, 101, 2001), ]

#' In PyTorch's usual float32 they end one digit earlier.

theta <- torch_tensor(0.5, requires_grad = TRUE)
optimizer <- optim_sgd(list(theta), lr = 1e-4)
for (step in 1:2000) {
  optimizer$zero_grad()
  minus_log_lik(theta)$backward()
  optimizer$step()
}
format(theta$item(), digits = 8)

#' ## How sure
#' The second derivative at the peak is one over the variance: $\frac{n}{\theta (1 - \theta)}$.

curvature <- c(hessian(minus_log_lik, 0.27))
c(hessian = curvature, formula = n / (0.27 * 0.73), standard_error = 1 / sqrt(curvature))

#' `torch_mle()` does all of it: peak, standard error, interval.

fit <- torch_mle(
  minus_log_lik, list(theta = 0.5), lower = c(theta = 1e-6), upper = c(theta = 1 - 1e-6), nobs = n
)
summary(fit)
confint(fit)

#+ likelihood, fig.alt = "The log-likelihood with its peak at 0.27, and descent's steps towards it"
curve <- data.frame(theta = seq(0.05, 0.7, 0.005))
path <- head(descent$history, 30)
ggplot(curve, aes(theta, log_lik(theta))) +
  geom_line() +
  geom_point(aes(par1, -value), path, colour = "#0072B2") +
  geom_vline(xintercept = 0.27, colour = "#D55E00", linetype = "dashed") +
  labs(title = "Likely values of theta", y = "Log-likelihood")
