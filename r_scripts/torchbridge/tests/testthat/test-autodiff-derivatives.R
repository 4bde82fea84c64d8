skip_without_python()

rosenbrock <- function(x) 100 * (x[2] - x[1]^2)^2 + (1 - x[1])^2
at <- c(-1.2, 1)

test_that("grad, hessian and jacobian are those of the closed form", {
  expect_equal(grad(rosenbrock, at), c(-215.6, -88), tolerance = 1e-14)
  expect_equal(hessian(rosenbrock, at), matrix(c(1330, 480, 480, 200), 2), tolerance = 1e-14)
  f <- function(x) c(x[1] * x[2], sin(x[2]), 3)
  expect_equal(jacobian(f, at), rbind(rev(at), c(0, cos(1)), 0), tolerance = 1e-14)
  wide <- function(x) sum(x) * x[1]
  expect_equal(jacobian(wide, at), matrix(c(2 * at[1] + at[2], at[1]), 1), tolerance = 1e-14)
})

test_that("they agree with numDeriv", {
  f <- function(x) log(sum(exp(x))) * x[3]^2 + prod(x[1:2])
  x <- c(0.4, -1, 1.3)
  expect_equal(grad(f, x), numDeriv::grad(f, x), tolerance = 1e-8)
  expect_equal(hessian(f, x), numDeriv::hessian(f, x), tolerance = 1e-7)
  g <- function(x) outer(x, x)[-1, ] + cumsum(x)[2]
  expect_equal(jacobian(g, x), numDeriv::jacobian(g, x), tolerance = 1e-8)
  expect_identical(grad(sin, x), numDeriv::grad(sin, x) * 0 + cos(x))
})

test_that("products with the derivatives are those of the matrices", {
  v <- c(0.3, -2)
  expect_equal(hvp(rosenbrock, at, v), drop(hessian(rosenbrock, at) %*% v), tolerance = 1e-14)
  f <- function(x) c(x[1] * x[2], sin(x[2]), x[1]^3)
  expect_equal(jvp(f, at, v), drop(jacobian(f, at) %*% v), tolerance = 1e-14)
  expect_equal(vjp(f, at, 1:3), drop(1:3 %*% jacobian(f, at)), tolerance = 1e-14)
  expect_identical(jvp(function(x) c(1, 2), at, v), c(0, 0))
  expect_identical(hvp(function(x) sum(x), at, v), c(0, 0))
  expect_identical(grad(function(x) 5, at), c(0, 0))
})

test_that("results have the shape and names of x", {
  expect_identical(grad(function(x) sum(x^2), c(a = 1, b = 2)), c(a = 2, b = 4))
  m <- matrix(1:4 + 0, 2, dimnames = list(NULL, c("u", "v")))
  expect_identical(grad(function(x) sum(x * x), m), 2 * m)
  p <- list(a = 2, M = m)
  f <- function(p) p$a^2 * sum(p$M)
  expect_identical(grad(f, p), list(a = 40, M = m * 0 + 4))
  h <- hessian(f, p)
  expect_identical(rownames(h), names(unlist(p)))
  expect_identical(unname(h[1, ]), c(20, 4, 4, 4, 4))
  expect_identical(colnames(jacobian(f, p)), names(unlist(p)))
  both <- value_and_grad(f, p)
  expect_identical(both$value, 40)
  expect_identical(both$gradient, grad(f, p))
  expect_identical(grad(function(x) sum(x^2), 3L), 6)
})

test_that("x may be a tensor, and so is the derivative", {
  x <- as_torch_tensor(matrix(1:4, 2), dtype = "float32")
  g <- grad(function(x) sum(x^3), x)
  expect_true(g$dtype == torch_float32())
  expect_identical(as.array(g), 3 * matrix(1:4, 2)^2)
  expect_false(x$requires_grad)
})

