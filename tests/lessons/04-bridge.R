test_that("values come back as they went", {
  expect_true(all(mapply(identical, values, back)))
  expect_identical(1 / back$double[3], -Inf)
  expect_equal(rounded, 0.100000001490116, tolerance = 1e-14)
  expect_error(as_torch_tensor(c(1L, NA)), "NA")
})

test_that("what shares memory", {
  expect_identical(copied, rep(1, 5))
  expect_identical(as.vector(shared), rep(2, 5))
  expect_identical(as.numeric(a), rep(2, 5))
  expect_identical(as.numeric(b), rep(3, 5))
  expect_equal(y, sin(x), tolerance = 1e-15)
})
