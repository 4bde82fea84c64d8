#' ---
#' title: Three ways to write a network, and a layer of one's own
#' korean: Sequential과 서브클래싱, 사용자 정의 층, 지연된 변수 생성
#' shows: A list of layers, layers added, a forward() of one's own: the same network; a noisy layer;
#'   weights made when the first data come.
#' api: nn_sequential, add_module, nn_module, nn_lazy_linear, nn_parameter, saveRDS, torch_fit
#' rows: S4-3, S4-5, S4-6
#' ---

library(torchbridge)
library(ggplot2)

by_list <- nn_sequential(nn_linear(4, 16), nn_relu(), nn_linear(16, 32), nn_relu())

by_adding <- nn_sequential()
for (layer in list(nn_linear(4, 16), nn_relu(), nn_linear(16, 32), nn_relu())) {
  by_adding$add_module(as.character(length(by_adding)), layer)
}

my_model <- nn_module(
  "MyModel",
  initialize = function() {
    self$hidden <- nn_linear(4, 16)
    self$out <- nn_linear(16, 32)
  },
  forward = function(x) nnf_relu(self$out(nnf_relu(self$hidden(x))))
)
by_forward <- my_model()

#' The same number of parameters, and at the same weights the same answers.

nets <- list(by_list, by_adding, by_forward)
counts <- vapply(nets, function(net) sum(vapply(net$parameters, function(p) p$numel(), 0)), 0)
counts
with_no_grad(for (net in nets[-1]) {
  for (i in 1:4) net$parameters[[i]]$copy_(by_list$parameters[[i]])
})
x <- torch_randn(5, 4)
same <- vapply(nets, function(net) identical(as.array(net(x)), as.array(by_list(x))), NA)
same

#' ## A layer of one's own
#' Noise on the inputs while training, none afterwards. `$train()` and `$eval()` switch.

noisy_linear <- nn_module(
  "NoisyLinear",
  initialize = function(inputs, outputs, noise = 0.1) {
    self$weight <- nn_parameter(torch_randn(inputs, outputs))
    self$bias <- nn_parameter(torch_zeros(outputs))
    self$noise <- noise
  },
  forward = function(x) {
    if (self$training) x <- x + self$noise * torch_randn_like(x)
    torch_addmm(self$bias, x, self$weight)
  }
)
torch_manual_seed(1)
noisy <- noisy_linear(1, 1)
at <- torch_linspace(-1, 1, 40)$view(c(-1, 1))
training <- as.numeric(noisy(at)$detach())
noisy$eval()
evaluating <- as.numeric(noisy(at)$detach())

#' A module is saved with what made it: read again, it is the same layer, noise and all.

file <- tempfile(fileext = ".rds")
saveRDS(noisy, file)
again <- readRDS(file)
restored <- as.numeric(again(at)$detach())
c(noise = again$noise, difference = max(abs(restored - evaluating)))

#+ noise, fig.alt = "The layer's answers: scattered in training, on a line in evaluation"
shown <- data.frame(
  x = rep(as.numeric(at), 2), y = c(training, evaluating),
  mode = rep(c("train()", "eval()"), each = 40)
)
ggplot(shown, aes(x, y, colour = mode)) +
  geom_point() +
  labs(title = "One layer in two modes", colour = NULL)

#' ## Weights that wait
#' A lazy layer does not know its inputs until it sees some; until then its weights cannot be read.

lazy <- nn_sequential(nn_lazy_linear(16), nn_relu(), nn_linear(16, 32))
refused <- tryCatch(dim(lazy$parameters[[1]]), error = conditionMessage)
refused
invisible(lazy(torch_zeros(2, 4)))
shapes <- lapply(unname(lazy$parameters), dim)
str(shapes)

#' `torch_fit()` shows it the first row itself: the formula says what comes in.

waiting <- nn_sequential(nn_lazy_linear(16), nn_relu(), nn_lazy_linear(1))
fit <- torch_fit(mpg ~ wt + hp + qsec, mtcars, waiting, epochs = 5, seed = 1)
fit_shapes <- lapply(unname(coef(fit)), dim)
fit$n_parameters

#' A computation can be a function as well: z = 2 (a - b) + c.

z <- function(a, b, c) 2 * (a - b) + c
z(torch_tensor(1), torch_tensor(2), torch_tensor(3))
