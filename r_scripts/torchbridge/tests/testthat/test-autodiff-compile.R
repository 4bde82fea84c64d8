skip_without_python()

test_that("a compiled function gives the same values and gradients, for every size", {
  f <- function(x) mean((x - 2)^2) + exp(x)$sum()
  g <- torch_compile(f, torch_randn(5))
  for (n in c(3, 7)) {
    x <- torch_randn(n, dtype = torch_double(), requires_grad = TRUE)
    y <- torch_tensor(x, requires_grad = TRUE)
    f(x)$backward()
    g(y)$backward()
    expect_equal(as.array(g(y)), as.array(f(x)), tolerance = 1e-12)
    expect_equal(as.array(y$grad), as.array(x$grad), tolerance = 1e-12)
  }
})

test_that("no R runs in the graph", {
  calls <- 0
  f <- function(x) {
    calls <<- calls + 1
    x * 3
  }
  g <- torch_compile(f, torch_ones(2))
  traced <- calls
  expect_identical(as.array(g(torch_ones(4))), rep(3, 4))
  expect_identical(calls, traced)
})

test_that("several inputs come as a list", {
  g <- torch_compile(function(x, y) x %*% y, list(torch_ones(2, 3), torch_ones(3, 2)))
  a <- matrix(1:6 + 0, 2)
  expect_identical(as.array(g(torch_tensor(a), torch_tensor(t(a)))), a %*% t(a))
})

test_that("code that reads a size is compiled for that size, and says so", {
  g <- torch_compile(function(x) sum(x) / length(x), torch_ones(4))
  expect_identical(as.numeric(g(torch_tensor(c(1, 2, 3, 6)))), 3)
  expect_error(g(torch_ones(5)), "shape")
})

test_that("branching on a tensor's value is an error that says what to write", {
  expect_error(
    torch_compile(function(x) if (as.numeric(sum(x)) > 0) x else -x, torch_ones(3)), "torch_where"
  )
  expect_error(torch_compile(function(x) if (sum(x) > 0) x else -x, torch_ones(3)), "torch_where")
  expect_error(torch_compile(function(x) stop("mine"), torch_ones(3)), "mine")
  expect_error(torch_compile(1, torch_ones(3)), "`f`")
  expect_error(torch_compile(identity, "a"), "example")
})
