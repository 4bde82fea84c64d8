#' ---
#' title: Looking for good settings
#' korean: Optuna 하이퍼파라미터 최적화
#' shows: Optuna minimises an R function; its trials as a data frame, drawn in R.
#' api: py_import("optuna")
#' rows: S1-7
#' ---

library(torchbridge)
library(ggplot2)

#' A study tries values, one trial at a time, and learns where good ones lie. The function it asks
#' is R's.

optuna <- py_import("optuna")
optuna$logging$set_verbosity(optuna$logging$WARNING)
objective <- function(trial) {
  x <- trial$suggest_float("x", -10, 10)
  (x - 2)^2
}
study <- optuna$create_study(sampler = optuna$samplers$TPESampler(seed = 10L))
study$optimize(objective, n_trials = 100L)
best <- study$best_params$x
best

trials <- study$trials_dataframe()
trials <- data.frame(number = trials$number, x = trials$params_x, value = trials$value)
head(trials)

#+ trials, fig.alt = "Values tried by trial: all over at first, then close to 2"
ggplot(trials, aes(number, x, colour = value)) +
  geom_hline(yintercept = 2, linetype = "dashed", colour = "#999999") +
  geom_point() +
  scale_colour_viridis_c(trans = "log10") +
  labs(title = "The study closes in on 2", x = "Trial", colour = "(x - 2)^2") +
  theme(legend.key.width = grid::unit(1.2, "cm"))
