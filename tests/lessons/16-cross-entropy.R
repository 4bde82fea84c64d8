test_that("four ways to one slope", {
  expect_equal(dl_da * da_dz, a - y, tolerance = 1e-14)
  expect_equal(by_d, a - y, tolerance = 1e-14)
  expect_equal(by_autograd, a - y, tolerance = 1e-14)
})

test_that("saturation", {
  expect_equal(table$sigmoid, c(.25, .10499, .006648, 4.54e-5), tolerance = 1e-4)
  expect_equal(table$loss, c(.5, .8808, .9933, .99995), tolerance = 5e-5)
  expect_equal(table$loss, plogis(table$z), tolerance = 1e-14)
  expect_identical(stable, c(0, 1000))
})
