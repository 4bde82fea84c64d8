#' ---
#' title: The EM algorithm always climbs
#' korean: EM 알고리즘의 상승 성질
#' shows: Two EM algorithms whose likelihood never falls, and descent on the same likelihood to the
#'   same place.
#' api: autograd_grad, torch_logsumexp, optim_lbfgs
#' rows: S0-10
#' ---

library(torchbridge)
library(ggplot2)

#' ## Linkage of genes
#' 197 animals fall into four classes with probabilities 1/2 + t/4, (1 - t)/4, (1 - t)/4 and t/4. EM
#' imagines the first class split in two. Its step has a closed form.

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

#' The limit is where the slope of the likelihood is zero. `log_lik()` is plain R, so autograd can
#' say so.

limit <- theta[31]
t <- torch_tensor(limit, dtype = torch_double(), requires_grad = TRUE)
slope <- as.numeric(autograd_grad(log_lik(t), t)[[1]])
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

#' ## The same likelihood, downhill
#' PyTorch needs no E and no M: the log-likelihood and its gradient are enough. The logit of pi and
#' the logs of the sigmas are free to be any number.

waits <- torch_tensor(matrix(y), dtype = torch_double())
free <- torch_tensor(c(0, 50, 80, log(5), log(5)), dtype = torch_double(), requires_grad = TRUE)
minus_log_lik <- function() {
  weights <- nnf_logsigmoid(torch_stack(list(free[1], -free[1])))
  log_density <- -0.5 * ((waits - free[2:3]) / exp(free[4:5]))^2 - free[4:5] - 0.5 * log(2 * pi)
  -torch_sum(torch_logsumexp(weights + log_density, dim = 2))
}
optimizer <- optim_lbfgs(
  list(free), max_iter = 200, tolerance_grad = 1e-9, tolerance_change = 1e-14,
  line_search_fn = "strong_wolfe"
)
invisible(optimizer$step(function() {
  optimizer$zero_grad()
  loss <- minus_log_lik()
  loss$backward()
  loss
}))
found <- as.numeric(free$detach())
direct <- c(plogis(found[1]), found[2:3], exp(found[4:5]))
rbind(em = unlist(p), direct)

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
