skip_without_python()

test_that("operators are called by their own names and count from 0", {
  x <- torch_tensor(matrix(c(1, 2, 3, 4, 5, 6), 2))
  expect_equal(as.array(jit_ops$aten$matmul(x, x$t())), as.array(x) %*% t(as.array(x)))
  parts <- jit_ops$aten$split(x, jit_scalar(2L), jit_scalar(1L))
  expect_identical(lapply(parts, dim), list(c(2L, 2L), c(2L, 1L)))
  whole <- jit_ops$aten$split(x, jit_scalar(3L), jit_scalar(1L))
  expect_identical(length(whole), 1L)
  qr <- jit_ops$aten$linalg_qr(torch_eye(2) / 5, jit_scalar("reduced"))
  expect_equal(as.array(qr[[1]] %*% qr[[2]]), diag(2) / 5)
  out <- torch_zeros(2, 2)
  jit_ops$aten$matmul(x, x$t(), out)
  expect_equal(as.array(out), as.array(x) %*% t(as.array(x)))
  expect_error(jit_ops$aten$no_such(x), "no operator aten::no_such")
})

test_that("they say what they are", {
  expect_output(print(jit_ops), "Object of class <torch_ops>", fixed = TRUE)
  expect_output(print(jit_ops$aten), "Handle to namespace  aten", fixed = TRUE)
  expect_output(print(jit_ops$aten$relu), "aten::relu(Tensor self) -> Tensor", fixed = TRUE)
  expect_true("relu" %in% utils::.DollarNames(jit_ops$aten, "^relu$"))
  expect_true("aten" %in% utils::.DollarNames(jit_ops, ""))
})
