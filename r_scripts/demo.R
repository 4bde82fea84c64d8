# Boston's housing data through the bridge, with R as the host: R prepares the
# data, PyTorch trains a network on it, and R compares it with lm() and draws.
#
# From the repository's root: Rscript r_scripts/demo.R
# Prints a table of test errors and writes output/demo-r.png.

library(torchbridge)
source("r_scripts/prep.R") # prepare_boston, predict_lm, error_table, plot_fit

seed <- 2026
file <- "output/demo-r.png"

# R prepares: the split, the factors' dummy columns, the scaling.
boston <- prepare_boston(seed)
cat(sprintf(
  "Boston: %d tracts to train on, %d to validate, %d to test; %d features\n",
  nrow(boston$x_train), nrow(boston$x_valid), nrow(boston$x_test),
  ncol(boston$x_train)
))

# PyTorch trains: matrices become float32 tensors, torchbridge.models does the
# rest, on the GPU when there is one.
models <- py_import("torchbridge.models")
float32 <- function(x) as_torch_tensor(x, dtype = "float32")

network <- models$mlp(ncol(boston$x_train), c(64, 32), 1, seed = seed)
seconds <- system.time(
  fit <- models$fit(
    network, float32(boston$x_train), float32(boston$y_train),
    validation = list(float32(boston$x_valid), float32(boston$y_valid)),
    epochs = 200, lr = 0.003, optimizer = "adamw", weight_decay = 0.1,
    seed = seed
  )
)[["elapsed"]]

# Back come R values: the history as a data frame, the predictions as a vector.
history <- as.data.frame(fit$history)
predictions <- data.frame(
  observed = boston$y_test,
  network = as.numeric(fit$predict(float32(boston$x_test))),
  lm = predict_lm(boston$train, boston$test)
)
cat(sprintf(
  "Trained %d epochs on %s in %.1f s; validation loss from %.1f to %.1f\n",
  nrow(history), fit$device$type, seconds,
  history$valid_loss[1], history$valid_loss[nrow(history)]
))

cat("\nErrors on the test tracts, $1000s:\n")
print(format(error_table(predictions), digits = 3), row.names = FALSE)

plot_fit(history, predictions, file)
cat("\nWrote", file, "\n")
