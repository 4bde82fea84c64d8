# Lessons on regression and classification, trained as tutorials train, with their numbers.

skip_without_python()

# Trains parameters on a loss; gives the loss before each of the epochs asked for.
descend <- function(parameters, loss, lr, epochs, at) {
  optimizer <- optim_sgd(parameters, lr = lr)
  seen <- numeric()
  for (epoch in 0:epochs) {
    cost <- loss()
    if (epoch %in% at) seen <- c(seen, cost$item())
    optimizer$zero_grad()
    cost$backward()
    optimizer$step()
  }
  seen
}

test_that("linear regression", {
  x <- torch_tensor(matrix(c(1, 2, 3)))
  y <- torch_tensor(matrix(c(1, 2, 3)))
  w <- torch_zeros(1, requires_grad = TRUE)
  b <- torch_zeros(1, requires_grad = TRUE)
  costs <- descend(
    list(w, b), function() torch_mean((x * w + b - y)^2), 0.01, 1000, c(0, 100, 1000)
  )
  expect_equal(costs, c(4.666667, 0.012043, 0.000158), tolerance = 5e-3)
  expect_equal(c(w$item(), b$item()), c(0.985, 0.033), tolerance = 2e-2)
})

test_that("linear regression, its first step and the other tables", {
  x <- torch_tensor(matrix(c(1, 2, 3)))
  w <- torch_zeros(1, requires_grad = TRUE)
  b <- torch_zeros(1, requires_grad = TRUE)
  y <- torch_tensor(matrix(c(1, 2, 3)))
  descend(list(w, b), function() torch_mean((x * w + b - y)^2), 0.01, 0, 0)
  expect_equal(c(w$item(), b$item()), c(0.0933, 0.04), tolerance = 1e-3)

  with_no_grad(for (p in list(w, b)) p$zero_())
  y <- torch_tensor(matrix(c(2, 4, 6)))
  descend(list(w, b), function() nnf_mse_loss(x * w + b, y), 0.01, 1000, 0)
  expect_equal(
    c(w$item(), b$item(), 4 * w$item() + b$item()), c(1.9709, 0.0663, 7.95), tolerance = 1e-3
  )

  with_no_grad(for (p in list(w, b)) p$zero_())
  y <- torch_tensor(matrix(c(4, 5, 6)))
  costs <- descend(list(w, b), function() nnf_mse_loss(x * w + b, y), 0.01, 1000, c(0, 1000))
  expect_equal(costs, c(25.6667, 0.005358), tolerance = 1e-3)
  expect_equal(
    c(w$item(), b$item(), 4 * w$item() + b$item()), c(1.0848, 2.8072, 7.146), tolerance = 1e-3
  )
})

test_that("a linear layer starts where PyTorch's does", {
  torch_manual_seed(1)
  layer <- nn_linear(1, 1)
  expect_equal(c(layer$weight$item(), layer$bias$item()), c(0.51526, -0.44138), tolerance = 1e-4)
  x <- torch_tensor(matrix(c(1, 2, 3)))
  expect_equal(nnf_mse_loss(layer(x), x)$item(), 2.1471, tolerance = 1e-4)
})

quiz <- cbind(c(73, 93, 89, 96, 73), c(80, 88, 91, 98, 66), c(75, 93, 90, 100, 70))
final <- c(152, 185, 180, 196, 142)

test_that("multivariate linear regression", {
  x <- torch_tensor(quiz)
  y <- torch_tensor(matrix(final))
  w <- torch_zeros(3, 1, requires_grad = TRUE)
  b <- torch_zeros(1, requires_grad = TRUE)
  costs <- descend(
    list(w, b), function() torch_mean((torch_matmul(x, w) + b - y)^2), 1e-5, 1000,
    c(0:3, 100, 1000)
  )
  expect_equal(costs[1:4], c(29661.80, 9298.52, 2915.713, 915.040), tolerance = 1e-5)
  expect_equal(costs[5:6], c(1.563626, 1.079375), tolerance = 1e-3)
  solved <- linalg_lstsq(
    torch_tensor(cbind(1, quiz), dtype = torch_double()),
    torch_tensor(matrix(final), dtype = torch_double())
  )
  expect_equal(as.numeric(solved$solution), unname(coef(lm(final ~ quiz))), tolerance = 1e-8)
})

test_that("minibatches", {
  loader <- dataloader(
    tensor_dataset(torch_tensor(quiz), torch_tensor(matrix(final))), batch_size = 2, shuffle = TRUE
  )
  expect_length(loader, 3L)
  model <- nn_linear(3, 1)
  optimizer <- optim_sgd(model$parameters, lr = 1e-5)
  costs <- numeric()
  for (epoch in 1:20) {
    coro_free <- dataloader_make_iter(loader)
    while (!is.null(batch <- dataloader_next(coro_free))) {
      cost <- nnf_mse_loss(model(batch[[1]]), batch[[2]])
      optimizer$zero_grad()
      cost$backward()
      optimizer$step()
      costs <- c(costs, cost$item())
    }
  }
  expect_length(costs, 60L)
  expect_lt(mean(costs[55:60]), costs[1] / 100)
})

