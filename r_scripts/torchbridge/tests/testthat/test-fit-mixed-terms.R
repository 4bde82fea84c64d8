bars_of <- function(formula) {
  vapply(split_bars(formula, NULL)$bars, function(bar) {
    paste(deparse(bar$lhs), "|", deparse(bar$group))
  }, "")
}

test_that("bars are read as lme4 reads them", {
  expect_identical(bars_of(y ~ x + (1 | g)), "1 | g")
  expect_identical(bars_of(y ~ (1 + x | a) + x + (0 + x | b)), c("1 + x | a", "0 + x | b"))
  expect_identical(bars_of(y ~ (1 | a / b)), c("1 | b:a", "1 | a"))
  expect_identical(bars_of(y ~ (1 | a / b / c)), c("1 | c:(b:a)", "1 | b:a", "1 | a"))
  expect_identical(bars_of(y ~ (x || g)), c("1 | g", "0 + x | g"))
  expect_identical(bars_of(y ~ (0 + x + z || g)), c("0 + x | g", "0 + z | g"))
  expect_true(has_bars(y ~ x * (1 | g)))
  expect_false(has_bars(y ~ I(a | b) + f(1 | g)))
})

test_that("the fixed part is what is left", {
  fixed <- function(formula) deparse(split_bars(formula, NULL)$fixed)
  expect_identical(fixed(y ~ x + (1 | g)), "y ~ x")
  expect_identical(fixed(y ~ (1 | g)), "y ~ 1")
  expect_identical(fixed(y ~ (1 | g) - 1), "y ~ -1")
  expect_identical(fixed(y ~ a * b + (1 | g) + offset(z)), "y ~ a * b + offset(z)")
  expect_identical(
    deparse(split_bars(log(y) ~ x + (z | a / b), NULL)$variables), "log(y) ~ x + (z + (a + b))"
  )
  expect_error(split_bars(y ~ x * (1 | g), NULL), "must be added in parentheses")
  expect_error(split_bars(y ~ x - (1 | g), NULL), "cannot be taken away")
})

test_that("the rows' products are those of the matrices", {
  skip_if_not_installed("Matrix")
  set.seed(1)
  n <- 40L
  frame <- model.frame(
    ~ x + a + b,
    data.frame(x = rnorm(n), a = factor(sample(1:4, n, TRUE)), b = sample(letters[1:5], n, TRUE))
  )
  design <- mixed_design(split_bars(~ (x | a) + (1 | b), NULL)$bars, frame, NULL)
  theta <- c(0.8, 0.3, 0.6, 1.1)
  z <- cbind(
    do.call(cbind, lapply(levels(frame$a), function(l) (frame$a == l) * cbind(1, frame$x))),
    outer(frame$b, sort(unique(frame$b)), `==`)
  )
  factor <- matrix(0, 13, 13)
  for (l in 1:4) factor[2 * l - 1:0, 2 * l - 1:0] <- c(0.8, 0.3, 0, 0.6)
  diag(factor)[9:13] <- 1.1
  scaled <- z %*% factor
  # The term of most levels comes first among the effects.
  expect_identical(lapply(design$terms, `[[`, "effects"), list(6:13, 1:5))
  scaled[, c(6:13, 1:5)] <- scaled
  values <- scaled_values(design, theta)
  u <- rnorm(13)
  expect_equal(times_effects(values, design$places, u), drop(scaled %*% u), tolerance = 1e-14)
  expect_equal(
    effects_crossprod(design, values, frame$x), drop(crossprod(scaled, frame$x)),
    tolerance = 1e-14
  )
  system <- mixed_system(design)
  w <- runif(n)
  dense <- crossprod(scaled, w * scaled) + diag(13)
  cholesky <- system_cholesky(system, values, w)
  expect_equal(cholesky$log_determinant, c(determinant(dense)$modulus), tolerance = 1e-13)
  expect_equal(
    rowSums(inverse_slopes(system, values, cholesky) * values),
    rowSums((scaled %*% solve(dense)) * scaled), tolerance = 1e-12
  )
})

test_that("a grouping that is none is an error that names it", {
  d <- data.frame(y = 1:6 + 0.5, g = rep(1:2, 3), one = 1)
  expect_error(torch_fit(y ~ (1 | one), d, linear()), "grouping `one` has 1 level")
  expect_error(torch_fit(y ~ (1 | cbind(g, g)), d, linear()), "must be a column")
  expect_error(torch_fit(y ~ (0 | g), d, linear()), "no random effects")
})
