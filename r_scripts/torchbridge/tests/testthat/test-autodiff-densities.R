skip_without_python()

numbers <- function(x) as.vector(as.array(x$detach()))
# R's own and ours, of tensors; NaN warnings are R's.
theirs <- function(name, ...) suppressWarnings(getExportedValue("stats", name)(...))
ours <- function(name, ...) {
  arguments <- lapply(list(...), function(v) if (is.numeric(v)) as_torch_numeric(v) else v)
  numbers(do.call(getExportedValue("torchbridge", name), arguments))
}

inf <- c(-Inf, Inf, NaN, NA)
cases <- list(
  dnorm = list(
    x = c(-40, -37, -5, 0, 1e-300, 3, 30, 1e200, inf), mean = c(0, 2), sd = c(0, 1e-3, 1, 50, -1)
  ),
  dlnorm = list(x = c(-1, 0, 1e-300, 0.5, 3, 1e10, inf), meanlog = c(-1, 2), sdlog = c(0.1, 2, -1)),
  dexp = list(x = c(-1, 0, 1e-10, 2, 700, 1e5, inf), rate = c(0, 0.1, 1, 30, -1, Inf)),
  dgamma = list(
    x = c(-1, 0, 1e-300, 1e-5, 0.7, 5, 100, 1e6, inf), shape = c(0, 1e-5, 0.5, 1, 2, 30, 1e6, -1),
    rate = c(0.2, 1, 40)
  ),
  dchisq = list(x = c(-1, 0, 0.3, 4, 100, inf), df = c(0.5, 1, 2, 3, 1e3)),
  dbeta = list(
    x = c(
      -0.1, 0, 1e-20, 0.01, 0.5, 0.99, 1, 1.1, inf
    ), shape1 = c(0, 0.2, 1, 2, 500, 1e6, Inf, -1),
    shape2 = c(0, 0.5, 1, 3, 1e5, Inf)
  ),
  dt = list(
    x = c(-1e200, -1e8, -3, 0, 1e-10, 2, 50, inf), df = c(0, 0.1, 1, 2.5, 30, 1e5, 1e12, Inf, -1)
  ),
  dcauchy = list(x = c(-1e10, -1, 0, 5, inf), location = c(0, 3), scale = c(0.1, 2, -1, 0)),
  dlogis = list(x = c(-800, -1, 0, 5, 60), location = c(0, 3), scale = c(0.1, 2, -1)),
  dunif = list(x = c(-1, 0, 0.5, 1, 2, inf), min = c(0, -1), max = c(1, 0, 3)),
  dweibull = list(
    x = c(-1, 0, 1e-10, 0.5, 3, 50, inf), shape = c(0.5, 1, 2, 10, -1), scale = c(0.1, 1, 5, 0)
  ),
  dbinom = list(
    x = c(-1, 0, 1, 5, 10, 11, 1000, NaN), size = c(0, 1, 10, 1000, 1e6, -1),
    prob = c(0, 1e-12, 0.3, 0.999, 1, 2)
  ),
  dpois = list(x = c(-1, 0, 1, 7, 100, 1e6, inf), lambda = c(0, 1e-10, 0.5, 7, 1e6, Inf, -1)),
  dgeom = list(x = c(-1, 0, 1, 30, 1e4, NaN), prob = c(0, 1e-5, 0.3, 1, 2)),
  dnbinom = list(
    x = c(-1, 0, 1, 7, 1000, NaN), size = c(0, 0.1, 3, 1e3, 1e12), prob = c(0, 1e-5, 0.3, 1, 2)
  )
)

# To 1e-12: of a density relatively, of its log absolutely where that is near 0.
expect_close <- function(found, wanted, info, log = FALSE) {
  scale <- if (log) pmax(1, abs(wanted)) else abs(wanted)
  near <- found == wanted | abs(found - wanted) <= 1e-12 * scale | abs(found - wanted) < 1e-300
  same <- is.na(found) == is.na(wanted) & (is.na(wanted) | near)
  wrong <- which(!same)
  expect_true(
    all(same),
    info = paste(info, toString(wrong), ":", toString(found[wrong]), "for", toString(wanted[wrong]))
  )
}

test_that("densities equal R's to 1e-12, at the edges and far out too", {
  for (name in names(cases)) {
    grid <- do.call(expand.grid, cases[[name]])
    for (log in c(FALSE, TRUE)) {
      found <- do.call(ours, c(list(name), grid, log = log))
      wanted <- do.call(theirs, c(list(name), grid, log = log))
      expect_close(found, wanted, paste(name, log), log)
    }
  }
  grid <- expand.grid(x = c(0, 1, 7, 1000), size = c(0.1, 3, 1e3, Inf), mu = c(1e-5, 2, 900))
  for (log in c(FALSE, TRUE)) {
    found <- with(grid, ours("dnbinom", x, size, mu = mu, log = log))
    expect_close(
      found, with(grid, theirs("dnbinom", x, size, mu = mu, log = log)), paste("mu", log), log
    )
  }
  # For large sizes R (4.2) leaves mu^2 / (2 size) out; this is exact.
  expect_equal(
    ours("dnbinom", 0, 1e12, mu = 900, log = TRUE), -1e12 * log1p(900 / 1e12), tolerance = 1e-14
  )
  expect_close(
    ours("dgamma", c(0.5, 3), 2, scale = 0.3), stats::dgamma(c(0.5, 3), 2, scale = 0.3), "scale"
  )
})

