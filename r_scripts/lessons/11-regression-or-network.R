#' ---
#' title: Network or regression?
#' korean: 신경망과 회귀분석 비교
#' shows: Thirty simulated students; one linear unit is lm(); activations, optimisers and widths
#'   compared on held-out rows.
#' api: torch_fit, mlp, torch_tune(sampler = "grid")
#' rows: S0-9
#' ---

library(torchbridge)
library(ggplot2)

#' The scores are simulated, with the design of a well-known class: 16 women, 14 men, and a
#' correlation near 0.96 between midterm and final.

set.seed(30)
scores <- data.frame(
  gender = sample(rep(c("F", "M"), c(16, 14))),
  midterm = round(pmin(pmax(rnorm(30, 58, 18), 20), 95))
)
scores$final <- round(-12.7 + 1.2 * scores$midterm + rnorm(30, sd = 6.5))
cor(scores$midterm, scores$final)

#' ## One linear unit is lm()
#' A network without hidden layers is a line, and the best one is that of least squares.

line <- lm(final ~ midterm, scores)
unit <- torch_fit(
  final ~ midterm, scores, mlp(hidden = NULL), optimizer = "lbfgs", lr = 1, batch_size = 30,
  epochs = 5, precision = "64-true", optimizer_options = list(line_search_fn = "strong_wolfe")
)
ends <- data.frame(midterm = c(20, 95))
cbind(ends, unit = predict(unit, ends), lm = predict(line, ends))

#' ## Many networks
#' Activation, optimiser and width in a grid; twenty rows to learn, ten to judge. All trials come
#' back as one data frame.

rows <- sample(30, 20)
standard <- data.frame(scale(scores[c("midterm", "final")]))
search <- torch_tune(
  final ~ midterm,
  list(activation = c("relu", "tanh"), optimizer = c("sgd", "adam"), hidden = list(2, 8, 32)),
  data = standard[rows, ], validation = standard[-rows, ], sampler = "grid", pruner = "none",
  epochs = 60, batch_size = 5, lr = 0.02, seed = 1
)
trials <- search$trials
trials$error <- sqrt(trials$value) * sd(scores$final)
trials[order(trials$error), c("activation", "optimizer", "hidden", "error")]
on_rows <- lm(final ~ midterm, scores[rows, ])
lm_error <- sqrt(mean((predict(on_rows, scores[-rows, ]) - scores$final[-rows])^2))
lm_error

#+ grid, fig.alt = "Held-out error of twelve networks by width, with the line's as a dashed line"
ggplot(trials, aes(factor(hidden), error, colour = activation, shape = optimizer)) +
  geom_hline(yintercept = lm_error, linetype = "dashed") +
  geom_point(size = 3, position = position_dodge(0.3)) +
  labs(
    title = "Where the truth is a line, lm() is hard to beat", x = "Hidden nodes",
    y = "Points of error on held-out rows", colour = NULL, shape = NULL
  )
