skip_without_python()

test_that("torch_tensor() has R torch's default dtypes", {
  expect_identical(torch_tensor(c(1, 2))$dtype == torch_float(), TRUE)
  expect_true(torch_tensor(1:2)$dtype == torch_int64())
  expect_true(torch_tensor(TRUE)$dtype == torch_bool())
  expect_true(torch_tensor(1:2, dtype = torch_double())$dtype == torch_float64())
  expect_true(torch_tensor(1:2, dtype = "float16")$dtype == torch_half())
  expect_true(torch_tensor(1, requires_grad = TRUE)$requires_grad)
})

test_that("a matrix and an array keep the place of every element", {
  x <- array(1:24, c(2, 3, 4))
  expect_identical(as.array(torch_tensor(x)), x)
  expect_identical(as.array(torch_tensor(x)[2, 3, 4]), x[2, 3, 4])
  expect_identical(dim(torch_tensor(matrix(1:6, ncol = 2))), c(3L, 2L))
})

test_that("a float64 value is not rounded on the way", {
  expect_identical(as.numeric(torch_tensor(0.1, dtype = torch_float64())), 0.1)
})

test_that("few numbers and many, of every type, are the same tensors", {
  dtype_of <- function(x) as.character(x$dtype)
  for (n in c(1L, 32L, 33L, 2000L)) {
    for (x in list(seq_len(n), as.integer(n:1), as.numeric(seq_len(n)) / 3, rep(TRUE, n))) {
      made <- torch_tensor(x, requires_grad = is.double(x))
      expect_identical(dim(made), n)
      same <- as_torch_tensor(x, made$dtype)
      expect_identical(as.vector(as.array(made)), as.vector(as.array(same)))
      expect_identical(made$requires_grad, is.double(x))
    }
  }
  expect_identical(dtype_of(torch_tensor(complex(real = 1, imaginary = 2))), "ComplexFloat")
  expect_identical(as.array(torch_tensor(c(a = 1, b = 2))), c(1, 2))
  expect_identical(dim(torch_tensor(matrix(1, 1, 1, dimnames = list("a", "b")))), c(1L, 1L))
  expect_identical(as.integer(torch_tensor(factor(c("b", "a", "b")))), c(2L, 1L, 2L))
  expect_identical(as.numeric(torch_tensor(c(1, NA, NaN))), c(1, NaN, NaN))
  expect_identical(as.numeric(torch_tensor(c(1e300, -1e300))), c(Inf, -Inf))
  expect_identical(
    as.numeric(torch_tensor(c(.Machine$integer.max, -.Machine$integer.max))),
    c(1, -1) * .Machine$integer.max
  )
  for (x in list(c(1L, NA), c(TRUE, NA), NA, c(1:40, NA))) expect_error(torch_tensor(x), "has NA")
  expect_error(torch_tensor(1, requires_grad = NA), "`requires_grad` must be `TRUE` or `FALSE`")
  expect_error(torch_tensor(1L, requires_grad = TRUE), "floating point")
})

test_that("sizes are doubles, several arguments or one vector", {
  expect_identical(dim(torch_zeros(2, 3)), c(2L, 3L))
  expect_identical(dim(torch_ones(c(2, 3))), c(2L, 3L))
  expect_identical(as.array(torch_full(c(2, 2), 3)), matrix(3, 2, 2))
  expect_identical(as.array(torch_eye(2)), diag(2))
  expect_identical(dim(torch_randint(1, 5, c(2, 2))), c(2L, 2L))
  expect_identical(dim(torch_randn(3)), 3L)
  expect_identical(dim(torch_zeros_like(torch_ones(4, 1))), c(4L, 1L))
})

test_that("torch_arange() includes its end and torch_linspace() its steps", {
  expect_identical(as.numeric(torch_arange(1, 5)), c(1, 2, 3, 4, 5))
  expect_identical(as.integer(torch_arange(1L, 7L, 2L)), c(1L, 3L, 5L, 7L))
  expect_identical(as.numeric(torch_arange(0, 1, 0.1, dtype = torch_float64())), seq(0, 10) * 0.1)
  expect_equal(as.numeric(torch_linspace(0, 1, 5)), seq(0, 1, length.out = 5))
  expect_error(torch_arange(5, 1), "step")
})

test_that("torch_manual_seed() gives PyTorch's own stream", {
  # Published for seed 2021 by Python's PyTorch and by current R torch.
  torch_manual_seed(2021)
  expect_equal(
    as.numeric(torch_rand(8)),
    c(.1304, .5134, .7426, .7159, .5705, .1653, .0443, .9628),
    tolerance = 5e-4
  )
  torch_manual_seed(1234)
  b <- as.matrix(torch_rand(4, 3))
  expect_equal(b[1, ], c(.0290, .4019, .2598), tolerance = 1e-3)
  expect_equal(b[2, ], c(.3666, .0583, .7006), tolerance = 1e-3)
})

test_that("python() is PyTorch's own convention", {
  x <- torch_tensor(matrix(1:6, 2))
  expect_identical(as.integer(python(x)$sum(dim = 0L)), as.integer(x$sum(dim = 1)))
  expect_error(python(1), "x")
})

test_that("torch_tensor() goes straight to its default dtype, row by row", {
  numbers <- matrix(c(1.1, NaN, NA, 1e300, -Inf, 6), 2L)
  tensor <- torch_tensor(numbers)
  expect_identical(format(tensor$dtype), "Float")
  expect_identical(tensor$stride(), c(3, 1))
  expect_equal(as.array(tensor), `[<-`(numbers, 2L, 2L, Inf), tolerance = 1e-7)
  wide <- torch_tensor(matrix(1:40, 4L))
  expect_identical(format(wide$dtype), "Long")
  expect_identical(as.array(wide), matrix(1:40, 4L))
  complex <- torch_tensor(complex(real = 1:40, imaginary = 0.5))
  expect_identical(format(complex$dtype), "ComplexFloat")
  expect_identical(as.array(complex), complex(real = 1:40, imaginary = 0.5))
  expect_error(torch_tensor(c(1:40, NA)), "int64 cannot hold it")
})
