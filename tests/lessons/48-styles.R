test_that("three styles", {
  expect_identical(counts, c(624, 624, 624))
  expect_true(all(same))
})

test_that("modes and waiting weights", {
  expect_gt(max(abs(training - evaluating)), .01)
  expect_equal(evaluating, as.numeric(at) * noisy$weight$item(), tolerance = 1e-6)
  expect_match(refused, "lazy|uninitialized", ignore.case = TRUE)
  expect_identical(shapes, list(c(16L, 4L), 16L, c(32L, 16L), 32L))
  expect_identical(restored, evaluating)
  expect_identical(c(again$noise, again$training), c(0.1, 0))
  expect_equal(fit_shapes[[1]], c(16L, 3L))
  expect_equal(fit$n_parameters, 3 * 16 + 16 + 16 + 1)
  expect_identical(z(torch_tensor(1), torch_tensor(2), torch_tensor(3))$item(), 1)
})
