skip_without_python()

x <- c(-1.21, 0.28, 1.08, -2.35, 0.43, 0.51, -0.57, -0.55, -0.56, -0.89, -0.48, -1, -0.78, 0.06)
y <- 1 + 2 * x + c(
  0.96, -0.11, -0.51, -0.91, -0.84, 2.42, 0.13, -0.49, -0.44, 0.46, -0.69, -1.45, 0.57, -1.02
)
normal <- function(mean, sd = 1) -sum(dnorm(y, mean, sd, log = TRUE))

# A fit, and what it warns of.
fitted_with <- function(...) {
  said <- character()
  fit <- withCallingHandlers(torch_mle(...), warning = function(w) {
    said <<- c(said, conditionMessage(w))
    invokeRestart("muffleWarning")
  })
  list(fit = fit, said = said)
}

test_that("parameters that the data can't tell apart have no standard errors, and are named", {
  cases <- list(
    sum = list(function(a, b) normal(a + b), c("a", "b")),
    thirds = list(function(a, b) normal(a + b / 3), c("a", "b")),
    units = list(function(a, b) normal(a * 1e6 + b * 1e-3), c("a", "b")),
    product = list(function(a, b) normal(a * b, 1), c("a", "b"), 0.7),
    logarithm = list(function(a, b) normal(exp(a) * b), c("a", "b"), 0.3),
    one_of_three = list(function(a, b, s) normal(a / b, exp(s)), c("a", "b"), 0.9),
    unused = list(function(a, b) normal(a) + 0 * b, "b"),
    collinear = list(function(a, b, c) normal(a + b * x + c * (x / 3 + 1 / 7)), c("a", "b", "c")),
    nearly = list(function(a, b, c) normal(a + b * x + c * (x + 1e-9 * x^2)), c("b", "c")),
    binomial = list(
      function(a, b) -sum(dbinom(c(3, 5, 2), 10, plogis(a + b), log = TRUE)), c("a", "b"), 0.1
    )
  )
  for (name in names(cases)) {
    f <- cases[[name]][[1]]
    start <- as.list(c(a = 0, b = 0, c = 0, s = 0)[names(formals(f))])
    if (length(cases[[name]]) == 3) start[1:2] <- cases[[name]][[3]]
    found <- fitted_with(f, start)
    expect_true(all(is.na(vcov(found$fit))), info = name)
    expect_length(found$said, 1)
    expect_match(found$said, paste0("`", cases[[name]][[2]], "`", collapse = ", "), fixed = TRUE)
    expect_identical(found$fit$convergence, 0L, info = name)
  }
  fit <- fitted_with(function(a, b) normal(a + b / 3), list(a = 0, b = 0))$fit
  expect_equal(coef(fit)[["a"]] + coef(fit)[["b"]] / 3, mean(y), tolerance = 1e-12)
  expect_true(all(is.na(confint(fit))))
  expect_error(profile(fit), "no profile without a standard error: `a`, `b`", fixed = TRUE)
})

test_that("unlike units and near collinearity are no such thing: lm()'s numbers, no warning", {
  near <- x + 1e-3 * cos(1:14)
  year <- 2000:2013
  cases <- list(
    list(function(a, b, s) normal(a * 1e6 + b * 1e-6 * x, exp(s)), y ~ x, c(1e6, 1e-6), 1e-10),
    list(function(a, b, c) normal(a + b * x + c * near), y ~ x + near, c(1, 1, 1), 1e-8),
    list(
      function(a, b, c) normal(a + b * year + c * year^2), y ~ year + I(year^2), c(1, 1, 1), 1e-3
    )
  )
  for (case in cases) {
    f <- case[[1]]
    found <- fitted_with(f, as.list(c(a = 0, b = 0, c = 0, s = 0)[names(formals(f))]))
    expect_identical(found$said, character())
    known <- stats::lm(case[[2]])
    size <- if ("s" %in% names(formals(f))) {
      sqrt(mean(stats::residuals(known)^2))
    } else {
      1
    }
    error <- size * sqrt(diag(summary(known)$cov.unscaled))
    at <- seq_along(error)
    found_at <- unname(coef(found$fit)[at] * case[[3]])
    expect_equal(found_at, unname(coef(known)), tolerance = case[[4]])
    expect_equal(
      unname(sqrt(diag(vcov(found$fit)))[at] * case[[3]]), unname(error), tolerance = case[[4]]
    )
  }
})

test_that("a Hessian that bends down has no standard errors either", {
  found <- fitted_with(function(a) (a^2 - 1)^2, list(a = 0))
  expect_true(is.na(vcov(found$fit)))
  expect_match(found$said, "not positive definite", fixed = TRUE, all = FALSE)
})