test_that("data of every kind goes in as it is", {
  d <- data.frame(y = c(1, 0, 1, 1), x = c(0.5, -1, 2, 0.1), g = factor(c("a", "b", "a", "b")))
  f <- function(p, data, offset = 0) {
    eta <- p["b"] * data$x + p[c("g1", "g2")][data$g] + offset
    if (nlevels(data$g) != 2L) stop("not the data")
    -sum(dbinom(data$y, 1, plogis(eta), log = TRUE))
  }
  p <- c(b = 0.3, g1 = -0.2, g2 = 0.5)
  design <- model.matrix(~ 0 + x + g, d)
  wanted <- drop(crossprod(design, plogis(drop(design %*% p) + 1) - d$y))
  expect_equal(unname(grad(f, p, data = d, offset = 1)), unname(wanted), tolerance = 1e-13)
  z <- matrix(1:200 / 100, 100)
  g <- function(b, z) sum(log1p(exp(z %*% b)))
  wanted <- drop(crossprod(z, plogis(z %*% c(1, -1))))
  expect_equal(grad(g, c(1, -1), z = z), wanted, tolerance = 1e-13)
  expect_equal(grad(g, c(1, -1), z = as_torch_tensor(z)), wanted, tolerance = 1e-13)
  expect_equal(grad(function(b) g(b, z), c(1, -1)), wanted, tolerance = 1e-13)
})

test_that("wrong input is named", {
  expect_error(grad(1, 1), "`func` must be a function, not a number")
  expect_error(grad(sin, "a"), "`x` must be numbers or a named list of them, not a string")
  expect_error(grad(sin, list(1)), "`x` must be numbers or a list of them in which all have names")
  expect_error(grad(sin, list(a = "b")), "`x[[1]]` must be numbers", fixed = TRUE)
  expect_error(grad(sin, numeric()), "`x` must have at least one number")
  expect_error(grad(sin, NaN), "`x` must be finite")
  expect_error(hessian(function(x) x, at), "`func` must give one number, not 2")
  expect_error(grad(function(x) x[1:2], 1:3), "`func` must give one number, not 2")
  expect_error(grad(cumsum, at), "depend on one another's elements")
  expect_error(suppressWarnings(grad(function(x) log(x), -1)), "`func` gives NaN")
  expect_error(grad(function(x) 1 / x, 0), "`func` gives Inf")
  expect_error(grad(function(x) "a", 1), "`func` must give numbers, not a string")
  expect_error(hvp(rosenbrock, at, 1), "`v` must have length 2, not 1")
  expect_error(vjp(rosenbrock, at, "a"), "`v` must be numbers")
  expect_error(grad(rosenbrock, at, y = 1), "unused argument")
  expect_error(grad(function(x) stop("mine"), 1), "mine")
  expect_error(grad(function(x) grad(sin, x) * x, 1), "itself differentiated")
  nested <- tryCatch(grad(function(x) x, "a"), error = conditionCall)
  expect_identical(nested[[1L]], quote(grad))
  # After an error all is as before.
  expect_identical(grad(sin, 0), 1)
})

test_that("a NaN from a branch that is not taken is explained", {
  expect_error(
    grad(function(x) sum(ifelse(x > 0, sqrt(x) * log(x), 0)), c(0, 1)), "ifelse(x > 0, log(ifelse",
    fixed = TRUE
  )
})

test_that("a compiled function has the same derivatives, and calls no R", {
  calls <- 0
  nll <- function(p, y) {
    calls <<- calls + 1
    -sum(dnorm(y, p$mu, exp(p$s), log = TRUE))
  }
  y <- c(1, 2, 4, rep(3, 100))
  p <- list(mu = 0.5, s = c(-0.1))
  g <- torch_compile(nll, list(mu = 0, s = 0), y = y)
  traced <- calls
  expect_equal(
    grad(g, p), grad(function(p) -sum(dnorm(y, p$mu, exp(p$s), log = TRUE)), p), tolerance = 1e-14
  )
  expect_equal(
    hessian(g, p), hessian(function(p) -sum(dnorm(y, p$mu, exp(p$s), log = TRUE)), p),
    tolerance = 1e-14
  )
  expect_equal(g(p), nll(p, y), tolerance = 1e-14)
  expect_identical(calls, traced + 1)
  expect_error(g(1:3), "shape of the example")
  expect_error(grad(g, p, y = y), "takes no further arguments")
  expect_error(torch_compile(function(x) if (x[1] > 0) x[1] else x[2], at), "value of a tensor|if")
  chosen <- torch_compile(function(x) sum(ifelse(x > 0, x^2, -x)), at)
  expect_identical(grad(chosen, c(3, -1)), c(6, -1))
  expect_output(print(chosen), "torch_compiled")
})
