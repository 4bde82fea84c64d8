#' ---
#' title: Mean, variance, and which n
#' korean: 통계 1, 평균과 분산, 표준편차, 정규분포
#' shows: R and torch divide by n - 1, NumPy by n; the loss a mean minimises and that of a median.
#' api: torch_var, torch_std, py_import("numpy"), torch_median
#' rows: S3-20, S2-1
#' ---

library(torchbridge)
library(ggplot2)

x <- c(2, 4, 4, 4, 5, 5, 7, 9)
np <- py_import("numpy")
t <- torch_tensor(x, dtype = torch_double())
variances <- c(
  r = var(x), torch = torch_var(t)$item(), numpy = np$var(x), numpy_ddof_1 = np$var(x, ddof = 1L),
  torch_all = torch_var(t, correction = 0L)$item()
)
variances

#' So `scale()` in R and scikit-learn's `StandardScaler` differ by a factor of sqrt((n - 1) / n).

by_scaler <- py_import("sklearn.preprocessing")$StandardScaler()$fit_transform(matrix(x))
ratio <- scale(x)[1] / by_scaler[1]
c(ratio = ratio, expected = sqrt(7 / 8))

#' ## What a loss asks for
#' The mean has the smallest mean squared error, the median the smallest absolute error.

candidates <- seq(2, 9, 0.01)
l2 <- vapply(candidates, function(m) mean((x - m)^2), 0)
l1 <- vapply(candidates, function(m) mean(abs(x - m)), 0)
c(best_l2 = candidates[which.min(l2)], mean = mean(x))
c(smallest_l1 = min(l1), at_median = mean(abs(x - median(x))))

#' ## Cross entropy and entropy
#' Coding with the wrong distribution never costs less than with the right one.

p <- torch_tensor(c(0.5, 0.3, 0.2), dtype = torch_double())
q <- torch_tensor(c(0.4, 0.4, 0.2), dtype = torch_double())
entropy <- -sum(p * log(p))$item()
cross_entropy <- -sum(p * log(q))$item()
c(entropy = entropy, cross_entropy = cross_entropy)

#+ losses, fig.alt = "Squared loss is least at the mean, absolute loss at the median"
losses <- data.frame(
  m = rep(candidates, 2), loss = c(l2, l1), kind = rep(c("squared", "absolute"), each = length(l1))
)
ggplot(losses, aes(m, loss, colour = kind)) +
  geom_line(linewidth = 0.8) +
  labs(title = "Two losses", x = "Guess", y = "Mean loss", colour = NULL)
