#' ---
#' title: Regression on several columns, whole and by minibatch
#' korean: 다변수 선형 회귀, 미니배치 경사하강법
#' shows: Three quizzes predict a final exam; descent, lm() beside it, a misprint that shows, and
#'   batches of two.
#' api: torch_fit, nn_linear, linear, tensor_dataset, dataloader
#' rows: S2-5, S2-6
#' ---

library(torchbridge)
library(ggplot2)

exams <- data.frame(
  quiz1 = c(73, 93, 89, 96, 73), quiz2 = c(80, 88, 91, 98, 66), quiz3 = c(75, 93, 90, 100, 70),
  final = c(152, 185, 180, 196, 142)
)

#' ## Descent
#' A linear layer that begins with zeros; all five rows are one batch.

descend <- function(exams, epochs, batch_size = 5, ...) {
  layer <- nn_linear(3, 1)
  layer$load_state_dict(list(weight = torch_zeros(1, 3), bias = torch_zeros(1)))
  torch_fit(
    final ~ ., exams, layer, epochs = epochs, batch_size = batch_size, optimizer = "sgd",
    lr = 1e-5, ...
  )
}
fit <- descend(exams, 1001)
costs <- fit$history$train_loss
fit$history[c(1:4, 101, 1001), ]

#' With five rows and four coefficients, `lm()` fits much closer, and `linear()` with it. Descent is
#' not there yet: it is slow along directions in which the quizzes hardly differ.

exact <- lm(final ~ ., exams)
by_torch <- torch_fit(final ~ ., exams, linear())
weights <- c(coef(fit)$bias, coef(fit)$weight)
rbind(descent = weights, lm = coef(exact), linear = coef(by_torch))
c(descent = deviance(fit) / 5, lm = mean(resid(exact)^2))

#' A misprint shows: with 80 for the third student's third quiz, the costs are others.

misprint <- exams
misprint$quiz3[3] <- 80
typo <- descend(misprint, 21)$history$train_loss
typo[c(2, 21)]

#' ## Minibatches
#' A loader deals out two rows at a time: five rows make three batches, in a new order every epoch.

rows <- tensor_dataset(torch_tensor(as.matrix(exams[1:3])), torch_tensor(matrix(exams$final)))
loader <- dataloader(rows, batch_size = 2, shuffle = TRUE)
length(loader)
iter <- dataloader_make_iter(loader)
while (!is.null(batch <- dataloader_next(iter))) print(batch[[2]])

#' `torch_fit()` takes such a loader, or the batch size. The cost is noisy, and falls all the same.

noisy <- descend(exams, 20, batch_size = 2, seed = 1)$history$train_loss

#+ costs, fig.alt = "Costs by epoch: batches of two are at the bottom sooner, and go up and down"
shown <- rbind(
  data.frame(epoch = 1:20, cost = costs[1:20], batch = "all rows"),
  data.frame(epoch = 1:20, cost = noisy, batch = "two rows")
)
ggplot(shown, aes(epoch, cost, colour = batch)) +
  geom_line() +
  geom_point(size = 1) +
  scale_y_log10() +
  labs(title = "All rows, or two at a time", x = "Epoch", y = "Cost", colour = "Batch")
