skip_without_python()

test_that("names of R's torch package do what theirs do", {
  x <- torch_tensor(c(1, 2, 3, 4))
  expect_equal(as_array(torch_fft_fft(x)), as_array(fft_fft(x)))
  expect_equal(as_array(torch_fft_irfft(torch_fft_rfft(x))), c(1, 2, 3, 4), tolerance = 1e-6)
  expect_equal(as.numeric(call_torch_function("torch_add", x, 1, quiet = TRUE)), c(2, 3, 4, 5))
  q <- torch_randn(1, 1, 2, 4)
  expect_equal(
    as_array(torch_scaled_dot_product_attention(q, q, q)),
    as_array(nnf_scaled_dot_product_attention(q, q, q))
  )
})

test_that("slices as values", {
  x <- torch_arange(1, 10)
  expect_equal(as.numeric(x[slc(2, Inf, 3)]), c(2, 5, 8))
  expect_equal(as.numeric(x[slc(3, 5)]), 3:5)
  m <- torch_arange(1, 6)$view(c(2, 3))
  expect_equal(as_array(m[slc(1, 2), slc(1, 3, 2)]), matrix(c(1, 4, 3, 6), 2))
})

test_that("ignite optimizers are PyTorch's", {
  w <- torch_tensor(1, requires_grad = TRUE)
  v <- torch_tensor(1, requires_grad = TRUE)
  a <- optim_ignite_adamw(list(w), lr = 0.1)
  b <- optim_adamw(list(v), lr = 0.1)
  for (i in 1:3) {
    for (o in list(a, b)) o$zero_grad()
    (w * w)$sum()$backward()
    (v * v)$sum()$backward()
    for (o in list(a, b)) o$step()
  }
  expect_identical(as.numeric(w), as.numeric(v))
})

test_that("what something is", {
  expect_true(is_torch_dtype(torch_float()))
  expect_false(is_torch_dtype(torch_device("cpu")))
  expect_true(is_torch_device(torch_device("cpu")))
  expect_false(is_torch_device("cpu"))
  expect_true(is_torch_layout(torch_strided()))
  expect_true(is_torch_memory_format(torch_channels_last_format()))
  expect_true(is_undefined_tensor(torch_ones(1)$grad))
  expect_true(is_optimizer(optim_sgd(list(torch_tensor(1, requires_grad = TRUE)), lr = 1)))
  expect_true(is_dataloader(dataloader(tensor_dataset(torch_ones(2)))))
  expect_false(is_dataloader(1))
})

test_that("memory formats, backends, threads", {
  x <- torch_ones(1, 2, 3, 3)$contiguous(memory_format = torch_channels_last_format())
  expect_identical(as.integer(python(x)$stride()), c(18L, 1L, 6L, 2L))
  for (f in list(
    backends_cudnn_is_available, backends_mkl_is_available, backends_mkldnn_is_available,
    backends_mps_is_available, backends_openmp_is_available
  )) {
    expect_type(f(), "logical")
  }
  expect_gte(torch_get_num_interop_threads(), 1L)
  expect_message(install_torch(), "nothing to install")
  if (!cuda_is_available()) {
    expect_error(cuda_get_device_capability(), "CUDA|NVIDIA")
    if (is.null(py_import("torch")$version$cuda)) expect_null(backends_cudnn_version())
    expect_error(cuda_memory_stats(), "not available", class = "runtime_error")
  }
})

test_that("the statistics of CUDA's memory are lists in lists, as in R's torch", {
  pools <- c("all", "small_pool", "large_pool")
  metrics <- c("current", "peak", "allocated", "freed")
  kinds <- c(
    "allocation", "segment", "active", "inactive_split", "allocated_bytes", "reserved_bytes",
    "active_bytes", "inactive_split_bytes"
  )
  events <- c("oversize_allocations", "oversize_segments")
  flat <- c(
    "num_alloc_retries", "num_ooms", "max_split_size", outer(events, metrics, paste, sep = "."),
    outer(outer(kinds, pools, paste, sep = "."), metrics, paste, sep = ".")
  )
  stats <- memory_stats_as_list(stats::setNames(as.list(seq_along(flat)), flat))
  expect_s3_class(stats, "cuda_memory_stats")
  expect_identical(
    names(stats), c("num_alloc_retries", "num_ooms", "max_split_size", events, kinds)
  )
  expect_identical(stats$reserved_bytes$large_pool$peak,
                   match("reserved_bytes.large_pool.peak", flat))
  expect_identical(stats$oversize_segments$freed, match("oversize_segments.freed", flat))
  expect_output(print(stats), "inactive_split_bytes")

  skip_if_not(cuda_is_available(), "a GPU")
  x <- torch_zeros(1e6, device = "cuda")
  expect_gte(cuda_memory_stats()$allocated_bytes$all$current, 4e6)
  expect_identical(names(cuda_get_device_capability()), c("Major", "Minor"))
  expect_error(cuda_get_device_capability(cuda_device_count()), "between 0", class = "value_error")
  expect_type(cuda_memory_snapshot(), "raw")
})

test_that("operators without a function in Python are called by name", {
  y <- torch_tanh(tensor(c(0.5, 2)))
  expect_warning(
    found <- call_torch_function("torch_tanh_backward", torch_ones_like(y), y), "with caution"
  )
  expect_identical(
    as.numeric(call_torch_function("torch_tanh_backward", !!!list(1, y), quiet = TRUE)),
    as.numeric(found)
  )
  expect_error(call_torch_function("tanh", y), "must begin with", class = "value_error")
  expect_equal(as.numeric(found), 1 - tanh(c(0.5, 2))^2, tolerance = 1e-15)
  expect_match(
    message_of(call_torch_function("torch_no_such_name", 1, quiet = TRUE)),
    "has no torch_no_such_name(): check your spelling", fixed = TRUE
  )
})
