#' ---
#' title: The EM algorithm always climbs
#' korean: EM 알고리즘의 상승 성질
#' shows: Two EM algorithms whose likelihood never falls, and the same likelihood maximised at once,
#'   to the same place.
#' api: grad, torch_mle, torch_logsumexp
#' rows: S0-10
#' ---

library(torchbridge)
library(ggplot2)

#' ## Linkage of genes
#' 197 animals fall into four classes with probabilities $\frac{1}{2} + \frac{t}{4}$,
#' $\frac{1 - t}{4}$, $\frac{1 - t}{4}$ and $\frac{t}{4}$. EM imagines the first class split in two.
#' Its step has a closed form.

counts <- c(125, 18, 20, 34)
log_lik <- function(t) {
  counts[1] * log(2 + t) + (counts[2] + counts[3]) * log(1 - t) + counts[4] * log(t) -
    sum(counts) * log(4)
}
em_step <- function(t) {
  split <- counts[1] * t / (2 + t)
  (split + counts[4]) / (split + sum(counts[2:4]))
}
theta <- Reduce(function(t, i) em_step(t), 1:30, 0.5, accumulate = TRUE)
head(data.frame(theta, log_lik = log_lik(theta)), 5)

#' The limit is where the slope of the likelihood is zero: the root of $197 t^2 - 15 t - 68$.

limit <- theta[31]
slope <- grad(log_lik, limit)
root <- (15 + sqrt(15^2 + 4 * 197 * 68)) / (2 * 197)
c(limit = limit, root = root, slope = slope)

#' ## Waiting for Old Faithful
#' Waiting times come in two kinds, short and long: a mixture of two normal distributions. E: how
#' likely is each wait to be a short one? M: weighted means and standard deviations.

y <- faithful$waiting
p <- list(pi = 0.5, mu = c(50, 80), sigma = c(5, 5))
density <- function(y, p) {
  cbind(p$pi * dnorm(y, p$mu[1], p$sigma[1]), (1 - p$pi) * dnorm(y, p$mu[2], p$sigma[2]))
}
climb <- numeric()
for (i in 1:200) {
  joint <- density(y, p)
  climb[i] <- sum(log(rowSums(joint)))
  w <- joint / rowSums(joint)
  mu <- colSums(w * y) / colSums(w)
  p <- list(
    pi = mean(w[, 1]), mu = mu, sigma = sqrt(colSums(w * outer(y, mu, "-")^2) / colSums(w))
  )
}
unlist(p)

#' ## The same likelihood, at once
#' With exact derivatives it takes no E and no M: `torch_mle()` goes to the same place, and knows
#' the standard errors besides.

minus_log_lik <- function(pi, mu1, mu2, sigma1, sigma2, y) {
  -sum(log(pi * dnorm(y, mu1, sigma1) + (1 - pi) * dnorm(y, mu2, sigma2)))
}
direct <- torch_mle(
  minus_log_lik, list(pi = 0.5, mu1 = 50, mu2 = 80, sigma1 = 5, sigma2 = 5), list(y = y),
  lower = c(pi = 0.01, sigma1 = 0.1, sigma2 = 0.1), upper = c(pi = 0.99)
)
cbind(em = unlist(p), direct = coef(direct), se = sqrt(diag(vcov(direct))))

#' On tensors, `torch_logsumexp()` adds up densities by their logarithms, without underflow.

log_joint <- torch_log(torch_tensor(density(y, p), dtype = torch_double()))
by_logsumexp <- torch_sum(torch_logsumexp(log_joint, dim = 2))$item()
c(logsumexp = by_logsumexp, em = climb[200], torch_mle = c(logLik(direct)))

#+ waits, fig.alt = "Histogram of waiting times with two humps and the fitted mixture"
grid <- data.frame(wait = seq(40, 100, 0.5))
grid$density <- rowSums(density(grid$wait, p))
ggplot(faithful, aes(waiting)) +
  geom_histogram(aes(y = after_stat(density)), binwidth = 2.5, fill = "#56B4E9", alpha = 0.6) +
  geom_line(aes(wait, density), grid, colour = "#0072B2", linewidth = 0.9) +
  labs(title = "Two kinds of waits", x = "Minutes to the next eruption", y = NULL)

#+ climb, fig.alt = "The log-likelihood of each EM step: it rises at every one"
ggplot(data.frame(step = 1:30, log_lik = climb[1:30]), aes(step, log_lik)) +
  geom_line(colour = "#0072B2") +
  geom_point(colour = "#0072B2") +
  labs(title = "Every step climbs", x = "Step", y = "Log-likelihood")
