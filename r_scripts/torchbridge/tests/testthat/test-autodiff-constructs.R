skip_without_python()

test_that("R's loops, lists and assignments can be differentiated", {
  x <- c(2, 3)
  cases <- list(
    function(x) sum(sapply(1:3, function(i) x[1]^i) * x[2]),
    function(x) sum(sapply(1:3, function(i) c(x[1]^i, i))[1, ]),
    function(x) sum(vapply(1:3, function(i) x[1]^i, 0) * x[2]),
    function(x) sum(mapply(function(a, b) a * b, x, 1:2)),
    function(x) sum(unlist(lapply(1:3, function(i) list(x[1] * i, x[2])))),
    function(x) Reduce(`+`, lapply(1:3, function(i) x^i))[2] + x[1],
    function(x) sum(do.call(rbind, lapply(1:3, function(i) x^i))[, 2]) * x[1],
    function(x) {
      out <- numeric(3)
      for (i in 1:3) out[i] <- x[1]^i
      out[[2]] <- out[[2]] * x[2]
      sum(out)
    },
    function(x) {
      m <- matrix(0, 2, 2)
      m[1, ] <- x
      m[, 2] <- m[, 2] * x[1]
      sum(m^2)
    },
    function(x) {
      total <- 0
      while (total < 10) total <- total + x[1] * x[2]
      total
    },
    function(x) if (x[1] > 1 && any(x > 2)) x[1]^2 * x[2] else 0,
    function(x) with(list(a = x[1], b = x[2]), a / b),
    function(x) sum(c(0, x, 1) * 1:4) + max(0, x) + min(x, 9),
    function(x) switch(2, x[1], x[2]^2),
    function(x) {
      l <- list()
      l$a <- x[1]
      l[["b"]] <- x[2]
      l$a * l$b
    },
    function(x) sum(Map(function(a, b) a * b, as.list(x), 1:2)[[2]]) + x[1]
  )
  for (f in cases) {
    expect_equal(grad(f, x), numDeriv::grad(f, x), tolerance = 1e-8, info = deparse(body(f))[1])
  }
})

test_that("on plain values inside the function they are R's own", {
  f <- function(x) {
    stopifnot(
      identical(
        sapply(c(a = 1, b = 2), identity), c(a = 1, b = 2)
      ), identical(sapply(letters[1:2], nchar), c(a = 1L, b = 1L)),
      identical(
        vapply(1:2, function(i) i^2, 0), c(1, 4)
      ), identical(mapply(rep, 1:2, 2:1), list(c(1L, 1L), 2L)),
      identical(
        unlist(list(a = 1, b = list(c = 2))), c(a = 1, b.c = 2)
      ), identical(c(a = 1, 2L), base::c(a = 1, 2L)),
      identical(
        max(1:3), 3L
      ), identical(sum(c(TRUE, NA), na.rm = TRUE), 1L), identical(sapply(NULL, identity), list())
    )
    y <- 1:3
    y[2] <- 5L
    l <- list(1, 2)
    l[[2]] <- NULL
    d <- data.frame(a = 1:2)
    d[1, "a"] <- 9L
    d[["b"]] <- 0
    stopifnot(
      identical(y, c(1L, 5L, 3L)), identical(l, list(1)), identical(d$a, c(9L, 2L)), ncol(d) == 2L
    )
    x^2
  }
  expect_identical(grad(f, 3), 6)
})

test_that("a function of the user's by the same name is the user's", {
  dt <- function(x) x^3
  sapply <- function(...) 7
  expect_identical(grad(function(x) dt(x) + sapply(1), 2), 12)
})

test_that("what can't be differentiated is named, with what to write", {
  message <- function(f, x = c(1, 2)) tryCatch(grad(f, x), error = conditionMessage)
  expect_match(
    message(function(x) sum(Mod(polyroot(x)))), "`polyroot(x)` can't be differentiated",
    fixed = TRUE
  )
  expect_match(message(function(x) sum(Mod(polyroot(x)))), "torch_mathematics", fixed = TRUE)
  expect_match(message(function(x) if (x > 1) 1 else 0), "`if (x > 1) 1 else 0`", fixed = TRUE)
  expect_match(message(function(x) if (x > 1) 1 else 0), "any() or all()", fixed = TRUE)
  expect_match(
    message(function(x) optimize(function(z) z, c(0, x[1]))$minimum), "`optimize(", fixed = TRUE
  )
  expect_match(
    message(function(x) integrate(dnorm, 0, x[1])$value), "can't be differentiated", fixed = TRUE
  )
  # What fails inside another's function, be it for an argument, is that function's call.
  own <- function(v) sum(as.vector(v) * 2)
  expect_match(message(function(x) own(zapsmall(x))), "`zapsmall(x)`", fixed = TRUE)
  expect_match(message(function(x) own(spline(1:2, x)$y)), "`spline(1:2, x)`", fixed = TRUE)
  expect_match(message(function(x) own(unclass(factor(x)))), "`factor(x)`", fixed = TRUE)
  expect_match(
    message(function(x) list(x[1], x[2])), "`func` must give numbers, not a list", fixed = TRUE
  )
})
