test_that("softmax and four routes", {
  expect_lt(max(abs(soft - c(.0900, .2447, .6652))), 5.1e-5)
  expect_lt(max(abs(as.numeric(p[1, ]) - c(.2645, .1639, .1855, .2585, .1277))), 5.1e-5)
  expect_lt(max(abs(routes - 1.4689)), 5.1e-5)
})

test_that("training", {
  costs <- right$history$train_loss
  expect_lt(max(abs(costs[c(1, 101, 1001)] - c(1.098612, .761050, .399962))), 1e-6)
  expect_lt(abs(twice$history$train_loss[1001] - .738749), 1e-6)
  expect_identical(sum(predicted == class), 7L)
  z <- exp(x %*% t(coef(right)[["0.weight"]]))
  expect_equal(unname(predict(right, type = "prob")), z / rowSums(z), tolerance = 1e-5)
})

test_that("multinomial regression", {
  expect_match(apart, "separated")
  expect_equal(coef(by_torch), coef(by_nnet), tolerance = 1e-5, ignore_attr = TRUE)
  expect_equal(c(logLik(by_torch)), c(logLik(by_nnet)), tolerance = 1e-10, ignore_attr = TRUE)
})
