test_that("training", {
  costs <- fit$history$train_loss
  expect_lt(max(abs(costs[c(1, 101, 1001)] - c(.693147, .134722, .019852))), 1e-6)
  # What the 1001st step leaves is a little less still.
  expect_lt(by_hand, costs[1001])
  expect_equal(library_loss$item(), by_hand, tolerance = 1e-6)
  expect_identical(predicted, as.integer(data$y))
})

test_that("base R comes to the same weights", {
  p <- c(0, 0, 0)
  x <- cbind(as.matrix(data[1:2]), 1)
  for (step in 1:1001) p <- p - drop(crossprod(x, plogis(x %*% p) - data$y)) / 6
  expect_equal(c(w, b), unname(p), tolerance = 1e-5)
})

test_that("separation is told", {
  expect_match(warned, "converge|fitted probabilities")
  expect_match(exact, "fitted probabilities")
})
