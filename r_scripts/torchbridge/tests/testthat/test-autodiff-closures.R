skip_without_python()

# As a script of the user's sees it: functions below the global environment, not a package's.
in_a_script <- function(code) eval(substitute(code), new.env(parent = globalenv()))

# Each function's gradient is its numerical one; twice, since R compiles what it has called before.
expect_gradients <- function(cases, x = c(1.5, 2.5)) {
  testthat::skip_if_not_installed("numDeriv")
  for (name in names(cases)) {
    f <- cases[[name]]
    want <- numDeriv::grad(function(p) as.numeric(f(p)), x)
    for (turn in 1:2) expect_equal(as.vector(grad(f, x)), want, tolerance = 1e-7, info = name)
  }
}

test_that("helpers that build vectors and matrices", {
  expect_gradients(in_a_script({
    ar1 <- function(p) {
      s <- diag(2)
      s[1, 2] <- p[1] / 3
      s[2, 1] <- p[1] / 3
      s
    }
    path <- function(p) {
      v <- numeric(3)
      v[1] <- 1
      for (i in 2:3) v[i] <- v[i - 1] * p[1]
      v
    }
    for (i in 1:5) path(1) # now R has compiled it
    cholesky <- function(p) {
      l <- matrix(0, 2, 2)
      l[lower.tri(l, diag = TRUE)] <- c(p, 1)
      l[1, 1] <- exp(l[1, 1])
      l %*% t(l)
    }
    rows <- function(p) {
      m <- matrix(0L, 2, 2)
      for (i in 1:2) m[i, ] <- p * i
      m[cbind(1:2, 2:1)] <- p^2
      m
    }
    grow <- function(p) {
      v <- c()
      for (i in 1:2) v[i] <- p[i]
      v <- c(v, p)
      v[v > 2] <- p[1]
      v
    }
    nested <- function(p) {
      l <- list(v = numeric(2), w = list(0, 0))
      l$v[1] <- p[1]
      l$v[[2]] <- p[2]
      l$w[2] <- p[2]^2
      c(l$v, unlist(l$w))
    }
    beyond <- function(p) {
      v <- numeric(2)
      add <- function(i) v[i] <<- p[i]^i
      for (i in 1:2) add(i)
      v
    }
    named <- function(p) {
      v <- c(a = 1, b = 2)
      v["b"] <- p[1]
      v[["a"]] <- p[2]
      v["a"] * v["b"]^2
    }
    cube <- function(p) {
      a <- array(0, c(2, 2, 2))
      a[1, 2, ] <- p
      a[2, , 1] <- p^2
      a
    }
    list(
      matrix = function(p) log(det(ar1(p))) + sum(solve(ar1(p), c(1, 2))),
      path = function(p) sum(path(p)), cholesky = function(p) sum(cholesky(p) * 1:4),
      rows = function(p) sum(rows(p)^2), grow = function(p) sum(grow(p)^2 * 1:4),
      nested = function(p) sum(nested(p) * 1:4), beyond = function(p) sum(beyond(p)^2),
      named = function(p) named(p), cube = function(p) sum(cube(p)^3)
    )
  }))
})

