skip_without_python()

# The derivative of f at x by autograd, and by numDeriv's extrapolation, agree.
expect_derivative <- function(f, x, info = deparse(body(f))[1], tolerance = 1e-8) {
  x <- as.double(x)
  expect_equal(jacobian(f, x), numDeriv::jacobian(f, x), tolerance = tolerance, info = info)
}
m <- matrix(c(2, 0.3, 0.1, 0.2, 1.5, 0.4, 0.1, 0.6, 3), 3)
s <- crossprod(m)

test_that("functions that are not generic have R's values and numDeriv's derivatives", {
  cases <- list(
    function(x) crossprod(matrix(x, 3), m),
    function(x) crossprod(matrix(x, 3)),
    function(x) tcrossprod(m, matrix(x, 3)),
    function(x) crossprod(x, 1:9),
    function(x) diag(x[1:3]),
    function(x) diag(matrix(x, 3)),
    function(x) diag(x[1], 2),
    function(x) diag(x[1:2], 2, 3),
    function(x) outer(x[1:2], 1:3),
    function(x) outer(1:2, x, "+"),
    function(x) outer(x[1:3], 1:2, function(a, b) a^b),
    function(x) rowSums(matrix(x, 3)^2),
    function(x) colSums(matrix(x, 3)),
    function(x) rowMeans(m * x),
    function(x) colMeans(m * x),
    function(x) ifelse(x > 0.5, x^2, -x),
    function(x) ifelse(c(TRUE, FALSE, TRUE), x[1], 3),
    function(x) pmin(x, 0.5, rev(x)),
    function(x) pmax(0.5, x^2),
    function(x) beta(x[1], x[2:3]),
    function(x) lbeta(x, 2),
    function(x) choose(x + 4, 2),
    function(x) lchoose(5 + x, 1:9),
    function(x) matrix(x, 3, byrow = TRUE) %*% (1:3),
    function(x) array(x, c(3, 3))[2, ],
    function(x) drop(matrix(x, 1)),
    function(x) chol2inv(chol(s + diag(x[1:3]))),
    function(x) backsolve(chol(s), x[1:3]),
    function(x) forwardsolve(t(chol(s)), matrix(x, 3)),
    function(x) backsolve(chol(s), x[1:3], transpose = TRUE)
  )
  x <- c(0.3, 0.9, 0.45, 0.7, 0.2, 0.8, 0.55, 0.1, 0.6)
  for (f in cases) {
    value <- f(as_torch_numeric(x))
    wanted <- f(x)
    expect_equal(
      as.vector(to_r(value$detach())), as.vector(wanted), tolerance = 1e-13,
      info = deparse(body(f))[1]
    )
    expect_identical(dim(value), dim(wanted), info = deparse(body(f))[1])
    expect_derivative(f, x)
  }
})

test_that("generic functions have R's values and numDeriv's derivatives", {
  cases <- list(
    function(x) x + 1:9,
    function(x) m * x,
    function(x) x[1:3] * m,
    function(x) 2^x,
    function(x) x %% 0.25,
    function(x) x %/% 0.25,
    function(x) -x / m,
    function(x) exp(x),
    function(x) log(x),
    function(x) log(x, 2),
    function(x) log1p(x),
    function(x) expm1(x),
    function(x) sqrt(x),
    function(x) lgamma(x),
    function(x) gamma(x),
    function(x) digamma(x),
    function(x) trigamma(x),
    function(x) abs(x - 0.5),
    function(x) cumsum(x),
    function(x) cumprod(x),
    function(x) sin(x) + cospi(x),
    function(x) sum(x, 2),
    function(x) prod(x),
    function(x) max(x),
    function(x) min(x, 3),
    function(x) range(x),
    function(x) mean(x),
    function(x) c(x[1], 5, x[2:3]),
    function(x) rbind(x[1:3], m),
    function(x) cbind(1, matrix(x, 3)),
    function(x) t(matrix(x, 3)),
    function(x) t(x),
    function(x) solve(matrix(x, 3) + s, 1:3),
    function(x) solve(s + matrix(x, 3)),
    function(x) chol(s + diag(x[1:3])),
    function(x) det(s + matrix(x, 3)),
    function(x) determinant(s + matrix(x, 3))$modulus,
    function(x) rep(x[1:2], times = c(1, 3)),
    function(x) rev(x),
    function(x) sort(x),
    function(x) diff(x),
    function(x) x[-1],
    function(x) x[c(1, 1, 9)],
    function(x) x[x > 0.5],
    function(x) matrix(x, 3)[2:3, -1],
    function(x) matrix(x, 3)[cbind(1:3, 3:1)],
    function(x) as.vector(matrix(x, 3) %*% m),
    function(x) as.numeric(x),
    function(x) 1:9 %*% x,
    function(x) x %*% x,
    function(x) x[1:3] %*% m,
    function(x) head(x, 2),
    function(x) tail(x, 2),
    function(x) round(x * 10 + 0.2) * x
  )
  x <- c(0.3, 0.9, 0.45, 0.7, 0.22, 0.8, 0.55, 0.1, 0.6)
  for (f in cases) {
    info <- deparse(body(f))[1]
    value <- f(as_torch_numeric(x))
    wanted <- f(x)
    expect_equal(as.vector(to_r(value$detach())), as.vector(wanted), tolerance = 1e-13, info = info)
    expect_identical(dim(value), dim(wanted), info = info)
    expect_derivative(f, x)
  }
})

