test_that("signs and dead units", {
  expect_identical(same_sign[["positive"]], 1)
  expect_lt(same_sign[["centred"]], .9)
  expect_identical(relu$gradient, c(0, 0))
  expect_identical(relu$w, c(-1, -1))
  expect_identical(relu$dead, 1)
  expect_true(all(leaky$gradient != 0))
  expect_identical(leaky$dead, 0)
})
