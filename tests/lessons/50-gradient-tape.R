test_that("gradients and a step", {
  expect_equal(unname(gradients), c(-.56, -.4, -.4), tolerance = 1e-6)
  expect_equal(unname(by_grad), c(-.56, -.4, -.4), tolerance = 1e-13)
  expect_equal(unname(after), c(1.0056, .504), tolerance = 1e-6)
})
