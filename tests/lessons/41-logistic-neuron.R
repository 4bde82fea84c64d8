test_that("the data", {
  expect_identical(dim(cancer$data), c(569L, 30L))
  expect_identical(unname(c(table(cancer$target))), c(212L, 357L))
  expect_setequal(order(spreads, decreasing = TRUE)[1:3] - 1, c(3, 13, 23))
  expect_identical(c(nrow(inner$x), nrow(inner$x_val), nrow(outer$x_test)), c(364L, 91L, 114L))
})

test_that("accuracies to the last row", {
  expect_equal(accuracy(neuron, outer$x_test, outer$y_test), 94 / 114)
  expect_equal(accuracy(shuffled, outer$x_test, outer$y_test), 106 / 114)
  expect_equal(unscaled, 83 / 91)
  expect_equal(on_raw, 34 / 91)
  expect_equal(on_scaled, 88 / 91)
  expect_equal(c(early, l1, l2), rep(90 / 91, 3))
  expect_lt(abs(mean(scores) - .977778), 5.1e-7)
})

test_that("scikit-learn's pipeline", {
  skip_if(py_import("sklearn")$`__version__` < "1.9", "its steps have changed since")
  expect_lt(abs(by_pipeline - .9716), 5.1e-5)
})

test_that("torch_fit() learns the neuron's weights", {
  expect_equal(c(coef(fit)$weight), by_loop$w, tolerance = 1e-11)
  expect_equal(c(coef(fit)$bias), by_loop$b, tolerance = 1e-11)
})
