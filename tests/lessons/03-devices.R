test_that("moved tensors keep their values", {
  expect_identical(as.array(moved$cpu()), as.array(x))
  expect_true(double$dtype == torch_double())
  expect_identical(moved$device$type, device$type)
  expect_identical(as.numeric(created$cpu()), rep(1, 4))
  expect_lt(difference, 1e-3)
  if (!cuda_is_available()) expect_match(refusal, "CUDA|NVIDIA")
})
