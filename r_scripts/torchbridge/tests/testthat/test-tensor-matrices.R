skip_without_python()
skip_if_not_installed("Matrix")

# Whole numbers, so that every product is exact.
m <- matrix(c(0, 1, 5, 2, 3, 0), 2L)
dense <- matrix(c(0, 3, 1, 2), 2L)
symmetric <- matrix(c(2, 1, 1, 2), 2L)
general <- methods::as(methods::as(Matrix::Matrix(dense), "generalMatrix"), "CsparseMatrix")
matrices <- list(
  general, methods::as(general, "TsparseMatrix"), methods::as(general, "RsparseMatrix"),
  methods::as(general, "unpackedMatrix"), Matrix::Matrix(symmetric),
  Matrix::Matrix(symmetric, sparse = TRUE), Matrix::Diagonal(2L, c(2, 3)),
  methods::as(2:1, "pMatrix"), Matrix::triu(general), Matrix::Matrix(dense) > 1
)
# The products of a 2 x 2 matrix and a 2 x 3 matrix or tensor: this package's, and those of base
# and Matrix, which S4 finds where a package calls them.
own <- list(
  function(a, x) a %*% x, function(a, x) t(x) %*% a,
  function(a, x) crossprod(a, x), function(a, x) crossprod(x, a),
  function(a, x) tcrossprod(a, t(x)), function(a, x) tcrossprod(t(x), a)
)
s4 <- list(
  function(a, x) base::`%*%`(a, x), function(a, x) base::`%*%`(t(x), a),
  function(a, x) Matrix::crossprod(a, x), function(a, x) Matrix::crossprod(x, a),
  function(a, x) Matrix::tcrossprod(a, t(x)), function(a, x) Matrix::tcrossprod(t(x), a)
)

test_that("products of Matrix's matrices and tensors have R's numbers and gradients", {
  product_and_gradient <- function(product, a) {
    x <- torch_tensor(m, dtype = "float64", requires_grad = TRUE)
    z <- product(a, x)
    sum(z * z)$backward()
    list(as.array(z), as.array(x$grad))
  }
  for (a in matrices) {
    plain <- as.matrix(a) + 0
    for (i in seq_along(own)) {
      info <- paste(class(a), deparse(body(own[[i]])))
      wanted <- product_and_gradient(own[[i]], torch_tensor(plain, dtype = "float64"))
      expect_identical(wanted[[1L]], unname(own[[i]](plain, m)), info = info)
      expect_identical(product_and_gradient(own[[i]], a), wanted, info = info)
      expect_identical(product_and_gradient(s4[[i]], a), wanted, info = info)
    }
  }
})

test_that("functions of R that multiply with them have their derivatives", {
  derivatives <- function(product, a) {
    f <- function(b) sum(product(a, matrix(b, 2L))^2)
    list(grad(f, c(m)), hessian(f, c(m)))
  }
  for (a in matrices) {
    for (i in seq_along(own)) {
      info <- paste(class(a), deparse(body(own[[i]])))
      wanted <- derivatives(own[[i]], as.matrix(a) + 0)
      expect_identical(derivatives(own[[i]], a), wanted, info = info)
      expect_identical(derivatives(s4[[i]], a), wanted, info = info)
    }
  }
})

test_that("a matrix takes the tensor's dtype, and a vector of Matrix is a vector", {
  x <- torch_tensor(m, dtype = "float32")
  expect_true((general %*% x)$dtype == torch_float32())
  expect_identical(as.array(general %*% x), dense %*% m)
  v <- methods::as(c(0, 2), "sparseVector")
  expect_identical(as.array(v %*% x), drop(c(0, 2) %*% m))
  expect_identical(as.array(base::`%*%`(v, x)), drop(c(0, 2) %*% m))
})

test_that("functions of this package's names stay Matrix's for its own matrices", {
  expect_identical(crossprod(general), Matrix::crossprod(general))
  expect_identical(crossprod(general, m), Matrix::crossprod(general, m))
  expect_identical(tcrossprod(general), Matrix::tcrossprod(general))
  expect_identical(
    crossprod(general, boolArith = TRUE), Matrix::crossprod(general, boolArith = TRUE)
  )
  expect_identical(diag(general), base::diag(dense))
  root <- Matrix::chol(Matrix::Matrix(symmetric))
  expect_identical(chol2inv(root), Matrix::chol2inv(root))
  expect_identical(rowSums(general), base::rowSums(dense))
  expect_identical(colSums(general), base::colSums(dense))
  expect_identical(rowMeans(general), base::rowMeans(dense))
  sparse <- Matrix::colMeans(general, sparseResult = TRUE)
  expect_identical(colMeans(general, sparseResult = TRUE), sparse)
})

test_that("Matrix's functions of these names are this package's for tensors", {
  x <- torch_tensor(dense, dtype = "float64")
  expect_identical(as.array(Matrix::crossprod(x)), crossprod(dense))
  expect_identical(as.array(Matrix::tcrossprod(x, dense)), tcrossprod(dense))
  expect_identical(as.array(Matrix::crossprod(dense, x)), crossprod(dense))
  expect_identical(as.array(Matrix::diag(x)), diag(dense))
  expect_identical(as.array(Matrix::rowSums(x)), rowSums(dense))
  expect_identical(as.array(Matrix::colMeans(x)), colMeans(dense))
})

test_that("arguments that a function does not have are refused", {
  x <- torch_tensor(dense, dtype = "float64")
  expect_error(crossprod(x, boolArith = TRUE), "Unknown argument: `boolArith`")
  expect_error(rowSums(x, sparseResult = TRUE), "Unknown argument: `sparseResult`")
  expect_error(rowSums(dense, sparseResult = TRUE), "unused argument")
})
