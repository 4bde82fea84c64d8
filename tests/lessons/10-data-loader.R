test_that("the data and their split", {
  expect_equal(
    study$study_time[1:6], c(4.376114, 9.305141, 3.790936, 5.879647, 1.166191, 9.976015),
    tolerance = 1e-6
  )
  expect_identical(study$n_question[1:6], c(9L, 15L, 9L, 7L, 7L, 11L))
  expect_identical(study$pass[1:6], c(0L, 1L, 0L, 0L, 0L, 1L))
  expect_identical(unname(c(table(test$pass))), c(87L, 63L))
  expect_identical(batch_rows, rep(c(8L, 6L), c(43, 1)))
})

test_that("training", {
  # The mean of the losses of an epoch's batches, as the original logs it.
  expect_lt(abs(history[100] - 0.256948), 2e-6)
  x <- cbind(1, as.matrix(train[c("study_time", "n_question")]))
  batches <- split(1:350, (1:350 - 1) %/% 8)
  w <- c(0.048379, 0.099717, -0.239173)
  by_hand <- numeric(1000)
  for (epoch in 1:1000) {
    losses <- numeric()
    for (rows in batches) {
      p <- plogis(drop(x[rows, ] %*% w))
      passed <- train$pass[rows]
      losses <- c(losses, -mean(passed * log(p) + (1 - passed) * log(1 - p)))
      w <- w - 0.05 * drop(crossprod(x[rows, ], p - passed)) / length(rows)
    }
    by_hand[epoch] <- mean(losses)
  }
  expect_lt(max(abs(logged$loss - by_hand[logged$epoch])), 2e-6)
  expect_lt(max(abs(weights - w)), 2e-4)
  expect_equal(by_fit, early, tolerance = 1e-6)
  # torch_fit() weighs each row alike, not each batch: the last one is smaller.
  expect_equal(fit$history$train_loss, history[1:100], tolerance = 0.01)
  expect_identical(sum(confusion), 150L)
  expect_gt(sum(diag(confusion)) / 150, 0.9)
})

test_that("glm() and logistic() are one", {
  expect_equal(coef(by_torch), coef(exact), tolerance = 1e-8)
  expect_lt(max(abs(weights - coef(exact)) / summary(exact)$coefficients[, 2]), 1)
})
