test_that("components", {
  expect_lt(max(abs(eigenvalues - c(
    4.8427, 2.4160, 1.5485, .9612, .8417, .6621, .5183, .3465, .3131, .2136, .1809, .1536, .1075
  ))), 5.1e-5)
  expect_equal(singular^2 / (nrow(x) - 1), eigenvalues, tolerance = 1e-12)
  expect_lt(max(abs(ratios[1:3] - c(.3695, .1843, .1182))), 5.1e-5)
  expect_lt(max(abs(abs(pca$x[1, 1:2]) - c(2.3830, .4546))), 5.1e-5)
  expect_lt(max(abs(iris_ratios - c(.92462, .05307, .01710, .00521))), 5.1e-6)
})

test_that("classifiers", {
  expect_equal(unname(on_pca), c(122 / 124, 50 / 54))
  expect_equal(unname(on_lda), c(1, 1))
})
