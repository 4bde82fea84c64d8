# Lessons on gradients and descent, with their published numbers.

skip_without_python()

x <- torch_tensor(c(5.1339, 7.4256, 7.1589, 5.7047, 1.6527, 0.4431, 9.6277))
f <- function(mu) mean((x - mu)^2)

test_that("a loss and its slope", {
  torch_manual_seed(2021)
  torch_rand(1) # the book's version of R torch drew once before
  expect_equal(as_array(10 * torch_rand(7)), as_array(x), tolerance = 1e-4)
  expect_equal(as.numeric(f(2)), 20.0462, tolerance = 5e-6)
  expect_equal(
    vapply(seq(0, 0.1, by = 0.02), function(mu) as.numeric(f(mu)), 0),
    c(37.27285, 37.06098, 36.84991, 36.63964, 36.43018, 36.22152), tolerance = 1e-5
  )
  mu <- torch_tensor(2.5, requires_grad = TRUE)
  y <- f(mu)
  expect_equal(y$item(), 16.9896, tolerance = 1e-5)
  expect_equal((y^2)$item(), 288.646, tolerance = 1e-5)
  y$backward()
  expect_equal(mu$grad$item(), -5.6133, tolerance = 2e-5)
  expect_equal(mu$grad$item(), as.numeric(2 * (mu$detach() - mean(x))), tolerance = 1e-6)
})

test_that("what is recorded", {
  mu <- torch_tensor(2.5, requires_grad = TRUE)
  expect_false(is.null(f(mu)$grad_fn))
  expect_null(f(mu$detach())$grad_fn)
  with_no_grad(expect_null(f(mu)$grad_fn))
})

test_that("descent by hand", {
  mu <- torch_tensor(0.5, requires_grad = TRUE)
  for (step in 1:100) {
    f(mu)$backward()
    with_no_grad({
      mu$sub_(0.1 * mu$grad)
      mu$grad$zero_()
    })
  }
  expect_equal(mu$item(), 5.306654, tolerance = 2e-6)
  expect_equal(f(mu$detach())$item(), 9.1123, tolerance = 1e-4)
})

test_that("gradient tape", {
  w <- torch_tensor(1, requires_grad = TRUE)
  b <- torch_tensor(0.5, requires_grad = TRUE)
  x <- torch_tensor(1.4, requires_grad = TRUE)
  optimizer <- optim_sgd(list(w, b), lr = 0.01)
  loss <- sum((torch_tensor(2.1) - (w * x + b))^2)
  gradients <- autograd_grad(loss, list(w, b, x), retain_graph = TRUE)
  expect_equal(vapply(gradients, as.numeric, 0), c(-0.56, -0.4, -0.4), tolerance = 1e-6)
  loss$backward()
  optimizer$step()
  expect_equal(c(w$item(), b$item()), c(1.0056, 0.504), tolerance = 1e-6)
})

test_that("the likelihood of a thumbtack", {
  log_lik <- function(theta) 27 * log(theta) + 73 * log(1 - theta)
  expect_equal(as.numeric(log_lik(torch_tensor(0.27))), -58.325884, tolerance = 1e-6)
  expect_equal(
    as.numeric(log_lik(torch_tensor(0.27))) + lchoose(100, 27), log(0.0895556), tolerance = 1e-5
  )
  theta <- torch_tensor(0.5, requires_grad = TRUE)
  optimizer <- optim_sgd(theta, lr = 1e-4)
  for (step in 1:300) {
    optimizer$zero_grad()
    (-log_lik(theta))$backward()
    optimizer$step()
  }
  expect_equal(theta$item(), 0.27, tolerance = 1e-5)
  at <- torch_tensor(0.27, dtype = torch_double(), requires_grad = TRUE)
  slope <- autograd_grad(-log_lik(at), at, create_graph = TRUE)[[1]]
  expect_equal(as.numeric(autograd_grad(slope, at)[[1]]), 100 / (0.27 * 0.73), tolerance = 1e-10)
})

test_that("gradient descent step by step", {
  x <- torch_tensor(c(1, 2, 3))
  y <- torch_tensor(c(1, 2, 3))
  w <- torch_zeros(1)
  costs <- weights <- numeric()
  for (epoch in 1:10) {
    costs <- c(costs, mean((x * w - y)^2)$item())
    weights <- c(weights, w$item())
    w <- w - 0.1 * sum((x * w - y) * x)
  }
  expect_equal(
    weights, c(0, 1.4, 0.84, 1.064, 0.974, 1.010, 0.996, 1.002, 0.999, 1), tolerance = 5e-4
  )
  expect_equal(costs[1:5], c(4.666667, 0.746667, 0.119467, 0.019115, 0.003058), tolerance = 1e-4)

  by_autograd <- torch_zeros(1, requires_grad = TRUE)
  optimizer <- optim_sgd(by_autograd, lr = 0.15) # of the mean: two thirds of the sum's
  path <- numeric()
  for (epoch in 1:10) {
    path <- c(path, by_autograd$item())
    cost <- mean((x * by_autograd - y)^2)
    optimizer$zero_grad()
    cost$backward()
    optimizer$step()
  }
  expect_equal(path, weights, tolerance = 1e-6)
})
