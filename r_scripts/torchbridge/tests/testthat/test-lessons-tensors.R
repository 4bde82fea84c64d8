# Lessons on tensors, as a learner of R torch writes them, with their published numbers.

skip_without_python()

test_that("making tensors", {
  expect_identical(dim(torch_empty(5, 3)), c(5L, 3L))
  expect_identical(torch_rand(5, 3)$shape, c(5L, 3L))
  expect_identical(as_array(torch_eye(4)), diag(4))
  zeros <- torch_zeros(3, 5)
  expect_identical(capture.output(zeros), c(
    "torch_tensor", rep(" 0  0  0  0  0", 3), "[ CPUFloatType{3,5} ]"
  ))
  x <- torch_tensor(matrix(1:6, ncol = 2))
  expect_true(x$dtype == torch_long())
  expect_identical(as_array(x), matrix(1:6, ncol = 2))
  y <- torch_tensor(matrix(seq(0.1, 1, by = 0.1), ncol = 2))
  expect_true(y$dtype == torch_float())
  expect_equal(as_array(y), matrix(seq(0.1, 1, by = 0.1), ncol = 2), tolerance = 1e-7)
  z <- torch_tensor(matrix(seq(0, 1, length.out = 10), ncol = 2))
  expect_equal(as_array(z[, 1]), c(0, 0.1111, 0.2222, 0.3333, 0.4444), tolerance = 1e-3)
  expect_identical(as_array(torch_tensor(diag(1:5))), diag(1:5))
  # From R 4.3 on R's own product asks the classes of its factors.
  if (getRversion() >= "4.3.0") {
    expect_identical(as_array(base::`%*%`(x, t(x))), as_array(x %*% t(x)))
  } else {
    expect_error(base::`%*%`(x, t(x)))
  }
})

test_that("subscripts count from 1", {
  x <- torch_tensor(matrix(1:20, nrow = 5))
  m <- matrix(1:20, nrow = 5)
  expect_identical(as_array(x[, 2]), m[, 2])
  expect_identical(as_array(x[1:3, ]), m[1:3, ])
  expect_identical(as_array(x[3:4, c(1, 3)]), m[3:4, c(1, 3)])
})

test_that("random numbers are PyTorch's stream", {
  torch_manual_seed(1234)
  a <- torch_tensor(matrix(1:12, 4, byrow = TRUE))
  b <- torch_rand(4, 3)
  c <- torch_rand(3, 4)
  expect_equal(
    as_array(b[1:2, ]),
    rbind(c(0.0290, 0.4019, 0.2598), c(0.3666, 0.0583, 0.7006)), tolerance = 1e-3
  )
  expect_equal(
    as_array(torch_matmul(a$to(dtype = torch_float()), c))[1, ],
    c(3.1459, 3.0472, 1.5210, 4.0324), tolerance = 5e-5
  )
})

# The book's version of R torch drew one number before the user's first.
book_seed <- function(seed) {
  torch_manual_seed(seed)
  torch_rand(1)
}

test_that("operations on tensors", {
  book_seed(2021)
  b <- torch_rand(2, 3)
  c <- torch_rand(2, 3, 2)
  expect_equal(
    as_array(b), rbind(c(0.5134, 0.7426, 0.7159), c(0.5705, 0.1653, 0.0443)), tolerance = 1e-3
  )
  expect_equal(
    as_array(c$view(-1)[1:6]), c(0.9628, 0.2943, 0.0992, 0.8096, 0.0169, 0.8222), tolerance = 1e-3
  )
  a <- torch_tensor(1:6)$to(dtype = torch_double())$view(c(2, 3))
  expect_identical(as_array(a), matrix(c(1, 2, 3, 4, 5, 6), 2, byrow = TRUE))
  expect_equal(
    as_array(a + b), rbind(c(1.5134, 2.7426, 3.7159), c(4.5705, 5.1653, 6.0443)),
    tolerance = 1e-4
  )
  expect_equal(as_array(b^2), as_array(b)^2, tolerance = 1e-6)
  expect_identical(as_array(a %/% 3), rbind(c(0, 0, 1), c(1, 1, 2)))
  expect_identical(as_array(a %% 3), rbind(c(1, 2, 0), c(1, 2, 0)))
  expect_equal(as_array(sqrt(a)), sqrt(as_array(a)))
  expect_equal(
    as_array(log(b)), rbind(c(-0.6667, -0.2977, -0.3342), c(-0.5613, -1.8002, -3.1166)),
    tolerance = 1e-4
  )
  expect_equal(
    as_array(torch_matmul(b, c[1, , ])), rbind(c(0.5800, 1.3409), c(0.5664, 0.3381)),
    tolerance = 1e-3
  )
  expect_identical(as_array(torch_transpose(a, 1, 2)), t(as_array(a)))
  expect_identical(as_array(a + torch_tensor(c(1, 2, 3))), as_array(a) + rep(1:3, each = 2))
  expect_identical(as_array(a + torch_tensor(matrix(c(2, 3), 2))), as_array(a) + c(2, 3))
})

test_that("products of vectors and shapes that do not fit", {
  a <- torch_tensor(1:6)
  expect_identical(as.numeric(torch_dot(a, a)), 91)
  expect_equal(as_array(torch_matmul(a$view(c(-1, 1)), a$view(c(1, -1)))), outer(1:6, 1:6))
  expect_error(a + a$view(c(2, 3)), "size of tensor")
  expect_error(torch_matmul(a$view(c(2, 3)), a), "size mismatch|mat")
})

test_that("arrays keep their elements", {
  x <- torch_tensor(aperm(array(1:12, c(3, 2, 2)), c(3, 2, 1)))
  expect_identical(as_array(x[1, , ]), matrix(1:6, 2, byrow = TRUE))
  expect_identical(as_array(x[2, , ]), matrix(7:12, 2, byrow = TRUE))
  y <- torch_tensor(array(1:12, c(2, 3, 2)))
  expect_identical(dim(y), c(2L, 3L, 2L))
  expect_identical(as_array(y), array(1:12, c(2, 3, 2)))
})

test_that("devices", {
  x <- torch_tensor(c(1, 2))
  expect_true(x$device == torch_device("cpu"))
  expect_true(x$to(device = "cpu", dtype = torch_double())$dtype == torch_double())
  if (!cuda_is_available()) {
    expect_error(x$cuda(), "CUDA|NVIDIA")
  } else {
    expect_identical(as_array(x$cuda()$cpu()), c(1, 2))
    expect_identical(as_array(torch_ones(2, device = "cuda")), c(1, 1))
  }
})

test_that("in-place operations and sharing", {
  x <- torch_ones(5)
  y <- to_r(x, share = TRUE)
  expect_identical(as_array(x$add(1)), rep(2, 5))
  expect_identical(as_array(x), rep(1, 5))
  x$add_(1)
  expect_identical(as_array(x), rep(2, 5))
  expect_identical(as.vector(y), rep(2, 5))
})
