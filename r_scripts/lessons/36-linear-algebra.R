#' ---
#' title: Linear algebra and norms
#' korean: 선형대수와 노름 (norm)
#' shows: Products, solving, singular values and norms: R and PyTorch give the same numbers.
#' api: linalg_solve, linalg_svd, linalg_norm, torch_matmul
#' rows: S3-8, S3-11
#' ---

library(torchbridge)
library(ggplot2)

set.seed(1)
a <- matrix(rnorm(9), 3)
b <- matrix(rnorm(3))
as_double <- function(x) torch_tensor(x, dtype = torch_double())

#' ## The same in both

pairs <- list(
  product = list(a %*% b, torch_matmul(as_double(a), as_double(b))),
  crossprod = list(crossprod(a), t(as_double(a)) %*% as_double(a)),
  solve = list(solve(a, b), linalg_solve(as_double(a), as_double(b))),
  determinant = list(det(a), linalg_det(as_double(a))),
  singular_values = list(svd(a)$d, linalg_svdvals(as_double(a)))
)
differences <- sapply(pairs, function(pair) max(abs(pair[[1]] - to_r(pair[[2]]))))
differences

#' ## A network is products
#' Without activations, two layers are one: their product.

w1 <- matrix(rnorm(6), 2)
w2 <- matrix(rnorm(3))
x <- matrix(rnorm(8), 4)
collapsed <- max(abs((x %*% w1) %*% w2 - x %*% (w1 %*% w2)))
collapsed

#' ## Norms
#' How long is (3, -4)? Seven along the axes, five as the crow flies, four by the longest side.

v <- c(3, -4)
norms <- c(
  l1 = linalg_norm(as_double(v), ord = 1)$item(),
  l2 = linalg_norm(as_double(v), ord = 2)$item(),
  largest = linalg_norm(as_double(v), ord = Inf)$item()
)
rbind(torch = norms, r = c(sum(abs(v)), sqrt(sum(v^2)), max(abs(v))))

#+ balls, fig.alt = "Points at distance 1 by three norms: a diamond, a circle and a square"
angle <- seq(0, 2 * pi, length.out = 361)
circle <- cbind(cos(angle), sin(angle))
ball <- function(size, norm) data.frame(x = circle[, 1] / size, y = circle[, 2] / size, norm)
balls <- rbind(
  ball(rowSums(abs(circle)), "L1"), ball(1, "L2"), ball(apply(abs(circle), 1, max), "largest")
)
ggplot(balls, aes(x, y, colour = norm)) +
  geom_path(linewidth = 0.9) +
  coord_equal() +
  labs(title = "At distance one", x = NULL, y = NULL, colour = NULL)
