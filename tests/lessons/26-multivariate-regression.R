test_that("descent", {
  expect_equal(costs[1:4], c(29661.80, 9298.52, 2915.713, 915.040), tolerance = 1e-6)
  # float32 sums in another order agree to four digits from here.
  expect_lt(abs(costs[101] - 1.563626), 1e-5)
  expect_lt(abs(costs[1001] - 1.079375), 1e-4)
  expect_lt(abs(coef(fit)$weight[2] - .6125), 1e-4)
  expect_lt(abs(typo[2] - 9537.69), 5.1e-3)
  expect_lt(abs(typo[21] - 5.957), 5.1e-4)
})

test_that("full batches are gradient descent", {
  x <- cbind(1, as.matrix(exams[1:3]))
  p <- numeric(4)
  by_hand <- numeric(100)
  for (epoch in seq_along(by_hand)) {
    left <- drop(x %*% p) - exams$final
    by_hand[epoch] <- mean(left^2)
    p <- p - 1e-5 * 2 * drop(crossprod(x, left)) / 5
  }
  expect_equal(costs[1:100], by_hand, tolerance = 1e-5)
})

test_that("lm() and linear() are one", {
  expect_equal(coef(by_torch), coef(exact), tolerance = 1e-8)
  expect_lt(mean(resid(exact)^2), costs[1001])
})

test_that("batches of two", {
  expect_length(loader, 3)
  expect_false(all(diff(noisy) < 0))
  expect_lt(noisy[20], noisy[1] / 100)
})
