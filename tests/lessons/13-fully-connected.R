test_that("parameters", {
  expect_identical(table$parameters, c(131L, 624L, 79510L, 42310L, 57L))
  expect_equal(table$parameters, table$formula)
  expect_equal(iris_net$n_parameters, 131)
  expect_equal(as.array(layer(x)), by_hand, tolerance = 1e-6)
})
