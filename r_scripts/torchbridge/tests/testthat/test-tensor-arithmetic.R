skip_without_python()

a <- torch_tensor(1:6, dtype = torch_double())$view(c(2, 3))
r <- matrix(1:6 + 0, 2, byrow = TRUE)

test_that("arithmetic equals R's, element by element", {
  for (op in c("+", "-", "*", "/", "^", "%%", "%/%", "==", "!=", "<", "<=", ">", ">=")) {
    f <- match.fun(op)
    expect_identical(as.array(f(a, a)), f(r, r), info = op)
    expect_identical(as.array(f(a, 3)), f(r, 3), info = op)
    expect_identical(as.array(f(3, a)), f(3, r), info = op)
  }
  expect_identical(as.array(-a), -r)
  expect_identical(as.array(+a), r)
  expect_identical(as.array(!(a > 3)), !(r > 3))
  expect_identical(as.array(a > 2 & a < 5), r > 2 & r < 5)
  expect_identical(as.array(a < 2 | a > 5), r < 2 | r > 5)
  expect_identical(as.array(a > 2 & TRUE), r > 2)
})

test_that("integers stay exact and doubles beside them promote", {
  i <- torch_tensor(1:3)
  expect_identical(as.array(i + 1L), 2:4)
  expect_true((i + 1L)$dtype == torch_int64())
  expect_identical(as.array(i * 0.5), c(0.5, 1, 1.5))
  expect_identical(as.array(i %/% 2L), 1:3 %/% 2L)
})

test_that("longer R vectors are tensors, and shapes broadcast from the last dim", {
  expect_identical(as.array(a + c(1, 2, 3)), sweep(r, 2, c(1, 2, 3), "+"))
  expect_identical(as.array(a + torch_tensor(matrix(2:3, 2))), sweep(r, 1, 2:3, "+"))
  expect_error(a + c(1, 2), "size")
})

test_that("matrix products, transposes and outer products are base R's", {
  expect_identical(as.array(a %*% t(a)), r %*% t(r))
  x <- torch_tensor(1:6)
  expect_identical(as.array(x$matmul(x)), 91L)
  expect_equal(as.array(torch_outer(x, x)), outer(1:6, 1:6))
  expect_identical(2 %*% 3, base::`%*%`(2, 3))
  expect_error(torch_matmul(torch_ones(1, 6), torch_ones(2, 3)), "1x6 and 2x3")
  expect_error(t(x), "two dims")
})

# As R's group matrixOps calls the method.
matrix_op <- function(generic, ...) {
  method <- torchbridge:::matrixOps.torch_tensor
  environment(method) <- list2env(list(.Generic = generic), parent = environment(method))
  method(...)
}

test_that("the method of R's group of matrix products is the product that R names", {
  x <- torch_tensor(r, dtype = "float64", requires_grad = TRUE)
  for (name in c("%*%", "crossprod", "tcrossprod")) {
    base <- getExportedValue("base", name)
    y <- if (name == "%*%") t(r) else r
    z <- matrix_op(name, x, torch_tensor(y, dtype = "float64"))
    expect_identical(as.array(z), base(r, y), info = name)
    # sum(w * base(x, y)) is linear in x: its gradient is its values at the unit matrices.
    w <- matrix(seq_along(base(r, y)) + 0, nrow(base(r, y)))
    gradient <- vapply(seq_along(r), function(i) sum(w * base(replace(0 * r, i, 1), y)), 0)
    found <- autograd_grad(sum(z * torch_tensor(w, dtype = "float64")), x)[[1L]]
    expect_identical(as.vector(as.array(found)), gradient, info = name)
  }
  expect_identical(as.array(matrix_op("crossprod", x)), crossprod(r))
  expect_identical(as.array(matrix_op("tcrossprod", x)), tcrossprod(r))
  expect_identical(as.array(matrix_op("crossprod", r, x)), crossprod(r))
  buffer <- nn_buffer(torch_tensor(r, dtype = "float64"))
  expect_identical(as.array(matrix_op("crossprod", buffer)), crossprod(r))
  expect_identical(
    jacobian(function(b) matrix_op("crossprod", matrix(b, 2), r), as.vector(r)),
    jacobian(function(b) t(matrix(b, 2)) %*% r, as.vector(r))
  )
  expect_error(matrix_op("%o%", x, x), "%o%() is not for tensors", fixed = TRUE)
})

