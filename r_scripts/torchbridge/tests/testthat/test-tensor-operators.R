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
  expect_identical(
    as.array(torch_gather(x, 2, torch_tensor(matrix(c(1L, 3L), 2)))), matrix(c(3, 4))
  )
  expect_identical(
    as.array(torch_index_select(x, 2, torch_tensor(c(3L, 1L)))), rbind(c(2, 3), c(4, 6))
  )
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
  expect_equal(
    as.numeric(nnf_softmax(torch_tensor(c(1, 2, 3)), dim = 1)), c(.0900, .2447, .6652),
    tolerance = 1e-3
  )
})

test_that("whole doubles are ints where PyTorch wants ints", {
  expect_identical(dim(torch_zeros(12)$view(c(4, 3))), c(4L, 3L))
  expect_identical(dim(torch_zeros(12)$view(c(4, -1))), c(4L, 3L))
  expect_identical(dim(torch_zeros(12)$reshape(c(2, 6))), c(2L, 6L))
  expect_identical(
    dim(nnf_conv2d(torch_zeros(1, 1, 5, 5), torch_zeros(2, 1, 3, 3), padding = 1)),
    c(1L, 2L, 5L, 5L)
  )
  expect_identical(dim(nnf_max_pool2d(torch_zeros(1, 1, 4, 4), 2)), c(1L, 1L, 2L, 2L))
  expect_identical(as.array(torch_tensor(c(1, 2))$repeat_interleave(2)), c(1, 1, 2, 2))
  expect_identical(length(torch_split(torch_zeros(7), 3)), 3L)
  expect_identical(length(torch_chunk(torch_zeros(6), 3)), 3L)
})

test_that("one number is a list of one where PyTorch wants a list of ints", {
  expect_identical(dim(torch_randint(0, 5, 3)), 3L)
  expect_identical(as.array(torch_full(3, 1)), rep(1, 3))
  expect_identical(dim(torch_zeros(list(2, 3))), c(2L, 3L))
  expect_identical(dim(torch_zeros(12)$view(-1)), 12L)
  expect_identical(dim(torch_zeros(12)$view(3, -1)), c(3L, 4L))
  expect_identical(as.array(torch_flip(torch_tensor(c(1, 2)), 1)), c(2, 1))
  expect_identical(as.array(torch_tile(torch_tensor(c(1, 2)), 2)), c(1, 2, 1, 2))
  expect_identical(dim(torch_tensor(c(1, 2))$tile(c(2, 2))), c(2L, 4L))
})

test_that("inverse indices, and those of pooling, count from 1", {
  values <- c(30, 10, 10, 20)
  unique <- torch_unique(torch_tensor(values), return_inverse = TRUE, return_counts = TRUE)
  expect_identical(as.array(unique$output), c(10, 20, 30))
  expect_identical(as.array(unique$inverse_indices), match(values, c(10, 20, 30)))
  expect_identical(as.array(unique$counts), c(2L, 1L, 1L))
  runs <- torch_tensor(values)$unique_consecutive(return_counts = TRUE)
  expect_identical(lapply(runs, as.array), list(output = c(30, 10, 20), counts = c(1L, 2L, 1L)))
  expect_identical(as.array(torch_unique(torch_tensor(values))), c(10, 20, 30))

  image <- torch_tensor(array(c(1:7, 16, 9:15, 8), c(1, 1, 4, 4)))$float()
  pooled <- nnf_max_pool2d(image, 2, return_indices = TRUE)
  flat <- image$view(-1)
  expect_identical(as.array(flat[pooled[[2]]$view(-1)]), as.array(pooled[[1]]$view(-1)))
  back <- nnf_max_unpool2d(pooled[[1]], pooled[[2]], 2)
  expect_identical(as.array(back), as.array(torch_where(back == image, image, 0)))
  expect_identical(sum(back > 0)$item(), 4L)
})

test_that("results without names in PyTorch are all there", {
  both <- torch_std_mean(torch_tensor(c(1, 2, 3)))
  expect_identical(lapply(both, as.numeric), list(1, 2))
})

test_that("labels to ignore and positions from the end stay as they are", {
  logits <- torch_tensor(rbind(c(2, 1, 0), c(0, 1, 2)))
  kept <- nnf_cross_entropy(logits[1, ]$unsqueeze(1), torch_tensor(1L))
  expect_equal(nnf_cross_entropy(logits, torch_tensor(c(1L, -100L)))$item(), kept$item())
  ignored <- nnf_cross_entropy(logits, torch_tensor(c(1L, 3L)), ignore_index = 3)
  expect_equal(ignored$item(), kept$item())
  expect_identical(as.array(torch_bincount(torch_tensor(c(1L, 2L, 2L)))), c(1L, 2L))
})

