#' ---
#' title: Watching a training
#' korean: 텐서보드 (TensorBoard)
#' shows: Losses logged for TensorBoard while a network trains, and read back into R.
#' api: py_import("torchbridge.models.callbacks")$TensorBoard, fit(callbacks)
#' rows: S4-11
#' ---

library(torchbridge)
library(ggplot2)

models <- py_import("torchbridge.models")
x <- torch_tensor(scale(as.matrix(mtcars[c("wt", "hp", "qsec")])))
y <- torch_tensor(matrix(mtcars$mpg))

#' A callback writes what the history holds, epoch by epoch. `tensorboard --logdir <folder>` shows
#' it
#' in a browser, during training too.

folder <- tempfile("logs")
net <- models$mlp(3L, list(16L), 1L, seed = 1L)
fit <- models$fit(
  net, x, y,
  epochs = 60L, batch_size = 8L, lr = 0.02, seed = 1L,
  callbacks = list(py_import("torchbridge.models.callbacks")$TensorBoard(folder))
)
list.files(folder, pattern = "events") != ""

#' The file can be read as well: the same losses.

reader <- py_import("tensorboard.backend.event_processing.event_accumulator")
events <- reader$EventAccumulator(folder)
events$Reload()
tags <- events$Tags()$scalars
tags
tag <- grep("train_loss", tags, value = TRUE)
logged <- vapply(events$Scalars(tag), function(event) event$value, 0)
history <- as.data.frame(fit$history)
max(abs(logged - history$train_loss))

#+ losses, fig.alt = "Training loss of sixty epochs as logged, on log scale"
ggplot(data.frame(epoch = seq_along(logged), loss = logged), aes(epoch, loss)) +
  geom_line(colour = "#0072B2") +
  scale_y_log10() +
  labs(title = "As TensorBoard has it", x = "Epoch", y = "Loss")
