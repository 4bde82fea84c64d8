skip_without_python()

test_that("a default device holds inside, for R's values too, and no longer", {
  inside <- with_device(
    {
      list(torch_zeros(1), torch_tensor(1), torch_tensor(matrix(0, 40, 2)), nn_linear(1, 1)$weight)
    },
    device = "meta"
  )
  for (x in inside) expect_identical(x$device$type, "meta")
  expect_identical(torch_zeros(1)$device$type, "cpu")
  expect_identical(torch_tensor(1)$device$type, "cpu")
  f <- function() {
    local_device("meta")
    torch_zeros(1)$device$type
  }
  expect_identical(f(), "meta")
  expect_identical(torch_zeros(1)$device$type, "cpu")
  expect_error(with_device(torch_zeros(1), device = "nowhere"), "nowhere")
  expect_identical(torch_zeros(1)$device$type, "cpu")
})

test_that("a seed of one's own leaves the stream alone", {
  torch_manual_seed(7)
  expected <- as.numeric(torch_rand(3))
  torch_manual_seed(7)
  first <- as.numeric(torch_rand(1))
  inside <- as.numeric(with_torch_manual_seed(torch_rand(2), seed = 1))
  f <- function() {
    local_torch_manual_seed(1)
    as.numeric(torch_rand(2))
  }
  expect_identical(f(), inside)
  expect_identical(c(first, as.numeric(torch_rand(2))), expected)
  torch_manual_seed(1)
  expect_identical(as.numeric(torch_rand(2)), inside)
})

test_that("autocast holds inside", {
  a <- torch_ones(2, 2)
  expect_true(
    with_autocast(torch_mm(a, a), device_type = "cpu")$dtype == torch_bfloat16()
  )
  expect_true(torch_mm(a, a)$dtype == torch_float())
  f <- function() {
    local_autocast("cpu")
    torch_mm(a, a)$dtype
  }
  expect_true(f() == torch_bfloat16())
  expect_error(with_autocast(stop("mine"), device_type = "cpu"), "mine")
  expect_true(torch_mm(a, a)$dtype == torch_float())
  context <- set_autocast("cpu")
  unset_autocast(context)
  expect_true(torch_mm(a, a)$dtype == torch_float())
  expect_error(unset_autocast(torch_float()), "set_autocast")
})

test_that("the gradient scaler trains without a GPU, too", {
  w <- torch_tensor(2, requires_grad = TRUE)
  optimizer <- optim_sgd(list(w), lr = 0.5)
  scaler <- cuda_amp_grad_scaler()
  scaler$scale((w * w)$sum())$backward()
  scaler$step(optimizer)
  scaler$update()
  expect_equal(as.numeric(w), 0)
})
