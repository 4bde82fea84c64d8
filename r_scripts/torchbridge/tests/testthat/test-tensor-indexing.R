skip_without_python()

r <- matrix(1:12, 3)
x <- torch_tensor(r)

test_that("subscripts count from 1 and select as R's do", {
  expect_identical(as.array(x[1, 2]), r[1, 2])
  expect_identical(as.array(x[1, ]), r[1, ])
  expect_identical(as.array(x[, 2]), r[, 2])
  expect_identical(as.array(x[1:2, ]), r[1:2, ])
  expect_identical(as.array(x[2:3, c(1, 3)]), r[2:3, c(1, 3)])
  expect_identical(as.array(x[c(1, 3), c(4, 1)]), r[c(1, 3), c(4, 1)])
  expect_identical(as.array(x[3:1, 1]), r[3:1, 1])
  expect_identical(as.array(x[, 1, drop = FALSE]), r[, 1, drop = FALSE])
  expect_identical(as.array(x[1:3:2, 1]), r[c(1, 3), 1])
  expect_identical(as.array(x[c(TRUE, FALSE, TRUE), ]), r[c(1, 3), ])
})

test_that("negative subscripts count from the end", {
  expect_identical(as.array(x[-1, ]), r[3, ])
  expect_identical(as.array(x[, -2]), r[, 3])
  expect_identical(as.array(x[c(-1, -3), 1]), r[c(3, 1), 1])
  expect_identical(as.array(x[-2:-1, ]), r[2:3, ])
})

test_that("N, .., newaxis and fewer subscripts", {
  y <- torch_tensor(array(1:24, c(2, 3, 4)))
  a <- array(1:24, c(2, 3, 4))
  expect_identical(as.array(x[2:N, ]), r[2:3, ])
  expect_identical(as.array(x[N, N]), r[3, 4])
  expect_identical(as.array(x[1:(N - 1), 1]), r[1:2, 1])
  expect_identical(as.array(y[.., 2]), a[, , 2])
  expect_identical(as.array(y[1, ..]), a[1, , ])
  expect_identical(as.array(y[.., N]), a[, , 4])
  expect_identical(dim(x[newaxis, , ]), c(1L, 3L, 4L))
  expect_identical(dim(x[, NULL, 1]), c(3L, 1L))
  expect_identical(as.array(y[2]), a[2, , ])
  expect_identical(as.array(y[c(2, 1), , c(4, 2)]), a[c(2, 1), , c(4, 2)])
})

test_that("tensors select: masks and positions", {
  expect_identical(sort(as.array(x[x > 6])), 7:12)
  expect_identical(as.array(x[torch_tensor(c(3L, 1L)), ]), r[c(3, 1), ])
})

test_that("subscripts are evaluated where they were written, once", {
  i <- 2
  f <- function(x) {
    i <- 3
    x[i, ]
  }
  expect_identical(as.array(f(x)), r[3, ])
  pass <- function(x, ...) x[...]
  expect_identical(as.array(pass(x, i, )), r[2, ])
  count <- 0
  counted <- function() {
    count <<- count + 1
    1
  }
  invisible(x[counted(), ])
  expect_identical(count, 1)
})

test_that("a range is a view, and assignment changes the tensor itself", {
  y <- torch_tensor(r)
  part <- y[1:2, ]
  y[1, 1] <- 100
  expect_identical(as.array(part)[1, 1], 100L)
  y[2, ] <- c(1L, 2L, 3L, 4L)
  y[c(1, 3), c(2, 4)] <- torch_tensor(matrix(c(-1L, -2L, -3L, -4L), 2))
  y[y > 50] <- 0L
  expected <- r
  expected[1, 1] <- 0L
  expected[2, ] <- 1:4
  expected[c(1, 3), c(2, 4)] <- matrix(c(-1L, -2L, -3L, -4L), 2)
  expect_identical(as.array(y), expected)
  alias <- y
  alias[1, 1] <- 7L
  expect_identical(as.array(y)[1, 1], 7L)
})

test_that("subscripts are truncated, as R's are", {
  v <- c(11, 12, 13, 14, 15, 16)
  x <- as_torch_tensor(v)
  n <- 7
  expect_identical(as.numeric(x[1:(n / 2)]), v[1:(n / 2)])
  expect_identical(as.numeric(x[(n / 2):N]), v[3:6])
  expect_identical(as.numeric(x[1:6:2.9]), v[c(1, 3, 5)])
  expect_identical(as.numeric(x[2.7]), v[2.7])
  expect_identical(as.numeric(x[c(1.2, 2.9, 5.5)]), v[c(1.2, 2.9, 5.5)])
  x[1:(n / 3)] <- 0
  expect_identical(as.numeric(x), c(0, 0, 13, 14, 15, 16))
})

test_that("bad subscripts say what would be right", {
  expect_error(x[0, 1], "from 1")
  expect_error(x[c(1, 0), 1], "from 1")
  expect_error(x[4, 1], "out of bounds")
  expect_error(x[c(1, 4), 1], "out of bounds")
  expect_error(x["a", 1], "subscript")
  expect_error(x[NaN, 1], "a subscript must be one number")
  expect_error(x[c(1, Inf), 1], "subscripts must be finite numbers, without NA")
  expect_error(x[c(NA, 1), 1], "NA")
  expect_error(x[c(TRUE, FALSE), 1], "logical subscript of length 2")
  expect_error(x[1, 1, 1], "too many")
})

test_that("tensors without dims, matrices and arrays are subscripts", {
  m <- torch_tensor(matrix(1:6 + 0, 2))
  two <- torch_tensor(2L)$squeeze()
  expect_identical(as.array(m[two, ]), c(2, 4, 6))
  expect_identical(as.array(m[as.array(m) > 2]), as.array(m[m > 2]))
  at <- matrix(c(2, 1, 1, 2), 2)
  expect_identical(as.array(m[at]), as.array(m[torch_tensor(at, dtype = "int64")]))
  m[two, 1] <- 9
  expect_identical(as.array(m[2, 1]), 9)
  m[as.array(m) > 3] <- 0
  expect_identical(as.array(m), matrix(c(1, 0, 3, 0, 0, 0), 2))
  expect_output(print(slc(1, 3)), "<slice>", fixed = TRUE)
})
