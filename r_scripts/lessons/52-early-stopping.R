#' ---
#' title: Checkpoints and stopping early
#' korean: 모델 체크포인트와 조기 종료
#' shows: Keep the weights of the best validation loss, stop when nothing gets better, and go back;
#'   go on from a checkpoint as if nothing had happened.
#' api: torch_fit(early_stopping, checkpoint, resume, callbacks)
#' rows: S4-9, S4-10
#' ---

library(torchbridge)
library(ggplot2)

#' ## The rule
#' With a patience of 3, training ends after three epochs without a new best, and the best one's
#' weights are put back. To see the rule alone, a callback plays a script: what a callback returns
#' is added to the history, where early stopping can watch it. The bias moves by 1 each epoch, so it
#' tells which epoch's weights are kept.

script <- c(5, 4, 3, 3.1, 3.2, 3.3, 1)
unit <- nn_linear(1, 1)
nn_init_zeros_(unit$bias)
scripted <- torch_fit(
  matrix(0, 4), rep(0, 4), unit,
  loss = function(output, y) -output[, 1], optimizer = "sgd", lr = 1, epochs = 7,
  early_stopping = list(patience = 3, monitor = "scripted"),
  callbacks = function(row) list(scripted = script[row$epoch])
)
scripted$history
scripted$status
c(best = scripted$best_epoch, bias = coef(scripted)$bias)

#' ## In training
#' A network with more freedom than its thirty points need. The checkpoint is a file, written
#' whenever the validation loss is the best so far.

set.seed(1)
wave <- data.frame(x = runif(90, -3, 3))
wave$y <- sin(wave$x) + rnorm(90, sd = 0.4)
checkpoint <- tempfile()
train <- function(...) {
  torch_fit(
    y ~ x, wave[1:30, ], mlp(c(64, 64), activation = "tanh"),
    validation = wave[31:90, ], lr = 0.01, batch_size = 30, seed = 1, ...
  )
}
fit <- train(
  epochs = 500, early_stopping = 60, checkpoint = list(path = checkpoint, best_only = TRUE)
)
fit$status
restored_loss <- mean((wave$y[31:90] - predict(fit, wave[31:90, ]))^2)
c(restored = restored_loss, least = min(fit$history$valid_loss))

#+ history, fig.alt = "Training loss falls; validation loss has its least value, marked, and rises"
ggplot(fit$history, aes(epoch)) +
  geom_line(aes(y = train_loss, colour = "training")) +
  geom_line(aes(y = valid_loss, colour = "validation")) +
  geom_vline(xintercept = fit$best_epoch, linetype = "dashed", colour = "#999999") +
  coord_cartesian(ylim = c(0, 0.6)) +
  labs(title = "The best epoch is not the last", x = "Epoch", y = "Loss", colour = NULL)

#' ## Going on from the file
#' The checkpoint holds the weights of the best epoch, the optimizer's state and the order of what
#' is to come. To ask for no more epochs than it has gives the model back, here or in Python:
#' it is a safetensors file.

again <- train(epochs = fit$best_epoch, early_stopping = 60, resume = checkpoint)
max(abs(predict(again, wave) - predict(fit, wave)))
on_disk <- py_import("safetensors.torch")$load_file(checkpoint)
length(on_disk)
further <- train(epochs = fit$best_epoch + 20, early_stopping = 60, resume = checkpoint)
at_once <- train(epochs = fit$best_epoch + 20, early_stopping = 60)
identical(further$history$train_loss, at_once$history$train_loss)
