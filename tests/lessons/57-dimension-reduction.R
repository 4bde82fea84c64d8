rounds_to <- function(x, expected, digits = 4) {
  expect_lte(max(abs(x - expected)), 0.5001 * 10^-digits)
}

test_that("components", {
  rounds_to(eigenvalues, c(
    4.8427, 2.4160, 1.5485, .9612, .8417, .6621, .5183, .3465, .3131, .2136, .1809, .1536, .1075
  ))
  expect_equal(singular^2 / (nrow(x) - 1), eigenvalues, tolerance = 1e-12)
  expect_lt(difference, 1e-12)
  expect_equal(abs(unname(scores)), abs(by_sklearn), tolerance = 1e-12)
  rounds_to(ratios[1:3], c(.3695, .1843, .1182))
  rounds_to(abs(scores[1, ]), c(2.3830, .4546))
  rounds_to(iris_ratios, c(.92462, .05307, .01710, .00521), 5)
})

test_that("discriminants", {
  rounds_to(lda_eigenvalues, c(349.6178, 172.7615))
  expect_gt(min(diag(agreement)), .999)
})

test_that("classifiers", {
  expect_equal(unname(on_pca), c(122 / 124, 50 / 54))
  expect_equal(unname(on_lda), c(1, 1))
})

test_that("kernel components", {
  rounds_to(abs(alphas[26, 1]), .0788)
  expect_equal(sum(nearness * alphas[, 1] / values[1]), alphas[26, 1], tolerance = 1e-10)
  by_moon <- split(alphas[, 1], moons[[2]])
  expect_true(max(by_moon[[1]]) < min(by_moon[[2]]) || max(by_moon[[2]]) < min(by_moon[[1]]))
})
