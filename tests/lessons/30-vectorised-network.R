test_that("one layer, two layers, the gradient", {
  expect_identical(c(dim(x), dim(x_val)), c(364L, 30L, 91L, 30L))
  expect_equal(by_autograd, by_hand, tolerance = 1e-12)
  expect_true(all(diff(history$train) < 0))
  expect_gte(one_layer, .96)
  expect_gte(two_layers, .95)
})
