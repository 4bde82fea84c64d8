skip_without_python()

y <- c(1.2, NA, 0.4, 2.2)
x <- c(1, 2, NA, 4)
counts <- c(1, NA, 2, 3)
m <- matrix(c(1, NA, 3, 4, 5, 6), 3)

expect_as_in_r <- function(cases, p = c(1.5, 0.7)) {
  testthat::skip_if_not_installed("numDeriv")
  for (name in names(cases)) {
    f <- cases[[name]]
    expect_equal(as.vector(grad(f, p)), numDeriv::grad(f, p), tolerance = 1e-7, info = name)
  }
}

test_that("what na.rm, an index or a test leaves out is not in the gradient", {
  expect_as_in_r(list(
    sum = function(p) sum(y * p[1] + p[2], na.rm = TRUE),
    squares = function(p) -sum((y - p[1])^2 / p[2], na.rm = TRUE),
    mean = function(p) mean((y - p[1])^2, na.rm = TRUE),
    prod = function(p) prod(y * p[1], na.rm = TRUE),
    range = function(p) diff(range(y * p[1], na.rm = TRUE)) + max(y * p[2], na.rm = TRUE),
    pmax = function(p) sum(pmax(y * p[1], p[2], na.rm = TRUE) + pmin(y * p[1], p[2], na.rm = TRUE)),
    index = function(p) {
      l <- (y - p[1])^2
      sum(l[!is.na(l)]) + sum(l[which(l > 0.1)]) + sum(l[!is.na(y)])
    },
    NA_index = function(p) {
      l <- (y - p[1])^2
      sum(l[y > 1], na.rm = TRUE) + sum(l[l > 0.01], na.rm = TRUE) + sum(p[c(1, NA)], na.rm = TRUE)
    },
    ifelse = function(p) {
      sum(ifelse(is.na(y) | is.na(x), 0, dnorm(y, p[1] * x, p[2], log = TRUE)))
    },
    unknown_test = function(p) {
      sum(ifelse(y > 1, p[1], p[2]), na.rm = TRUE) +
        sum(ifelse(y > p[1], p[1] * y, p[2]), na.rm = TRUE)
    },
    filled = function(p) {
      l <- dnorm(y, p[1], p[2], log = TRUE)
      l[is.na(l)] <- 0
      z <- y
      z[is.na(z)] <- p[1]
      sum(l) + sum(z^2) + sum(replace(l, is.na(l), 0))
    },
    complete = function(p) {
      l <- y - p[1] * x
      sum(l[complete.cases(x, y)]^2) + sum(l[complete.cases(l)]^3) + sum(na.omit(l))
    },
    frame = function(p) {
      d <- na.omit(data.frame(x, y))
      sum((d$y - p[1] * d$x)^2)
    },
    margins = function(p) {
      sum(rowSums(m * p[1], na.rm = TRUE)^2) + sum(colMeans((m - p[2])^2, na.rm = TRUE))
    },
    matrix = function(p) sum((m %*% p)^2, na.rm = TRUE) + sum(outer(y, p)^2, na.rm = TRUE),
    statistics = function(p) {
      sd(y * p[1] + x^2 * p[2], na.rm = TRUE) + median(y * p[1], na.rm = TRUE) +
        weighted.mean(y * p[1]^2, 1:4, na.rm = TRUE)
    },
    loop = function(p) {
      s <- 0
      for (i in 1:4) {
        l <- dnorm(y[i], p[1], p[2], log = TRUE)
        if (!is.na(l)) s <- s + l
      }
      s + if (anyNA(y * p[1])) p[2] else 0
    }
  ))
})

