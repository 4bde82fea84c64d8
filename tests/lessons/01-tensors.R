test_that("shapes, types and values", {
  expect_identical(as.array(x), matrix(1:6, ncol = 2))
  expect_true(x$dtype == torch_long())
  expect_true(y$dtype == torch_float())
  expect_equal(as.array(y), matrix(seq(0.1, 1, by = 0.1), ncol = 2), tolerance = 1e-7)
  expect_equal(as.numeric(z[, 1]), (0:4) / 9, tolerance = 1e-7)
  expect_identical(as.array(d), diag(1:5))
  expect_identical(as.array(d[3:4, c(1, 3)]), diag(1:5)[3:4, c(1, 3)])
})
