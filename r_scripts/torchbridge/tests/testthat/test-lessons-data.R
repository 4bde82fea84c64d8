# The lesson on datasets and loaders, with its published numbers.

skip_without_python()

set.seed(2021)
study <- data.frame(
  study_time = c(rnorm(300, 5, 2), rnorm(200, 10, 2)),
  n_question = as.integer(pmax(c(rnorm(300, 10, 2), rnorm(200, 13, 2)), 0)),
  pass = rep(0:1, c(300, 200))
)
study <- study[sample(500), ]
set.seed(2021)
test_rows <- sample(500, 150)
train <- study[-test_rows, ]
test <- study[test_rows, ]

study_dataset <- dataset(
  "study_dataset",
  initialize = function(data) {
    self$x <- torch_tensor(as.matrix(data[, c("study_time", "n_question")]))
    self$y <- torch_tensor(matrix(as.numeric(data$pass)))
  },
  .getbatch = function(i) list(x = self$x[i, ], y = self$y[i, ]),
  .length = function() self$x$size(1)
)

test_that("the data and its split are the lesson's", {
  expect_equal(
    study$study_time[1:6], c(4.376114, 9.305141, 3.790936, 5.879647, 1.166191, 9.976015),
    tolerance = 1e-6
  )
  expect_identical(study$n_question[1:6], c(9L, 15L, 9L, 7L, 7L, 11L))
  expect_identical(unname(c(table(test$pass))), c(87L, 63L))
})

test_that("batches of eight", {
  loader <- dataloader(study_dataset(train), batch_size = 8)
  expect_length(loader, 44L)
  sizes <- integer()
  iter <- dataloader_make_iter(loader)
  while (!is.null(batch <- dataloader_next(iter))) sizes <- c(sizes, dim(batch$x)[1])
  expect_identical(sizes, rep(c(8L, 6L), c(43, 1)))
  first <- dataloader_next(dataloader_make_iter(loader))
  expect_equal(as_array(first$x)[, 1], train$study_time[1:8], tolerance = 1e-6)
})

test_that("logistic regression batch by batch", {
  model <- nn_module(
    "logistic",
    initialize = function() self$fc <- nn_linear(2, 1),
    forward = function(x) torch_sigmoid(self$fc(x))
  )()
  expect_identical(sum(vapply(model$parameters, function(p) p$numel(), 0L)), 3L)
  with_no_grad({
    model$fc$weight$copy_(torch_tensor(rbind(c(0.099717, -0.239173))))
    model$fc$bias$copy_(torch_tensor(0.048379))
  })
  loader <- dataloader(
    tensor_dataset(study_dataset(train)$x, study_dataset(train)$y), batch_size = 8
  )
  criterion <- nn_bce_loss()
  optimizer <- optim_sgd(model$parameters, lr = 0.05)
  for (epoch in 1:100) {
    losses <- numeric()
    iter <- dataloader_make_iter(loader)
    while (!is.null(batch <- dataloader_next(iter))) {
      optimizer$zero_grad()
      loss <- criterion(model(batch[[1]]), batch[[2]])
      loss$backward()
      optimizer$step()
      losses <- c(losses, loss$item())
    }
  }
  expect_equal(mean(losses), 0.256948, tolerance = 1e-5)
  model$eval()
  held_out <- study_dataset(test)
  predicted <- with_no_grad(as.numeric(model(held_out$x) > 0.5))
  expect_gt(mean(predicted == test$pass), 0.9)
})

test_that("converged, it is glm()", {
  x <- torch_tensor(as.matrix(train[, 1:2]), dtype = torch_double())
  y <- torch_tensor(matrix(as.numeric(train$pass)), dtype = torch_double())
  w <- torch_zeros(2, 1, dtype = torch_double(), requires_grad = TRUE)
  b <- torch_zeros(1, dtype = torch_double(), requires_grad = TRUE)
  optimizer <- optim_lbfgs(
    list(w, b), max_iter = 200, tolerance_grad = 1e-12, tolerance_change = 1e-14,
    line_search_fn = "strong_wolfe"
  )
  optimizer$step(function() {
    optimizer$zero_grad()
    loss <- nnf_binary_cross_entropy_with_logits(x %*% w + b, y)
    loss$backward()
    loss
  })
  fit <- glm(pass ~ study_time + n_question, binomial, train, epsilon = 1e-12)
  expect_equal(c(b$item(), as.numeric(w)), unname(coef(fit)), tolerance = 1e-6)
})