test_that("no density lets a NaN of the data into the gradient", {
  positive <- list(
    dnorm = list(1, 1), dlnorm = list(0.5, 1), dexp = list(1), dgamma = list(1.2, 1),
    dchisq = list(2.5), dt = list(3), dcauchy = list(0.3, 1), dlogis = list(0.1, 1),
    dunif = list(-3, 5), dweibull = list(1.2, 1), pnorm = list(1, 1), plnorm = list(1, 1),
    pexp = list(1), pweibull = list(1.1, 1), plogis = list(1, 1), punif = list(-3, 5)
  )
  whole <- list(
    dbinom = list(5, 0.3), dpois = list(1.2), dgeom = list(0.3), dnbinom = list(2, 0.3),
    ppois = list(1.2)
  )
  cases <- list()
  for (name in c(names(positive), names(whole))) {
    given <- c(positive, whole)[[name]]
    data <- if (name %in% names(whole)) counts else y
    for (at in seq_along(given)) {
      if (name == "dbinom" && at == 1) next
      cases[[paste(name, at)]] <- local({
        f <- get(name)
        given <- given
        at <- at
        data <- data
        function(p) {
          given[[at]] <- given[[at]] * p
          l <- do.call(f, c(list(data), given))
          sum(l, na.rm = TRUE) + sum(ifelse(is.na(l), 0, l^2))
        }
      })
    }
  }
  expect_as_in_r(cases, 1.01)
})

test_that("plain tensors, too", {
  gaps <- torch_tensor(c(1, NaN, 2), dtype = "float64")
  mu <- torch_tensor(0.5, dtype = "float64", requires_grad = TRUE)
  l <- dnorm(gaps, mu, 1, log = TRUE)
  expect_identical(as.vector(as.array(is.na(l))), c(FALSE, TRUE, FALSE))
  l[!is.na(l)]$sum()$backward()
  expect_equal(as.numeric(mu$grad), 2)
})

test_that("second derivatives, compiled functions and every verb leave them out", {
  f <- function(p) -sum(dnorm(y, p[1], exp(p[2]), log = TRUE), na.rm = TRUE)
  p <- c(1, 0.3)
  z <- (y[-2] - 1) / exp(0.3)
  want <- -c(sum(z) / exp(0.3), sum(z^2) - 3)
  expect_equal(hessian(f, p)[1, 1], 3 / exp(0.6), tolerance = 1e-14)
  expect_equal(grad(torch_compile(f, p), p), want, tolerance = 1e-14)
  objective <- torch_objective(f, p)
  expect_equal(objective$gr(p), want, tolerance = 1e-14)
  many <- rep(y, 40)
  by_memo <- torch_objective(function(p) -sum(dnorm(many, p, 1, log = TRUE), na.rm = TRUE), 1)
  for (at in c(1, 2)) expect_equal(by_memo$gr(at), -40 * sum(y[-2] - at), tolerance = 1e-12)
  jac <- jacobian(function(p) {
    l <- (y - p)^2
    l[!is.na(l)]
  }, 1)
  expect_equal(as.vector(jac), -2 * (y[-2] - 1), tolerance = 1e-14)
})

test_that("torch_mle() with NA in its data is glm()'s", {
  d <- data.frame(n = c(2, 3, NA, 6, 7, 8, 9, 10, 12, 15), z = c(1:6, NA, 8:10))
  nll <- function(a, b, n, z) -sum(dpois(n, exp(a + b * z), log = TRUE), na.rm = TRUE)
  fit <- torch_mle(nll, list(a = 1, b = 0.1), data = d)
  known <- stats::glm(n ~ z, stats::poisson(), d, control = list(epsilon = 1e-14))
  expect_equal(unname(coef(fit)), unname(coef(known)), tolerance = 1e-9)
  expect_equal(unname(vcov(fit)), unname(vcov(known)), tolerance = 1e-7)
})

test_that("ifelse() is NA where its test is, as in R", {
  x <- as_torch_numeric(c(2, 3))
  expect_identical(as.vector(to_r(ifelse(c(NA, TRUE), x, 1))), c(NaN, 3))
  expect_identical(as.vector(to_r(ifelse(c(NA, TRUE, FALSE), x, 1))), c(NaN, 3, 1))
})

test_that("what is not left out is NaN, and an error; names are new elements", {
  expect_error(grad(function(p) sum((y - p)^2), 1), "`func` gives NaN", fixed = TRUE)
  named <- function(p) {
    v <- c(a = 1)
    v["b"] <- p
    v[["c"]] <- p^2
    stopifnot(identical(names(v), c("a", "b", "c")))
    v["b"] * v["c"]
  }
  expect_equal(grad(named, 2), 12)
})
