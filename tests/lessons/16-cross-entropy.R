test_that("four ways to one slope", {
  expect_equal(dl_da * da_dz, a - y, tolerance = 1e-14)
  expect_equal(by_d, a - y, tolerance = 1e-14)
  expect_equal(by_autograd, a - y, tolerance = 1e-14)
  expect_equal(by_weight, (plogis(sum(w * x)) - y) * x, tolerance = 1e-14)
  skip_if_not_installed("numDeriv")
  expect_equal(by_weight, numDeriv::grad(function(w) loss(sum(w * x), y), w), tolerance = 1e-8)
})

test_that("saturation", {
  expect_true(all(
    abs(table$sigmoid - c(.25, .10499, .006648, 4.54e-5)) < c(1e-15, 5e-6, 5e-7, 5e-8)
  ))
  expect_true(all(abs(table$loss - c(.5, .8808, .9933, .99995)) < c(1e-15, 5e-5, 5e-5, 5e-6)))
  expect_equal(table$loss, plogis(table$z), tolerance = 1e-14)
  expect_identical(stable, c(0, 1000))
})
