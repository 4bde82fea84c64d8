rounds_to <- function(x, expected, digits = 4) {
  expect_lte(max(abs(x - expected)), 0.5001 * 10^-digits)
}

test_that("values and slopes", {
  expect_identical(unname(values[, "step"]), c(0, 0, 0, 1, 1))
  expect_identical(unname(slopes[, "step"]), rep(0, 5))
  rounds_to(values[, "sigmoid"], c(.1192, .3775, .5, .6225, .8808))
  rounds_to(slopes[, "sigmoid"], c(.105, .235, .25, .235, .105), 3)
  rounds_to(values[, "tanh"], c(-.964, -.4621, 0, .4621, .964))
  rounds_to(slopes[, "tanh"], c(.0707, .7864, 1, .7864, .0707))
  expect_identical(unname(slopes[, "relu"]), c(0, 0, 0, 1, 1))
  rounds_to(values[, "leaky_relu"], c(-.02, -.005, 0, .5, 2), 12)
  rounds_to(values[, "elu"], c(-.8647, -.3935, 0, .5, 2))
  rounds_to(values[, "silu"], c(-.2384, -.1888, 0, .3112, 1.7616))
  rounds_to(values[, "gelu"], c(-.0455, -.1543, 0, .3457, 1.9545))
})

test_that("neuron, softmax, tails", {
  rounds_to(neuron, .888, 3)
  rounds_to(each, c(.85569687, .68135373, .83889105), 8)
  rounds_to(together, c(.44668973, .16107406, .39223621), 8)
  expect_equal(sum(together), 1, tolerance = 1e-15)
  expect_equal(gradient, together - c(1, 0, 0), tolerance = 1e-14)
  rounds_to(tails, c(-.9999092, .00669285), 7)
  expect_true(all(shrunk <= .25^depth))
  expect_equal(grad(plogis, at), unname(slopes[, "sigmoid"]), tolerance = 1e-15)
})
