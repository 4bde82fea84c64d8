skip_without_python()

untraced <- function(code) {
  old <- options(torchbridge.trace = FALSE)
  on.exit(options(old))
  code
}

forget_all <- function() assign("replays", NULL, envir = the)

template_of <- function(code) found_replay(code)$template

data_of <- function(seed, n = 8, sign = 1) {
  set.seed(seed)
  data.frame(
    y = sign * abs(rnorm(n)) + 0.1 * seed, x = rnorm(n), k = rpois(n, 3),
    g = factor(rep(c("a", "b"), length.out = n)), e = runif(n) < 0.5
  )
}

# Each is made anew for each data.
makers <- list(
  normal = function(d) function(p) -sum(dnorm(d$y, p[1], exp(p[2]), log = TRUE)),
  product = function(d) {
    x <- cbind(1, d$x)
    y <- d$y
    function(p) sum((y - x %*% p)^2)
  },
  counts = function(d) function(p) -sum(dpois(d$k, exp(p[1] + p[2] * d$x), log = TRUE)),
  by_r = function(d) function(p) sum(log(abs(d$y)) * p[1] + d$x^2 * p[2]^2),
  censored = function(d) {
    function(p) -sum(ifelse(d$e, dnorm(d$y, p[1], 1, TRUE), pnorm(d$y, p[2], 1, FALSE, TRUE)))
  },
  chosen = function(d) function(p) sum((d$y[d$g == "a"] - p[1])^2) + sum((d$y[d$e] - p[2])^2),
  centred = function(d) {
    y <- d$y
    function(p) sum((y - mean(y) - p[1])^2) * exp(p[2]) / sd(y)
  },
  scalar = function(d) function(p) sum(p) * mean(d$y) + max(d$k) * prod(p),
  branch = function(d) {
    function(p) if (mean(d$y) > 0) sum((d$y - p[1])^2) else sum(p^3) + sum(d$x * p[2])
  },
  missing = function(d) {
    d$y[2] <- if (d$y[1] > 1) NA else 1
    function(p) if (anyNA(d$y)) sum(p * 2) else sum((d$y - p[1])^2 * p[2])
  },
  loop = function(d) {
    function(p) {
      s <- 0
      for (i in 2:nrow(d)) s <- s + (d$y[i] - p[1] * d$y[i - 1] - p[2])^2
      s
    }
  },
  turns = function(d) {
    function(p) {
      s <- p[2]
      for (value in unique(d$k)) s <- s + value * p[1]
      s * s
    }
  },
  groups = function(d) {
    function(p) sum(sapply(split(d$y, d$g), function(v) sum((v - p[1])^2))) * p[2]
  },
  helper = function(d) {
    eta <- function(p) p[1] + p[2] * d$x
    inner <- function(v) sum((d$y - v)^2)
    function(p) inner(eta(p))
  },
  within = function(d) function(p) with(d, sum((y - p[1] - p[2] * x)^2)),
  named = function(d) {
    w <- setNames(d$y, letters[seq_along(d$y)])
    function(p) sum((w * p[1])[c("a", "c")]) + sum(names(w) == "b") * p[2]^2
  },
  list = function(d) {
    all <- list(of = list(y = d$y, n = nrow(d)), what = "sum")
    function(p) switch(all$what, sum = sum((all$of$y - p[1])^2) / all$of$n + p[2]^2, 0)
  },
  changed = function(d) {
    y <- d$y
    function(p) {
      y[2] <- 0
      names(y) <- NULL
      dim(y) <- c(4, 2)
      sum(y %*% p) + sum(t(y)[1, ] * p[1])
    }
  },
  sorted = function(d) function(p) sum(sort(d$y) * seq_along(d$y) * p[1]) + sum(diff(d$x))^2 * p[2],
  alike = function(d) {
    x <- d$x
    y <- if (d$y[1] > 1) x else d$y
    function(p) if (identical(x, y)) sum(p) else sum(x * p[1]) + sum(y * p[2])
  },
  levels = function(d) {
    function(p) sum(p[as.integer(d$g)] * d$y) + nlevels(d$g) * sum(tapply(d$y, d$g, sum)) * p[1]^2
  },
  rows = function(d) function(p) sum(as.matrix(d[, c("y", "x")]) %*% p) + nrow(d) * sum(p^2),
  ridge = function(d) {
    lambda <- d$y[3]
    function(p) sum((d$y - p[1] * d$x)^2) + lambda * sum(p^2)
  },
  outer = function(d) {
    function(p) {
      m <- exp(-outer(d$x, d$x, "-")^2 * exp(p[1])) + diag(exp(p[2]), nrow(d))
      sum(log(diag(chol(m)))) + sum(d$y * solve(m, d$y)) / 2
    }
  },
  applied = function(d) {
    x <- as.matrix(d[c("y", "x")])
    function(p) sum(apply(x, 1, function(row) sum(row * p))^2)
  },
  reduced = function(d) function(p) Reduce(function(s, v) s * p[1] + v * p[2], d$x, 0)^2,
  mapped = function(d) {
    function(p) sum(unlist(Map(function(a, b) (a - b * p[1])^2 * p[2], d$y, d$x)))
  }
)

