# The estimates of a model with random effects, in the parameters of its formula: columns have been
# brought to one scale for the minimiser, and go back here.
# Tests: test-fit-mixed.R, test-fit-mixed-glmm.R.

# list(coefficients, vcov, theta, theta_vcov, sigma, b, variances, ...) of a linear model.
estimate_linear <- function(task, reml, call) {
  n <- length(task$y)
  p <- ncol(task$x)
  if (n <= p) abort(call, "There are ", n, " rows for ", p, " fixed effects.")
  if (length(unique(task$y - task$offset)) < 2L) {
    abort(call, "The response is one number in all rows: there is no variance to estimate.")
  }
  scaled <- scaled_design(task$design)
  basis <- orthogonal_basis(task$x)
  data <- list(
    design = scaled$design, system = mixed_system(scaled$design), x = basis$x,
    y = task$y - task$offset, weights = task$weights, reml = reml
  )
  refuse_saturated(task$design, n, call)
  found <- fit_gaussian_mixed(data, theta_diagonal(task$design))
  warn_of_mixed(found, call)
  at <- found$at
  sigma <- sqrt(at$rss / at$df)
  back <- basis$back
  theta <- found$par / scaled$theta
  design <- task$design
  fixed <- named_effects(drop(back %*% at$beta), task$x)
  random <- times_effects(at$values, design$places, at$u)
  fitted <- task$y - at$residual
  # The restricted likelihood knows the fixed effects' units.
  deviance <- at$deviance
  if (reml && p > 0L) deviance <- deviance - 2 * determinant(back)$modulus[[1L]]
  c(
    list(
      coefficients = fixed,
      vcov = named_square(sigma^2 * back %*% chol2inv(at$root) %*% t(back), names(fixed)),
      theta = theta, sigma = sigma, REML = reml, deviance = deviance,
      df = p + length(theta) + 1L, fitted.values = fitted, linear.predictors = fitted,
      random_part = random, convergence = found$converged,
      variance_vcov = linear_variance_vcov(data, found, scaled$theta)
    ),
    effects_of(design, data$system, theta, at$u, at$cholesky, sigma)
  )
}

# Likewise of the other families.
estimate_generalized <- function(task, family, call) {
  scaled <- scaled_design(task$design)
  basis <- orthogonal_basis(task$x)
  zero <- if (!is.null(task$x_zero)) orthogonal_basis(task$x_zero)
  data <- c(
    list(
      design = scaled$design, system = mixed_system(scaled$design), x = basis$x, x_zero = zero$x,
      has_dispersion = family$dispersion
    ),
    task[c("y", "trials", "weights", "offset", "family", "link")]
  )
  found <- fit_laplace_mixed(data, generalized_start(data, call))
  warn_of_mixed(found, call)
  mode <- found$mode
  at <- mixed_places(data)
  # From the minimiser's parameters to the formula's, and the variance with them.
  size <- length(found$par)
  back <- base::diag(size)
  back[at$beta, at$beta] <- basis$back
  back[cbind(at$theta, at$theta)] <- 1 / scaled$theta
  if (!is.null(zero)) back[at$zero, at$zero] <- zero$back
  par <- drop(back %*% found$par)
  variance <- base::matrix(NA_real_, size, size)
  free <- !found$held
  if (!is.null(found$hessian)) {
    inverse <- tryCatch(2 * chol2inv(chol(found$hessian)), error = function(e) NULL)
    if (!is.null(inverse)) {
      part <- back[free, free, drop = FALSE]
      variance[free, free] <- part %*% inverse %*% t(part)
    }
  }
  fixed <- named_effects(par[at$beta], task$x)
  mean <- family_mean(family, mode$eta)
  zeros <- if (!is.null(mode$zero)) stats::plogis(mode$zero)
  variance_places <- c(at$theta, at$log_phi)
  c(
    list(
      coefficients = fixed,
      vcov = named_square(variance[at$beta, at$beta, drop = FALSE], names(fixed)),
      theta = par[at$theta], sigma = family_sigma(family, par[at$log_phi]), REML = FALSE,
      deviance = found$value, df = size, fitted.values = mean * (1 - (zeros %||% 0)),
      linear.predictors = mode$eta, random_part = times_effects(
        mode$values, task$design$places, mode$u
      ),
      convergence = found$converged,
      variance_vcov = variance[variance_places, variance_places, drop = FALSE]
    ),
    if (!is.null(zero)) {
      coefficients <- named_effects(par[at$zero], task$x_zero)
      list(
        zero = coefficients, zero_probability = zeros,
        zero_vcov = named_square(variance[at$zero, at$zero, drop = FALSE], names(coefficients))
      )
    },
    effects_of(task$design, data$system, par[at$theta], mode$u, mode$cholesky, 1)
  )
}

# ---- helpers ----

# Random effects' columns with a mean square of 1, so that one start and one step fit all; and the
# factor of each theta.
scaled_design <- function(design) {
  factors <- list()
  for (t in seq_along(design$terms)) {
    term <- design$terms[[t]]
    size <- sqrt(base::colMeans(term$matrix^2))
    size[size == 0 | !is.finite(size)] <- 1
    design$values[, term$columns] <- sweep(term$matrix, 2L, size, `/`)
    square <- base::matrix(size, length(size), length(size))
    factors[[t]] <- square[lower.tri(square, diag = TRUE)]
  }
  list(design = design, theta = unlist(factors))
}

# Columns that are orthogonal, of mean square 1, and the matrix that brings coefficients back.
orthogonal_basis <- function(x) {
  if (ncol(x) == 0L) return(list(x = x, back = base::matrix(0, 0L, 0L)))
  decomposed <- qr(x, LAPACK = FALSE)
  root <- qr.R(decomposed)[, order(decomposed$pivot), drop = FALSE] / sqrt(nrow(x))
  list(x = qr.Q(decomposed) * sqrt(nrow(x)), back = solve(root))
}

