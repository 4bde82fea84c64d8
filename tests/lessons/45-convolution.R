test_that("convolution, pooling, slopes", {
  expect_identical(correlation, c(48, 57, 24, 25, 16, 39))
  expect_identical(convolution, c(63, 48, 49, 28, 21, 20))
  expect_identical(pooled, c(6, 8, 14, 16))
  expect_identical(slopes, c(5, 14, 29))
  expect_identical(dim(edges), c(1L, 1L, 24L, 24L))
})
