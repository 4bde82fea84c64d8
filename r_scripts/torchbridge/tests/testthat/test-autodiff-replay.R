skip_without_python()

# How often R runs `f` can't be counted from inside: what assigns outside is not replayed.
is_replayed <- function(f) {
  entry <- found_replay(body(f))
  !is.null(entry) && is.null(entry$why) && !is.null(entry$world)
}

untraced <- function(code) {
  old <- options(torchbridge.trace = FALSE)
  on.exit(options(old))
  code
}

points <- list(
  c(a = 0.4, b = -0.3), c(a = 1.7, b = 0.2), c(a = -1.1, b = 0.9), c(a = 0.4, b = -0.3)
)

expect_same <- function(f, ...) {
  for (p in points) {
    got <- value_and_grad(f, p, ...)
    curved <- hessian(f, p, ...)
    untraced({
      expect_identical(got, value_and_grad(f, p, ...))
      expect_identical(curved, hessian(f, p, ...))
    })
  }
}

test_that("a replay gives the same bits", {
  y <- c(0.2, -1.4, 2.2, 0.7)
  m <- matrix(c(2, 0.3, 0.3, 1), 2)
  scaled <- function(v, by) v / exp(by)
  functions <- list(
    function(p) -sum(dnorm(y, p["a"], exp(p["b"]), log = TRUE)),
    function(p) sum((y - p[1])^2) + if (p[1] > 0) exp(p[2]) else sin(p[2]),
    function(p) sum(sapply(1:3, function(i) p[[1]]^i)) + prod(p),
    function(p) sum(scaled(y, p[2]) * p[1]),
    function(p) drop(p %*% solve(m + diag(2) * p[1]^2, p)),
    function(p) {
      x <- numeric(4)
      for (i in 2:4) x[i] <- 0.5 * x[i - 1] + p[1] * y[i]
      sum(x^2) + p[2]^2
    },
    function(p) sum(ifelse(y > p[1], y * p[2], p[1]^2))
  )
  for (f in functions) {
    expect_same(f)
    expect_true(is_replayed(f))
  }
  f <- function(p, y, scale = 1) sum(log(cosh(y - p[1]))) / scale + p[2]^2
  expect_same(f, y = y)
  expect_same(f, y = rev(y), scale = 2)
})

# (After a few calls the derivative is one program, bridge/autodiff/programs.py.)
test_that("many calls give the same bits, whichever way they go, and held parameters stay", {
  y <- c(0.2, -1.4, 2.2, 0.7)
  f <- function(p) {
    size <- sum((y - p[["mu"]])^2) / exp(p[["s"]])
    if (p[["mu"]] > 0) size + p[["s"]]^4 else sum(sin(y * p[["s"]])) + size
  }
  objective <- torch_objective(f, c(mu = 1, s = 0))
  for (i in 1:26) {
    p <- c(mu = cos(i), s = sin(i / 3))
    got <- list(
      grad(f, p), value_and_grad(f, list(mu = p[[1]], s = p[[2]])), hessian(f, p),
      objective$gr(p), objective$fn(p), objective$he(p)
    )
    want <- untraced(list(
      grad(f, p), value_and_grad(f, list(mu = p[[1]], s = p[[2]])), hessian(f, p),
      torch_objective(f, p)$gr(p), torch_objective(f, p)$fn(p), torch_objective(f, p)$he(p)
    ))
    expect_identical(got, want)
    if (i == 20) y[1] <- 3
  }
  nll <- function(mu, sigma, y) -sum(dnorm(y, mu, sigma, log = TRUE))
  fit <- function() {
    fit <- torch_mle(nll, list(mu = 2, sigma = 1), data = list(y = y), fixed = list(sigma = 1.5))
    c(coef(fit), vcov(fit))
  }
  expect_identical(fit(), untraced(fit()))
  m <- matrix(c(1, 2, 3, 4), 2, dimnames = list(c("a", "b"), NULL))
  g <- function(m) sum(m %*% m)
  for (i in 1:6) expect_identical(grad(g, m * i), untraced(grad(g, m * i)))
})

