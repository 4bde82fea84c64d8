test_that("all ways lead to lm()", {
  expect_lt(max(abs(exact - c(4.97, 2.70690755))), 5.1e-9)
  expect_lt(max(abs(by_hand - exact)), .15)
  expect_lt(max(abs(by_fit - exact)), .01)
  expect_equal(unname(by_lbfgs), unname(exact), tolerance = 1e-9)
  expect_equal(unname(by_linear), unname(exact), tolerance = 1e-13)
  expect_true(all(diff(losses) < 1e-3))
  expect_lt(tail(fit$history$train_loss, 1), fit$history$train_loss[1] / 20)
})
