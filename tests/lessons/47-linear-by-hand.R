test_that("all ways lead to lm()", {
  expect_lt(max(abs(exact - c(4.97, 2.70690755))), 5.1e-9)
  expect_lt(max(abs(by_hand - exact)), .15)
  expect_lt(max(abs(by_fit - exact)), .08)
  expect_true(all(diff(losses) < 1e-3))
  expect_lt(tail(history$train_loss, 1), history$train_loss[1] / 20)
})
