#' ---
#' title: Regression on several columns, whole and by minibatch
#' korean: 다변수 선형 회귀, 미니배치 경사하강법
#' shows: Three quizzes predict a final exam; descent, lm() beside it, batches of two, and what
#'   scaling does.
#' api: torch_matmul, optim_sgd, tensor_dataset, dataloader, nn_linear
#' rows: S2-5, S2-6, S1-6
#' ---

library(torchbridge)
library(ggplot2)

quizzes <- cbind(c(73, 93, 89, 96, 73), c(80, 88, 91, 98, 66), c(75, 93, 90, 100, 70))
final <- c(152, 185, 180, 196, 142)
y <- torch_tensor(matrix(final))

descend <- function(quizzes, epochs, lr = 1e-5) {
  x <- torch_tensor(quizzes)
  w <- torch_zeros(3, 1, requires_grad = TRUE)
  b <- torch_zeros(1, requires_grad = TRUE)
  optimizer <- optim_sgd(list(w, b), lr = lr)
  costs <- numeric(epochs + 1)
  for (epoch in seq_along(costs)) {
    cost <- nnf_mse_loss(torch_matmul(x, w) + b, y)
    costs[epoch] <- cost$item()
    optimizer$zero_grad()
    cost$backward()
    optimizer$step()
  }
  list(costs = costs, weights = c(b$item(), as.numeric(w)))
}
fit <- descend(quizzes, 1000)
fit$costs[c(1:4, 101, 1001)]

#' With five rows and four coefficients, `lm()` fits much closer. Descent is not there yet: it is
#' slow along directions in which the quizzes hardly differ.

exact <- lm(final ~ quizzes)
rbind(descent = fit$weights, lm = coef(exact))
c(descent = fit$costs[1001], lm = mean(resid(exact)^2))

#' A misprint shows: with 80 for the third student's third quiz, the costs are others.

misprint <- quizzes
misprint[3, 3] <- 80
typo <- descend(misprint, 20)
typo$costs[c(2, 21)]

#' ## Minibatches
#' A loader shuffles the rows and deals out two at a time: five rows make three batches.

loader <- dataloader(tensor_dataset(torch_tensor(quizzes), y), batch_size = 2, shuffle = TRUE)
length(loader)
torch_manual_seed(1)
model <- nn_linear(3, 1)
optimizer <- optim_sgd(model$parameters, lr = 1e-5)
noisy <- numeric()
for (epoch in 1:20) {
  for (batch in enumerate(loader)) {
    cost <- nnf_mse_loss(model(batch[[1]]), batch[[2]])
    optimizer$zero_grad()
    cost$backward()
    optimizer$step()
    noisy <- c(noisy, cost$item())
  }
}

#' How many steps an epoch has, and how many rows are left for the last batch:

steps <- data.frame(rows = c(350, 364, 364, 5), batch_size = c(8, 32, 128, 2))
loader_of <- function(n, size) dataloader(tensor_dataset(torch_zeros(n, 1)), batch_size = size)
steps$steps <- mapply(function(n, size) length(loader_of(n, size)), steps$rows, steps$batch_size)
steps$last <- ifelse(
  steps$rows %% steps$batch_size == 0, steps$batch_size, steps$rows %% steps$batch_size
)
steps

#+ costs, fig.alt = "Costs by step: smooth for all rows at once, noisy for batches of two"
costs <- rbind(
  data.frame(step = 0:20, cost = fit$costs[1:21], batch = "all rows"),
  data.frame(step = seq_along(noisy) - 1, cost = noisy, batch = "two rows")
)
ggplot(costs, aes(step, cost, colour = batch)) +
  geom_line() +
  geom_point(size = 1) +
  scale_y_log10() +
  labs(title = "All rows, or two at a time", x = "Step", y = "Cost", colour = "Batch")
