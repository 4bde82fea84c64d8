# The matrix of the penalised least squares of random effects, A = (Z Lambda)' W (Z Lambda) + I:
# its pattern, found once, its values for each Lambda and W, and what derivatives need of its
# inverse. A row has K random effects, so all is done by rows and pairs of them.
# Tests: test-fit-mixed-terms.R.

# What does not change: the pattern, and where each pair of each row goes in it.
mixed_system <- function(design) {
  k <- ncol(design$places)
  pairs <- which(lower.tri(base::diag(k), diag = TRUE), arr.ind = TRUE)
  n <- design$n_effects
  one <- design$places[, pairs[, 1L]]
  two <- design$places[, pairs[, 2L]]
  keys <- pattern_keys(pmax(one, two), pmin(one, two), n)
  # With the diagonal of effects that no row has.
  known <- unique(c(as.vector(keys), pattern_keys(seq_len(n), seq_len(n), n)))
  pattern <- sparse_pattern(
    as.integer((known - 1) %% n + 1), as.integer((known - 1) %/% n + 1), as.integer(n)
  )
  at <- base::matrix(match(keys, pattern$keys), nrow(design$places))
  list(
    design = design, pattern = pattern, pairs = pairs, at = at,
    sum = grouped_sum(as.vector(at), length(pattern$keys))
  )
}

# The factor of A; NULL where it is not positive definite. `weights` are W's diagonal (n).
system_cholesky <- function(system, values, weights) {
  products <- weights * values[, system$pairs[, 1L]] * values[, system$pairs[, 2L]]
  found <- drop(as.matrix(system$sum %*% as.vector(products)))
  found[system$pattern$diagonal] <- found[system$pattern$diagonal] + 1
  sparse_cholesky(system$pattern, found)
}

# A^-1 (Z Lambda)' by rows, at each row's own effects (n, K): half the slopes of the
# log-determinant in the scaled values, before weights. Its sum with the values over K is the
# variance of a row's random part.
inverse_slopes <- function(system, values, cholesky) {
  inverse <- inverse_at_pattern(cholesky)
  slopes <- values * 0
  for (p in seq_len(nrow(system$pairs))) {
    a <- system$pairs[p, 1L]
    b <- system$pairs[p, 2L]
    of <- inverse[system$at[, p]]
    slopes[, a] <- slopes[, a] + of * values[, b]
    if (a != b) slopes[, b] <- slopes[, b] + of * values[, a]
  }
  slopes
}
