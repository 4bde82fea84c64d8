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

test_that("with options(torch.old_seed_behavior) the numbers are R torch's with that option", {
  # R torch's own numbers, of one session.
  expected <- list(
    -0.364226043, c(0.819215536, 0.695369661), 0.681896091, c(-0.60427916, -0.357315242),
    c(0, 1, 0, 0, 0, 1), c(0.579167664, 0.308293223), -1.12995052
  )
  draws <- function() {
    list(
      torch_randn(1), torch_empty(2)$uniform_(), torch_rand(1), nn_linear(2, 1)$weight,
      torch_bernoulli(torch_full(6, 0.5)), nn_init_xavier_normal_(torch_empty(1, 2)), torch_randn(1)
    )
  }
  before <- options(torch.old_seed_behavior = TRUE)
  on.exit({
    options(before)
    torch_manual_seed(1)
  })
  for (round in 1:2) {
    torch_manual_seed(2019)
    expect_equal(lapply(draws(), as.numeric), expected, tolerance = 1e-8)
  }
  # A dataloader, even one that shuffles, takes nothing of the second stream.
  torch_manual_seed(2019)
  loader <- dataloader(tensor_dataset(torch_zeros(4)), batch_size = 2, shuffle = TRUE)
  batches <- dataloader_make_iter(loader)
  while (!is.null(dataloader_next(batches))) NULL
  expect_equal(as.numeric(torch_empty(2)$uniform_()), expected[[2]], tolerance = 1e-8)
  # A generator that is named stays it, and a device around it changes nothing.
  generator <- torch_generator()
  generator$set_current_seed(2019)
  own <- torch_empty(2)$uniform_(generator = generator)
  torch_manual_seed(2019)
  inside <- with_device(list(torch_randn(1), torch_empty(2)$uniform_()), device = "cpu")
  expect_equal(as.numeric(inside[[2]]), expected[[2]], tolerance = 1e-8)
  options(before)
  torch_manual_seed(2019)
  expect_equal(as.numeric(torch_empty(2)$uniform_()), c(0.291447163, 0.587546468), tolerance = 1e-8)
  expect_equal(as.numeric(own), c(0.291447163, 0.587546468), tolerance = 1e-8)
})
