#' ---
#' title: Perceptron and Adaline
#' korean: 퍼셉트론과 아달라인
#' shows: Two neurons from before deep learning, on two species of iris, from the same first
#'   weights.
#' api: torch_tensor, torch_sign, py_import("numpy.random")
#' rows: S3-16
#' ---

library(torchbridge)
library(ggplot2)

iris_of_sklearn <- py_import("sklearn.datasets")$load_iris()
x <- iris_of_sklearn$data[1:100, c(1, 3)]
y <- ifelse(iris_of_sklearn$target[1:100] == 0, -1, 1)
start <- py_import("numpy.random")$RandomState(1L)$normal(loc = 0, scale = 0.01, size = 3L)

#' ## Perceptron
#' It says 1 or -1, and moves its weights only when it is wrong.

w <- start
errors <- integer(10)
for (epoch in 1:10) {
  for (i in 1:100) {
    step <- 0.1 * (y[i] - ifelse(sum(x[i, ] * w[-1]) + w[1] >= 0, 1, -1))
    w <- w + step * c(1, x[i, ])
    errors[epoch] <- errors[epoch] + (step != 0)
  }
}
errors

#' ## Adaline
#' Adaline measures how wrong it is before it decides, so it has a slope to go down: the sum of
#' squares, of all rows at once, on standardised columns.

standard <- apply(x, 2, function(v) (v - mean(v)) / sqrt(mean((v - mean(v))^2)))
xt <- torch_tensor(cbind(1, standard), dtype = torch_double())
yt <- torch_tensor(matrix(y), dtype = torch_double())
wt <- torch_tensor(matrix(start), dtype = torch_double(), requires_grad = TRUE)
optimizer <- optim_sgd(list(wt), lr = 0.01)
costs <- numeric(15)
for (epoch in 1:15) {
  cost <- sum((yt - torch_matmul(xt, wt))^2) / 2
  costs[epoch] <- cost$item()
  optimizer$zero_grad()
  cost$backward()
  optimizer$step()
}
round(costs, 3)

#+ line, fig.alt = "Two species of iris by length of sepal and petal with the perceptron's line"
shown <- data.frame(x, species = rep(c("setosa", "versicolor"), each = 50))
ggplot(shown, aes(X1, X2, colour = species)) +
  geom_point() +
  geom_abline(slope = -w[2] / w[3], intercept = -w[1] / w[3]) +
  labs(title = "The perceptron's line", x = "Sepal length", y = "Petal length", colour = NULL)
