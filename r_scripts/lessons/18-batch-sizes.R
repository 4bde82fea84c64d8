#' ---
#' title: Whole, in batches, or row by row
#' korean: 배치 경사하강법, 미니배치, 확률적 경사하강법 (SGD)
#' shows: How many steps an epoch has, what is left for the last batch, and what three batch sizes
#'   do to the loss.
#' api: dataloader, tensor_dataset, torch_fit(batch_size)
#' rows: S1-6
#' ---

library(torchbridge)
library(ggplot2)

#' ## Steps of an epoch
#' n rows in batches of b make n / b steps, rounded up; the last batch has what is left.
#' `drop_last = TRUE` leaves it out.

steps <- data.frame(rows = c(350, 364, 364, 5), batch_size = c(8, 32, 128, 2))
sizes <- function(rows, batch_size, ...) {
  loader <- dataloader(tensor_dataset(torch_zeros(rows, 1)), batch_size = batch_size, ...)
  found <- integer()
  iter <- dataloader_make_iter(loader)
  while (!is.null(batch <- dataloader_next(iter))) found <- c(found, nrow(batch[[1]]))
  found
}
batches <- Map(sizes, steps$rows, steps$batch_size)
steps$steps <- lengths(batches)
steps$last <- vapply(batches, function(found) tail(found, 1), 0L)
steps$dropped <- lengths(Map(sizes, steps$rows, steps$batch_size, drop_last = TRUE))
steps

#' ## Three ways down
#' Two columns of `mtcars`, standardised, and a line. All rows at once is gradient descent: smooth,
#' one step an epoch. Eight at a time is noisy and fast. Row by row is noisier still.

cars <- data.frame(scale(mtcars[c("mpg", "wt", "hp")]))
train <- function(batch_size) {
  line <- nn_linear(2, 1)
  line$load_state_dict(list(weight = torch_zeros(1, 2), bias = torch_zeros(1)))
  torch_fit(
    mpg ~ wt + hp, cars, line, batch_size = batch_size, epochs = 30, optimizer = "sgd", lr = 0.05,
    seed = 1
  )
}
fits <- lapply(c(whole = 32, eights = 8, single = 1), train)
exact <- lm(mpg ~ wt + hp, cars)
rbind(
  t(vapply(fits, function(fit) c(coef(fit)$bias, coef(fit)$weight), numeric(3))),
  lm = coef(exact)
)

#' All rows in one batch is gradient descent by its formula, to float32's last digit.

x <- cbind(1, cars$wt, cars$hp)
b <- c(0, 0, 0)
by_formula <- numeric(30)
for (epoch in 1:30) {
  left <- drop(x %*% b) - cars$mpg
  by_formula[epoch] <- mean(left^2)
  b <- b - 0.05 * 2 * drop(crossprod(x, left)) / nrow(x)
}
max(abs(by_formula - fits$whole$history$train_loss))

#+ losses, fig.alt = "Loss by epoch for batches of 32, 8 and 1: the smaller, the faster at first"
history <- do.call(rbind, lapply(names(fits), function(name) {
  data.frame(batch = name, fits[[name]]$history)
}))
ggplot(history, aes(epoch, train_loss, colour = factor(batch, names(fits)))) +
  geom_hline(yintercept = mean(resid(exact)^2), linetype = "dashed") +
  geom_line(linewidth = 0.8) +
  scale_y_log10(breaks = c(0.2, 0.3, 0.5, 1)) +
  labs(
    title = "Thirty epochs, three batch sizes", subtitle = "Dashed: lm()", x = "Epoch",
    y = "Mean squared error", colour = NULL
  )