test_that("distribution functions equal R's", {
  cases <- list(
    pnorm = list(
      q = c(-30, -5, -1, 0, 1e-8, 2, 8, -Inf, Inf), mean = c(0, 1), sd = c(0.5, 1, 0, -1)
    ),
    plnorm = list(q = c(-1, 0, 0.1, 3), meanlog = 0.5, sdlog = c(0.5, 2)),
    pexp = list(q = c(-1, 0, 1e-10, 0.5, 30), rate = c(0.2, 3)),
    pweibull = list(q = c(-1, 0, 1e-5, 0.5, 3), shape = c(0.5, 2), scale = c(0.3, 2)),
    plogis = list(q = c(-700, -1, 0, 3, 40), location = c(0, 1), scale = c(0.5, 2)),
    punif = list(q = c(-1, 0.2, 1, 3), min = 0, max = c(1, 2)),
    qlogis = list(p = c(0, 1e-10, 0.3, 0.5, 1, 2), location = c(0, 1), scale = 2),
    pgamma = list(q = c(-1, 0, 0.1, 3, 20, 900, Inf), shape = c(0, 0.5, 2, 9, 300), rate = c(1, 3)),
    pchisq = list(q = c(0, 0.5, 4, 99), df = c(1, 3, 100)),
    ppois = list(q = c(-1, -1e-9, 0, 2.5, 9, 400), lambda = c(0, 0.5, 4)),
    pt = list(q = c(-Inf, -40, -1e-9, 0, 1e-8, 1.5, 60, Inf), df = c(0.01, 0.5, 1, 7, 300, Inf)),
    pbeta = list(
      q = c(-1, 0, 1e-10, 0.3, 0.9, 1), shape1 = c(1e-3, 0.5, 1, 80), shape2 = c(0.02, 1, 500)
    ),
    pf = list(q = c(-1, 0, 0.2, 1, 7, 900, Inf), df1 = c(0.3, 1, 4, Inf), df2 = c(0.5, 2, 30, Inf)),
    pcauchy = list(q = c(-Inf, -1e5, -0.5, 1, 1e5), location = c(0, 2), scale = c(1, 9)),
    pbinom = list(q = c(-1, 0, 2.5, 9, 10), size = c(0, 10, 1000), prob = c(0, 1e-5, 0.3, 1)),
    pgeom = list(q = c(-1, 0, 2.5, 500, Inf), prob = c(1e-5, 0.3, 1)),
    pnbinom = list(q = c(-1, 0, 2.5, 500, Inf), size = c(0, 0.01, 1, 30), prob = c(1e-3, 0.5, 1)),
    phyper = list(q = c(-1, 0, 2.5, 4), m = 5, n = 6, k = 0:4),
    qnorm = list(p = c(0, 1e-300, 0.5, 0.9, 1), mean = c(0, 1), sd = c(0, 2)),
    qexp = list(p = c(0, 1e-10, 0.5, 1), rate = c(0.2, 3)),
    qweibull = list(p = c(0, 1e-10, 0.5, 1), shape = c(0.5, 2), scale = 3),
    qcauchy = list(p = c(0, 1e-10, 0.4, 0.9, 1), location = c(0, 1), scale = 2),
    qunif = list(p = c(0, 0.3, 1), min = -1, max = 2),
    qgamma = list(p = c(0, 1e-10, 0.5, 1), shape = c(0.5, 9), rate = 3),
    qt = list(p = c(0, 1e-10, 0.5, 1), df = c(0.5, 9, Inf)),
    qbinom = list(p = c(0, 0.3, 1), size = 9, prob = c(0.2, 1))
  )
  for (name in names(cases)) {
    grid <- do.call(expand.grid, cases[[name]])
    for (lower in c(TRUE, FALSE)) {
      for (log in c(TRUE, FALSE)) {
        flags <- list(lower.tail = lower, log.p = log)
        given <- if (log && startsWith(name, "q")) c(list(p = log(grid$p)), grid[-1L]) else grid
        found <- do.call(ours, c(list(name = name), given, flags))
        expect_equal(
          found, do.call(theirs, c(list(name = name), given, flags)), tolerance = 1e-11, info = name
        )
      }
    }
  }
  q <- c(-30, -5, 0, 3)
  expect_equal(ours("pnorm", q, log.p = TRUE), stats::pnorm(q, log.p = TRUE), tolerance = 1e-12)
  expect_equal(ours("plogis", q, log.p = TRUE), stats::plogis(q, log.p = TRUE), tolerance = 1e-12)
  p <- c(-1e-10, -1, -30)
  expect_equal(ours("qlogis", p, log.p = TRUE), stats::qlogis(p, log.p = TRUE), tolerance = 1e-9)
})