test_that("Jacobians and products give the same bits, however often, and names stay", {
  y <- c(0.2, -1.4, 2.2, 0.7, 1.1)
  functions <- list(
    function(p) if (p[[1]] > 0) (y - p[[1]]) / exp(p[[2]]) else y * p[[2]]^3,
    function(p) c(p[[1]] * p[[2]], sin(p[[1]])),
    function(p) sum(y * p[[2]]) + p[[1]]^2,
    function(p) p^3
  )
  for (f in functions) {
    m <- length(f(points[[1]]))
    for (turn in 1:4) {
      for (p in points) {
        verbs <- function() {
          list(
            jacobian(f, p), vjp(f, p, seq_len(m) / 3), jvp(f, p, list(v = c(2, -1))),
            jacobian(f, matrix(p, 1)), jvp(f, unname(p), p),
            if (m != 2) vjp(function(p) f(unlist(p)), as.list(p), rep(1L, m)),
            if (m == 1) hvp(f, p, c(1, 3)), if (m == 1) hvp(f, as.list(p), p)
          )
        }
        expect_identical(verbs(), untraced(verbs()))
        y <- rev(y)
      }
    }
    expect_true(is_replayed(f))
    expect_error(vjp(f, p, seq_len(m + 1)), "`v` must have length")
    expect_error(jvp(f, p, 1), "`v` must have length 2, not 1")
  }
  expect_identical(jvp(functions[[2]], c(a = 1, b = 2), torch_tensor(c(1, 0))), c(2, cos(1)))
})

test_that("an R6 object is read each time: its fields, methods and active bindings", {
  skip_if_not_installed("R6")
  counter <- R6::R6Class("counter",
    public = list(
      scale = 2,
      power = function(p) sum(p^self$scale) * private$weight,
      set_weight = function(w) private$weight <- w,
      fields = list(shift = 1)
    ),
    private = list(weight = 1),
    active = list(doubled = function() 2 * private$weight)
  )
  object <- counter$new()
  wrapped <- list(inner = object)
  functions <- list(
    field = function(p) sum(p^2) * object$scale,
    by_name = function(p) sum(p^2) * object[["scale"]],
    nested = function(p) sum(p - object$fields$shift)^2,
    in_a_list = function(p) sum(p^2) * wrapped$inner$scale,
    method = function(p) object$power(p),
    active = function(p) sum(p^3) * object$doubled,
    argument = function(p, thing = object) sum(p) * thing$doubled,
    of_a_helper = local({
      helper <- function(p) object$power(p) + object$scale
      function(p) helper(p)
    })
  )
  for (turn in 1:4) {
    object$scale <- turn + 1
    object$set_weight(turn / 2)
    object$fields$shift <- turn
    for (name in names(functions)) {
      f <- functions[[name]]
      for (p in points[1:2]) {
        verbs <- function() list(value_and_grad(f, abs(p)), hessian(f, abs(p)), f(abs(p)))
        got <- verbs()
        expect_identical(got, untraced(verbs()), info = name)
        expect_equal(got[[1]]$value, got[[3]], info = name)
      }
      expect_false(is_replayed(f), info = name)
    }
  }
  # A method that is differentiated itself sees its object as it is now.
  for (scale in 2:4) {
    object$scale <- scale
    expect_equal(grad(object$power, c(1, 2)), scale * c(1, 2)^(scale - 1) * 2)
    expect_identical(grad(object$power, c(1, 2)), untraced(grad(object$power, c(1, 2))))
  }
  object$scale <- "two"
  expect_error(grad(functions$field, c(1, 2)))
  f <- function(p) sum(p) * object$stated
  expect_error(grad(f, c(1, 2)))
})

test_that("what the function reads may change: variables, helpers, arguments, R's own names", {
  y <- c(1, 2, 4)
  helper <- function(v) sum(v)
  f <- function(p) helper((y - p)^2)
  gradient <- function(...) grad(f, 1, ...)
  expect_identical(gradient(), -8)
  expect_true(is_replayed(f))
  y[2] <- 5
  expect_identical(gradient(), -14)
  helper <- function(v) 2 * sum(v)
  expect_identical(gradient(), -28)
  sum <- function(v) base::sum(v) + base::sum(v)
  expect_identical(gradient(), -56)
  rm(sum)
  expect_identical(gradient(), -28)
  y <- list(1, 2)
  expect_error(gradient())
  y <- 3
  expect_identical(gradient(), -8)

  objective <- torch_objective(f, 1)
  expect_identical(objective$gr(1), -8)
  y <- 5
  expect_identical(objective$gr(2), -12)
})

