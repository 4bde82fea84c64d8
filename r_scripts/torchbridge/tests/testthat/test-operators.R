skip_without_python()

x <- torch_tensor(matrix(c(3, 1, 2, 6, 5, 4), 2, byrow = TRUE))

test_that("dims count from 1, by position and by name", {
  expect_identical(as.array(torch_sum(x, 1)), c(9, 6, 6))
  expect_identical(as.array(torch_sum(x, dim = 2)), c(6, 15))
  expect_identical(as.array(x$sum(dim = -1)), c(6, 15))
  expect_identical(as.array(x$sum(c(1, 2))), 21)
  expect_identical(dim(torch_transpose(torch_zeros(2, 3, 4), 1, 3)), c(4L, 3L, 2L))
  expect_identical(dim(torch_zeros(2, 3, 4)$permute(c(3, 1, 2))), c(4L, 2L, 3L))
  expect_identical(dim(torch_stack(list(x, x), dim = 3)), c(2L, 3L, 2L))
  expect_identical(dim(torch_cat(list(x, x), dim = 2)), c(2L, 6L))
  expect_identical(dim(x$unsqueeze(1)), c(1L, 2L, 3L))
  expect_identical(dim(torch_flatten(torch_zeros(2, 3, 4), start_dim = 2)), c(2L, 12L))
  expect_error(torch_sum(x, dim = 0), "dim.*from 1")
})

test_that("results that are positions count from 1", {
  expect_identical(as.array(torch_argmax(x, dim = 2)), c(1L, 1L))
  expect_identical(as.array(x$argmin()), 2L)
  best <- torch_max(x, dim = 2)
  expect_identical(names(best), c("values", "indices"))
  expect_identical(as.array(best$values), c(3, 6))
  expect_identical(as.array(best[[2]]), c(1L, 1L))
  expect_identical(as.array(torch_topk(x, 2, dim = 2)$indices), rbind(c(1L, 3L), c(1L, 2L)))
  expect_identical(as.array(torch_sort(x, dim = 2)$indices), rbind(c(2L, 3L, 1L), c(3L, 2L, 1L)))
  expect_identical(as.array(torch_argsort(x, dim = 2)), rbind(c(2L, 3L, 1L), c(3L, 2L, 1L)))
  expect_identical(as.array(torch_nonzero(torch_tensor(c(0, 1, 0, 2)))), matrix(c(2L, 4L)))
  expect_identical(as.array(torch_cummax(torch_tensor(c(1, 3, 2)), 1)$indices), c(1L, 2L, 2L))
  expect_identical(as.array(torch_max(x)), 6)
  expect_identical(as.array(torch_max(x, x * 0)), as.array(x))
})

test_that("arguments that are positions count from 1", {
  expect_identical(as.array(torch_gather(x, 2, torch_tensor(matrix(c(1L, 3L), 2)))), matrix(c(3, 4)))
  expect_identical(as.array(torch_index_select(x, 2, torch_tensor(c(3L, 1L)))), rbind(c(2, 3), c(4, 6)))
  expect_identical(as.array(torch_index_select(x, 2, c(3, 1))), rbind(c(2, 3), c(4, 6)))
  expect_identical(as.array(x$select(2, 3)), c(2, 4))
  expect_identical(as.array(torch_narrow(x, 2, 2, 2)), rbind(c(1, 2), c(5, 4)))
  one_hot <- as.array(nnf_one_hot(torch_tensor(c(1L, 3L))))
  expect_identical(one_hot, rbind(c(1L, 0L, 0L), c(0L, 0L, 1L)))
  expect_error(torch_index_select(x, 2, c(0, 1)), "from 1")
})

test_that("class labels count from 1 in losses", {
  # Published: softmax lesson, cross-entropy of zeros is log(3).
  logits <- torch_tensor(rbind(c(2, 1, 0), c(0, 1, 2)))
  expect_equal(
    as.numeric(nnf_cross_entropy(logits, torch_tensor(c(1L, 3L)))),
    -log(exp(2) / (exp(2) + exp(1) + 1)), tolerance = 1e-6
  )
  expect_equal(as.numeric(nnf_softmax(torch_tensor(c(1, 2, 3)), dim = 1)), c(.0900, .2447, .6652), tolerance = 1e-3)
})

test_that("whole doubles are ints where PyTorch wants ints", {
  expect_identical(dim(torch_zeros(12)$view(c(4, 3))), c(4L, 3L))
  expect_identical(dim(torch_zeros(12)$view(c(4, -1))), c(4L, 3L))
  expect_identical(dim(torch_zeros(12)$reshape(c(2, 6))), c(2L, 6L))
  expect_identical(dim(nnf_conv2d(torch_zeros(1, 1, 5, 5), torch_zeros(2, 1, 3, 3), padding = 1)), c(1L, 2L, 5L, 5L))
  expect_identical(dim(nnf_max_pool2d(torch_zeros(1, 1, 4, 4), 2)), c(1L, 1L, 2L, 2L))
  expect_identical(as.array(torch_tensor(c(1, 2))$repeat_interleave(2)), c(1, 1, 2, 2))
  expect_identical(length(torch_split(torch_zeros(7), 3)), 3L)
  expect_identical(length(torch_chunk(torch_zeros(6), 3)), 3L)
})

test_that("the other modules of PyTorch are there", {
  m <- rbind(c(4, 1), c(1, 3))
  t64 <- torch_tensor(m, dtype = torch_double())
  expect_equal(as.numeric(linalg_det(t64)), det(m))
  expect_equal(as.array(linalg_inv(t64)), solve(m))
  expect_equal(as.array(linalg_svd(t64)$S), svd(m)$d)
  expect_equal(as.array(linalg_cholesky(t64)), t(chol(m)))
  expect_equal(as.array(fft_fft(torch_tensor(c(1, 2, 3, 4), dtype = torch_double()))), stats::fft(1:4))
  expect_equal(as.array(special_expit(torch_tensor(0.5, dtype = torch_double()))), stats::plogis(0.5))
  expect_equal(as.array(nnf_relu(torch_tensor(c(-1, 2)))), c(0, 2))
})

test_that("every name in the table is a function of this PyTorch", {
  for (name in operator_names) expect_type(get(name), "closure")
  operators <- py_import("torchbridge.operators")
  missing <- Filter(function(name) inherits(try(operators$find(name), silent = TRUE), "try-error"), operator_names)
  expect_length(missing, 0L)
})

test_that("PyTorch's errors are R conditions with the user's call", {
  failed <- tryCatch(torch_matmul(x, x), error = identity)
  expect_s3_class(failed, "RuntimeError")
  expect_identical(conditionCall(failed), quote(torch_matmul(x, x)))
  expect_error(torch_sum(x, foo = 1), "foo")
  expect_error(x$no_such_method(), "no_such_method")
})
