#' ---
#' title: A linear model, by hand and fitted
#' korean: 선형 회귀 모델 직접 만들기, compile과 fit
#' shows: Ten points, two parameters, a loop of one row at a time; the same in one call; lm() as
#'   goal.
#' api: nn_module, nn_parameter, optim_sgd, torch_fit, linear
#' rows: S4-2, S4-4
#' ---

library(torchbridge)
library(ggplot2)

x <- 0:9
y <- c(1, 1.3, 3.1, 2, 5, 6.3, 6.6, 7.4, 8, 9)
standard <- (x - mean(x)) / sqrt(mean((x - mean(x))^2))
exact <- coef(lm(y ~ standard))
exact

#' ## By hand

line <- nn_module(
  "Line",
  initialize = function() {
    self$w <- nn_parameter(torch_zeros(1))
    self$b <- nn_parameter(torch_zeros(1))
  },
  forward = function(x) self$w * x + self$b
)
model <- line()
inputs <- torch_tensor(matrix(standard))
targets <- torch_tensor(matrix(y))
optimizer <- optim_sgd(model$parameters, lr = 0.001)
torch_manual_seed(1)
losses <- numeric(200)
for (epoch in seq_along(losses)) {
  for (i in sample(10)) {
    optimizer$zero_grad()
    loss <- nnf_mse_loss(model(inputs[i, ]), targets[i, ])
    loss$backward()
    optimizer$step()
  }
  losses[epoch] <- with_no_grad(nnf_mse_loss(model(inputs), targets))$item()
}
by_hand <- c(model$b$item(), model$w$item())

#' ## Fitted
#' `torch_fit()` is that loop, written once: model, data, optimizer. Its history has the losses.

fit <- torch_fit(
  cbind(standard), y, line(),
  optimizer = "sgd", lr = 0.01, epochs = 200, batch_size = 1, seed = 1
)
fit
by_fit <- c(coef(fit)$b, coef(fit)$w)

#' One row at a time, the line never quite rests. An optimizer that sees all rows and a line search
#' goes to where `lm()` is; so does the model that torchbridge calls `linear()`.

exactly <- torch_fit(
  cbind(standard), y, nn_linear(1, 1, dtype = torch_double()),
  optimizer = "lbfgs", optimizer_options = list(line_search_fn = "strong_wolfe"), lr = 1,
  epochs = 5, batch_size = 10, seed = 1
)
by_lbfgs <- unlist(coef(exactly)[c("bias", "weight")])
by_linear <- coef(torch_fit(cbind(standard), y, linear()))
rbind(lm = exact, by_hand, by_fit, by_lbfgs, by_linear)

#+ lines, fig.alt = "Ten points with the lines of lm and of the fitted model, one on the other"
ggplot(data.frame(standard, y), aes(standard, y)) +
  geom_abline(intercept = exact[1], slope = exact[2], linewidth = 1.6, colour = "#56B4E9") +
  geom_abline(intercept = by_fit[1], slope = by_fit[2], linetype = "dashed") +
  geom_point() +
  labs(title = "lm() in blue, torch_fit() dashed", x = "x, standardised")