test_that("a function made anew is what it sees, and so is one that sees another's data", {
  make <- function(y) function(p) sum((y - p)^2)
  for (i in 1:12) expect_identical(grad(make(i), 0), -2 * i)
  f <- make(1)
  expect_identical(grad(f, 0), -2)
  environment(f)$y <- 4
  expect_identical(grad(f, 0), -8)
})

test_that("S3 methods, names and shapes of the parameters, and dtypes are looked at", {
  area <- function(x, ...) UseMethod("area")
  area.default <- function(x, ...) sum(x^2) # nolint: object_name_linter.
  f <- function(p) area(p)
  expect_identical(grad(f, c(1, 2)), c(2, 4))
  area.default <- function(x, ...) sum(x^3) # nolint: object_name_linter.
  expect_identical(grad(f, c(1, 2)), c(3, 12))

  g <- function(p) if (is.null(names(p))) sum(p) else p[["a"]]^2 * p[["b"]]
  expect_identical(grad(g, c(a = 3, b = 2)), c(a = 12, b = 9))
  expect_identical(grad(g, c(b = 3, a = 2)), c(b = 4, a = 12))
  expect_identical(grad(g, c(3, 2)), c(1, 1))
  h <- function(p) if (length(p) > 2) sum(p^2) else if (is.matrix(p)) sum(p^3) else sum(p)
  for (p in list(c(1, 2, 3), c(1, 2), matrix(c(1, 2)))) {
    expect_identical(grad(h, p), untraced(grad(h, p)))
  }
})

test_that("an S3 method that comes or goes between two calls is seen", {
  here <- environment()
  size <- function(x) UseMethod("size")
  size.default <- function(x) sum(unclass(x)[[1]]) # nolint: object_name_linter.
  generic <- function(p) size(structure(list(p), class = "mine"))
  of_rs <- function(p) mean(structure(list(p^2), class = c("mine", "list")))
  expect_identical(grad(generic, c(1, 2)), c(1, 1))
  expect_identical(grad(generic, c(1, 2)), c(1, 1))
  expect_true(is_replayed(generic))
  assign("size.mine", function(x) sum(unclass(x)[[1]]^2), here)
  expect_identical(grad(generic, c(1, 2)), c(2, 4))
  rm("size.mine")
  expect_identical(grad(generic, c(1, 2)), c(1, 1))
  assign("mean.list", function(x, ...) sum(unclass(x)[[1]]), here)
  expect_identical(grad(of_rs, c(1, 2)), c(2, 4))
  assign("mean.mine", function(x, ...) sum(unclass(x)[[1]]) * 2, here)
  expect_identical(grad(of_rs, c(1, 2)), c(4, 8))
})

test_that("what a replay can't know runs as it did", {
  bag <- new.env()
  bag$y <- 2
  count <- 0
  makeActiveBinding("active", function() 3, environment())
  weight <- torch_tensor(c(1, 2), dtype = "float64")
  counter <- structure(list2env(list(value = function() 2)), class = "R6")
  functions <- list(
    random = function(p) sum(p * rnorm(2)),
    outside = function(p) {
      count <<- count + 1
      sum(p^2)
    },
    environment = function(p) sum(p) * bag$y,
    active = function(p) sum(p) * active,
    option = function(p) sum(p) * getOption("torchbridge.test", 1),
    looked_up = function(p) sum(p) * get("bag")$y,
    evaluated = function(p) eval(quote(sum(p))),
    clock = function(p) sum(p) * (as.numeric(Sys.time()) > 0),
    output = function(p) {
      cat("seen\n")
      sum(p)
    },
    parent = function(p) sum(p) * is.environment(parent.frame()),
    file = function(p) sum(p) * length(readLines(textConnection("1"))),
    dotted = function(p) sum(p) * (if (p[[1]] > 1e9) .Call("anything", 1) else 2),
    reference = function(p) sum(p) * counter$value(),
    package = function(p) sum(p) * stats::sd(c(1, 3)),
    torch_random = function(p) sum(p * as.array(torch_rand(2, dtype = "float64"))),
    changed = function(p) {
      weight$add_(1)
      sum(p)
    },
    numbers = function(p) sum(p * to_r(p$detach()))
  )
  for (name in names(functions)) {
    f <- functions[[name]]
    for (p in points) {
      set.seed(1)
      torch_manual_seed(1)
      printed <- utils::capture.output(got <- grad(f, p))
      set.seed(1)
      torch_manual_seed(1)
      same <- utils::capture.output(expect_identical(got, untraced(grad(f, p)), info = name))
      expect_identical(printed, same)
    }
    expect_false(is_replayed(f), info = name)
  }
  expect_identical(count, 8)
  bag$y <- 7
  expect_identical(grad(functions$environment, points[[1]]), c(a = 7, b = 7))
})

