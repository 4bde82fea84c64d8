skip_if_not_installed("Matrix")

# Matrices of random patterns, on the diagonal 1 and more than the rest of the row.
random_matrix <- function(n, share) {
  m <- matrix(0, n, n)
  m[lower.tri(m)] <- rbinom(n * (n - 1) / 2, 1, share) * rnorm(n * (n - 1) / 2)
  m <- m + t(m)
  diag(m) <- 1 + rowSums(abs(m))
  m
}

test_that("determinant, solution and inverse are those of the dense matrix", {
  set.seed(1)
  matrices <- c(
    lapply(c(0, 0.02, 0.1, 1), function(share) random_matrix(60L, share)),
    list(diag(2, 1L), toeplitz(c(4, -1, rep(0, 30))), random_matrix(150L, 0.5))
  )
  for (m in matrices) {
    at <- which(lower.tri(m, diag = TRUE) & m != 0, arr.ind = TRUE)
    pattern <- sparse_pattern(at[, 1L], at[, 2L], nrow(m))
    values <- numeric(nrow(at))
    values[pattern_at(pattern, at[, 1L], at[, 2L])] <- m[at]
    # Twice, with the pattern's plan made and then used.
    for (turn in 1:2) {
      found <- sparse_cholesky(pattern, turn * values)
      expect_equal(found$log_determinant, c(determinant(turn * m)$modulus), tolerance = 1e-13)
      b <- cbind(seq_len(nrow(m)), 1)
      expect_equal(cholesky_solve(found, b), solve(turn * m, b), tolerance = 1e-12)
      expect_equal(
        inverse_at_pattern(found), solve(turn * m)[cbind(pattern$row, pattern$column)],
        tolerance = 1e-12
      )
    }
  }
})

test_that("many groups apart are eliminated first where that is less work, with the same numbers", {
  # 300 that are apart, each with 6 of a rest of 80, of which few are in most.
  set.seed(1)
  n <- 380L
  m <- matrix(0, n, n)
  for (i in 1:300) m[300L + sample(80L, 6L, prob = 1 / (1:80)), i] <- rnorm(6L)
  m <- m + t(m)
  diag(m) <- 1 + rowSums(abs(m))
  same_order <- vapply(list(seq_len(n), rev(seq_len(n))), function(p) {
    a <- m[p, p]
    at <- which(lower.tri(a, diag = TRUE) & a != 0, arr.ind = TRUE)
    pattern <- sparse_pattern(at[, 1L], at[, 2L], n)
    found <- sparse_cholesky(pattern, a[cbind(pattern$row, pattern$column)])
    expect_equal(found$log_determinant, c(determinant(a)$modulus), tolerance = 1e-13)
    expect_equal(
      inverse_at_pattern(found), solve(a)[cbind(pattern$row, pattern$column)], tolerance = 1e-12
    )
    identical(elimination_order(pattern$factor, n), seq_len(n) - 1L)
  }, NA)
  # The rest first is not the better order, and is not taken.
  expect_identical(same_order, c(TRUE, FALSE))
})

test_that("what is not positive definite has no factor", {
  pattern <- sparse_pattern(c(1L, 2L, 2L), c(1L, 1L, 2L), 2L)
  expect_null(sparse_cholesky(pattern, c(1, 2, 1)))
  expect_null(sparse_cholesky(pattern, c(1, NaN, 1)))
  expect_equal(sparse_cholesky(pattern, c(2, 1, 2))$log_determinant, log(3))
  expect_null(sparse_cholesky(pattern, c(1, 2, 1)))
})
