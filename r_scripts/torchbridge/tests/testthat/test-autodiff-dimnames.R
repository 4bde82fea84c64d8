# Inside a differentiated function names and dimnames are R's.

p0 <- c(a = 2, b = 3)

# f(p) on tensors has the names and numbers of f(p0).
expect_as_in_r <- function(f) {
  seen <- NULL
  grad(function(p) {
    result <- f(p)
    seen <<- list(dimnames(result), names(result), dim(result), to_r(result$detach()))
    sum(result)
  }, p0)
  expected <- f(p0)
  given <- list(dimnames(expected), names(expected), dim(expected))
  testthat::expect_identical(seen[1:2], given[1:2])
  testthat::expect_equal(as.numeric(seen[[4L]]), as.numeric(expected), tolerance = 1e-14)
}

test_that("functions keep R's names and dimnames", {
  x <- matrix(c(1, 2, 3, 4), 2, dimnames = list(c("r", "s"), c("u", "v")))
  functions <- list(
    function(p) outer(p, p), function(p) p %o% c(u = 1, v = 2), function(p) outer(p, p, "+"),
    function(p) rbind(r = p, s = p^2), function(p) cbind(r = p, s = p^2), function(p) rbind(p, 1),
    function(p) cbind(x, new = p), function(p) rbind(x, p), function(p) rbind(unname(p), 1:2),
    function(p) t(p), function(p) t(rbind(r = p, s = p)), function(p) x %*% p,
    function(p) drop(x %*% p), function(p) x * p, function(p) p * x, function(p) -(x * p),
    function(p) exp(x * p), function(p) round(x * p), function(p) log(x * p),
    function(p) crossprod(x * p), function(p) crossprod(x * p, x), function(p) tcrossprod(x * p),
    function(p) solve(x * p), function(p) solve(x * p, p), function(p) solve(x * p, x),
    function(p) chol(crossprod(x * p)), function(p) as.matrix(p), function(p) aperm(x * p),
    function(p) colSums(x * p), function(p) rowSums(x * p), function(p) colMeans(x * p),
    function(p) apply(x * p, 1, sum), function(p) apply(x * p, 2, sum),
    function(p) matrix(p, 1, dimnames = list("k", names(p))),
    function(p) array(p, c(2, 1, 1), list(names(p), NULL, "z")),
    function(p) (x * p)["r", ], function(p) (x * p)[, "v"],
    function(p) (x * p)["s", , drop = FALSE],
    function(p) (x * p)[c("s", "r"), ], function(p) (x * p)["r", "v"], function(p) (x * p)[-1, ],
    function(p) matrix(p, 1, dimnames = list(NULL, c("u", "v")))[1, 2],
    function(p) sapply(c("u", "v"), function(n) p * 2), function(p) sapply(p, function(v) v^2)
  )
  for (f in functions) expect_as_in_r(f)
})

test_that("elements are chosen and set by dimnames", {
  covariance <- function(p) {
    s <- diag(2)
    dimnames(s) <- list(c("a", "b"), c("a", "b"))
    s["a", "b"] <- s["b", "a"] <- p[["a"]] / 10
    s["b", "b"] <- p[["b"]]
    s
  }
  expect_as_in_r(covariance)
  expect_equal(
    grad(function(p) det(covariance(p)), p0), c(a = -2 * 2 / 100, b = 1), tolerance = 1e-14
  )
  named <- function(p) {
    m <- matrix(p, 2, 2)
    rownames(m) <- c("r", "s")
    colnames(m) <- c("u", "v")
    m["s", "v"] <- m["r", "u"]^2
    m
  }
  expect_as_in_r(named)
  x <- matrix(c(1, 2, 3, 4), 2, dimnames = list(c("r", "s"), c("u", "v")))
  expect_identical(
    grad(function(m) m["r", "v"]^2 * m["s", "u"], x),
    matrix(c(0, 9, 12, 0), 2, dimnames = dimnames(x))
  )
})

test_that("wrong dimnames are R's errors", {
  expect_error(grad(function(p) outer(p, p)["a", "z"], p0), "subscript out of bounds")
  expect_error(grad(function(p) (p %*% p)["a", 1], p0), "subscript out of bounds")
  x <- as_torch_numeric(matrix(1:4, 2))
  expect_error(dimnames(x) <- list(c("a", "b", "c"), NULL), "not equal to array extent")
  expect_error(dimnames(x) <- list("a"), "length of 'dimnames'")
  y <- as_torch_numeric(1:2)
  expect_error(dimnames(y) <- list(c("a", "b")), "non-array")
  dimnames(x) <- list(c("a", "b"), NULL)
  expect_identical(dimnames(x[c(2, 1), ]), list(c("b", "a"), NULL))
  dimnames(x) <- NULL
  expect_null(dimnames(x))
})
