#' ---
#' title: A neuron for regression, and least squares
#' korean: 선형 회귀를 위한 뉴런, OLS와 경사하강법 비교
#' shows: One neuron learns diabetes from body mass, row by row; where it stands beside lm().
#' api: R6::R6Class, grad, torch_fit, py_import
#' rows: S3-6, S3-18, S3-19
#' ---

library(torchbridge)
library(ggplot2)

diabetes <- py_import("sklearn.datasets")$load_diabetes()
x <- diabetes$data[, 3] # body mass index, scaled
y <- diabetes$target
length(x)

#' ## The first steps
#' The neuron says wx + b. Its error on a row, times x, moves the weight; the error moves the bias.

w <- 1
b <- 1
steps <- data.frame(prediction = numeric(2), w = numeric(2), b = numeric(2))
for (i in 1:2) {
  prediction <- w * x[i] + b
  error <- y[i] - prediction
  w <- w + error * x[i]
  b <- b + error
  steps[i, ] <- c(prediction, w, b)
}
format(steps, digits = 12)

#' ## A class for it

neuron_class <- R6::R6Class("Neuron", public = list(
  w = 1,
  b = 1,
  forward = function(x) self$w * x + self$b,
  fit = function(x, y, epochs) {
    for (epoch in seq_len(epochs)) {
      for (i in seq_along(x)) {
        error <- y[i] - self$forward(x[i])
        self$w <- self$w + error * x[i]
        self$b <- self$b + error
      }
    }
    invisible(self)
  }
))
once <- neuron_class$new()$fit(x, y, 1)
neuron <- neuron_class$new()$fit(x, y, 100)
rbind(epoch_1 = c(w = once$w, b = once$b), epoch_100 = c(neuron$w, neuron$b))
neuron$forward(0.18)

#' The neuron's step is half a gradient step on the squared error: `grad()` agrees. So `torch_fit()`
#' with half the rate, one row at a time in order, is the neuron.

half_square <- function(w) (y[1] - (w * x[1] + 1))^2 / 2
c(grad = -grad(half_square, 1), step = steps$w[1] - 1)

unit <- nn_linear(1, 1, dtype = torch_double())
nn_init_ones_(unit$weight)
nn_init_ones_(unit$bias)
fit <- torch_fit(
  cbind(x), y, unit,
  optimizer = "sgd", lr = 0.5, epochs = 1, batch_size = 1, shuffle = FALSE
)
unlist(coef(fit))

#' ## Least squares
#' `lm()` solves the same problem at once, exactly. The neuron keeps swinging with every row: its
#' line is visibly another one. Descent is for problems that have no formula.

exact <- lm(y ~ x)
rbind(neuron = c(neuron$b, neuron$w), lm = coef(exact))

#+ lines, fig.alt = "Diabetes against body mass with the neuron's line and that of least squares"
lines <- data.frame(
  b = c(neuron$b, coef(exact)[1]), w = c(neuron$w, coef(exact)[2]),
  line = c("neuron", "least squares")
)
ggplot(data.frame(x, y), aes(x, y)) +
  geom_point(colour = "#999999", alpha = 0.6) +
  geom_abline(aes(intercept = b, slope = w, colour = line), lines, linewidth = 0.9) +
  labs(title = "Two lines", x = "Body mass, scaled", y = "Progression", colour = NULL)