test_that("base R's own products are the method's", {
  skip_if(getRversion() < "4.3.0", "R < 4.3 has no group of matrix products")
  expect_identical(as.array(base::`%*%`(a, t(a))), r %*% t(r))
  skip_if(getRversion() < "4.4.0", "base::crossprod() is not generic before R 4.4")
  for (x in list(a, nn_parameter(a), nn_buffer(a))) {
    expect_identical(as.array(base::crossprod(x)), crossprod(r))
    expect_identical(as.array(base::tcrossprod(x)), tcrossprod(r))
    expect_identical(as.array(base::crossprod(r, x)), crossprod(r))
    expect_identical(as.array(base::tcrossprod(x, r)), tcrossprod(r))
  }
  expect_identical(
    grad(function(b) sum(base::crossprod(matrix(b, 2))), as.vector(r)),
    grad(function(b) sum(crossprod(matrix(b, 2))), as.vector(r))
  )
})

test_that("Math functions equal R's", {
  x <- c(0.3, 1.7, 2.5)
  t64 <- torch_tensor(x, dtype = torch_double())
  for (name in c(
    "abs", "sign", "sqrt", "floor", "ceiling", "trunc", "exp", "expm1", "log", "log1p", "cos",
    "sin", "tan", "acos", "asin", "atan", "cosh", "sinh", "tanh", "asinh", "atanh", "gamma",
    "lgamma", "digamma", "trigamma", "cumsum", "cumprod", "cummax", "cummin", "cospi", "sinpi"
  )) {
    f <- match.fun(name)
    expect_equal(as.array(f(t64)), suppressWarnings(f(x)), tolerance = 1e-12, info = name)
  }
  expect_equal(as.array(round(t64, 1)), c(0.3, 1.7, 2.5))
  expect_equal(as.array(log(t64, 2)), log(x, 2), tolerance = 1e-14)
  expect_equal(as.array(signif(t64 * 1000 + 1, 2)), signif(x * 1000 + 1, 2))
  expect_equal(
    as.array(gamma(torch_tensor(c(-0.5, -1.5), dtype = torch_double()))), gamma(c(-0.5, -1.5))
  )
  expect_error(cumsum(a), "dim")
})

test_that("Summary functions and mean give tensors with R's values", {
  for (name in c("sum", "prod", "max", "min", "range")) {
    f <- match.fun(name)
    expect_identical(as.array(f(a)), f(r), info = name)
  }
  expect_identical(as.array(any(a > 5)), TRUE)
  expect_identical(as.array(all(a > 5)), FALSE)
  expect_identical(as.array(sum(a, a)), 42)
  expect_identical(as.array(sum(torch_tensor(c(1, NaN, 2)), na.rm = TRUE)), 3)
  expect_identical(as.array(mean(a)), 3.5)
  expect_identical(as.array(mean(torch_tensor(1:4))), 2.5)
})

test_that("plain R functions run on tensors and are differentiable", {
  sigmoid <- function(x) 1 / (1 + exp(-x))
  x <- torch_tensor(c(-1, 0, 1), dtype = torch_double())
  expect_equal(as.array(sigmoid(x)), stats::plogis(c(-1, 0, 1)), tolerance = 1e-15)
  data <- torch_tensor(
    c(5.1339, 7.4256, 7.1589, 5.7047, 1.6527, .4431, 9.6277), dtype = torch_double()
  )
  mu <- torch_tensor(2.5, dtype = torch_double(), requires_grad = TRUE)
  loss <- mean((data - mu)^2)
  loss$backward()
  expect_equal(as.numeric(loss), 16.9896, tolerance = 5e-5)
  expect_equal(as.numeric(mu$grad), -5.6133, tolerance = 1e-4)
  expect_equal(as.numeric(mean((data - 2)^2)), 20.0462, tolerance = 5e-5)
})

test_that("c() of tensors is a list of them", {
  x <- torch_tensor(1:2)
  expect_identical(c(x, x), list(x, x))
  expect_identical(c(a = x, 1, list("b")), list(a = x, 1, "b"))
  expect_identical(as.array(torch_cat(c(x, x))), c(1:2, 1:2))
})

test_that("sum() and others take dims", {
  expect_identical(as.array(sum(a, dim = 2)), rowSums(r))
  expect_identical(as.array(sum(a, dim = 1, keepdim = TRUE)), matrix(colSums(r), 1))
  expect_identical(as.array(prod(a, dim = 1)), apply(r, 2, prod))
  expect_identical(as.array(any(a > 5, dim = 1)), apply(r > 5, 2, any))
  gap <- torch_tensor(matrix(c(1, NaN, 3, 4), 2))
  expect_identical(as.array(sum(gap, dim = 1, na.rm = TRUE)), c(1, 7))
  expect_error(max(a, dim = 1), "`dim` is no argument of max\\(\\).*torch_max\\(x, dim = \\)")
  expect_error(sum(a, axis = 1), "`axis` is no argument of sum")
  expect_error(sum(a, a, dim = 1), "one tensor")
})

test_that("rbind and cbind join tensors as R joins matrices", {
  expect_identical(as.array(rbind(a, c(7, 8, 9))), rbind(r, 7:9))
  expect_identical(as.array(cbind(a, a)), cbind(r, r))
})