# Whether R has to run a function again is another matter: it is for data that it looks at.
test_that("a function made anew for other data gives the bits that it gives untraced", {
  points <- list(c(0.3, -0.2), c(1.1, 0.4))
  seeds <- list(1, 2, 3, c(4, 9), 5, c(1, 8, -1), 6, 1, c(2, 8, -1), c(7, 9), 7, 8, 9)
  for (name in names(makers)) {
    for (seed in seeds) {
      data <- do.call(data_of, as.list(seed))
      f <- makers[[name]](data)
      for (p in points) {
        verbs <- function() {
          tryCatch(
            list(
              value_and_grad(f, p), hessian(f, p), torch_objective(f, p)$fn(p), jacobian(f, p),
              f(p)[0]
            ),
            error = conditionMessage
          )
        }
        got <- verbs()
        expect_identical(got, untraced(verbs()), info = paste(name, toString(seed)))
      }
    }
  }
})

test_that("R does not run again what has only met tensors, nor what its own functions make of it", {
  without_r <- c(
    "normal", "product", "counts", "by_r", "censored", "centred", "scalar", "branch", "loop",
    "helper", "within", "named", "list", "sorted", "ridge"
  )
  for (name in without_r) {
    forget_all()
    for (seed in 1:6) {
      data <- data_of(seed, 12)
      f <- makers[[name]](data)
      expect_identical(grad(f, c(0.3, -0.2)), untraced(grad(f, c(0.3, -0.2))), info = name)
    }
    template <- template_of(body(f))
    expect_length(template$tapes, 1L)
    expect_identical(template$met, 4L, info = name)
  }
})

test_that("what was looked at must be the same, and so must types, lengths and attributes", {
  forget_all()
  make <- function(y, w) function(p) if (w[1] > 1) sum(y * p) else sum(y * p^2)
  given <- list(
    list(c(1, 2), c(2, 1)), list(c(2, 5), c(2, 1)), list(c(3, 1), c(0, 1)), list(c(3, 1), c(2, 8)),
    list(c(3L, 1L), c(2, 1)), list(c(TRUE, FALSE), c(2, 1)), list(c(3, 1, 2, 7), c(2, 1)),
    list(matrix(c(1, 2, 3, 4), 2), c(2, 1)), list(c(a = 1, b = 2), c(2, 1)), list(c(1, NA), 2),
    list(c(4, 5), c(2, 1)), list(NULL, c(2, 1)), list("text", 2), list(list(1, 2), 2),
    list(factor(1:2), 2), list(c(5, 6), c(0, 1))
  )
  for (data in c(given, given)) {
    f <- make(data[[1]], data[[2]])
    force(environment(f)$y)
    force(environment(f)$w)
    run <- function() tryCatch(value_and_grad(f, c(0.5, 2)), error = conditionMessage)
    got <- run()
    expect_identical(got, untraced(run()))
  }
})

test_that("more ways than are kept, and data of many lengths, are what R computes", {
  forget_all()
  for (turn in 1:2) {
    for (n in 2:22) {
      y <- seq_len(n) / 3
      f <- local({
        y <- y
        function(p) sum((y - p[1])^2) * p[2]
      })
      expect_identical(grad(f, c(1, 2)), untraced(grad(f, c(1, 2))))
    }
  }
})

