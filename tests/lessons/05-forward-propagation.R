rounds_to <- function(x, expected) expect_lte(max(abs(c(x) - expected)), 0.5001e-4)

test_that("base R gives the lesson's numbers", {
  expect_equal(c(beta_1, gamma_1), c(.11370341, .6222994, .6092747), tolerance = 1e-7)
  rounds_to(c(z_2, a_2, one_path), c(1.3583, .7955, .6188))
  rounds_to(beta_3, c(.6234, .8609, .6403, .0095, .2326, .6661))
  rounds_to(z_hidden, c(2.3452, .6593, 1.5647))
  rounds_to(gamma_3, c(.5143, .6936, .5450))
  rounds_to(z_output, 1.3771)
  rounds_to(three_paths, .7985)
  rounds_to(t(beta), c(.2827, .2923, .2862, .9234, .8373, .2668))
  rounds_to((x %*% beta)[1, ], c(2.1296, 1.9669, .8199))
  rounds_to(gamma, c(.1867, .2322, .3166))
  rounds_to(sigmoid(x %*% beta) %*% gamma, c(.5904, .6900, .7205))
  rounds_to(by_r, c(.6435, .6660, .6727))
  expect_equal(c(by_r), c(.64345796, .66596169, .6727095), tolerance = 1e-8)
})

test_that("torch agrees", {
  expect_equal(as.array(by_torch), by_r, tolerance = 1e-15)
  expect_equal(as.array(by_network$detach()), by_r, tolerance = 1e-15)
})
