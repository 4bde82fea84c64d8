test_that("parameters", {
  expect_identical(table$parameters, c(131, 624, 79510, 42310, 57))
  expect_identical(table$parameters, table$formula)
  expect_equal(as.array(layer(x)), by_hand, tolerance = 1e-6)
})
