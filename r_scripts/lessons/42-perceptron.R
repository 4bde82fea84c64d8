#' ---
#' title: Perceptron and Adaline
#' korean: 퍼셉트론과 아달라인
#' shows: Two neurons from before deep learning, on two species of iris, from the same first
#'   weights.
#' api: torch_fit, nn_linear, load_state_dict, py_import("numpy.random")
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
unit <- nn_linear(2, 1, dtype = torch_double())
unit$load_state_dict(list(
  weight = torch_tensor(t(start[-1]), dtype = torch_double()),
  bias = torch_tensor(start[1], dtype = torch_double())
))

#' The lesson's loss is half the sum of squares, that is 50 times their mean over 100 rows.

adaline <- torch_fit(
  standard, y, unit,
  optimizer = "sgd", lr = 0.01 * 50, epochs = 15, batch_size = 100
)
costs <- 50 * adaline$history$train_loss
round(costs, 3)

#+ line, fig.alt = "Two species of iris by length of sepal and petal with the perceptron's line"
shown <- data.frame(x, species = rep(c("setosa", "versicolor"), each = 50))
ggplot(shown, aes(X1, X2, colour = species)) +
  geom_point() +
  geom_abline(slope = -w[2] / w[3], intercept = -w[1] / w[3]) +
  labs(title = "The perceptron's line", x = "Sepal length", y = "Petal length", colour = NULL)