test_that("functions with arguments of R torch's own", {
  a <- torch_tensor(matrix(c(1, 2, 3, 4), 2))
  product <- as.array(a) %*% as.array(a)
  expect_identical(as.array(torch_einsum("ij,jk->ik", list(a, a))), product)
  expect_identical(as.array(torch_einsum("ij,jk->ik", a, a)), product)
  expect_identical(as.array(torch_einsum("ij,jk->ik", tensors = list(a, a))), product)
  expect_identical(as.array(torch_tensordot(a, a, list(2, 1))), product)
  expect_identical(as.numeric(torch_tensordot(a, a, 2)), sum(as.array(a)^2))
  expect_error(torch_tensordot(a, a, list(0, 1)), "from 1")
  grid <- torch_meshgrid(list(torch_tensor(1:2), torch_tensor(1:3)), indexing = "ij")
  expect_identical(as.array(grid[[1]]), matrix(1:2, 2, 3))
  expect_identical(as.array(grid[[2]]), matrix(1:3, 2, 3, byrow = TRUE))
  expect_identical(dim(torch_linspace(0, 1)), 100L)
  expect_identical(lapply(torch_nonzero(a > 2, as_list = TRUE), as.array), list(1:2, c(2L, 2L)))
  expect_identical(lapply(torch_where(a > 2), as.array), list(1:2, c(2L, 2L)))
  index <- list(torch_tensor(c(1L, 2L)), torch_tensor(c(2L, 1L)))
  expect_identical(as.array(torch_index_put(a, index, torch_zeros(2))), diag(c(1, 4)))
  at <- torch_tensor(rbind(c(1L, 2L), c(2L, 1L)))
  sparse <- torch_sparse_coo_tensor(at, c(5, 6), c(2, 2))
  expect_identical(as.array(sparse$to_dense()), rbind(c(0, 5), c(6, 0)))
  expect_identical(as.array(sparse$coalesce()$indices()), as.array(at))
  expect_identical(mean(torch_tensor(1:4))$item(), 2.5)
  expect_identical(as.array(mean(a, dim = 1)), colMeans(as.array(a)))
})

test_that("facts and settings of PyTorch", {
  expect_identical(torch_finfo(torch_double())$eps, .Machine$double.eps)
  expect_identical(torch_iinfo(torch_int())$max, .Machine$integer.max)
  expect_true(torch_promote_types(torch_int(), torch_float()) == torch_float())
  expect_false(torch_can_cast(torch_float(), torch_int()))
  expect_true(torch_get_default_dtype() == torch_float())
  draw <- function() as.array(torch_rand(2, generator = torch_generator()$manual_seed(1L)))
  expect_identical(draw(), draw())
  threads <- torch_get_num_threads()
  torch_set_num_threads(1)
  expect_identical(torch_get_num_threads(), 1L)
  torch_set_num_threads(threads)
  expect_error(torch_set_num_threads(0), "num_threads")
  expect_true(torch_is_installed())
})

test_that("the other modules of PyTorch are there", {
  m <- rbind(c(4, 1), c(1, 3))
  t64 <- torch_tensor(m, dtype = torch_double())
  expect_equal(as.numeric(linalg_det(t64)), det(m))
  expect_equal(as.array(linalg_inv(t64)), solve(m))
  expect_equal(as.array(linalg_svd(t64)$S), svd(m)$d)
  expect_equal(as.array(linalg_cholesky(t64)), t(chol(m)))
  expect_equal(
    as.array(fft_fft(torch_tensor(c(1, 2, 3, 4), dtype = torch_double()))), stats::fft(1:4)
  )
  expect_equal(
    as.array(special_expit(torch_tensor(0.5, dtype = torch_double()))), stats::plogis(0.5)
  )
  expect_equal(as.array(nnf_relu(torch_tensor(c(-1, 2)))), c(0, 2))
})

test_that("every name in the table is a function of this PyTorch", {
  for (name in operator_names) expect_type(get(name), "closure")
  operators <- py_import("torchbridge.rtorch.operators")
  missing <- Filter(
    function(name) inherits(try(operators$find(name), silent = TRUE), "try-error"), operator_names
  )
  expect_length(missing, 0L)
})

test_that("PyTorch's errors are R conditions with the user's call", {
  failed <- tryCatch(torch_matmul(x, x), error = identity)
  expect_s3_class(failed, "RuntimeError")
  expect_identical(conditionCall(failed), quote(torch_matmul(x, x)))
  expect_error(torch_sum(x, foo = 1), "foo")
  expect_error(x$no_such_method(), "no_such_method")
})
