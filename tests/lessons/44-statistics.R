test_that("which n", {
  expect_equal(unname(variances), c(32 / 7, 32 / 7, 4, 32 / 7, 4), tolerance = 1e-15)
  expect_equal(ratio, sqrt(7 / 8), tolerance = 1e-14)
})

test_that("losses and entropy", {
  expect_equal(candidates[which.min(l2)], mean(x), tolerance = 1e-12)
  expect_equal(min(l1), mean(abs(x - median(x))), tolerance = 1e-12)
  expect_gt(cross_entropy, entropy)
})
