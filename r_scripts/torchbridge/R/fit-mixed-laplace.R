# Generalised linear mixed models: Laplace's approximation of the marginal likelihood with observed
# curvature, and its gradient, by implicit differentiation of the mode (H. Skaug and D. Fournier,
# 2006, Automatic approximation of the marginal likelihood in non-Gaussian hierarchical models).
# With l the log-likelihood of a row, eta = X beta + Z Lambda u and u ~ N(0, I), it is
# sum(l) - u'u / 2 - log|A| / 2 at the mode, where A = (Z Lambda)' W (Z Lambda) + I and W = -l''.
# Tests: test-fit-mixed-glmm.R.

# `data`: list(design, system, x, x_zero, y, trials, weights, offset, family, link, has_dispersion).
# Parameters are c(beta, theta, log dispersion, zero inflation); here are their places.
mixed_places <- function(data) {
  sizes <- c(
    beta = ncol(data$x), theta = data$design$n_theta, log_phi = as.integer(data$has_dispersion),
    zero = NCOL(data$x_zero) * !is.null(data$x_zero)
  )
  ends <- cumsum(sizes)
  Map(function(size, end) seq_len(size) + end - size, sizes, ends)
}

# The mode of u, from `u` on, and all that follows from it; NULL where there is none.
laplace_mode <- function(data, parameters, u) {
  at <- mixed_places(data)
  state <- list(
    parameters = parameters, values = scaled_values(data$design, parameters[at$theta]),
    log_phi = parameters[at$log_phi],
    fixed = drop(data$x %*% parameters[at$beta]) + data$offset,
    zero = if (!is.null(data$x_zero)) drop(data$x_zero %*% parameters[at$zero])
  )
  places <- data$design$places
  look <- function(u) {
    eta <- state$fixed + times_effects(state$values, places, u)
    rows <- row_derivatives(data, state, eta, 2L)
    list(u = u, eta = eta, rows = rows, value = sum(u^2) / 2 - sum(rows[, 1L]))
  }
  now <- look(u)
  if (!is.finite(now$value)) now <- look(u * 0)
  if (!is.finite(now$value)) return(NULL)
  for (turn in 1:100) {
    slope <- now$u - effects_crossprod(data$design, state$values, now$rows[, 2L])
    cholesky <- system_cholesky(data$system, state$values, -now$rows[, 3L])
    curved <- !is.null(cholesky)
    # Where the log-likelihood bends up, the rows that do count as flat.
    if (!curved) {
      cholesky <- system_cholesky(data$system, state$values, pmax(-now$rows[, 3L], 0))
      if (is.null(cholesky)) return(NULL)
    }
    step <- -cholesky_solve(cholesky, slope)
    fall <- -sum(step * slope)
    # Half the squared length of a step is what the value still falls by.
    if (curved && fall < 1e-20 * max(1, abs(now$value))) break
    size <- 1
    repeat {
      tried <- look(now$u + size * step)
      if (is.finite(tried$value) &&
            tried$value <= now$value - 1e-4 * size * fall + 1e-13 * abs(now$value)) break
      size <- size / 2
      if (size < 1e-10) break
    }
    if (size < 1e-10) break
    settled <- curved && fall < 1e-13 * max(1, abs(now$value))
    now <- tried
    if (settled) {
      cholesky <- system_cholesky(data$system, state$values, -now$rows[, 3L])
      if (is.null(cholesky)) return(NULL)
      break
    }
  }
  if (!curved) return(NULL)
  c(state, list(
    u = now$u, eta = now$eta, cholesky = cholesky, slopes_left = fall,
    objective = now$value + cholesky$log_determinant / 2
  ))
}

# Columns l, l', l'' (and l''', and those of dispersion and zero inflation).
row_derivatives <- function(data, state, eta, order) {
  plain_values(call_python(
    "mixed.derivatives", data$family, data$link, data$tensors$y, data$tensors$trials,
    data$tensors$weights, as_tensor(eta), if (data$has_dispersion) state$log_phi else 0,
    as_tensor(state$zero), order,
    call = NULL
  ))
}

# The derivatives of the negative log-likelihood, at a mode.
laplace_gradient <- function(data, mode) {
  places <- data$design$places
  rows <- row_derivatives(data, mode, mode$eta, 3L)
  slope <- rows[, 2L]
  curve <- -rows[, 3L]
  third <- rows[, 4L]
  inverse <- inverse_slopes(data$system, mode$values, mode$cholesky)
  spread <- base::rowSums(inverse * mode$values)
  # How the log-determinant pulls the mode, through A^-1.
  pull <- effects_crossprod(data$design, mode$values, -spread * third / 2)
  v <- cholesky_solve(mode$cholesky, pull)
  shift <- times_effects(mode$values, places, v)
  of_eta <- -slope - spread * third / 2 - shift * curve
  of_values <- of_eta * mode$u[places] + curve * inverse + slope * v[places]
  of_extra <- function(first) {
    -rows[, first] - spread * rows[, first + 2L] / 2 + shift * rows[, first + 1L]
  }
  first <- 5L
  of_phi <- of_zero <- NULL
  if (data$has_dispersion) {
    of_phi <- sum(of_extra(first))
    first <- first + 3L
  }
  if (!is.null(data$x_zero)) of_zero <- drop(base::crossprod(data$x_zero, of_extra(first)))
  c(drop(base::crossprod(data$x, of_eta)), theta_gradient(data$design, of_values), of_phi, of_zero)
}

# The estimates, as minimise_mixed() gives them, and `mode`, of the deviance.
fit_laplace_mixed <- function(data, start) {
  last <- NULL
  u <- numeric(data$design$n_effects)
  data$tensors <- lapply(data[c("y", "trials", "weights")], as_tensor)
  look <- function(parameters) {
    if (!identical(last$parameters, parameters)) {
      found <- laplace_mode(data, parameters, u)
      if (is.null(found)) return(NULL)
      u <<- found$u
      last <<- found
    }
    last
  }
  objective <- list(
    fn = function(p) {
      found <- look(p)
      if (is.null(found)) Inf else 2 * found$objective
    },
    gr = function(p) 2 * laplace_gradient(data, look(p))
  )
  at <- mixed_places(data)
  lower <- rep(-Inf, length(start))
  lower[at$theta[theta_diagonal(data$design) == 1]] <- 0
  root <- function(x) sqrt(2 * base::colSums(x^2))
  scale <- rep(sqrt(nrow(data$x)), length(start))
  scale[at$beta] <- root(data$x)
  scale[at$theta] <- theta_scale(data$design)
  if (!is.null(data$x_zero)) scale[at$zero] <- root(data$x_zero)
  found <- minimise_mixed(start, objective, lower, scale)
  found$mode <- look(found$par)
  found
}
