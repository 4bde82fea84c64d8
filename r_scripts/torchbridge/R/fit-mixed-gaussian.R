# Linear mixed models: the deviance with fixed effects and residual variance profiled out, and its
# gradient (D. Bates, M. Maechler, B. Bolker and S. Walker, 2015, Fitting linear mixed-effects
# models using lme4, sections 3.4 and 3.6). exp(-deviance / 2) is the (restricted) likelihood at the
# best fixed effects and variance for theta.
# Tests: test-fit-mixed.R.

# Everything at theta. `data`: list(design, system, x, y, weights, reml), of which y has no offset.
profiled_gaussian <- function(data, theta) {
  values <- scaled_values(data$design, theta)
  n <- length(data$y)
  p <- ncol(data$x)
  cholesky <- system_cholesky(data$system, values, data$weights)
  if (is.null(cholesky)) return(NULL)
  given <- base::cbind(data$x, data$y)
  right <- effects_crossprod(data$design, values, data$weights * given)
  right <- base::matrix(right, ncol = p + 1L)
  solved <- cholesky_solve(cholesky, right)
  # V^-1 of the columns, where V is the response's variance over the residual variance.
  fitted <- vapply(seq_len(p + 1L), function(j) {
    times_effects(values, data$design$places, solved[, j])
  }, numeric(n))
  whitened <- data$weights * (given - fitted)
  cross <- base::crossprod(given, whitened)
  of_x <- seq_len(p)
  root <- chol(cross[of_x, of_x, drop = FALSE])
  beta <- backsolve(root, backsolve(root, cross[of_x, p + 1L], transpose = TRUE))
  if (p == 0L) beta <- numeric()
  u <- drop(solved %*% c(-beta, 1))
  residual <- data$y - drop(data$x %*% beta) - times_effects(values, data$design$places, u)
  rss <- sum(data$weights * residual^2) + sum(u^2)
  df <- if (data$reml) n - p else n
  deviance <- cholesky$log_determinant - sum(log(data$weights)) + df * (1 + log(2 * pi * rss / df))
  if (data$reml) deviance <- deviance + 2 * sum(log(base::diag(root)))
  list(
    theta = theta, deviance = deviance, values = values, cholesky = cholesky, solved = solved,
    whitened = whitened, root = root, beta = beta, u = u, residual = residual, rss = rss, df = df
  )
}

# The deviance's derivatives in theta.
gaussian_gradient <- function(data, at) {
  p <- ncol(data$x)
  slopes <- 2 * data$weights * inverse_slopes(data$system, at$values, at$cholesky)
  # The penalised sum of squares is least in u and beta: only Lambda's own part counts.
  places <- data$design$places
  slopes <- slopes - (2 * at$df / at$rss) * data$weights * at$residual * at$u[places]
  if (data$reml && p > 0L) {
    projected <- at$whitened[, seq_len(p), drop = FALSE] %*% chol2inv(at$root)
    for (j in seq_len(p)) {
      slopes <- slopes - 2 * projected[, j] * at$solved[, j][places]
    }
  }
  theta_gradient(data$design, slopes)
}

# The estimates: list(theta, at, convergence, gradient).
fit_gaussian_mixed <- function(data, start) {
  last <- NULL
  look <- function(theta) {
    if (!identical(last$theta, theta)) last <<- profiled_gaussian(data, theta)
    last
  }
  objective <- list(
    fn = function(theta) look(theta)$deviance %||% Inf,
    gr = function(theta) gaussian_gradient(data, look(theta))
  )
  lower <- ifelse(theta_diagonal(data$design) == 1, 0, -Inf)
  found <- minimise_mixed(start, objective, lower, theta_scale(data$design))
  found$at <- look(found$par)
  found
}
