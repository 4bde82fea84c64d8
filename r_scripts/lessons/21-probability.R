#' ---
#' title: Probability behind the losses
#' korean: 확률론, 기댓값과 손실 함수
#' shows: Expectations as sums and integrals; the mean minimises squared loss and the median
#'   absolute loss; cross entropy measures uncertainty.
#' api: torch_dot, torch_trapz, dnorm, torch_optim, grad
#' rows: S2-1
#' ---

library(torchbridge)
library(ggplot2)

#' ## Expectations
#' Of a discrete variable it is the sum of x times its probability, here of a die; of a continuous
#' one the integral of x times its density, here of a normal variable with mean 1.5. R's sums and
#' tensors agree.

x <- 1:6
p <- rep(1 / 6, 6)
die <- c(
  r = sum(x * p),
  torch = torch_dot(torch_tensor(x, torch_double()), torch_tensor(p, torch_double()))$item()
)
grid <- seq(-8, 11, length.out = 2001)
normal <- c(
  r = integrate(function(x) x * dnorm(x, 1.5, 1), -Inf, Inf)$value,
  torch = torch_trapz(
    torch_tensor(grid * dnorm(grid, 1.5), torch_double()), x = torch_tensor(grid, torch_double())
  )$item()
)
rbind(die, normal)

#' ## What a loss asks for
#' The constant with the smallest squared loss is the mean, and that loss is the variance; with the
#' smallest absolute loss it is the median. Descent finds both.

y <- c(1, 2, 2, 3, 4, 7, 16)
l2 <- function(m) mean((y - m)^2)
l1 <- function(m) mean(abs(y - m))
by_l2 <- torch_optim(5, l2)$par
by_l1 <- torch_optim(5, l1, method = "sgd", control = list(lr = 0.01, steps = 2000))$par
rbind(found = c(l2 = by_l2, l1 = by_l1), formula = c(mean(y), median(y)))
c(slope_at_mean = grad(l2, mean(y)), loss_at_mean = l2(mean(y)), variance = mean((y - mean(y))^2))

#+ losses, fig.alt = "Squared and absolute loss by constant: lowest at the mean and at the median"
m <- seq(0, 12, 0.05)
losses <- data.frame(
  m = rep(m, 2), loss = c(sapply(m, l2), sapply(m, l1)),
  kind = rep(c("squared: the mean", "absolute: the median"), each = length(m))
)
best <- data.frame(m = c(mean(y), median(y)), kind = unique(losses$kind))
ggplot(losses, aes(m, loss)) +
  geom_line(colour = "#0072B2") +
  geom_vline(aes(xintercept = m), best, colour = "#D55E00", linetype = "dashed") +
  facet_wrap(~kind, scales = "free_y") +
  labs(title = "What a loss asks for", x = "The one number that stands for all", y = "Loss")

#' ## Cross entropy
#' H(p, q) is the surprise at outcomes of p when one believes in q. It is least, and then called the
#' entropy of p, where q is p. With free scores behind a softmax, descent ends at p.

p <- c(0.5, 0.3, 0.2)
cross_entropy <- function(q) -sum(p * log(q))
softmax <- function(z) exp(z) / sum(exp(z))
q <- softmax(torch_optim(c(0, 0, 0), function(z) cross_entropy(softmax(z)), method = "trust")$par)
beliefs <- list(p = p, even = rep(1 / 3, 3), wrong = c(0.1, 0.1, 0.8), found = q)
data.frame(t(sapply(beliefs, function(q) c(q = q, cross_entropy = cross_entropy(q)))))
