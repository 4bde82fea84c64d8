skip_without_python()

a <- matrix(c(2, 1, 1, 3), 2)
series <- ts(c(1, 2, 4, 3), start = 2000)
several <- ts(matrix(1:6, 3))
span <- as.difftime(c(1, 2, 4), units = "hours")
day <- as.Date("2020-01-01") + 0:2
level <- factor(c("a", "b", "a"))
df <- data.frame(u = 1:3, v = c(2, 5, 1))

expect_as_in_r <- function(cases, p = c(1.5, 0.7)) {
  testthat::skip_if_not_installed("numDeriv")
  for (name in names(cases)) {
    f <- cases[[name]]
    known <- numDeriv::grad(function(p) as.numeric(f(p)), p)
    expect_no_warning(found <- grad(f, p))
    expect_equal(as.vector(found), known, tolerance = 1e-7, info = name)
  }
}

test_that("matrices of data on the left of parameters", {
  solved <- function(p) solve(a, p)
  expect_as_in_r(list(
    solve = function(p) sum(solved(p)^2) + sum(solve(qr(a), p)^3),
    product = function(p) sum((a %*% p)^2) + sum(crossprod(a, p)^3) + sum(tcrossprod(a, t(p))),
    outer = function(p) sum(outer(a, p)^2) + sum(outer(1:3, p, "+")^2) + sum((1:3 %o% p)^3),
    kronecker = function(p) sum(kronecker(a, p)^2) + sum((a %x% matrix(p, 1))^3),
    triangular = function(p) sum(backsolve(chol(a), p)^2) + sum(forwardsolve(t(chol(a)), p)^2)
  ))
})

test_that("time series, spans and dates", {
  expect_as_in_r(list(
    arithmetic = function(p) sum((series - p[1])^2 + (p[2] * series)^2 + series^p[1] / p[2]^series),
    vectors = function(p) sum((series * c(p, p) - c(p, p) / series)^2),
    lagged = function(p) sum((series[-1] - p[1] * series[-4])^2 + (diff(series) * p[2])^2),
    window = function(p) sum((window(series, 2001) - p[1] * (time(window(series, 2001)) - 2000))^2),
    compared = function(p) sum(ifelse(series > p[1], p[1], p[2]) + ifelse(p[1] < series, p[2], 0)),
    density = function(p) sum(dnorm(series, p[1], p[2], log = TRUE)),
    matrix = function(p) sum((several %*% p)^2) + sum((several - p[1])^2),
    span = function(p) as.numeric(sum(span * p[1])) + sum(dexp(span, p[1], log = TRUE)),
    days = function(p) sum(as.numeric(day - p[1])) + as.numeric(sum((day - day[1]) * p[2])),
    made_inside = function(p) sum((ts(1:3) * p[1])^2)
  ))
})

test_that("data frames and factors", {
  library_frame <- function(p) sum((df * p[1])^2 + (p[2] - df)^2)
  expect_as_in_r(list(
    columns = function(p) sum((df$u * p[1] - df[["v"]] * p[2])^2),
    whole = function(p) library_frame(p), recycled = function(p) sum((df * c(p, 1))^2),
    matrix = function(p) sum((as.matrix(df) %*% p)^2) + sum(rowSums(df * p[1])^2),
    applied = function(p) sum(sapply(df, function(z) sum(z * p[1]))^2),
    by_factor = function(p) sum(p[level]^2) + sum(ifelse(level == "a", p[1], p[2])^2),
    design = function(p) sum((model.matrix(~level) %*% p)^2)
  ))
  expect_error(grad(function(p) sum(level * p), 1), "`*` is not defined for a <factor>",
    fixed = TRUE
  )
  mixed <- data.frame(u = 1:2, w = c("a", "b"))
  expect_error(grad(function(p) sum(mixed * p), 1), "column `w`", fixed = TRUE)
})

test_that("64-bit integers are numbers, not their bits", {
  testthat::skip_if_not_installed("bit64")
  n <- bit64::as.integer64(c(1, 2, 3))
  expect_equal(grad(function(p) sum(n * p), 2), 6)
  expect_equal(grad(function(p) sum((p - n)^2), 2), 0)
  expect_equal(grad(function(p) p * n[3], 2), 3)
  expect_equal(grad(function(p) sum(dpois(n, p, log = TRUE)), 1.5), 1)
  expect_equal(grad(function(p, n) sum(n * p), 2, n = n), 6)
})

test_that("matrices of the package Matrix", {
  testthat::skip_if_not_installed("Matrix")
  m <- Matrix::Matrix(a)
  expect_as_in_r(list(
    solve = function(p) sum(solve(m, p)^2), times = function(p) sum((m * p[1])^2),
    product = function(p) sum((m %*% p)^2)
  ))
})

test_that("a variable by the name of one of R's functions is the user's", {
  c <- 3
  var <- list(t = 2)
  expect_equal(grad(function(p) sum(c(p, c)) * var$t + sum(df$u) * p, 2), 8)
})

test_that("what meets no such data keeps R's own operators", {
  y <- c(1, 2)
  expect_true(grad(function(p) if (is.primitive(`+`)) p * 2 else p, 1) == 2)
  expect_equal(grad(function(p) sum(y * p), 1), 3)
})