test_that("helpers that apply, reduce, map and call", {
  expect_gradients(in_a_script({
    power <- function(p, i) {
      v <- numeric(1)
      v[1] <- p[1]^i
      v * p[2]
    }
    v_sum <- Vectorize(function(a, b) {
      v <- numeric(2)
      v[1] <- a
      v[2] <- b
      sum(v^2)
    })
    times <- function(p) mapply(function(a, b) a * b, p, 1:2)
    helper <- function(f) function(p) f(p)
    cases <- list(
      sapply = helper(function(p) sum(sapply(1:3, function(i) power(p, i)))),
      vapply = helper(function(p) sum(vapply(1:3, power, 0, p = p))),
      by_name = helper(function(p) sum(sapply(list(p, p^2), "power", 2))),
      lapply = helper(function(p) sum(unlist(lapply(1:3, power, p = p)))),
      outer = helper(function(p) sum(outer(1:3, 1:3, function(i, j) p[1]^abs(i - j)) * 1:9)),
      outer_of_both = helper(function(p) sum(outer(p, 1:3, "^"))),
      Reduce = helper(function(p) sum(Reduce(`+`, lapply(1:3, function(i) p^i)))),
      accumulate = helper(function(p) {
        sum(Reduce(function(a, b) a * p[1] + b, 1:4, accumulate = TRUE) * 1:4)
      }),
      from_the_right = helper(function(p) {
        sum(Reduce(function(a, b) a * p[1] + b, as.list(p), 0.5, TRUE, accumulate = TRUE))
      }),
      Map = helper(function(p) Reduce(`*`, Map(function(a, b) a^b, p, 1:2))),
      mapply = function(p) sum(times(p)^2),
      MoreArgs = helper(function(p) sum(mapply(power, i = 1:2, MoreArgs = list(p = p)))),
      Filter = helper(function(p) sum(Filter(function(v) v > 2, p)^2)),
      Find = helper(function(p) Find(function(v) v > 2, as.list(p))),
      do.call = helper(function(p) sum(do.call("times", list(p)))),
      do.call_made = helper(function(p) sum(do.call(paste0("tim", "es"), list(p)))),
      rbind = helper(function(p) sum(do.call(rbind, lapply(1:3, function(i) p^i))^2)),
      Vectorize = function(p) sum(v_sum(p, 1:2)),
      Vectorize_inside = helper(function(p) sum(Vectorize(power, "i")(p, 1:2))),
      match.fun = helper(function(p) match.fun("power")(p, 2)),
      get = helper(function(p) get("power")(p, 2)),
      rapply = helper(function(p) sum(unlist(rapply(list(p, list(p)), cumsum, how = "list")))),
      local = helper(function(p) {
        local({
          v <- numeric(2)
          v[] <- p
          v[2]^2
        })
      }),
      eval = helper(function(p) {
        code <- quote({
          v <- numeric(1)
          v[1] <- a
          power(v, 2)
        })
        eval(code[[3]], list(v = p, a = p[1])) + a_with(p)
      }),
      stats = helper(function(p) -sum(stats::dnorm(1:3, p[1], p[2], log = TRUE)) + base::max(p))
    )
    a_with <- function(p) {
      with(list(a = p[1], b = p[2]), {
        v <- numeric(2)
        v[1] <- a
        v[2] <- b
        sum(v) * a
      })
    }
    cases
  }))
})

test_that("helpers with attributes, branches, loops, arguments", {
  expect_gradients(in_a_script({
    helper <- function(f) function(p) f(p)
    faculty <- function(n, p) {
      v <- numeric(1)
      v[1] <- p[1]
      if (n <= 1) v else v * faculty(n - 1, p)
    }
    all_of <- function(...) {
      given <- list(...)
      v <- numeric(length(given))
      for (i in seq_along(given)) v[i] <- given[[i]]
      v
    }
    defaults <- function(p, a = p[1]^2, b = a * 2) {
      v <- c(0, 0)
      v[2] <- b
      v
    }
    list(
      `dim<-` = helper(function(p) {
        v <- c(p, p^2)
        dim(v) <- c(2, 2)
        sum(v %*% c(1, 2))
      }),
      `attr<-` = helper(function(p) {
        v <- c(p, p^2)
        attr(v, "dim") <- c(2, 2)
        attr(v, "note") <- "mine"
        stopifnot(identical(attr(v, "note"), "mine"), is.null(attr(p, "note")))
        sum(v %*% c(1, 2))
      }),
      structure = helper(function(p) sum(structure(c(p, p^2), dim = c(2, 2))[2, ])),
      names = helper(function(p) {
        names(p) <- c("a", "b")
        p[["a"]] * setNames(p, c("u", "w"))["w"] * unname(p)[1]
      }),
      replace = helper(function(p) sum(replace(numeric(3), 2, p[1])^2 + replace(p, 2, 5)[1])),
      append = helper(function(p) sum(append(c(1, 2), p, after = 1)^2 * 1:4)),
      ifelse = helper(function(p) sum(ifelse(c(1, 2, 3) > 2, p[1], p[2]^2))),
      switch = helper(function(p) switch("b", a = p[1], b = all_of(p[2])^2, stop("no"))),
      `repeat` = helper(function(p) {
        x <- p[1]
        v <- numeric(10)
        k <- 0
        repeat {
          k <- k + 1
          if (k == 2) next
          x <- x / 2
          v[k] <- x
          if (x < 0.1) break
        }
        sum(v)
      }),
      lists = helper(function(p) {
        theta <- within(list(a = p[1], b = p[2]), c <- a * b)
        theta[["b"]] <- theta$b^2
        theta$a * theta$b + theta[["c"]]
      }),
      recursion = function(p) faculty(3, p),
      Recall = helper(function(p) (function(n) if (n == 0) p[1] else Recall(n - 1) * p[2])(3)),
      dots = helper(function(p, ...) sum(all_of(p[1], p[2], 3)^2)),
      defaults = function(p) sum(defaults(p)),
      tryCatch = helper(function(p) tryCatch(stop("x"), error = function(e) all_of(p[2]))),
      tests = helper(function(p) {
        stopifnot(is.vector(p), is.numeric(p), is.double(p), is.atomic(p), typeof(p) == "double")
        sum(p^2)
      })
    )
  }))
})

