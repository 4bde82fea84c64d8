test_that("values come back as they went", {
  expect_true(all(mapply(identical, values, back)))
  expect_identical(1 / back$double[3], -Inf)
  expect_identical(to_r(turned), t(values$matrix))
  expect_equal(rounded, 0.100000001490116, tolerance = 1e-14)
  expect_match(refusal, "NA")
  expect_identical(filled, c(1L, -1L))
  kept <- to_r(as_torch_tensor(c(1, NA, NaN)))
  expect_identical(is.nan(kept), c(FALSE, FALSE, TRUE))
  expect_identical(is.na(kept), c(FALSE, TRUE, TRUE))
})

test_that("what shares memory", {
  expect_identical(copied, rep(1, 5))
  expect_identical(as.vector(shared), rep(2, 5))
  expect_identical(as.numeric(a), rep(2, 5))
  expect_identical(as.numeric(b), rep(3, 5))
  expect_equal(y, sin(x), tolerance = 1e-15)
})
