#' ---
#' title: Linear regression
#' korean: 선형 회귀
#' shows: A line through three points by descent; how far it is after 1000 steps; lm() is exact.
#' api: torch_zeros, optim_sgd, nn_linear, nnf_mse_loss
#' rows: S2-8
#' ---

library(torchbridge)
library(ggplot2)

x <- torch_tensor(matrix(c(1, 2, 3)))

train <- function(y, epochs) {
  y <- torch_tensor(matrix(y))
  w <- torch_zeros(1, requires_grad = TRUE)
  b <- torch_zeros(1, requires_grad = TRUE)
  optimizer <- optim_sgd(list(w, b), lr = 0.01)
  costs <- numeric()
  for (epoch in seq_len(epochs)) {
    cost <- nnf_mse_loss(x * w + b, y)
    costs[epoch] <- cost$item()
    optimizer$zero_grad()
    cost$backward()
    optimizer$step()
  }
  w <- w$item()
  b <- b$item()
  left <- as.numeric(x) * w + b - as.numeric(y)
  list(costs = costs, w = w, b = b, cost = mean(left^2))
}

#' Points on the line y = x:

one_step <- train(c(1, 2, 3), 1)
same <- train(c(1, 2, 3), 1001)
same$costs[c(1, 101, 1001)]
c(w = same$w, b = same$b)

#' ## How many points for four hours?
#' One hour of study gave 2 points, two gave 4, three gave 6. And four? A thousand steps say almost
#' 8;
#' `lm()` says 8.

hours <- train(c(2, 4, 6), 1001)
exact <- lm(points ~ hours, data.frame(hours = 1:3, points = c(2, 4, 6)))
c(descent = 4 * hours$w + hours$b, lm = unname(predict(exact, data.frame(hours = 4))))

#' With 4, 5 and 6 points instead:

shifted <- train(c(4, 5, 6), 1001)
c(w = shifted$w, b = shifted$b, at_four = 4 * shifted$w + shifted$b)

#' ## A layer does the same
#' `nn_linear(1, 1)` is a weight and a bias that begin at random.

torch_manual_seed(1)
layer <- nn_linear(1, 1)
start <- c(layer$weight$item(), layer$bias$item())
first_mse <- nnf_mse_loss(layer(x), x)$item()
c(start, first_mse)

#+ lines, fig.alt = "Points on a line and the lines after 1, 10, 100 and 1000 steps"
steps <- c(1, 10, 100, 1000)
lines <- do.call(rbind, lapply(steps, function(n) {
  fit <- train(c(2, 4, 6), n)
  data.frame(steps = factor(n), w = fit$w, b = fit$b)
}))
ggplot(data.frame(hours = 1:3, points = c(2, 4, 6)), aes(hours, points)) +
  geom_abline(aes(slope = w, intercept = b, colour = steps), lines) +
  geom_point(size = 3) +
  coord_cartesian(c(0, 4), c(0, 8)) +
  labs(title = "Descent finds the line", x = "Hours", y = "Points", colour = "Steps")