test_that("functions are found wherever the user keeps them", {
  script <- new.env(parent = globalenv())
  file <- tempfile(fileext = ".R")
  writeLines(c(
    "from_file <- function(p) {", "  v <- numeric(2)", "  for (i in 1:2) v[i] <- p[i]^i", "  v", "}"
  ), file)
  sys.source(file, script)
  eval(quote({
    area <- function(s, p) UseMethod("area")
    area.circle <- function(s, p) from_file(p)[1]^2 * NextMethod() # nolint
    area.default <- function(s, p) from_file(p)[2] # nolint
    predict.mine <- function(object, p, ...) object$k * from_file(p)
    `%+%` <- function(a, b) from_file(c(a, b))
    `second<-` <- function(x, value) {
      x[2] <- value
      x
    }
    maker <- function(k, unused) {
      inner <- function(p) from_file(p)[k]
      function(p) inner(p)^2
    }
    functions <- list(a = from_file, deeper = list(b = function(p) sapply(p, function(z) z^2)))
    held <- new.env()
    held$f <- function(p) from_file(p)[2]
    calls <- 0
    count <- function(p) {
      calls <<- calls + 1
      p[1] * calls
    }
  }), script)
  f <- function(code) as.function(c(formals(function(p) 0), substitute(code)), script)
  expect_gradients(list(
    file = f(sum(from_file(p))), S3 = f(area(structure(list(), class = "circle"), p)),
    package_generic = f(sum(predict(structure(list(k = 3), class = "mine"), p))),
    operator = f(sum(p[1] %+% p[2])), closures = script$maker(2, stop("nobody asks for it")),
    replacement = f({
      z <- c(1, 2, 3)
      second(z) <- p[1]
      sum(z^2)
    }),
    list = f(sum(functions$a(p)) + sum(functions$deeper$b(p))),
    loop = f({
      s <- 0
      for (g in functions[1]) s <- s + sum(g(p))
      s
    }),
    composed = f(Reduce(function(f, g) function(x) g(f(x)), list(from_file, sqrt, sum))(p)),
    environment = f(held$f(p)), handed_over = f((function(p, g) sum(g(p)))(p, from_file))
  ))
  expect_equal(grad(f(count(p)), 5), 1)
  expect_identical(script$calls, 1)
  expect_equal(grad(function(p, g) sum(g(p)), c(2, 3), g = script$from_file), c(1, 6))
})

test_that("R6 and reference classes keep functions, too", {
  definition <- R6::R6Class("Model", public = list(
    k = 2,
    fill = function(p) {
      v <- numeric(2)
      v[2] <- p[2] * self$k
      v
    },
    loss = function(p) sum(self$fill(p)^2)
  ))
  model <- definition$new()
  expect_equal(grad(function(p) model$loss(p), c(1, 3)), c(0, 24))
  expect_equal(grad(model$loss, c(1, 3)), c(0, 24))
})

