skip_without_python()

# x as R has it and as a torch_numeric, under every subscript alike.
expect_as_r <- function(x, subscripts) {
  mine <- as_torch_numeric(x)
  if (length(dim(x)) > 1L) dimnames(mine) <- dimnames(x)
  for (code in subscripts) {
    wanted <- eval(code, list(x = x))
    found <- eval(code, list(x = mine))
    expect_s3_class(found, "torch_numeric")
    expect_identical(plain_numbers(found), wanted, info = deparse(code))
  }
}

plain_numbers <- function(x) {
  values <- as_array(x$detach())
  if (length(dim(x)) > 1L) dimnames(values) <- dimnames(x) else names(values) <- names(x)
  values
}

test_that("a vector's elements are R's, by position, by what is left out and by truth", {
  subscripts <- alist(
    x[1], x[5], x[2.9], x[TRUE], x[1:3], x[2:5], x[3:1], x[c(4, 2, 2)], x[c(1.5, 2.5)], x[-1],
    x[-5], x[-(2:3)], x[c(-1, -9)], x[-c(1, 2, 4, 5)], x[c(TRUE, FALSE, TRUE, FALSE, TRUE)],
    x[c(FALSE, FALSE, TRUE, FALSE, FALSE)], x[x > 2], x[c(TRUE, FALSE)], x[0:2], x[[2]], x[[4L]],
    x[], x[seq_len(5)], x[rev(seq_len(5))]
  )
  x <- c(1.5, 2.5, -3, 4, 5)
  expect_as_r(x, subscripts)
  names(x) <- letters[1:5]
  expect_as_r(x, c(subscripts, alist(x["b"], x[c("e", "a")], x[["c"]])))
})

test_that("what is left out by a number with a fraction is R's, up to the last element", {
  expect_as_r(c(1.5, 2.5, -3, 4, 5), alist(x[-1.5], x[-5.5], x[-6.5], x[c(-1.9, -5.9)], x[5.9]))
  expect_as_r(matrix(1:6 / 2, 2), alist(x[-2.5, ], x[, -3.9], x[-6.5]))
  expect_as_r(7, alist(x[-2.5], x[1.5], x[-1.5]))
})

test_that("what is no position has R's words, as it had", {
  x <- as_torch_numeric(c(1, 2, 3))
  expect_error(x[[7]], "subscript out of bounds")
  expect_error(x[[-1]], "subscript out of bounds")
  expect_error(x[1, 2], "incorrect number of dimensions")
  expect_true(is.na(as.double(to_r(x[c(1, NA)]))[2]))
  expect_identical(to_r(x[factor("b", levels = c("a", "b"))]), 2)
})

test_that("a matrix and an array drop what R drops", {
  subscripts <- alist(
    x[1, ], x[, 2], x[2, 3], x[1:2, ], x[, -1], x[-1, c(1, 3)], x[c(3, 1), c(2, 4)], x[2, -(1:3)],
    x[c(TRUE, FALSE, TRUE), ], x[, ], x[2:2, ], x[5], x[c(1, 7)], x[-1], x[1, , drop = FALSE],
    x[cbind(c(1, 2), c(3, 4))]
  )
  x <- matrix(as.double(1:12), 3)
  expect_as_r(x, subscripts)
  dimnames(x) <- list(letters[1:3], LETTERS[1:4])
  expect_as_r(x, c(subscripts[-(12:16)], alist(x["b", ], x[, c("A", "D")])))
  expect_as_r(matrix(c(1, 2, 3), 1), alist(x[, 1], x[, 2:3], x[1, ], x[, c(3, 1)]))
  expect_as_r(array(as.double(1:24), 2:4), alist(
    x[1, , ], x[, 2, 3], x[, , 4], x[2, 1:2, ], x[, c(3, 1), -1], x[1, 2, 3], x[1, c(1, 3), 2]
  ))
})

test_that("a subscript is evaluated once, where it was written", {
  x <- as_torch_numeric(c(1, 2, 3))
  turns <- 0
  at <- function(i) {
    turns <<- turns + 1
    i
  }
  expect_identical(to_r(x[at(2)]), 2)
  expect_identical(to_r(x[at(c(TRUE, FALSE, NA))])[1], 1)
  expect_identical(turns, 2)
  first <- function(x, ...) x[...]
  N <- 3 # nolint: object_name_linter.
  expect_identical(to_r(first(x, N)), 3)
})

test_that("what is taken has its derivative", {
  f <- function(x) sum(x[-1]^2) + sum(x[c(1, 1, 3)]) + prod(x[2:3]) + x[x > 2]
  expect_identical(unname(grad(f, c(1, 2, 3))), c(2, 4 + 3, 1 + 6 + 2 + 1))
})

test_that("operators with short vectors recycle as R's", {
  x <- as_torch_numeric(c(a = 1, b = 2, c = 3))
  expect_identical(plain_numbers(x + c(10, 20, 30)), c(a = 11, b = 22, c = 33))
  x <- as_torch_numeric(c(1, 2, 3, 4))
  expect_identical(plain_numbers(x * c(1, -1)), c(1, -2, 3, -4))
  expect_identical(plain_numbers(c(1, 2, 3, 4) > x[4:1]), c(1, 2, 3, 4) > c(4, 3, 2, 1))
  expect_error(x + c(1, 2, 3), "recycled")
  m <- as_torch_numeric(matrix(c(1, 2, 3, 4), 2))
  expect_identical(plain_numbers(m / c(1, 2)), matrix(c(1, 1, 3, 2), 2))
  expect_identical(plain_numbers(c(1, 2) %*% m), c(1, 2) %*% matrix(c(1, 2, 3, 4), 2))
  expect_identical(plain_numbers(as_torch_numeric(matrix(5)) + c(1, 2)), c(6, 7))
})
