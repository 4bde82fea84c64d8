test_that("gradients of positive inputs share their sign", {
  expect_identical(same_sign[["positive"]], 1)
  expect_lt(same_sign[["centred"]], .9)
})

test_that("dead units stay dead, leaky ones come back", {
  expect_identical(before, rep(TRUE, 8))
  expect_identical(after$relu, before)
  expect_identical(moved[, "relu"], rep(0, 8))
  expect_true(all(moved[, "leaky_relu"] > 0))
  expect_lt(sum(after$leaky_relu), 8)
  expect_gt(deviance(fits$relu), 5 * deviance(fits$leaky_relu))
})
