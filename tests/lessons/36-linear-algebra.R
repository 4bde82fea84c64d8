test_that("R and PyTorch agree", {
  expect_true(all(differences < 1e-14))
  expect_lt(collapsed, 1e-14)
  expect_identical(unname(norms), c(7, 5, 4))
})
