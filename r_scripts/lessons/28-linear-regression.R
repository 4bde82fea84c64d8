#' ---
#' title: Linear regression
#' korean: 선형 회귀
#' shows: A line through three points by descent; how far it is after 1000 steps; lm() is exact.
#' api: torch_fit, nn_linear, linear, predict
#' rows: S2-8
#' ---

library(torchbridge)
library(ggplot2)

x <- matrix(c(1, 2, 3))

#' A linear layer that begins with zeros, all rows in one batch:

train <- function(y, epochs) {
  layer <- nn_linear(1, 1)
  layer$load_state_dict(list(weight = torch_zeros(1, 1), bias = torch_zeros(1)))
  torch_fit(
    x, y, layer, epochs = epochs, batch_size = 3, shuffle = FALSE, optimizer = "sgd", lr = 0.01
  )
}
line_of <- function(fit) c(w = c(coef(fit)$weight), b = c(coef(fit)$bias))

#' ## Points on the line y = x

rbind(after_1 = line_of(train(c(1, 2, 3), 1)), after_1001 = line_of(train(c(1, 2, 3), 1001)))
same <- train(c(1, 2, 3), 1001)
same$history[c(1, 101, 1001), ]

#' ## How many points for four hours?
#' One hour of study gave 2 points, two gave 4, three gave 6. And four? A thousand steps say almost
#' 8; `lm()` says 8, and so does the exact fit, `linear()`.

hours <- train(c(2, 4, 6), 1001)
points <- data.frame(hours = 1:3, points = c(2, 4, 6))
four <- data.frame(hours = 4)
c(
  descent = predict(hours, matrix(4)), lm = predict(lm(points ~ hours, points), four)[[1]],
  linear = predict(torch_fit(points ~ hours, points, linear()), four)[[1]]
)

#' With 4, 5 and 6 points instead:

shifted <- train(c(4, 5, 6), 1001)
shifted$history[c(1, 1001), ]
c(line_of(shifted), at_four = predict(shifted, matrix(4)))

#' ## A layer begins at random
#' Unless told otherwise: with this seed at these numbers.

torch_manual_seed(1)
layer <- nn_linear(1, 1)
start <- c(w = layer$weight$item(), b = layer$bias$item())
first_mse <- nnf_mse_loss(layer(torch_tensor(x)), torch_tensor(x))$item()
c(start, mse = first_mse)

#+ lines, fig.alt = "Points on a line and the lines after 1, 10, 100 and 1000 steps"
steps <- c(1, 10, 100, 1000)
lines <- do.call(rbind, lapply(steps, function(n) {
  data.frame(steps = factor(n), t(line_of(train(c(2, 4, 6), n))))
}))
ggplot(points, aes(hours, points)) +
  geom_abline(aes(slope = w, intercept = b, colour = steps), lines) +
  geom_point(size = 3) +
  coord_cartesian(c(0, 4), c(0, 8)) +
  labs(title = "Descent finds the line", x = "Hours", y = "Points", colour = "Steps")
