#' ---
#' title: Looking for good settings
#' korean: Optuna 하이퍼파라미터 최적화
#' shows: Optuna minimises an R function, then finds the settings of a network; its trials as a data
#'   frame, drawn in R.
#' api: torch_tune, tune_range, autoplot, py_import("optuna")
#' rows: S1-7
#' ---

library(torchbridge)
library(ggplot2)

#' A study tries values, one trial at a time, and learns where good ones lie. The function it asks
#' is R's.

search <- torch_tune(
  function(at) (at$x - 2)^2, list(x = tune_range(-10, 10)), n_trials = 100, seed = 10
)
search
best <- search$best_options$x
head(search$trials[c("number", "x", "value")])

#+ trials, fig.alt = "Values tried by trial: all over at first, then close to 2"
ggplot(search$trials, aes(number, x, colour = value)) +
  geom_hline(yintercept = 2, linetype = "dashed", colour = "#999999") +
  geom_point() +
  scale_colour_viridis_c(trans = "log10") +
  labs(title = "The study closes in on 2", x = "Trial", colour = "(x - 2)^2") +
  theme(legend.key.width = grid::unit(1.2, "cm"))

#' ## Optuna itself
#' Study, trial, suggestion, sampler: behind `torch_tune()` is Optuna, and all of it is there.

optuna <- py_import("optuna")
optuna$logging$set_verbosity(optuna$logging$WARNING)
study <- optuna$create_study(sampler = optuna$samplers$TPESampler(seed = 10L))
study$optimize(function(trial) (trial$suggest_float("x", -10, 10) - 2)^2, n_trials = 100L)
c(torch_tune = best, optuna = study$best_params$x)

#' ## Settings of a network
#' The same search over learning rate and width. A pruner stops trials that lag behind.

cars <- torch_tune(
  mpg ~ ., list(lr = tune_range(1e-4, 0.1, log = TRUE), hidden = list(4, 16, c(16, 8))),
  data = mtcars, epochs = 40, n_trials = 15, seed = 1, validation = 0.3
)
cars
table(cars$trials$state)

#+ rates, fig.alt = "Validation loss of the network's trials by learning rate, lowest near 0.05"
autoplot(cars, type = "lr") +
  scale_x_log10() +
  labs(title = "Fifteen networks", x = "Learning rate", y = "Validation loss")
