#' ---
#' title: Network or regression?
#' korean: 신경망과 회귀분석 비교
#' shows: Thirty simulated students; one linear unit is lm(); activations, optimisers and widths
#'   compared on held-out rows.
#' api: py_import("torchbridge.models")$mlp, fit
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
#' Without an activation the best network is the line of least squares.

line <- lm(final ~ midterm, scores)
center <- mean(scores$midterm)
spread <- sd(scores$midterm)
x <- torch_tensor(matrix((scores$midterm - center) / spread), dtype = torch_double())
y <- torch_tensor(matrix(scores$final), dtype = torch_double())
unit <- nn_linear(1, 1, dtype = torch_double())
optimizer <- optim_lbfgs(unit$parameters, max_iter = 50, line_search_fn = "strong_wolfe")
invisible(optimizer$step(function() {
  optimizer$zero_grad()
  loss <- nnf_mse_loss(unit(x), y)
  loss$backward()
  loss
}))
slope <- unit$weight$item() / spread
intercept <- unit$bias$item() - slope * center
rbind(unit = c(intercept, slope), lm = coef(line))

#' ## Many networks
#' Activation, optimiser and width in a grid; twenty rows to learn, ten to judge.

train <- sample(30, 20)
others <- setdiff(1:30, train)
models <- py_import("torchbridge.models")
tensors <- list(x = x$float(), y = y$float() / 100)
grid <- expand.grid(
  activation = c("relu", "tanh"), optimizer = c("sgd", "adam"), hidden = c(2L, 8L, 32L),
  stringsAsFactors = FALSE
)
grid$rmse <- mapply(function(activation, optimizer, hidden) {
  net <- models$mlp(1L, list(hidden), 1L, activation = activation, seed = 1L)
  fit <- models$fit(
    net, tensors$x[train, ], tensors$y[train, ],
    epochs = 60L, batch_size = 5L, lr = 0.02, optimizer = optimizer, seed = 1L
  )
  predicted <- 100 * as.numeric(fit$predict(tensors$x[others, ]))
  sqrt(mean((predicted - scores$final[others])^2))
}, grid$activation, grid$optimizer, grid$hidden)
on_train <- lm(final ~ midterm, scores, subset = train)
lm_rmse <- sqrt(mean((predict(on_train, scores[others, ]) - scores$final[others])^2))
grid[order(grid$rmse), ]
lm_rmse

#+ grid, fig.alt = "Held-out error of twelve networks by width, with the line's as a dashed line"
ggplot(grid, aes(factor(hidden), rmse, colour = activation, shape = optimizer)) +
  geom_hline(yintercept = lm_rmse, linetype = "dashed") +
  geom_point(size = 3) +
  labs(
    title = "Where the truth is a line, lm() is hard to beat", x = "Hidden nodes",
    y = "Error of held-out rows"
  )
