test_that("rates", {
  costs <- good$history$train_loss
  expect_lt(max(abs(costs[c(1, 2, 20)] - c(2.203667, 1.199645, .989365))), 1e-6)
  expect_true(all(diff(costs)[-2] < 0))
  expect_lt(abs(test_cost - 1.425844), 1e-6)
  expect_identical(test_right, 0L)
  expect_lt(max(abs(too_slow$history$train_loss - 3.187324)), 1e-6)
  expect_lt(abs(too_fast$history$train_loss[2] - 976950), 5)
  expect_match(diverged, "diverged.*smaller lr")
})

test_that("scaling", {
  expect_lt(difference, 1e-14)
  expect_lt(
    max(abs(as.numeric(standard[, 1]) - c(-1.0674, .7418, .3799, 1.0132, -1.0674))), 5.1e-5
  )
  plain <- scaled()
  penalty <- scaled(weight_decay = 0.2)
  expect_lt(plain[["cost"]], 200)
  expect_lt(penalty[["size"]], plain[["size"]])
  expect_gt(penalty[["cost"]], plain[["cost"]])
})