test_that("logistic regression", {
  x <- torch_tensor(rbind(c(1, 2), c(2, 3), c(3, 1), c(4, 3), c(5, 3), c(6, 2)))
  y <- torch_tensor(matrix(c(0, 0, 0, 1, 1, 1)))
  w <- torch_zeros(c(2, 1), requires_grad = TRUE)
  b <- torch_zeros(1, requires_grad = TRUE)
  loss <- function() {
    hypothesis <- torch_sigmoid(x$matmul(w) + b)
    -mean(y * log(hypothesis) + (1 - y) * log(1 - hypothesis))
  }
  expect_equal(
    descend(list(w, b), loss, 1, 1000, c(0, 100, 1000)), c(0.693147, 0.134722, 0.019852),
    tolerance = 1e-4
  )
  with_no_grad({
    hypothesis <- torch_sigmoid(torch_matmul(x, w) + b)
    expect_equal(nnf_binary_cross_entropy(hypothesis, y)$item(), loss()$item(), tolerance = 1e-5)
    expect_identical(as.numeric(hypothesis > 0.5), c(0, 0, 0, 1, 1, 1))
  })
})

scores <- rbind(
  c(1, 2, 1, 1), c(2, 1, 3, 2), c(3, 1, 3, 4), c(4, 1, 5, 5),
  c(1, 7, 5, 5), c(1, 2, 5, 6), c(1, 6, 6, 6), c(1, 7, 7, 7)
)
classes <- c(3L, 3L, 3L, 2L, 2L, 2L, 1L, 1L)

test_that("cross entropy by four routes", {
  expect_equal(
    as_array(nnf_softmax(torch_tensor(c(1, 2, 3)), dim = 1)), c(0.0900, 0.2447, 0.6652),
    tolerance = 1e-3
  )
  torch_manual_seed(1)
  z <- torch_rand(3, 5)
  y <- torch_tensor(c(1L, 3L, 2L))
  p <- nnf_softmax(z, dim = 2)
  expect_equal(as_array(p)[1, ], c(0.2645, 0.1639, 0.1855, 0.2585, 0.1277), tolerance = 1e-3)
  one_hot <- torch_zeros_like(z)
  one_hot$scatter_(2, y$unsqueeze(2), 1)
  expect_identical(as_array(one_hot), as_array(nnf_one_hot(y, 5)) + 0)
  routes <- list(
    mean(torch_sum(-one_hot * log(p), dim = 2)),
    mean(torch_sum(-one_hot * nnf_log_softmax(z, dim = 2), dim = 2)),
    nnf_nll_loss(nnf_log_softmax(z, dim = 2), y),
    nnf_cross_entropy(z, y)
  )
  expect_equal(vapply(routes, as.numeric, 0), rep(1.4689, 4), tolerance = 1e-4)
})

test_that("softmax classification, and softmax twice", {
  x <- torch_tensor(scores)
  y <- torch_tensor(classes)
  w <- torch_zeros(c(4, 3), requires_grad = TRUE)
  b <- torch_zeros(1, requires_grad = TRUE)
  right <- function() nnf_cross_entropy(x$matmul(w) + b, y)
  expect_equal(
    descend(list(w, b), right, 0.1, 1000, c(0, 100, 1000)), c(1.098612, 0.761050, 0.399962),
    tolerance = 1e-4
  )
  with_no_grad(for (p in list(w, b)) p$zero_())
  twice <- function() nnf_cross_entropy(nnf_softmax(x$matmul(w) + b, dim = 2), y)
  expect_equal(descend(list(w, b), twice, 0.1, 1000, 1000), 0.738749, tolerance = 1e-4)
})

test_that("training and test data, learning rates", {
  x <- torch_tensor(
    rbind(
      c(1, 2, 1), c(1, 3, 2), c(1, 3, 4), c(1, 5, 5), c(1, 7, 5), c(1, 2, 5), c(1, 6, 6), c(1, 7, 7)
    )
  )
  y <- torch_tensor(classes)
  torch_manual_seed(1)
  model <- nn_linear(3, 3)
  costs <- descend(
    model$parameters, function() nnf_cross_entropy(model(x), y), 0.1, 19, c(0, 1, 19)
  )
  expect_equal(costs, c(2.203667, 1.199645, 0.989365), tolerance = 1e-5)
  test <- torch_tensor(rbind(c(2, 1, 1), c(3, 1, 2), c(3, 3, 4)))
  with_no_grad({
    expect_equal(nnf_cross_entropy(model(test), c(3L, 3L, 3L))$item(), 1.425844, tolerance = 1e-4)
    expect_identical(sum(torch_argmax(model(test), dim = 2) == 3)$item(), 0L)
  })
  model <- nn_linear(3, 3)
  costs <- descend(model$parameters, function() nnf_cross_entropy(model(x), y), 1e-10, 20, c(0, 20))
  expect_equal(costs[2], costs[1], tolerance = 1e-6)
})

test_that("standardised scores", {
  x <- torch_tensor(quiz)
  standard <- (x - torch_mean(x, dim = 1)) / torch_std(x, dim = 1)
  expect_equal(as_array(standard), scale(quiz), tolerance = 1e-5, ignore_attr = TRUE)
  expect_equal(
    as_array(standard[, 1]), c(-1.0674, 0.7418, 0.3799, 1.0132, -1.0674), tolerance = 1e-4
  )
})
