test_that("the path", {
  expect_identical(first_gradient, -14)
  expect_lt(
    max(abs(by_hand$w - c(0, 1.4, .840, 1.064, .974, 1.010, .996, 1.002, .999, 1))), 5.1e-4
  )
  expect_lt(
    max(abs(by_hand$cost[1:5] - c(4.666667, .746667, .119467, .019115, .003058))), 5.1e-7
  )
  expect_equal(by_grad, by_hand, tolerance = 1e-13)
  expect_equal(by_optimizer$par1, by_hand$w, tolerance = 1e-13)
  expect_equal(by_optimizer$value, by_hand$cost, tolerance = 1e-12)
})

test_that("the chain rule", {
  expect_equal(by_autograd, by_chain_rule, tolerance = 1e-14)
})
