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

test_that("tensors of positions count as numbers do, whatever their dtype and shape", {
  v <- torch_tensor(c(1.5, -2, 3))
  at <- function(...) torch_tensor(c(...))
  expect_identical(as.numeric(v[at(-1L, 1L)]), c(3, 1.5))
  expect_identical(as.numeric(v[at(3L, -3L, 3L)]), c(3, 1.5, 3))
  expect_identical(as.numeric(v[torch_tensor(integer())]), numeric())
  for (dtype in c("int32", "int16", "uint8")) {
    expect_identical(as.numeric(v[torch_tensor(c(3L, 1L), dtype = dtype)]), c(3, 1.5))
  }
  expect_error(v[at(1L, 0L)], "found a 0")
  expect_error(v[at(4L)], "out of bounds")
  expect_error(v[at(-4L)], "out of bounds")
  expect_error(torch_zeros(3, 0)[at(4L), ], "out of bounds")
  expect_error(x[at(1L), , ], "too many")
  expect_error(v[at(1, 3)], "a tensor of positions has dtype torch_long(), not", fixed = TRUE)
  expect_error(v[at(1, 3)] <- 0, "a tensor of positions has dtype torch_long(), not", fixed = TRUE)
  expect_identical(as.array(x[at(2L, 1L), 2:3]), r[2:1, 2:3])
  expect_identical(as.array(x[at(3L, 1L), at(4L, 2L)]), r[c(3, 1), c(4, 2)])
  weight <- nn_parameter(x$to(dtype = "float64"))
  expect_identical(as.array(weight[at(2L), ]), r[2, , drop = FALSE] + 0)
})

test_that("positions of several dims put their dims in the place of one", {
  at <- matrix(c(1L, 3L, 2L, 2L), 2)
  found <- x[torch_tensor(at), ]
  expect_identical(dim(found), c(2L, 2L, 4L))
  expect_identical(as.array(found[2, 1, ]), r[at[2, 1], ])
  expect_identical(as.array(x[, torch_tensor(at)][, 1, 2]), r[, at[1, 2]])
  expect_identical(as.array(x[at, ]), as.array(found))
  both <- x[torch_tensor(at), c(4, 1)]
  expect_identical(as.array(both[2, 2, ]), r[2, c(4, 1)])
  y <- torch_tensor(r)
  y[torch_tensor(at[, 1]), ] <- torch_tensor(matrix(-1:-8, 2))
  expect_identical(as.array(y), rbind(seq(-1L, -7L, -2L), r[2, ], seq(-2L, -8L, -2L)))
})

test_that("masks select by R's logicals and bool tensors, also with gradients", {
  v <- torch_tensor(c(1, 2, 3), requires_grad = TRUE)
  v[v > 1]$sum()$backward()
  expect_identical(as.numeric(v$grad), c(0, 1, 1))
  m <- torch_tensor(matrix(1:6 + 0, 2), requires_grad = TRUE)
  m[c(2, 2), ]$sum()$backward()
  expect_identical(as.array(m$grad), matrix(c(0, 2), 2, 3))
  expect_identical(as.array(x[torch_tensor(c(TRUE, FALSE, TRUE)), ]), r[c(1, 3), ])
  expect_identical(as.array(x[torch_tensor(c(TRUE, FALSE, TRUE))]), r[c(1, 3), ])
  expect_error(x[torch_tensor(c(TRUE, FALSE))], "logical subscript of length 2")
  expect_error(x[c(TRUE, NA, TRUE), ], "must not have NA")
  y <- torch_tensor(c(1, -2, 3))
  y[y < 0] <- NA_real_
  expect_identical(as.numeric(y), c(1, NaN, 3))
  expect_error(y[y > 1] <- NA, "`?value`?: NA is no value of a tensor; NA_real_ is NaN")
  expect_error(y[1] <- NA_integer_, "NA is no value of a tensor")
  expect_error(x[factor("a"), ], "not a factor")
})
