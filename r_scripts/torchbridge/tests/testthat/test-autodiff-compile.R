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

test_that("$eval() and $train() of a compiled module change to the graph of that mode", {
  net <- nn_sequential(nn_linear(2, 4), nn_batch_norm1d(4), nn_dropout(0.5))
  x <- torch_randn(5, 2)
  compiled <- torch_compile(net, x)
  expect_true(compiled$training)
  expect_false(identical(as.array(compiled(x)), as.array(compiled(x))))
  compiled$eval()
  expect_true(net$training)
  expect_identical(as.array(compiled(x)), as.array(compiled(x)))
  with_no_grad(net[[1]]$weight$add_(1))
  net$eval()
  expect_equal(as.array(compiled(x)), as.array(net(x)), tolerance = 1e-6)
  compiled$train()
  expect_false(identical(as.array(compiled(x)), as.array(compiled(x))))
})

test_that("a compiled function refuses a mode that its graph does not have", {
  dropped <- torch_compile(function(x) nnf_dropout(x, 0.5), torch_ones(3))
  expect_error(dropped$eval(), "compile it again")
  plain <- torch_compile(function(x) x * 2, torch_ones(3))
  plain$eval()
  expect_false(plain$training)
  copy <- torch_compile(nn_sequential(nn_dropout(0.5)), torch_ones(3))$clone()
  expect_error(copy$eval(), "compile it again")
})

test_that("a graph does not keep the order of the example's numbers", {
  for (f in list(
    function(x) sum(x[order(x)] * 1:3), function(x) sum(sort(x) * 1:3), function(x) median(x),
    function(x) sum(x * findInterval(x, 2)), function(x) x[which.max(x)], function(x) sum(unique(x))
  )) {
    expect_error(torch_compile(f, c(1, 2, 3)), "a graph cannot know")
  }
})

test_that("parameters with names are found by them, in whatever order they come", {
  f <- function(p) p["a"]^2 + 3 * p["b"]
  g <- torch_compile(f, c(a = 1, b = 2))
  x <- c(b = 5, a = 7)
  expect_identical(g(x), unname(f(x)))
  expect_identical(grad(g, x), c(b = 3, a = 14))
  expect_identical(hessian(g, x), hessian(f, x))
  expect_identical(torch_objective(g, x)$gr(c(5, 7)), c(3, 14))
  expect_identical(grad(g, c(5, 7)), c(10, 3))
  expect_error(grad(g, c(a = 5, z = 7)), "`a`, `b`.*not `a`, `z`")
  expect_error(g(c(a = 5, a = 7)), "names")

  of_list <- torch_compile(function(p) p$a^2 * sum(p$b), list(a = 1, b = c(u = 2, v = 3)))
  at <- list(b = c(v = 1, u = 4), a = 3)
  expect_identical(grad(of_list, at), list(b = c(v = 9, u = 9), a = 30))
  expect_error(grad(of_list, c(1, 2, 3)), "must be a list")
  expect_error(grad(g, list(a = 1, b = 2)), "not a list")
  m <- matrix(1:4 / 2, 2, dimnames = list(c("x", "y"), NULL))
  expect_error(grad(torch_compile(function(p) sum(p["x", ]), m), m[2:1, ]), "dimnames")
})
