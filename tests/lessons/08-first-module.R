test_that("the network", {
  expect_identical(n_parameters, 9)
  expect_identical(dim(net(x)), c(3L, 1L))
  expect_identical(
    lapply(matrices, dim), list(hidden.weight = c(3L, 2L), output.weight = c(1L, 3L))
  )
  expect_identical(as.array(net$output$weight), matrices$output.weight)
  expect_equal(
    as.array(net$hidden(x)), as.array(x %*% t(net$hidden$weight)), tolerance = 1e-6
  )
  # The weights have six digits after the point, the products four: half a unit of each.
  expect_lt(max(abs(as.numeric(without_bias[1, ]) - c(-.2237, -.5513, -.5728))), 6e-5)
  expect_lt(max(abs(as.numeric(with_bias[1, ]) - c(-.9405, -.5879, -.5690))), 3e-4)
})
