skip_without_python()

rosenbrock <- function(x) 100 * (x[2] - x[1]^2)^2 + (1 - x[1])^2
start <- c(a = -1.2, b = 1)

test_that("every method finds the minimum, inside bounds and at them", {
  for (method in c("BFGS", "L-BFGS", "Newton", "trust")) {
    found <- torch_optim(start, rosenbrock, method = method, hessian = TRUE)
    expect_equal(found$par, c(a = 1, b = 1), tolerance = 1e-7, info = method)
    expect_identical(found$convergence, 0L, info = method)
    expect_equal(
      unname(found$hessian), matrix(c(802, -400, -400, 200), 2), tolerance = 1e-5, info = method
    )
    bounded <- torch_optim(start, rosenbrock, method = method, upper = c(0.5, 2))
    expect_equal(bounded$par, c(a = 0.5, b = 0.25), tolerance = 1e-7, info = method)
    expect_equal(bounded$gradient[["a"]], -1, tolerance = 1e-5, info = method)
    expect_null(bounded$hessian)
  }
})

test_that("torch's optimizers run, bounded or not", {
  f <- function(x) sum((x - c(1, 2))^2 * c(1, 10))
  found <- torch_optim(c(0, 0), f, method = "adam", control = list(lr = 0.1, steps = 3000))
  expect_equal(found$par, c(1, 2), tolerance = 1e-7)
  expect_identical(found$convergence, 0L)
  expect_equal(
    torch_optim(c(0, 0), f, method = "SGD", control = list(lr = 0.05), upper = c(5, 1.5))$par,
    c(1, 1.5), tolerance = 1e-7
  )
  short <- torch_optim(c(0, 0), f, method = "sgd", control = list(lr = 1e-3, steps = 3))
  expect_identical(short$convergence, 1L)
  expect_match(short$message, "steps")
})

test_that("a torch optimizer keeps its way where asked", {
  f <- function(x) sum((x - c(1, 2))^2)
  found <- torch_optim(
    c(a = 0, b = 0), f, method = "sgd", control = list(lr = 0.1, steps = 20, history = TRUE)
  )
  expect_identical(names(found$history), c("step", "value", "a", "b"))
  expect_identical(found$history$step, as.double(0:20))
  expect_equal(found$history$a, 1 - 0.8^(0:20), tolerance = 1e-14)
  expect_equal(found$history$value, 5 * 0.64^(0:20), tolerance = 1e-13)
  expect_identical(unlist(found$history[21, c("a", "b")]), found$par)
  short <- torch_optim(1, function(x) x^2, method = "sgd", control = list(lr = 0.5, history = TRUE))
  expect_identical(short$history$par1, c(1, 0))
  expect_error(
    torch_optim(1, function(x) x^2, method = "sgd", control = list(history = 1)), "history"
  )
})

test_that("parameters keep their shape, and data goes in", {
  y <- c(1, 3, 4)
  found <- torch_optim(
    list(m = 0, s = c(u = 0)), function(p, y) -sum(dnorm(y, p$m, exp(p$s), log = TRUE)), y = y,
    method = "Newton"
  )
  expect_equal(found$par$m, mean(y), tolerance = 1e-7)
  expect_equal(exp(found$par$s), c(u = sqrt(mean((y - mean(y))^2))), tolerance = 1e-7)
  g <- torch_compile(rosenbrock, start)
  expect_equal(unname(torch_optim(start, g, method = "trust")$par), c(1, 1), tolerance = 1e-7)
})

test_that("torch_objective() serves R's own optimisers, one evaluation a point", {
  calls <- 0
  f <- torch_objective(function(x) {
    calls <<- calls + 1
    rosenbrock(x)
  }, start)
  f$fn(f$par)
  f$gr(f$par)
  expect_identical(calls, 1)
  expect_equal(unname(optim(f$par, f$fn, f$gr, method = "BFGS")$par), c(1, 1), tolerance = 1e-6)
  expect_equal(unname(nlminb(f$par, f$fn, f$gr, f$he)$par), c(1, 1), tolerance = 1e-9)
  expect_equal(nlm(f$nlm, f$par)$estimate, c(1, 1), tolerance = 1e-5)
  expect_identical(f$relist(1:2), c(a = 1, b = 2))
  log_of <- torch_objective(function(x) if (x > 0) -log(x) + x else Inf, 2)
  expect_identical(log_of$fn(-1), Inf)
  expect_identical(log_of$gr(-1), NaN)
  expect_equal(optim(2, log_of$fn, log_of$gr, method = "BFGS")$par, 1, tolerance = 1e-6)
})

