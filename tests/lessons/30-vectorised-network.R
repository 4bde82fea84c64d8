test_that("one layer", {
  expect_identical(c(dim(x), dim(x_val)), c(364L, 30L, 91L, 30L))
  expect_equal(by_grad, by_hand, tolerance = 1e-13)
  expect_true(all(diff(history$train) < 0))
  expect_equal(one_layer, 89 / 91)
})

test_that("two layers, to the last tumour", {
  expect_equal(unname(accuracy), rep(89 / 91, 4))
  expect_lt(abs(accuracy[["equal"]] - .978022), 5.1e-7)
})

test_that("torch_fit() takes the same 500 steps", {
  expect_lt(difference, 1e-14)
})