test_that("on ordinary values they are base's own, whatever is missing", {
  x <- c(a = 0.3, b = 2)
  n <- matrix(1:6, 2, dimnames = list(c("r", "s"), NULL))
  same <- function(mine, theirs) expect_identical(mine, theirs)
  same(matrix(1:6, 2), base::matrix(1:6, 2))
  same(matrix(1:6, ncol = 2), base::matrix(1:6, ncol = 2))
  same(matrix(1:6), base::matrix(1:6))
  same(matrix(1:6, 2, byrow = TRUE), base::matrix(1:6, 2, byrow = TRUE))
  same(
    matrix("a", 2, 2, dimnames = list(NULL, 1:2)),
    base::matrix("a", 2, 2, dimnames = list(NULL, 1:2))
  )
  same(matrix(), base::matrix())
  same(array(1:3), base::array(1:3))
  same(array(n, c(1, 6)), base::array(n, c(1, 6)))
  same(diag(3), base::diag(3))
  same(diag(3, 2), base::diag(3, 2))
  same(diag(x), base::diag(x))
  same(diag(n), base::diag(n))
  same(diag(nrow = 2), base::diag(nrow = 2))
  same(diag(x, names = FALSE), base::diag(x, names = FALSE))
  same(outer(x, x), base::outer(x, x))
  same(outer(1:2, 1:3, "+"), base::outer(1:2, 1:3, "+"))
  local({
    mine <- function(a, b, k) a + k * b
    same(outer(1:2, 1:3, "mine", k = 2), base::outer(1:2, 1:3, mine, k = 2))
  })
  same(crossprod(n), base::crossprod(n))
  same(tcrossprod(n, n), base::tcrossprod(n, n))
  same(rowSums(n), base::rowSums(n))
  same(colMeans(n, na.rm = TRUE), base::colMeans(n, na.rm = TRUE))
  same(rowMeans(data.frame(x = 1:2)), base::rowMeans(data.frame(x = 1:2)))
  same(colSums(n), base::colSums(n))
  same(pmin(x, c(1, NA), na.rm = TRUE), base::pmin(x, c(1, NA), na.rm = TRUE))
  same(pmax(n, 3L), base::pmax(n, 3L))
  same(ifelse(c(TRUE, NA, FALSE), 1, "b"), base::ifelse(c(TRUE, NA, FALSE), 1, "b"))
  same(ifelse(TRUE, 1, stop("not looked at")), 1)
  same(ifelse(c(a = 1, b = 0), 1, 2), base::ifelse(c(a = 1, b = 0), 1, 2))
  same(beta(1, x), base::beta(1, x))
  same(lbeta(1, x), base::lbeta(1, x))
  same(choose(5, 0:5), base::choose(5, 0:5))
  same(lchoose(5, 2), base::lchoose(5, 2))
  same(drop(t(1:3)), base::drop(t(1:3)))
  u <- chol(s)
  same(chol2inv(u), base::chol2inv(u))
  same(chol2inv(u, 2), base::chol2inv(u, 2))
  same(backsolve(u, 1:3), base::backsolve(u, 1:3))
  same(backsolve(u, 1:2, k = 2), base::backsolve(u, 1:2, k = 2))
  same(forwardsolve(t(u), 1:3), base::forwardsolve(t(u), 1:3))
})

test_that("an argument is evaluated once", {
  calls <- 0
  count <- function() {
    calls <<- calls + 1
    c(1, 2)
  }
  matrix(count(), 1)
  dnorm(count(), sd = 2)
  ifelse(count() > 1, 1, 2)
  crossprod(count())
  expect_identical(calls, 4)
})

test_that("attaching the package announces its Python and no function of R's", {
  run <- run_r(paste(
    "library(torchbridge);",
    "cat(identical(environmentName(environment(dnorm)), 'torchbridge: masks'))"
  ))
  expect_match(run$out[1L], "^torchbridge: Python is /")
  expect_identical(run$out[-1L], "TRUE")
})

test_that("errors name the argument", {
  x <- as_torch_numeric(c(1, 2))
  expect_error(diag(x[1]), "diag(x, 1)", fixed = TRUE)
  expect_error(rowSums(x), "`x` must be a matrix")
  expect_error(rowSums(matrix(x, 1), dims = 2), "`dims`")
  expect_error(x * c(1, 2, 3), "length 2 cannot be recycled to length 3")
  expect_error(matrix(x, 1) + matrix(x, 2), "non-conformable")
  expect_error(x %*% matrix(1, 3, 3), "non-conformable")
  expect_error(x + "a", "a string")
  expect_error(x[3], "subscript")
  expect_error(as_torch_numeric(c(a = 1))["b"], "no element named `b`; there are `a`")
  expect_error(as_torch_numeric("a"), "`x` must be numbers")
})
