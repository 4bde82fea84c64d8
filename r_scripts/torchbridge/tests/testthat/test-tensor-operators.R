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

test_that("R vectors in a list of tensors leave nothing behind", {
  cat_them <- function() torch_cat(list(torch_ones(1), c(1, 2), 3))
  expect_identical(as.array(cat_them()), c(1, 1, 2, 3))
  before <- live_objects()
  for (i in 1:5) cat_them()
  expect_identical(live_objects(), before)
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
  expect_identical(lapply(runs, as.array), list(
    output = c(30, 10, 20), inverse_indices = integer(), counts = c(1L, 2L, 1L)
  ))
  alone <- torch_unique_consecutive(values, return_inverse = TRUE)
  expect_identical(as.array(alone[[1]]), c(30, 10, 20))
  expect_identical(as.array(alone$inverse_indices), c(1L, 2L, 2L, 3L))
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
  skip_if(pytorch_before("2.13"), "the table is that of PyTorch 2.13")
  for (name in names(operator_arguments)) expect_type(get(name), "closure")
  operators <- py_import("torchbridge.rtorch.operators")
  missing <- Filter(
    function(name) inherits(try(operators$find(name), silent = TRUE), "try-error"),
    names(operator_arguments)
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

test_that("arguments have R torch's names and order", {
  arguments <- function(name) names(formals(get(name)))
  expect_identical(arguments("torch_add"), c("self", "other", "alpha"))
  expect_identical(arguments("torch_max"), c("self", "dim", "other", "keepdim"))
  expect_identical(arguments("torch_mean"), c("self", "dim", "keepdim", "dtype"))
  expect_identical(arguments("torch_repeat_interleave"), c("self", "repeats", "dim", "output_size"))
  expect_identical(arguments("linalg_eigh"), c("A", "UPLO"))
  expect_identical(arguments("nnf_gelu"), c("input", "approximate"))
  expect_identical(arguments("torch_zeros_like"), c(
    "input", "dtype", "layout", "device", "requires_grad", "memory_format"
  ))
  expect_identical(arguments("torch_zeros"), c(
    "...", "names", "dtype", "layout", "device", "requires_grad"
  ))
  table <- py_import("torchbridge.rtorch.arguments")$TABLE
  expect_lte(length(table), 45) # a rule is better than a row
  rows <- strsplit(gsub("[][]|=\\w+", "", unlist(table)), " ")
  for (name in intersect(names(table), names(operator_arguments))) {
    expect_identical(head(c(arguments(name), "."), length(rows[[name]])), rows[[name]])
  }
})

test_that("an argument counts by its place in R, also where PyTorch wants its name", {
  x <- torch_tensor(matrix(c(1, 2, 3, 4), 2))
  expect_identical(as.array(torch_add(x, x, 2)), 3 * as.array(x))
  expect_identical(as.array(x$add(x, 2)), 3 * as.array(x))
  expect_identical(as.array(torch_add(other = x, self = 2 * x, alpha = 2)), 4 * as.array(x))
  total <- torch_sum(x, 1, TRUE, torch_double())
  expect_true(total$dtype == torch_double())
  expect_identical(as.array(total), matrix(c(3, 7), 1))
  expect_identical(as.array(torch_div(x, 2, "floor")), as.array(x) %/% 2)
  expect_identical(as.array(torch_max(x, other = 2)), pmax(as.array(x), 2))
  expect_identical(as.array(x$max(other = 2)), pmax(as.array(x), 2))
  expect_identical(as.array(torch_max(x, 2)$values), c(3, 4))
  expect_identical(as.array(torch_norm(x, dim = 1)), as.array(linalg_norm(x, dim = 1)))
  expect_identical(as.array(x$expand(c(2, 2), TRUE)), as.array(x))
  expect_identical(lapply(torch_split(x, 1, 2), as.array), list(cbind(c(1, 2)), cbind(c(3, 4))))
  expect_identical(as.array(nnf_cross_entropy(x, c(1L, 2L), NULL, -100, "none")),
                   as.array(nnf_cross_entropy(x, c(1L, 2L), reduction = "none")))
  expect_error(torch_add(x), "\"other\" is missing")
  expect_error(torch_add(x, x, beta = 2), "unused argument")
  if (!pytorch_before("2.13")) {
    expect_error(torch_zeros(2, names = "a"), "names: PyTorch has no named tensors")
    expect_error(torch_diagonal(x, outdim = "a"), "outdim: PyTorch .* has no named tensors")
  }
  expect_identical(dim(torch_zeros(2, names = NULL)), 2L)
})

test_that("R numbers are tensors where a tensor is wanted, typed as torch_tensor() types them", {
  expect_identical(as.array(torch_square(3)), 9)
  expect_true(torch_square(3)$dtype == torch_float())
  expect_true(torch_square(3L)$dtype == torch_long())
  expect_identical(as.array(torch_logical_not(TRUE)), FALSE)
  expect_identical(as.array(torch_maximum(torch_tensor(c(-1, 1)), 0)), c(0, 1))
  expect_identical(as.array(torch_complex(real = 0, imag = 1)), 1i)
  expect_identical(as.array(torch_exp(c(0, 0))), c(1, 1))
  expect_true(torch_where(torch_tensor(TRUE), 1, 0)$dtype == torch_float())
  expect_true(torch_where(torch_tensor(TRUE), 1L, 0L)$dtype == torch_long())
  expect_true(torch_scalar_tensor(1L)$dtype == torch_long())
  expect_identical(as.array(torch_scalar_tensor(torch_tensor(2))), 2)
  expect_true(torch_randint(0, 2, 3)$dtype == torch_float())
  expect_identical(dim(torch_zeros(2.7, 3)), 2:3)
  expect_identical(dim(nnf_layer_norm(torch_randn(2, 4), 4)), c(2L, 4L))
  expect_identical(dim(torch_normal(std = torch_zeros(2, 2))), c(2L, 2L))
  expect_error(torch_normal(0, 1), "size: must be given")
})

test_that("positions that PyTorch gives count from 1", {
  expect_identical(as.array(torch_tril_indices(2, 2)), rbind(c(1L, 2L, 2L), c(1L, 1L, 2L)))
  expect_identical(as.array(torch_triu_indices(2, 2)), rbind(c(1L, 1L, 2L), c(1L, 2L, 2L)))
  at <- torch_unravel_index(torch_tensor(c(1L, 6L)), c(2, 3))
  expect_identical(lapply(at, as.array), list(c(1L, 2L), c(1L, 3L)))
  a <- torch_eye(6)$reshape(c(2, 3, 6))
  expect_identical(dim(linalg_tensorinv(a, ind = 3)), c(6L, 2L, 3L))
  x <- torch_tensor(c(3, 1, 2))
  expect_identical(
    as.array(torch_searchsorted(x, torch_tensor(2.5), sorter = torch_argsort(x))), 2L
  )
})

test_that("lists of tensors are taken as R's torch takes them", {
  x <- torch_tensor(c(1, 2))
  y <- torch_tensor(c(3, 4))
  expect_identical(as.array(torch_cartesian_prod(list(x, y))), cbind(c(1, 1, 2, 2), c(3, 4, 3, 4)))
  expect_identical(dim(torch_block_diag(list(x, y))), c(2L, 4L))
  expect_identical(
    lapply(torch_broadcast_tensors(list(x, 1)), as.array), list(c(1, 2), c(1, 1))
  )
  a <- torch_tensor(matrix(1:4 / 2, 2))
  expect_identical(as.array(torch_chain_matmul(c(a, a, a))), as.array(a %*% a %*% a))
  expect_identical(lapply(torch_atleast_2d(list(x, a)), dim), list(c(1L, 2L), c(2L, 2L)))
})

test_that("the axis of quantized channels counts from 0, as in R's torch", {
  x <- torch_tensor(matrix(c(-1, 0, 1, 2), ncol = 2))
  scales <- torch_tensor(c(0.1, 0.01))
  rows <- suppressWarnings(
    torch_quantize_per_channel(x, scales, torch_tensor(c(10L, 0L)), 0, torch_quint8())
  )
  expect_identical(as.array(rows$int_repr()), array(as.raw(c(0, 0, 20, 200)), c(2, 2)))
})

test_that("one tensor or R vector where a list is wanted is a list of one", {
  expect_identical(as.array(torch_cat(torch_tensor(1:3))), 1:3)
  expect_identical(dim(torch_stack(c(1, 2))), c(1L, 2L))
  expect_identical(as.array(torch_hstack(list(1, c(2, 3)))), c(1, 2, 3))
  expect_identical(as.array(torch_block_diag(diag(2))), diag(2))
  expect_identical(as.array(torch_index_put(torch_tensor(c(1, 2, 3)), 2L, 9)), c(1, 9, 3))
})

test_that("a tensor of one number is a number where only a number will do", {
  expect_identical(as.array(torch_full(2, torch_tensor(3))), c(3, 3))
  expect_identical(as.array(torch_add(1, 2, alpha = torch_tensor(3))), 7)
})

test_that("functions that PyTorch writes without types take R values", {
  expect_identical(as.array(torch_cdist(diag(2), matrix(0, 2, 2))), matrix(1, 2, 2))
  for (x in list(0.5, c(0, 1), -3L, diag(2))) {
    expect_equal(as.array(nnf_tanh(x)), tanh(x), tolerance = 1e-6)
    expect_equal(as.array(nnf_sigmoid(x)), stats::plogis(x), tolerance = 1e-6)
    expect_equal(as.array(nnf_softsign(x)), x / (1 + abs(x)), tolerance = 1e-6)
  }
})

test_that("methods take arguments as their functions do, and R completes their names", {
  x <- torch_tensor(matrix(c(3, 1, 2, 6, 5, 4), 2))
  expect_identical(as.array(x$sort(1)[[1]]), apply(as.array(x), 2, sort))
  expect_identical(as.array(x$sort(2, TRUE)[[2]]), as.array(torch_sort(x, 2, TRUE)[[2]]))
  expect_identical(as.array(x$argsort(1)), apply(as.array(x), 2, order))
  expect_identical(as.array(x$flip(dim = 1)), as.array(x)[2:1, ])
  expect_identical(as.array(x$sum(dim = 1, keep = TRUE)), t(colSums(as.array(x))))
  expect_error(x$sum(d = 1), "d")
  parts <- list(1:2, 3:4, 5:6)
  expect_identical(lapply(torch_tensor_split(1:6, c(2, 4)), as.array), parts)
  test <- x > 2
  ours <- ifelse(as.array(x) > 2, 1, 2)
  expect_identical(as.array(test$where(1, 2)), ours)
  expect_identical(as.array(x$where(test, 0)), as.array(x) * (as.array(x) > 2))
})

test_that("list() is a tensor that is not given, as R's torch writes its defaults", {
  x <- torch_arange(1, 12)$view(c(1, 3, 4))
  expect_identical(
    as.array(torch_scaled_dot_product_attention(x, x, x, attn_mask = list())),
    as.array(torch_scaled_dot_product_attention(x, x, x))
  )
  kernel <- torch_ones(1, 3, 1)
  sums <- array(c(15, 18, 21, 24), c(1, 1, 4))
  expect_identical(as.array(torch_conv1d(x, kernel, bias = list())), sums)
  weight <- torch_ones(2, 4)
  expect_identical(as.array(nnf_linear(x, weight, list())), as.array(nnf_linear(x, weight)))
  expect_identical(as.array(torch_bincount(c(1L, 2L, 2L), weights = list())), c(1L, 2L))
  expect_error(torch_conv1d(x, list()), "weight")
  expect_error(torch_sum(list()), "input")
})

test_that("the dimension of unfold counts from 0, as in R's torch", {
  x <- torch_arange(1, 10)$view(c(2, 5))
  expect_identical(dim(x$unfold(1, 2, 3)), c(2L, 2L, 2L))
  expect_identical(dim(x$unfold(dimension = 0, size = 2, step = 1)), c(1L, 5L, 2L))
  expect_identical(as.array(x$unfold(-1, 2, 3)), as.array(x$unfold(1, 2, 3)))
  expect_identical(as.array(torch_unfold_copy(x, 1, 2, 3)), as.array(x$unfold(1, 2, 3)))
})

test_that("an R vector becomes a tensor where the tensors of its call are", {
  far <- torch_ones(2, 3, device = "meta")
  m <- matrix(1:6 + 0.5, 2)
  where <- function(...) vapply(list(...), function(y) y$device$type, "")
  expect_setequal(
    where(
      far + m, m - far, far * c(1, 2, 3), c(TRUE, FALSE, TRUE) | (far > 0), far == m, m^far,
      far %% m, torch_add(far, m), torch_maximum(m, far), far$add(m), far$clamp(min = m),
      far %*% t(m), torch_where(far > 0, far, m), nnf_mse_loss(far, m), torch_cat(list(far, m)),
      torch_stack(list(m, far)), torch_index_select(far, 2, c(1, 3)),
      nnf_cross_entropy(far, c(1L, 2L)), far$masked_fill(m > 2, 0)
    ),
    "meta"
  )
  y <- far$clone()
  expect_no_error(y[1, ] <- c(1, 2, 3))
  expect_identical((m + torch_ones(2, 3))$device$type, "cpu")
})

test_that("NA among tensors is an error, and no silent FALSE", {
  x <- torch_tensor(c(1, 2))
  expect_error(x + NA, "NA is no value of a tensor", class = "value_error")
  na <- NA
  expect_error(x == na, "NA is no value of a tensor", class = "value_error")
  expect_error(NA < x, "NA is no value of a tensor", class = "value_error")
  expect_identical(as.numeric(x + NA_real_), c(NaN, NaN))
})

test_that("R's TRUE is 1 where only an int will do, and stays what it is elsewhere", {
  x <- as_torch_tensor(matrix(1:12, 3))
  expect_identical(as.array(torch_tril(x, FALSE)), as.array(torch_tril(x, 0)))
  expect_identical(as.array(x$triu(diagonal = TRUE)), as.array(torch_triu(x, 1)))
  expect_identical(as.array(torch_sum(x, TRUE)), as.array(torch_sum(x, 1)))
  expect_identical(as.array(x$narrow(1, TRUE, 2)), as.array(x)[1:2, ])
  expect_identical(torch_zeros(TRUE, 3)$shape, c(1L, 3L))
  expect_identical(torch_zeros(c(TRUE, TRUE))$shape, c(1L, 1L))
  expect_identical(nnf_pad(x, c(TRUE, FALSE))$shape, c(3L, 5L))
  expect_true(torch_full(2, TRUE)$dtype == torch_bool())
  expect_identical(as.array(torch_sort(x, descending = TRUE)[[1L]])[1, ], c(10L, 7L, 4L, 1L))
  expect_error(x$tril(NA), "NA is not a number here")
})

test_that("a tensor that names a dim or a position counts from 1", {
  x <- as_torch_tensor(matrix(1:12, 3))
  for (two in list(torch_scalar_tensor(2L), torch_tensor(2L), torch_tensor(2))) {
    expect_identical(as.array(x$narrow(1, two, 2)), as.array(x)[2:3, ])
    expect_identical(as.array(torch_narrow(x, 1, two, 2)), as.array(x)[2:3, ])
    expect_identical(as.array(x$select(1, two)), as.array(x)[2, ])
    expect_identical(x$unsqueeze(two)$shape, c(3L, 1L, 4L))
    expect_identical(as.array(torch_sum(x, two)), as.array(torch_sum(x, 2)))
  }
  expect_identical(as.array(x$select(1, torch_tensor(-1L))), as.array(x)[3, ])
  expect_identical(as.array(torch_max(x, torch_tensor(5L))), pmax(as.array(x), 5L))
  expect_error(x$narrow(1, torch_tensor(0L), 2), "start: Indexing starts at 1 but found a 0")
  expect_error(x$select(1, torch_tensor(1:2)), "2 elements cannot be converted")
})
