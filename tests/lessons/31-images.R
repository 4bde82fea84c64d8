test_that("two loaders, one content", {
  expect_true(same)
  expect_identical(labels, rep(0:1, each = 20))
  expect_equal(unname(memory), c(3.7632, 15.0528, 19.267584), tolerance = 1e-12)
  expect_gt(mean(predicted == labels), .8)
})
