test_that("expectations", {
  expect_equal(unname(die), c(3.5, 3.5), tolerance = 1e-15)
  expect_equal(unname(normal), c(1.5, 1.5), tolerance = 1e-10)
})

test_that("the mean minimises squared loss, the median absolute loss", {
  expect_equal(by_l2, mean(y), tolerance = 1e-8)
  expect_equal(grad(l2, mean(y)), 0, tolerance = 1e-14)
  expect_lt(abs(by_l1 - median(y)), .01)
  expect_lte(l1(by_l1) - l1(median(y)), .01)
})

test_that("cross entropy is least at p", {
  expect_equal(q, p, tolerance = 1e-6)
  set.seed(1)
  other <- matrix(rexp(300), 100)
  other <- other / rowSums(other)
  expect_true(all(apply(other, 1, cross_entropy) >= cross_entropy(p)))
})