test_that("arguments that are evaluated on the way may draw random numbers", {
  forget_all()
  y <- c(1, 5, 2, 8, 3)
  make <- function(y) function(p) sum((y - p)^2)
  for (seed in 1:5) {
    set.seed(seed)
    f <- make(y[sample(5, replace = TRUE)])
    got <- grad(f, 2)
    after <- .Random.seed
    set.seed(seed)
    expect_identical(got, untraced(grad(make(y[sample(5, replace = TRUE)]), 2)))
    expect_identical(after, .Random.seed)
  }
  expect_null(found_replay(body(f))$why)
  draws <- function(y) function(p) sum((y - p)^2) + sum(p * rnorm(1))
  for (seed in 1:4) {
    set.seed(seed)
    got <- grad(draws(sample(y)), 2)
    set.seed(seed)
    expect_identical(got, untraced(grad(draws(sample(y)), 2)))
  }
})

test_that("functions, methods and bindings of the user's beside the data are seen", {
  forget_all()
  make <- function(y, scale) {
    helper <- switch(scale, one = function(v) sum(v), two = function(v) 2 * sum(v))
    function(p) helper((y - p)^2)
  }
  for (scale in c("one", "one", "two", "one", "two", "two")) {
    y <- c(1, nchar(scale), 4)
    f <- make(y, scale)
    expect_identical(grad(f, 1), untraced(grad(f, 1)))
  }
  masked <- function(y, sum) {
    force(sum)
    function(p) sum((y - p)^2)
  }
  for (k in 1:5) {
    sum_of <- list(base::sum, function(v) 3 * base::sum(v))[[1 + k %% 2]]
    f <- masked(c(k, 2), sum_of)
    expect_identical(grad(f, 1), untraced(grad(f, 1)))
  }
  active <- function(y, k) {
    force(y)
    if (k > 2) makeActiveBinding("w", function() y * k, environment()) else w <- y * k
    function(p) sum((w - p)^2)
  }
  for (k in 1:6) {
    f <- active(c(1, k), k)
    expect_identical(grad(f, 1), untraced(grad(f, 1)))
    assign("y", c(9, k), environment(f))
    expect_identical(grad(f, 1), untraced(grad(f, 1)))
  }
  classed <- function(y) {
    mean.mine <- function(x, ...) sum(unclass(x)) * 10 # nolint: object_name_linter.
    y <- structure(y, class = "mine")
    function(p) mean(y) * p^2
  }
  for (k in 1:4) expect_equal(grad(classed(c(k, 1)), 1), 20 * (k + 1))
})

test_that("a bootstrap of torch_mle() is what it is without replay, of data in every place", {
  forget_all()
  set.seed(1)
  data <- data.frame(y = rpois(30, 3), x = rnorm(30))
  nll <- function(p, d) -sum(dpois(d$y, exp(p[["a"]] + p[["b"]] * d$x), log = TRUE))
  by_name <- function(a, b, y, x) -dpois(y, exp(a + b * x), log = TRUE)
  for (turn in 1:5) {
    d <- data[sample(30, replace = TRUE), ]
    fits <- function() {
      fit <- list(
        torch_mle(function(p) nll(p, d), c(a = 1, b = 0)),
        torch_mle(nll, c(a = 1, b = 0), data = d),
        torch_mle(by_name, list(a = 1, b = 0), data = list(y = d$y, x = d$x)),
        torch_mle(by_name, list(a = 1, b = 0), data = d, fixed = list(b = 0.1))
      )
      lapply(fit, function(f) list(coef(f), vcov(f), logLik(f), nobs(f)))
    }
    expect_identical(fits(), untraced(fits()))
  }
  expect_identical(template_of(body(nll))$met > 0L, TRUE)
})

test_that("warnings and errors of other data are R's own", {
  forget_all()
  make <- function(y) {
    force(y)
    function(p) sum(log(y) * p)
  }
  for (y in list(c(1, 2), c(2, 3), c(3, 4), c(4, 5))) {
    expect_identical(grad(make(y), 1), sum(log(y)))
  }
  expect_warning(expect_error(grad(make(c(-1, 2)), 1), "NaN"), "NaNs produced")
  expect_identical(grad(make(c(7, 2)), 1), sum(log(c(7, 2))))
  stops <- function(y) {
    force(y)
    function(p) if (any(y < 0)) stop("negative data") else sum(y * p)
  }
  for (y in list(c(1, 2), c(2, 3), c(3, 4))) expect_identical(grad(stops(y), 1), sum(y))
  expect_error(grad(stops(c(-1, 2)), 1), "negative data")
  expect_identical(grad(stops(c(5, 2)), 1), 7)
})