test_that("warnings and messages come each time", {
  warns <- function(p) {
    if (p[1] > 0) warning("large")
    sum(p^2)
  }
  tells <- function(p) {
    message("here")
    sum(p^2)
  }
  for (i in 1:3) {
    expect_warning(grad(warns, c(1, 1)), "large")
    expect_message(grad(tells, c(1, 1)), "here")
    expect_no_warning(grad(warns, c(-1, 1)))
  }
})

test_that("errors are R's own, whichever way it goes", {
  f <- function(p) {
    if (p[1] < 0) stop("no negative number")
    sum(log(p))
  }
  expect_identical(grad(f, c(1, 2)), c(1, 0.5))
  expect_error(grad(f, c(-1, 2)), "no negative number")
  expect_error(grad(f, c(0, 2)), "-Inf")
  expect_identical(grad(f, c(2, 4)), c(0.5, 0.25))
  chol_of <- function(p) sum(chol(matrix(c(p[1], 1, 1, 2), 2)))
  expect_equal(grad(chol_of, 2), untraced(grad(chol_of, 2)))
  expect_error(grad(chol_of, 0.1))
})

test_that("a tensor from outside is read as it is", {
  w <- torch_tensor(c(1, 2), dtype = "float64")
  f <- function(p) sum(p * w)
  expect_identical(grad(f, c(1, 1)), c(1, 2))
  with_no_grad(w$mul_(3))
  expect_identical(grad(f, c(1, 1)), c(3, 6))
})

test_that("torch_mle() is the same, and so are its profiles", {
  y <- c(2.1, 3.4, 1.9, 2.8, 3.3)
  nll <- function(mu, sigma, y) -sum(dnorm(y, mu, sigma, log = TRUE))
  run <- function() {
    fit <- torch_mle(nll, list(mu = 2, sigma = 1), data = list(y = y), lower = c(sigma = 1e-6))
    list(coef(fit), vcov(fit), confint(fit), logLik(fit))
  }
  expect_identical(run(), untraced(run()))
  expect_true(is_replayed(nll))
  y <- y + 1
  expect_identical(run(), untraced(run()))
})

test_that("much data is not held", {
  y <- as.double(1:2e5)
  f <- function(p) sum((y - p)^2)
  expect_identical(grad(f, 1), grad(f, 1))
  expect_false(is_replayed(f))

  g <- function(p, y) sum((y - p)^2)
  expect_identical(grad(g, 1, y = y), grad(g, 1, y = y))
  expect_null(found_replay(body(g))$extra)
  expect_null(found_replay(body(g))$func)
  expect_error(grad(g, 1, y = c(y, Inf)), "Inf")
  expect_null(found_replay(body(g))$extra)
})

test_that("an objective holds much data as long as it is there, and is what R would compute", {
  y <- as.double(1:2e5) / 1e5
  f <- function(p) sum((y - p[1])^2) * exp(p[2])
  objective <- torch_objective(f, c(0, 0))
  ways <- list(c(1, 0), c(2, 0.1), c(1, -0.2), c(0.3, 0))
  for (p in c(ways, ways)) {
    got <- list(objective$fn(p), objective$gr(p))
    untraced(expect_identical(got, {
      again <- torch_objective(f, p)
      list(again$fn(p), again$gr(p))
    }))
  }
  held <- environment(objective$he)$target$replay
  expect_null(held$why)
  expect_false(is.null(held$world))
  expect_null(found_replay(body(f))$func)
  y[1] <- 3
  expect_identical(objective$fn(c(1, 0)), f(c(1, 0)))
})