named_effects <- function(values, x) stats::setNames(values, colnames(x))

named_square <- function(m, names) {
  dimnames(m) <- list(names, names)
  m
}

# A model in which each row has its own random effects has nothing left for the residual.
refuse_saturated <- function(design, n, call) {
  for (term in design$terms) {
    effects <- nlevels(term$group) * ncol(term$matrix)
    if (nlevels(term$group) >= n || effects > n) {
      abort(
        call, "`formula`: the term of `", term$label, "` has ", effects, " random effects for ", n,
        " rows, so that the residual variance is not known; leave a slope out, or group more ",
        "coarsely."
      )
    }
  }
}

warn_of_mixed <- function(found, call) {
  if (!found$converged) {
    warning(warningCondition(
      paste0(
        "no convergence: the largest derivative of the deviance is ",
        format(max(abs(found$gradient[!found$held])), digits = 3L),
        if (!is_positive(found$hessian)) {
          ", and its Hessian is not positive definite: leave out a random effect"
        }
      ),
      call = call
    ))
  }
}

is_positive <- function(m) {
  !is.null(m) && !is.null(tryCatch(chol(m), error = function(e) NULL))
}

# Random effects by levels, and their conditional variances.
effects_of <- function(design, system, theta, u, cholesky, sigma) {
  inverse <- inverse_at_pattern(cholesky)
  found <- lapply(design$terms, function(term) {
    size <- ncol(term$matrix)
    factor <- factor_of(term, theta)
    by_level <- base::matrix(u[term$effects], ncol = size, byrow = TRUE)
    first <- term$effects[seq.int(1L, by = size, length.out = nlevels(term$group))]
    variances <- array(0, c(size, size, length(first)))
    for (i in seq_len(size)) {
      for (j in seq_len(size)) {
        variances[i, j, ] <- inverse[pattern_at(system$pattern, first + i - 1L, first + j - 1L)]
      }
    }
    variances <- vapply(seq_along(first), function(level) {
      sigma^2 * factor %*% array(variances[, , level], c(size, size)) %*% t(factor)
    }, base::matrix(0, size, size))
    list(
      b = base::matrix(
        by_level %*% t(factor), ncol = size, dimnames = list(levels(term$group), term$names)
      ),
      variances = array(variances, c(size, size, length(first)))
    )
  })
  list(effects = lapply(found, `[[`, "b"), effect_variances = lapply(found, `[[`, "variances"))
}

# The variance of theta and log(sigma): that of theta is the profiled deviance's, and sigma's
# follows, for sigma^2 = rss / df at each theta.
linear_variance_vcov <- function(data, found, scale) {
  size <- length(found$par)
  variance <- base::matrix(NA_real_, size + 1L, size + 1L)
  free <- !found$held
  inverse <- if (any(free)) tryCatch(2 * chol2inv(chol(found$hessian)), error = function(e) NULL)
  at <- found$at
  if (is.null(inverse) && any(free)) return(variance)
  slopes <- -2 * data$weights * at$residual * at$u[data$design$places]
  rss_slope <- theta_gradient(data$design, array(slopes, dim(data$design$places)))
  slope <- (rss_slope / (2 * at$rss))[free] * scale[free]
  places <- c(which(free), size + 1L)
  inverse <- inverse / base::outer(scale[free], scale[free])
  across <- drop(inverse %*% slope)
  variance[places, places] <- base::rbind(
    base::cbind(inverse, across), c(across, 1 / (2 * at$df) + sum(slope * across))
  )
  variance
}

# Where the minimiser starts: a fit without random effects, and moderate ones.
generalized_start <- function(data, call) {
  positive <- data$y + (data$y == 0) * 0.1
  share <- (data$y + 0.5) / (data$trials + 1)
  family <- switch(data$family,
    binomial = stats::binomial(data$link), beta = stats::quasibinomial(data$link),
    gamma = stats::Gamma(data$link), gaussian = stats::gaussian(data$link),
    stats::poisson(data$link)
  )
  y <- switch(data$family, binomial = data$y / data$trials, data$y)
  first <- switch(data$family, binomial = share, beta = data$y, positive)
  plain <- tryCatch(
    suppressWarnings(stats::glm.fit(
      data$x, y, weights = data$weights * data$trials, offset = data$offset, family = family,
      mustart = first
    )),
    error = function(e) NULL
  )
  beta <- plain$coefficients
  if (is.null(beta) || !all(is.finite(beta))) {
    beta <- base::crossprod(data$x, family$linkfun(first) - data$offset) / nrow(data$x)
  }
  # (Separated classes have no finite estimates.)
  beta <- pmin(pmax(drop(beta), -10), 10)
  # (Columns are orthogonal: the nearest to a logit of -1 in each row.)
  zero <- if (!is.null(data$x_zero)) -base::colMeans(data$x_zero)
  scale <- if (data$link %in% c("identity", "inverse", "sqrt")) {
    stats::sd(family$linkfun(first)) / 4
  } else {
    0.5
  }
  log_phi <- switch(data$family,
    gaussian = log(stats::var(data$y) / 2), gamma = log(stats::var(data$y) / mean(data$y)^2 / 2),
    negative_binomial = 0, beta = 1
  )
  start <- c(beta, scale * theta_diagonal(data$design), log_phi, zero)
  start
}

family_mean <- function(family, eta) {
  if (family$link == "inverse") return(1 / eta)
  stats::make.link(family$link)$linkinv(eta)
}

family_sigma <- function(family, log_phi) {
  switch(family$family,
    binomial = , poisson = 1, gaussian = , gamma = exp(log_phi / 2), exp(log_phi)
  )
}
