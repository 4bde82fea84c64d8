#' ---
#' title: Watching a training
#' korean: 텐서보드 (TensorBoard)
#' shows: Losses logged for TensorBoard while a network trains, and read back into R.
#' api: torch_fit(callbacks = list(tensorboard)), py_import
#' rows: S4-11
#' ---

library(torchbridge)
library(ggplot2)

#' A callback writes what the history holds, epoch by epoch. `tensorboard --logdir <folder>` shows
#' it in a browser, during training too.

folder <- tempfile("logs")
fit <- torch_fit(
  mpg ~ wt + hp + qsec, mtcars, mlp(16),
  validation = 0.25, epochs = 60, batch_size = 8, lr = 0.02, seed = 1,
  callbacks = list(tensorboard = list(log_dir = folder))
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
max(abs(logged - fit$history$train_loss))

#' A table that any program reads is another callback: `csv_log = list(path = "log.csv")`.

#+ losses, fig.alt = "Training loss of sixty epochs as logged, on log scale"
ggplot(data.frame(epoch = seq_along(logged), loss = logged), aes(epoch, loss)) +
  geom_line(colour = "#0072B2") +
  scale_y_log10() +
  labs(title = "As TensorBoard has it", x = "Epoch", y = "Loss")
