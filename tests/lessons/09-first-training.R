test_that("the data and the line", {
  expect_lt(max(abs(y[1:6] - c(10.0714, 7.8920, 2.8775, 16.9806, 21.8566, 19.1346))), 5e-5)
  expect_lt(abs(mean(resid(line)^2) - 431.8235), 5e-5)
  expect_lt(abs(coef(line)[[1]] - 7.2662), 5e-5)
  expect_lt(abs(coef(line)[[2]] - .94904), 5e-6)
  expect_lt(abs(summary(line)$r.squared - .63476), 5e-6)
  expect_lt(abs(mean((y - truth)^2) - 23.233), 5e-4)
})

test_that("the network", {
  expect_equal(fit$n_parameters, 251)
  expect_lt(abs(losses[1] - 4268.52), 5e-3)
  expect_equal(fit$history$train_loss[1:5], losses, tolerance = 1e-6)
  expect_identical(logged$epoch, c(1, seq(5000, 50000, by = 5000)))
  expect_true(all(diff(logged$train_loss) < 0))
  expect_lt(logged$train_loss[11], 25)
  expect_equal(mean((y - fitted)^2), fit$history$train_loss[50000], tolerance = 1e-4)
})

test_that("base R, with gradients by hand, comes the same way", {
  p <- lapply(new_net()$parameters, as.array)
  w <- p[grepl("weight", names(p))]
  b <- p[grepl("bias", names(p))]
  layer <- function(h, i) sweep(h %*% t(w[[i]]), 2, b[[i]], "+")
  by_hand <- numeric(2000)
  for (epoch in seq_along(by_hand)) {
    h <- list(scale(x))
    for (i in 1:4) h[[i + 1]] <- if (i < 3) tanh(layer(h[[i]], i)) else layer(h[[i]], i)
    by_hand[epoch] <- mean((h[[5]] - y)^2)
    back <- 2 * (h[[5]] - y) / 100
    for (i in 4:1) {
      if (i < 3) back <- back * (1 - h[[i + 1]]^2)
      before <- back %*% w[[i]]
      w[[i]] <- w[[i]] - 1e-5 * crossprod(back, h[[i]])
      b[[i]] <- b[[i]] - 1e-5 * colSums(back)
      back <- before
    }
  }
  expect_equal(fit$history$train_loss[1:2000], by_hand, tolerance = 1e-4)
})
