skip_without_python()

values <- function(x) to_r(x$detach())
p <- as_torch_numeric(c(a = 1, b = 2, c = 3))

test_that("names, length and dims are R's", {
  expect_identical(names(p), c("a", "b", "c"))
  expect_identical(names(exp(p)), names(p))
  expect_identical(names(p[2:3] * 2), c("b", "c"))
  expect_identical(names(c(p, d = 4)), c("a", "b", "c", "d"))
  expect_null(dim(p))
  expect_identical(length(p), 3L)
  m <- matrix(p, 1)
  expect_identical(dim(m), c(1L, 3L))
  expect_identical(c(nrow(m), NCOL(p), ncol(m)), c(1L, 1L, 3L))
  expect_true(is.numeric(p) && is.matrix(m) && !is.matrix(p) && is.array(m))
  dim(m) <- NULL
  expect_null(dim(m))
  names(p)[1] <- "z"
  expect_identical(names(p), c("z", "b", "c"))
})

test_that("subscripts are R's", {
  x <- c(a = 1, b = 2, c = 3)
  m <- matrix(1:12 + 0, 3)
  tm <- as_torch_numeric(m)
  for (i in list(2, -1, c(3, 1), c(TRUE, FALSE, TRUE), "b", c("c", "a"), 0, c(-1, -2))) {
    expect_identical(values(p[i]), unname(x[i]), info = deparse(i))
  }
  expect_identical(values(p[["b"]]), 2)
  expect_identical(values(tm[2, ]), m[2, ])
  expect_identical(values(tm[, 2, drop = FALSE]), m[, 2, drop = FALSE])
  expect_identical(values(tm[-1, c(1, 3)]), m[-1, c(1, 3)])
  expect_identical(values(tm[5]), m[5])
  expect_identical(values(tm[m > 4]), m[m > 4])
  expect_identical(values(tm[tm > 4]), m[m > 4])
  expect_error(tm[4, 1], "out of bounds")
  expect_error(tm[1, 1, 1], "number of dimensions")
  expect_identical(lapply(as.list(p), values), list(a = 1, b = 2, c = 3))
})

test_that("assignment changes a copy, and gradients flow through it", {
  q <- p
  q[2] <- 10
  q["c"] <- q["a"] * 7
  expect_identical(values(q), c(1, 10, 7))
  expect_identical(values(p), c(1, 2, 3))
  m <- as_torch_numeric(matrix(0, 2, 2))
  m[1, ] <- p[1:2]
  m[m == 0] <- -1
  expect_identical(values(m), rbind(c(1, 2), c(-1, -1)))
  q[5] <- 1
  expect_identical(values(q), c(1, 10, 7, NA, 1))
  f <- function(x) {
    x[[2]] <- x[1]^3
    x[1] <- 0
    sum(x)
  }
  expect_identical(grad(f, c(2, 5, 1)), c(12, 0, 1))
})

test_that("comparisons of one number are R's own, of several tensors", {
  expect_identical(p[1] > 0, TRUE)
  expect_identical(any(p > 2), TRUE)
  expect_identical(all(p > 2), FALSE)
  expect_identical(is.finite(p[1]), TRUE)
  expect_identical(values(p > 2), c(FALSE, FALSE, TRUE))
  expect_identical(values(!(p > 2) & p != 1), c(FALSE, TRUE, FALSE))
  expect_identical(sum(p) == 6 && TRUE, TRUE)
})

test_that("plain tensors mix with them, and stay what they are", {
  x <- as_torch_tensor(c(1, 2, 3))
  expect_identical(values(x * p), c(1, 4, 9))
  expect_identical(values(p * x), c(1, 4, 9))
  y <- as_torch_numeric(x)
  expect_identical(class(x), c("torch_tensor", "python_object"))
  expect_s3_class(y, "torch_numeric")
  expect_s3_class(x * p, "torch_numeric")
  expect_identical(values(x[-1]), 3)
  expect_identical(values(y[-1]), c(2, 3))
})

test_that("float32 stays float32 with R's numbers, integers and logicals count as numbers", {
  x <- as_torch_numeric(as_torch_tensor(c(1, 2), dtype = "float32"))
  expect_true((x * 0.5)$dtype == torch_float32())
  i <- as_torch_numeric(as_torch_tensor(1:2))
  expect_identical(values(i / 2L), c(0.5, 1))
  expect_identical(values((p > 1) + TRUE), c(1, 2, 2))
})

