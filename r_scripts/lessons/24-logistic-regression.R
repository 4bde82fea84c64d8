#' ---
#' title: Logistic regression
#' korean: 로지스틱 회귀
#' shows: Six points in two classes, trained by descent; why glm() warns about them.
#' api: torch_sigmoid, nnf_binary_cross_entropy, optim_sgd
#' rows: S2-4
#' ---

library(torchbridge)
library(ggplot2)

data <- data.frame(x1 = c(1, 2, 3, 4, 5, 6), x2 = c(2, 3, 1, 3, 3, 2), y = c(0, 0, 0, 1, 1, 1))
x <- torch_tensor(as.matrix(data[1:2]))
y <- torch_tensor(matrix(data$y))

w <- torch_zeros(2, 1, requires_grad = TRUE)
b <- torch_zeros(1, requires_grad = TRUE)
optimizer <- optim_sgd(list(w, b), lr = 1)
costs <- numeric(1001)
for (epoch in seq_along(costs)) {
  probability <- torch_sigmoid(torch_matmul(x, w) + b)
  cost <- -mean(y * log(probability) + (1 - y) * log(1 - probability))
  costs[epoch] <- cost$item()
  optimizer$zero_grad()
  cost$backward()
  optimizer$step()
}
costs[c(1, 101, 1001)]
c(w = as.numeric(w), b = b$item())

#' The library's loss is the formula above.

library_cost <- with_no_grad(nnf_binary_cross_entropy(torch_sigmoid(torch_matmul(x, w) + b), y))
library_cost
predicted <- as.integer(as.numeric(probability) > 0.5)
table(predicted, data$y)

#' ## What glm() says
#' A line separates these classes entirely: a steeper curve is always better, and there is no best
#' one. `glm()` says so; descent just goes on, more and more slowly.

warned <- tryCatch(glm(y ~ x1 + x2, binomial, data), warning = conditionMessage)
warned

#+ line, fig.alt = "Six points, two classes, and the line that separates them"
weights <- as.numeric(w)
ggplot(data, aes(x1, x2, colour = factor(y))) +
  geom_point(size = 3) +
  geom_abline(slope = -weights[1] / weights[2], intercept = -b$item() / weights[2]) +
  labs(title = "A line between the classes", colour = "y")
