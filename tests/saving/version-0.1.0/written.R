# Written with the first version (0.1.0, before the rooms).
library(torchbridge)
torch_manual_seed(1)
net <- nn_sequential(nn_linear(3, 4), nn_relu(), nn_dropout(0.1), nn_batch_norm1d(4), nn_linear(4, 1))
net$eval()
x <- torch_tensor(matrix(1:6 / 4, 2))
saveRDS(net, "layers.rds")
gru <- nn_gru(3, 2, batch_first = TRUE)
saveRDS(gru, "recurrent.rds")
written <- nn_module("Scaled",
  initialize = function(size) {
    self$linear <- nn_linear(size, 2)
    self$scale <- nn_parameter(torch_tensor(3))
    self$shift <- nn_buffer(torch_tensor(c(1, 2)))
    self$power <- 2
    self$label <- "a field"
  },
  forward = function(x) self$scale * self$linear(x)^self$power + self$shift,
  twice = function(x) 2 * self$forward(x),
  active = list(width = function() self$linear$out_features)
)
model <- written(3)
saveRDS(model, "written.rds")
nested <- nn_sequential(written(3), nn_tanh())
saveRDS(nested, "nested.rds")
models <- py_import("torchbridge.models")
torch <- py_import("torch")
saveRDS(list(
  tensor = x, parameter = net$parameters[[1]], dtype = torch_float64(), device = torch_device("cpu"),
  mlp = models$mlp, fit = models$fit, predict = models$predict, tabular = models$Tabular,
  glm = models$fit_glm, callback = models$Callback, relu = torch$relu, handle = py_import("torchbridge")$to_torch,
  error = py_import("torchbridge")$RError, data = py_import("torchbridge.data")$RDataset,
  grad = py_import("torchbridge.autograd")$grad
), "objects.rds")
torch_save(net, "layers.pt"); torch_save(list(a = x, b = list(1:3, "text", TRUE), f = factor(c("u", "v"))), "values.pt")
torch_save(model$state_dict(), "state.pt")
set.seed(2)
d <- data.frame(y = c(1.5, 2, 3.5, 3, 5.5, 6, 7.5, 8, 9, 9.5), x = 1:10, g = factor(rep(c("u", "v"), 5)), s = rep(c(FALSE, TRUE, TRUE), length.out = 10))
options <- list(epochs = 5, batch_size = 5)
fits <- list(
  mlp = torch_fit(y ~ x + g, d, mlp(c(4)), epochs = 5, batch_size = 5, validation = 0.2, seed = 3),
  tabular = torch_fit(y ~ x + g, d, tabular(4), epochs = 5, batch_size = 5, seed = 3),
  linear = torch_fit(y ~ x + g, d, linear()),
  logistic = torch_fit(s ~ x, d, logistic()),
  poisson = torch_fit(round(y) ~ x, d, poisson()),
  multinomial = torch_fit(factor(rep(c("a", "b", "c"), length.out = 10)) ~ x, d, multinomial()),
  k_means = torch_fit(~ y + x, d, k_means(2), seed = 3),
  mixture = torch_fit(~ y + x, d, gaussian_mixture(2, covariance = "spherical"), seed = 3),
  pca = torch_fit(~ y + x, d, pca(2)),
  module = torch_fit(y ~ x, d, nn_sequential(nn_linear(1, 3), nn_tanh(), nn_linear(3, 1)), epochs = 5, batch_size = 5, seed = 3),
  written = torch_fit(y ~ x, d, nn_module("Line", initialize = function() self$l <- nn_linear(1, 1), forward = function(x) self$l(x))(), epochs = 5, batch_size = 5, seed = 3)
)
for (name in names(fits)) saveRDS(fits[[name]], paste0("fit-", name, ".rds"))
saveRDS(torch_path(y ~ x + g, d), "path.rds")
mle <- torch_mle(function(mu, sigma, y) -sum(dnorm(y, mu, sigma, log = TRUE)), list(mu = 0, sigma = 1), data = list(y = d$y), lower = c(sigma = 1e-6))
saveRDS(mle, "mle.rds")
plain <- function(x) if (inherits(x, "torch_tensor")) as.array(x) else x
predictions <- lapply(fits, function(f) plain(predict(f, d)))
expected <- list(data = d, x = as.array(x), layers = as.array(net(x)), recurrent = as.array(gru(torch_tensor(array(1:6 / 4, c(1, 2, 3))))[[1]]),
  written = as.array(model(x)), twice = as.array(model$twice(x)), nested = as.array(nested(x)), predictions = predictions,
  coef = coef(mle), printed = lapply(fits, function(f) capture.output(print(f))))
saveRDS(expected, "expected.rds", version = 3)
write.csv(d, "data.csv", row.names = FALSE)