test_that("operators that the core takes have R's values, names and dimnames", {
  named <- c(a = 1.5, b = -2, c = 0.25)
  grid <- matrix(c(2, 3, -1, 0.5, 1, 4), 3L, dimnames = list(c("a", "b", "c"), NULL))
  operands <- list(
    named, unname(named), c(z = 3), 2, -1L, TRUE, c(x = 4, y = 5, z = 6), 1:3, grid, unname(grid)
  )
  numeric <- function(v) {
    x <- as_torch_numeric(v)
    if (!is.null(dimnames(v))) dimnames(x) <- dimnames(v)
    x
  }
  operators <- c("+", "-", "*", "/", "^", "%%", "%/%", "==", "!=", "<", "<=", ">", ">=", "&", "|")
  plain <- function(x) {
    if (!is_tensor(x)) return(list(c(x), names(x), dimnames(x)))
    labels <- if (is.null(dim(x))) names(x)
    list(c(to_r(x$detach())), labels, if (!is.null(dim(x))) dimnames(x))
  }
  wrong <- character()
  count <- 0L
  for (name in operators) {
    f <- get(name)
    for (first in operands) {
      for (second in operands) {
        # A vector that is not as long as a matrix has R's names no more than the matrix.
        if (is.matrix(first) != is.matrix(second)) next
        wanted <- f(first, second)
        wanted <- list(as.vector(wanted), names(wanted), dimnames(wanted))
        if (is.matrix(first)) wanted[2L] <- list(NULL)
        found <- list(
          plain(f(numeric(first), numeric(second))), plain(f(numeric(first), second)),
          plain(f(first, numeric(second)))
        )
        for (one in found) {
          same <- all.equal(as.vector(one[[1L]]), wanted[[1L]], check.attributes = FALSE)
          labels <- length(wanted[[1L]]) == 1L || identical(one[2:3], wanted[2:3])
          if (!isTRUE(same) || !labels) {
            wrong <- c(wrong, paste(deparse1(first), name, deparse1(second)))
          }
          count <- count + 1L
        }
      }
    }
  }
  # (One expectation for all of them: each would take as long as what it looks at, many times.)
  expect_identical(wrong, character())
  expect_identical(count, 3L * length(operators) * (64L + 4L))
  x <- as_torch_numeric(named)
  for (f in list(exp, abs, cumsum, cumprod, function(x) -x, function(x) +x)) {
    expect_equal(c(to_r(f(x))), unname(f(named)))
    expect_identical(names(f(x)), names(named))
  }
  for (f in list(sum, prod, max, min, mean)) {
    expect_equal(to_r(f(x)), f(named))
    expect_null(names(f(x)))
    expect_null(names(f(as_torch_numeric(c(a = 2)))))
  }
})

test_that("one subscript is R's, whatever it is", {
  named <- c(a = 1, b = 2, c = 3)
  x <- as_torch_numeric(named)
  for (i in list(1, 2L, 3.9, "b", TRUE, -1, 0, factor("b"), c(q = 2), matrix(2), 2:3)) {
    expect_equal(c(to_r(x[i])), unname(named[i]), ignore_attr = TRUE)
    expect_identical(names(x[i]), names(named[i]))
  }
  for (i in list(1, 2L, 3.9, "b")) {
    expect_equal(to_r(x[[i]]), named[[i]])
    expect_null(names(x[[i]]))
  }
  y <- as_torch_numeric(matrix(1:6, 2L))
  expect_equal(to_r(y[5]), 5)
  expect_error(x[5], "subscript out of bounds")
  expect_error(x[c(FALSE, FALSE, FALSE, TRUE)], "subscript out of bounds")
  # Beyond the end of a dim R has no NA to give, not even for FALSE.
  expect_error(y[, c(TRUE, FALSE, FALSE, FALSE)], "logical subscript too long")
  expect_error(y[c(TRUE, FALSE, TRUE), 1] <- 0, "logical subscript too long")
})

test_that("numbers of no elements are R's", {
  none <- as_torch_numeric(numeric())
  expect_identical(c(to_r(c(none, numeric()))), numeric())
  expect_identical(c(to_r(c(none, numeric(), 1))), 1)
  expect_identical(to_r(sum(none)), 0)
  expect_warning(expect_identical(to_r(max(none)), -Inf), "arguments to max; returning -Inf")
  expect_warning(expect_identical(to_r(min(none)), Inf), "arguments to min; returning Inf")
  expect_identical(to_r(max(none, 3)), 3)
  missing <- as_torch_numeric(NA_real_)
  found <- suppressWarnings(range(missing, na.rm = TRUE))
  expect_identical(c(to_r(found)), c(Inf, -Inf))
})