test_that("tails have derivatives where the probability itself underflows", {
  # Of the exponential with rate 1 beyond 2000: log S = -2000, its slope -1.
  tail <- function(q, shape) pgamma(q, shape, lower.tail = FALSE, log.p = TRUE)
  expect_equal(value_and_grad(tail, 2000, shape = 1), list(value = -2000, gradient = -1))
  at_zero <- value_and_grad(function(q) pt(q, 4), 0)
  expect_equal(at_zero, list(value = 0.5, gradient = stats::dt(0, 4)), tolerance = 1e-15)
})

test_that("on ordinary values they are stats' own, whatever is missing", {
  same <- function(name, ...) {
    f <- getExportedValue("torchbridge", name)
    g <- getExportedValue("stats", name)
    expect_identical(f(...), g(...), info = name)
  }
  x <- c(a = 0.2, b = 0.7)
  same("dnorm", x)
  same("dnorm", x, sd = 2, log = TRUE)
  same("dnorm", matrix(1:4, 2))
  same("dgamma", x, 2)
  same("dgamma", x, 2, 3)
  same("dgamma", x, 2, scale = 3)
  same("pgamma", x, 2)
  same("pgamma", x, 2, 3, lower.tail = FALSE)
  same("pgamma", x, 2, scale = 3, log.p = TRUE)
  same("dbeta", x, 2, 3)
  same("dbeta", x, 2, 3, 1)
  same("dchisq", x, 3)
  same("dchisq", x, 3, 1)
  same("pchisq", x, 3)
  same("pchisq", x, 3, 1)
  same("dt", x, 3)
  same("dt", x, 3, 1)
  same("dnbinom", 1:3, 2, 0.3)
  same("dnbinom", 1:3, 2, mu = 3)
  same("dexp", x)
  same("dunif", x)
  same("dbinom", 0:2, 2, 0.3)
  same("dpois", 0:2, 2)
  same("dweibull", x, 2)
  same("dlnorm", x)
  same("dgeom", 0:2, 0.3)
  same("dcauchy", x)
  same("dlogis", x)
  same("dmultinom", 1:3, prob = c(1, 2, 3))
  same("pnorm", x)
  same("pexp", x)
  same("plogis", x)
  same("qlogis", x)
  same("punif", x)
  same("plnorm", x)
  same("pweibull", x, 2)
  same("ppois", 0:2, 2)
  expect_error(dgamma(1, 2, rate = 1, scale = 3), "rate")
  expect_error(dnorm("a"), "Non-numeric")
  expect_error(dnbinom(1, 2, 0.3, 3), "prob")
})

test_that("dmultinom and dmvnorm are right", {
  expect_equal(
    ours("dmultinom", c(1, 2, 0), prob = c(0.2, 0.5, 0.3)),
    stats::dmultinom(c(1, 2, 0), prob = c(0.2, 0.5, 0.3)), tolerance = 1e-13
  )
  expect_equal(ours("dmultinom", c(1, 2, 1), prob = c(2, 5, 0), log = TRUE), -Inf)
  s <- matrix(c(2, 0.6, 0.6, 1), 2)
  x <- rbind(c(1, 2), c(0, -1))
  wanted <- apply(x, 1, function(r) {
    d <- r - c(0.5, 0)
    -log(2 * pi) - 0.5 * log(det(s)) - 0.5 * drop(d %*% solve(s) %*% d)
  })
  expect_equal(dmvnorm(x, c(0.5, 0), s, log = TRUE), wanted, tolerance = 1e-14)
  expect_equal(dmvnorm(x[1, ]), exp(-log(2 * pi) - 2.5), tolerance = 1e-14)
  f <- function(p) sum(dmvnorm(x, p[1:2], matrix(c(p[3], p[4], p[4], p[5]), 2), log = TRUE))
  p <- c(0.5, 0, 2, 0.6, 1)
  expect_equal(grad(f, p), numDeriv::grad(f, p), tolerance = 1e-8)
  expect_error(dmvnorm(x, sigma = diag(3)), "`sigma` must be a 2x2 matrix")
})

test_that("plain tensors broadcast as PyTorch's do, torch_numeric recycle as R's", {
  m <- as_torch_tensor(matrix(1:6 + 0, 2))
  v <- as_torch_tensor(c(1, 2, 3))
  expect_equal(
    as.array(dnorm(m, v)), sweep(matrix(1:6, 2), 2, 1:3, function(a, b) stats::dnorm(a, b)),
    tolerance = 1e-14
  )
  r <- dnorm(as_torch_numeric(matrix(1:6, 2)), c(1, 2))
  expect_equal(as.array(r$detach()), stats::dnorm(matrix(1:6, 2), c(1, 2)), tolerance = 1e-14)
  expect_error(dbeta(v, 1, 2, ncp = 1), "`ncp`")
  expect_error(dnorm(v, log = NA), "must be `TRUE` or `FALSE`")
})
