#' ---
#' title: Convolution, pooling and slopes
#' korean: 합성곱과 교차 상관, 풀링
#' shows: What a convolutional layer computes is correlation; pooling; a slope at three points.
#' api: nnf_conv1d, nnf_max_pool2d, nnf_conv2d, grad
#' rows: S3-+
#' ---

library(torchbridge)
library(ggplot2)

w <- c(2, 1, 5, 3)
x <- c(2, 8, 3, 7, 1, 2, 0, 4, 5)
slide <- function(w) {
  as.numeric(nnf_conv1d(torch_tensor(x)$view(c(1, 1, 9)), torch_tensor(w)$view(c(1, 1, 4))))
}
correlation <- slide(w)
convolution <- slide(rev(w))
rbind(correlation, convolution)

#' R's own `convolve(type = "filter")` slides w as it is, too: it is correlation.

convolve(x, w, type = "filter")

#' ## Pooling
#' The largest of each 2 x 2 block of 1 to 16, row by row.

image <- torch_tensor(array(matrix(1:16 + 0, 4, byrow = TRUE), c(4, 4)))$view(c(1, 1, 4, 4))
pooled <- as.numeric(nnf_max_pool2d(image, 2)$view(-1))
pooled

#' ## The slope of x^3 + 2x + 5

slopes <- grad(function(x) x^3 + 2 * x + 5, c(1, 2, 3))
slopes

#+ edge, fig.alt = "A picture of a bright square and its edges, found by a 3 x 3 kernel"
picture <- matrix(0, 24, 24)
picture[7:18, 7:18] <- 1
kernel <- matrix(c(-1, -1, -1, -1, 8, -1, -1, -1, -1), 3)
edges <- nnf_conv2d(
  torch_tensor(picture)$view(c(1, 1, 24, 24)), torch_tensor(kernel)$view(c(1, 1, 3, 3)),
  padding = 1
)
shown <- data.frame(
  expand.grid(row = 1:24, column = 1:24),
  value = c(picture, as.array(edges$view(c(24, 24))) / 8),
  part = rep(c("picture", "edges"), each = 576)
)
ggplot(shown, aes(column, row, fill = value)) +
  geom_raster() +
  facet_wrap(~ factor(part, c("picture", "edges"))) +
  scale_fill_gradient2(low = "#D55E00", high = "#0072B2", guide = "none") +
  coord_equal() +
  labs(title = "A kernel that sees edges", x = NULL, y = NULL)