test_that("wrong input is named", {
  expect_error(
    torch_optim(start, rosenbrock, method = "nope"), "`method` must be .*adam.*not 'nope'"
  )
  expect_error(
    torch_optim(start, rosenbrock, method = "adam", control = list(lx = 1)), "`control` has no lx"
  )
  expect_error(
    torch_optim(start, rosenbrock, method = "Newton", control = list(steps = 1)),
    "`control` has no `steps`"
  )
  expect_error(torch_optim(start, rosenbrock, lower = 1:3), "`lower` must be one number")
  expect_error(torch_optim(start, rosenbrock, lower = 2, upper = 1), "`lower` must not be above")
  expect_error(torch_optim(start, rosenbrock, lower = 0), "`par` must be within")
  expect_error(torch_optim(start, function(x) x), "must give one number, not 2")
  expect_error(torch_optim(start, 3), "must be a function")
  expect_error(torch_optim(start, function(x) sum(x) / 0, method = "Newton"), "`fn` gives")
  expect_error(torch_optim(start, rosenbrock, control = 1), "`control` must be a list")
  expect_error(torch_objective(rosenbrock, start)$fn(1:3), "`p` must be 2 numbers")
})

test_that("a compiled objective is the same but for rounding, and says where it can't be had", {
  f <- function(p) sum((p - c(1, 2))^2) * stats::runif(1, 1, 1)
  objective <- torch_objective(f, c(0, 0), compile = TRUE)
  expect_message(expect_identical(objective$gr(c(0, 0)), c(-2, -4)), "not compiled: it calls")
  expect_error(torch_objective(f, c(0, 0), compile = NA), "`compile`")

  skip_if(!nzchar(Sys.which("g++")) && !nzchar(Sys.which("clang++")), "no C++ compiler")
  nll <- function(p, y) -sum(dnorm(y, p[["mu"]], exp(p[["s"]]), log = TRUE))
  y <- c(2.1, 3.4, 1.9, 2.8)
  plain <- torch_objective(nll, c(mu = 2, s = 0), y = y)
  compiled <- torch_objective(nll, c(mu = 2, s = 0), y = y, compile = TRUE)
  for (i in 1:4) {
    p <- c(1 + i / 4, sin(i))
    expect_equal(compiled$gr(p), plain$gr(p), tolerance = 1e-12)
    expect_equal(compiled$fn(p), plain$fn(p), tolerance = 1e-12)
  }
  fit <- torch_mle(nll, c(mu = 2, s = 0), data = list(y = y), compile = TRUE)
  known <- torch_mle(nll, c(mu = 2, s = 0), data = list(y = y))
  expect_equal(coef(fit), coef(known), tolerance = 1e-10)
  expect_equal(vcov(fit), vcov(known), tolerance = 1e-8)
  expect_equal(confint(fit), confint(known), tolerance = 1e-8)
})

test_that("Newton's method steps back from where a derivative is NaN, and names it at the start", {
  # Above 1 the value is lower and the derivative NaN; 1 itself is as far as it goes.
  fn <- function(x) (x - 3)^2 + 0 * sqrt((1 - x) * (x < 1))
  expect_error(
    torch_optim(2, fn, method = "Newton"), "derivative .* not finite at `par`, in element 1"
  )
  found <- torch_optim(0, fn, method = "Newton")
  expect_lt(found$par, 1)
  expect_identical(found$convergence, 2L)
  # At a bound, an infinite derivative that points outward is a minimum's.
  expect_identical(torch_optim(1, function(x) sqrt(x), method = "Newton", lower = 0)$par, 0)
})

test_that("values alone, where few gradients are asked for, are those that come with a gradient", {
  f <- function(p) sum((p - c(1, 2))^4) + exp(p[1])
  objective <- torch_objective(f, c(0, 0))
  points <- lapply(1:12, function(i) c(cos(i), sin(i)))
  for (p in points) expect_equal(objective$fn(p), f(p), tolerance = 1e-15)
  fresh <- torch_objective(f, c(0, 0))
  for (p in points) {
    gradient <- fresh$gr(p)
    expect_identical(objective$fn(p), fresh$fn(p))
    expect_identical(objective$gr(p), gradient)
    expect_identical(objective$fn(p), fresh$fn(p))
  }
  expect_identical(objective$fn(c(Inf, 0)), Inf)
  expect_identical(objective$fn(c(NaN, 0)), NaN)
  expect_error(objective$fn(1), "`p` must be 2 numbers")
})