test_that("every verb reaches them; a function that is written anew counts from then on", {
  script <- new.env(parent = globalenv())
  eval(quote({
    y <- c(1, 2, 4)
    terms <- function(p) {
      v <- numeric(3)
      for (i in 1:3) v[i] <- dnorm(y[i], p[1], exp(p[2]), log = TRUE)
      v
    }
    f <- function(p) -sum(terms(p))
    vector <- function(p) terms(p)
    by_name <- function(mu, s) -sum(terms(c(mu, s)))
  }), script)
  want <- function(p) {
    z <- (script$y - p[1]) / exp(p[2])
    -c(sum(z) / exp(p[2]), sum(z^2) - 3)
  }
  p <- c(2, 0.5)
  expect_equal(grad(script$f, p), want(p), tolerance = 1e-14)
  expect_equal(colSums(jacobian(script$vector, p)), -want(p), tolerance = 1e-14)
  expect_equal(hessian(script$f, p)[1, 1], 3 / exp(1), tolerance = 1e-14)
  expect_equal(grad(torch_compile(script$f, p), p), want(p), tolerance = 1e-14)
  mean_y <- mean(script$y)
  fit <- torch_mle(script$by_name, list(mu = 0, s = 0))
  expect_equal(coef(fit), c(mu = mean_y, s = log(sqrt(mean((script$y - mean_y)^2)))))
  objective <- torch_objective(script$f, p)
  expect_equal(objective$gr(p), want(p), tolerance = 1e-14)
  script$terms <- function(p) {
    v <- numeric(2)
    v[1] <- p[1] * p[2]
    v
  }
  expect_equal(objective$gr(c(3, 5)), c(-5, -3))
})

test_that("the user's functions stay what they are, and so does what the user calls by R's names", {
  script <- new.env(parent = globalenv())
  eval(quote({
    fill <- function(p) {
      v <- numeric(1)
      v[1] <- p[1]
      v
    }
    sapply <- function(...) 7
    f <- function(p) fill(p) * sapply(1)
  }), script)
  before <- list(body(script$fill), environment(script$fill), sort(names(script)))
  expect_equal(grad(script$f, 2), 7)
  expect_identical(list(body(script$fill), environment(script$fill), sort(names(script))), before)
  expect_identical(script$fill(3), 3)
})

test_that("a package's function without a rule is refused by its name", {
  testthat::skip_if_not_installed("MASS")
  helper <- function(p) sum(MASS::ginv(matrix(c(p, 1, 1), 2)))
  expect_error(
    grad(function(p) helper(p), c(1, 2)),
    "`MASS::ginv(matrix(c(p, 1, 1), 2))` can't be differentiated", fixed = TRUE
  )
})

test_that("plain numbers are R's own in what is written anew", {
  f <- function(x) {
    v <- 1:3
    w <- v[2] <- 5L
    l <- list(1, 2)
    l[[2]] <- NULL
    d <- data.frame(a = 1:2)
    d[1, "a"] <- 9L + 0L
    s <- "a"
    s[2] <- paste0("b", 1)
    stopifnot(
      identical(v, c(1L, 5L, 3L)), identical(w, 5L), identical(l, list(1)),
      identical(d$a, c(9L, 2L)), identical(s, c("a", "b1")),
      identical(eval(quote(v[1] <- 4L)), 4L), identical(v[1], 4L),
      identical(do.call("sum", list(1:3)), 6L), identical(Reduce(`+`, 1:3, accumulate = TRUE),
        c(1L, 3L, 6L)), identical(structure(1:2, class = "k"), base::structure(1:2, class = "k")),
      identical(match.fun("sum")(1:2), 3L), identical(get("s"), s), identical(mode(1L), "numeric")
    )
    x^2
  }
  expect_identical(grad(f, 3), 6)
})