test_that("the core's way for numbers takes doubles, gives doubles, and lets R's jumps through", {
  numbers <- function(f, x) dot_call(native()$numbers, f, x)
  python <- py_import("builtins", convert = FALSE)
  expect_identical(numbers(python$bytes, c(1.5, NA, -0)), c(1.5, NA, -0))
  expect_identical(numbers(python$bytes, as.double(1:3)), c(1, 2, 3))
  expect_identical(numbers(python$bytes, numeric()), numeric())
  expect_error(numbers(python$bytes, 1:2), "`x` must be doubles")
  expect_error(numbers(python$len, 1), "must give doubles, as bytes")
  calls <- py_run("
def calls(f):
    return lambda x: (f(), bytes(x))[1]
")$calls
  expect_error(numbers(calls(function() stop("mine")), 1), "mine")
  expect_identical(callCC(function(leave) numbers(calls(function() leave("left")), 1)), "left")
  expect_identical(numbers(calls(function() gc()[1L]), 2), 2)
})

test_that("the class of the parameters, the default dtype and the recording of derivatives count", {
  by_class <- function(p) if (inherits(p, "mine")) sum(unclass(p)^2) else sum(p)
  plain <- c(1, 2)
  for (turn in 1:2) {
    for (p in list(plain, structure(plain, class = "mine"))) {
      expect_identical(grad(by_class, p), untraced(grad(by_class, p)))
    }
  }
  made <- function(p) sum(p * as.array(torch_full(2, 1 / 3)))
  got <- list()
  for (turn in 1:2) {
    for (dtype in list(torch_float32(), torch_float64())) {
      before <- torch_get_default_dtype()
      torch_set_default_dtype(dtype)
      now <- grad(made, plain)
      same <- untraced(grad(made, plain))
      torch_set_default_dtype(before)
      expect_identical(now, same)
      got <- c(got, list(now))
    }
  }
  expect_identical(got[1:2], got[3:4])
  expect_false(identical(got[[1]], got[[2]]))
  cubes <- function(p) sum(p^3)
  for (turn in 1:5) {
    with_no_grad({
      expect_identical(grad(cubes, plain), c(3, 12))
      expect_identical(untraced(grad(cubes, plain)), c(3, 12))
      expect_identical(hessian(cubes, plain), diag(c(6, 12)))
      expect_identical(jacobian(cubes, plain), rbind(c(3, 12)))
      expect_identical(hvp(cubes, plain, c(1, 1)), c(6, 12))
      expect_identical(jvp(cubes, plain, c(1, 1)), 15)
      expect_identical(vjp(cubes, plain, 1), c(3, 12))
    })
    expect_identical(grad(cubes, plain), c(3, 12))
  }
})

test_that("a module in the function is in the mode that it is in", {
  net <- nn_sequential(nn_linear(2, 2), nn_batch_norm1d(2))$to(dtype = torch_float64())
  f <- function(p) sum(net(torch_stack(list(p, p * 2, p^2)))^2)
  for (turn in 1:2) {
    for (mode in c("train", "eval")) {
      net[[mode]]()
      saved <- lapply(net$state_dict(), function(t) t$clone())
      got <- grad(f, c(0.4, -0.3))
      net$load_state_dict(saved)
      expect_identical(got, untraced(grad(f, c(0.4, -0.3))))
      net$load_state_dict(saved)
    }
  }
  expect_false(is_replayed(f))
})

test_that("as many as eight ways through a function are kept, and more run in R", {
  ways <- function(n) {
    f <- function(p) {
      k <- 0
      while (p[[1]] > k) k <- k + 1
      sum(p) * k
    }
    for (turn in 1:2) {
      for (i in seq_len(n)) {
        p <- c(i - 0.5, 2)
        expect_identical(grad(f, p), untraced(grad(f, p)))
      }
    }
    is_replayed(f)
  }
  expect_true(ways(8))
  expect_false(ways(9))
})

test_that("a variable outside that is called as an argument may change", {
  f <- function(p, y = 2) sum(sapply(p, function(v) v^2)) * y
  for (p in 1:8) {
    y <- p
    expect_identical(grad(f, p), 4 * p)
  }
  expect_true(is_replayed(f))
  g <- function(p, scale) sum(p) * scale(2)
  scale <- function(x) 3
  expect_identical(grad(g, 1, scale = 5), 3)
  scale <- function(x) 4
  expect_identical(grad(g, 1, scale = 5), 4)
})
