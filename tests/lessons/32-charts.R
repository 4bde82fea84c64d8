test_that("counts and a frame", {
  expect_identical(unname(c(cylinders)), c(11L, 7L, 14L))
  expect_s3_class(wine, "data.frame")
  expect_identical(dim(wine), c(178L, 14L))
})