test_that("NA as a subscript is R's", {
  named <- c(a = 1, b = 2, c = 3)
  x <- as_torch_numeric(named)
  for (i in list(NA, c(NA, TRUE), c(FALSE, NA), c(TRUE, NA, TRUE), NA_integer_, c(1, NA))) {
    expect_identical(c(to_r(x[i])), unname(named[i]))
    expect_identical(names(x[i]), names(named[i]))
    y <- x
    y[i] <- 9
    expected <- named
    expected[i] <- 9
    expect_identical(c(to_r(y)), unname(expected))
  }
  expect_identical(c(to_r(as_torch_numeric(matrix(1:4, 2L))[NA])), rep(NA_real_, 4L))
  expect_identical(c(to_r(as_torch_numeric(numeric())[NA])), NA_real_)
  expect_error(x[c(1, NA)] <- 1:2, "NAs are not allowed in subscripted assignments")
  expect_equal(
    grad(function(p) sum(replace(p, c(NA, TRUE), 0) * p, na.rm = TRUE), c(1, 2, 3)), c(2, 0, 6)
  )
})

test_that("arrays have dimnames, vectors names", {
  grid <- matrix(c(2, 3, -1, 0.5), 2L, dimnames = list(c("r", "s"), c("u", "v")))
  long <- c(a = 1, b = 2, c = 3, d = 4)
  x <- as_torch_numeric(grid)
  dimnames(x) <- dimnames(grid)
  y <- as_torch_numeric(long)
  for (sums in list(cumsum(x), cumprod(x), cummax(x))) {
    expect_null(dim(sums))
    expect_null(attr(sums, "r_dimnames"))
  }
  for (both in list(x + y, y * x, y - grid, grid / y, x + long, long^x)) {
    expect_identical(dimnames(both), dimnames(grid))
    expect_null(names(both))
  }
  # A matrix of one element beside a longer vector is one number to PyTorch and to R.
  one <- as_torch_numeric(matrix(2))
  dimnames(one) <- list("p", "q")
  expect_identical(names(one + y), names(long))
  expect_null(attr(y + one, "r_dimnames"))
})

test_that("NULL is no numbers, and code is none", {
  x <- as_torch_numeric(c(1, 2))
  for (none in list(x + NULL, x - NULL, NULL * x, NULL / x)) {
    expect_length(none, 0L)
  }
  expect_length(to_r(x == NULL), 0L)
  expect_error(x + quote(1 + 1), "a tensor and a call can't be computed with", fixed = TRUE)
  expect_error(quote(letters) * x, "a tensor and a symbol can't be computed with", fixed = TRUE)
})

test_that("what the core makes survives collections at any allocation", {
  x <- as_torch_numeric(c(a = 1, b = 2, c = 3))
  grid <- as_torch_numeric(matrix(c(1, 2, 3, 4), 2L))
  dimnames(grid) <- list(c("r", "s"), NULL)
  parts <- function(x) list(c(to_r(x$detach())), attr(x, "r_names"), attr(x, "r_dimnames"))
  run <- function() {
    found <- list(x + x, 2 * x, x + 1:3, exp(x), sum(x), x["a"], x[2], grid * grid, cumsum(grid))
    lapply(found, parts)
  }
  expected <- run()
  gctorture2(101L)
  on.exit(gctorture2(0L))
  found <- run()
  failed <- tryCatch(x + quote(a), error = identity)
  gctorture2(0L)
  expect_identical(found, expected)
  expect_s3_class(failed, "simpleError")
})

test_that("a range of positions is R's, wherever it begins and ends", {
  plain <- c(a = 1.5, b = -2, c = 3, d = 7)
  x <- as_torch_numeric(plain)
  for (i in list(2:3, c(2, 3), 1:4, 3:4, 0:2, 3:2, -(1:2), c(2, 3.5), c(1L, 3L), 2:2, integer())) {
    expect_equal(to_r((x[i] * 2)$detach()), unname(plain[i] * 2))
    expect_equal(names(x[i]), names(plain[i]))
  }
  m <- matrix(1:6 / 2, 2)
  expect_equal(to_r(as_torch_numeric(m)[2:4]), m[2:4])
  expect_error(x[3:5], "out of bounds")
  expect_error(as_torch_numeric(2)[[1:2]], "out of bounds")
  expect_equal(grad(function(p) sum(p[2:3]^2) - sum((-p)[1:2]), c(1, 2, 3)), c(1, 5, 6))
})
