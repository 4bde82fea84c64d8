test_that("base R gives the lesson's numbers", {
  expect_equal(c(beta_1, gamma_1), c(.11370341, .6222994, .6092747), tolerance = 1e-7)
  expect_equal(c(z_2, a_2, one_path), c(1.3583, .7955, .6188), tolerance = 5e-5)
  expect_equal(
    c(beta_3), c(.6234, .8609, .6403, .0095, .2326, .6661), tolerance = 1e-4
  )
  expect_equal(c(three_paths), .7985, tolerance = 5e-5)
  expect_equal(c(by_r), c(.64345796, .66596169, .6727095), tolerance = 1e-8)
})

test_that("torch agrees", {
  expect_equal(as.array(by_torch), by_r, tolerance = 1e-15)
})
