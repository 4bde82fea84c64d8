# Lessons on networks, with their published numbers.

skip_without_python()

sigmoid <- function(x) 1 / (1 + exp(-x))

test_that("forward propagation in plain R, on matrices and on tensors", {
  x <- rbind(c(1, 2), c(3, 4), c(5, 6))
  set.seed(1234)
  one <- list(beta = matrix(runif(2), 2), gamma = matrix(runif(1)))
  expect_equal(c(one$beta, one$gamma), c(0.11370341, 0.6222994, 0.6092747), tolerance = 1e-7)
  forward <- function(x, weights) sigmoid(sigmoid(x %*% weights$beta) %*% weights$gamma)
  expect_equal(forward(x[1, , drop = FALSE], one)[1], 0.6188, tolerance = 1e-4)
  three <- list(beta = matrix(runif(6), 2), gamma = matrix(runif(3)))
  expect_equal(three$beta[, 1], c(0.6234, 0.8609), tolerance = 1e-4)
  expect_equal(forward(x[1, , drop = FALSE], three)[1], 0.7985, tolerance = 1e-4)
  all <- list(beta = matrix(runif(6), 2), gamma = matrix(runif(3)))
  expect_equal(
    all$beta, rbind(c(0.2827, 0.2923, 0.2862), c(0.9234, 0.8373, 0.2668)), tolerance = 1e-4
  )
  expect_equal(c(forward(x, all)), c(0.64345796, 0.66596169, 0.6727095), tolerance = 1e-8)
  in_torch <- lapply(all, function(m) torch_tensor(m, dtype = torch_double()))
  expect_equal(
    as_array(forward(torch_tensor(x, dtype = torch_double()), in_torch)), forward(x, all),
    tolerance = 1e-15
  )
})

two_layers <- nn_module(
  "TwoLayerNet",
  initialize = function(inputs, hidden, outputs, bias = FALSE) {
    self$hidden_layer <- nn_linear(inputs, hidden, bias = bias)
    self$output_layer <- nn_linear(hidden, outputs, bias = bias)
    self$sigmoid <- nn_sigmoid()
  },
  forward = function(x) {
    hidden <- self$sigmoid(self$hidden_layer(x))
    self$sigmoid(self$output_layer(hidden))
  }
)

count <- function(net) sum(vapply(net$parameters, function(p) p$numel(), 0L))

test_that("a first module", {
  net <- two_layers(2, 3, 1)
  expect_identical(count(net), 9L)
  x <- torch_tensor(rbind(c(1, 2), c(3, 4), c(5, 6)))
  expect_identical(dim(net(x)), c(3L, 1L))
  expect_equal(
    as_array(net$hidden_layer(x)), as_array(torch_matmul(x, net$hidden_layer$weight$t())),
    tolerance = 1e-6
  )
  with_no_grad(net$hidden_layer$weight$copy_(torch_tensor(
    rbind(c(-0.072235, -0.075713), c(-0.224736, -0.163281), c(-0.121568, -0.225592))
  )))
  expect_equal(as_array(net$hidden_layer(x))[1, ], c(-0.2237, -0.5513, -0.5728), tolerance = 1e-4)

  layer <- nn_linear(2, 3)
  with_no_grad({
    layer$weight$copy_(
      torch_tensor(rbind(c(0.0837, -0.5985), c(-0.6104, 0.1347), c(0.0889, -0.2483)))
    )
    layer$bias$copy_(torch_tensor(c(0.1729, -0.2470, -0.1615)))
  })
  expect_equal(as_array(layer(x))[1, ], c(-0.9405, -0.5879, -0.5690), tolerance = 2e-4)
})

test_that("a first training", {
  set.seed(2021)
  x <- sort(sample(1:100))
  y <- x + 30 * sin(0.1 * x) + rnorm(100, sd = 5)
  expect_equal(y[1:6], c(10.0714, 7.8920, 2.8775, 16.9806, 21.8566, 19.1346), tolerance = 1e-5)
  fit <- lm(y ~ x)
  expect_equal(mean(resid(fit)^2), 431.8235, tolerance = 1e-6)
  expect_equal(mean((y - x - 30 * sin(0.1 * x))^2), 23.233, tolerance = 1e-4)

  net <- nn_module(
    "nonlinear",
    initialize = function() {
      self$first <- nn_linear(1, 10)
      self$second <- nn_linear(10, 10)
      self$third <- nn_linear(10, 10)
      self$last <- nn_linear(10, 1)
    },
    forward = function(x) {
      hidden <- torch_tanh(self$first(x))
      hidden <- torch_tanh(self$second(hidden))
      self$last(self$third(hidden))
    }
  )
  torch_manual_seed(659487) # what seed 2021 was to the initialisers of the book's R torch
  model <- net()
  expect_identical(count(model), 251L)
  input <- torch_tensor(scale(x))
  target <- torch_tensor(matrix(y))
  optimizer <- optim_sgd(model$parameters, lr = 1e-5)
  losses <- numeric()
  for (epoch in 1:200) {
    optimizer$zero_grad()
    loss <- nnf_mse_loss(model(input), target)
    loss$backward()
    optimizer$step()
    losses[epoch] <- loss$item()
  }
  expect_equal(losses[1], 4268.52, tolerance = 2e-6)
  expect_true(all(diff(losses) < 0))
})

test_that("three styles of the same network", {
  by_list <- nn_sequential(nn_linear(4, 16), nn_relu(), nn_linear(16, 32), nn_relu())
  by_adding <- nn_sequential()
  for (layer in list(nn_linear(4, 16), nn_relu(), nn_linear(16, 32), nn_relu())) {
    by_adding$add_module(as.character(length(by_adding)), layer)
  }
  by_forward <- nn_module(
    initialize = function() {
      self$hidden <- nn_linear(4, 16)
      self$out <- nn_linear(16, 32)
    },
    forward = function(x) nnf_relu(self$out(nnf_relu(self$hidden(x))))
  )()
  nets <- list(by_list, by_adding, by_forward)
  expect_identical(lapply(nets, count), list(624L, 624L, 624L))
  with_no_grad(for (net in nets[-1]) {
    for (i in 1:4) net$parameters[[i]]$copy_(by_list$parameters[[i]])
  })
  x <- torch_randn(5, 4)
  for (net in nets[-1]) expect_identical(as_array(net(x)), as_array(by_list(x)))
})

test_that("a layer of one's own, with two modes", {
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
  layer <- noisy_linear(3, 2)
  x <- torch_randn(4, 3)
  expect_false(torch_equal(layer(x), layer(x)))
  layer$eval()
  expect_true(torch_equal(layer(x), layer(x)))
  expect_equal(as_array(layer(x)), as_array(x %*% layer$weight), tolerance = 1e-6)
  z <- function(a, b, c) 2 * (a - b) + c
  expect_identical(z(torch_tensor(1), torch_tensor(2), torch_tensor(3))$item(), 1)
})

test_that("a network that learns its input size from data", {
  model <- nn_sequential(nn_lazy_linear(16), nn_relu(), nn_linear(16, 32))
  expect_error(dim(model$parameters[[1]]), "lazy|uninitialized")
  model(torch_zeros(2, 4))
  shapes <- lapply(unname(model$parameters), dim)
  expect_identical(shapes, list(c(16L, 4L), 16L, c(32L, 16L), 32L))
})
