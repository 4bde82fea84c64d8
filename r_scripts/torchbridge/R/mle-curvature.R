# How a negative log-likelihood curves at its minimum: Newton's steps there, and the variance of
# the estimates. The Hessian is looked at with its diagonal scaled to 1, so that the parameters'
# units do not count; what it says in directions along which it does not curve is rounding.

# Newton steps from where the optimiser stopped, for the last digits. All of them use one
# Hessian, which is needed anyway; it is made again only if they lead away from it. Directions in
# which it hardly curves are left for last: what is rounding there shows only when the gradient in
# the others is 0.
polish <- function(objective, bounds) {
  p <- unname(objective$par)
  value <- objective$fn(p)
  hessian <- objective$he(p)
  moved <- noise <- 0
  least <- suspicious
  settled <- FALSE
  for (turn in 1:40) {
    gradient <- objective$gr(p)
    inside <- !is_held(p, gradient, bounds)
    newton <- if (any(inside)) {
      newton_step(hessian[inside, inside, drop = FALSE], gradient[inside], least)
    }
    if (is.null(newton)) break
    if (newton$size <= 1e-10) {
      settled <- least < suspicious || !newton$flat
      if (settled) break
      hessian <- objective$he(p)
      moved <- 0
      noise <- max(noise_of(objective, p, hessian, inside), 10 * newton$slope)
      least <- max(1e-14 * length(p), noise)
      next
    }
    tried <- p
    tried[inside] <- p[inside] + newton$step
    if (any(tried < bounds$lower | tried > bounds$upper)) break
    now <- objective$fn(tried)
    if (!is.finite(now) || now > value + 1e-12 * abs(value)) {
      settled <- newton$size <= 1e-6
      break
    }
    p <- tried
    value <- now
    moved <- moved + newton$size
    if (moved > 0.01) {
      hessian <- objective$he(p)
      moved <- 0
    }
  }
  if (moved > 1e-8) hessian <- objective$he(p)
  gradient <- objective$gr(p)
  names(p) <- names(objective$par)
  list(
    par = p, value = value, gradient = gradient, hessian = hessian, noise = noise,
    at_bound = is_held(unname(p), gradient, bounds), settled = settled
  )
}

# By Newton's method, which does not mind the parameters' units, where the optimiser stopped too
# far away; what was there before where this does not arrive either.
polish_again <- function(objective, before, bounds) {
  objective$par[] <- before$par
  again <- tryCatch(
    by_newton(objective, bounds, list(), sys.call()),
    python_error = function(e) NULL
  )
  if (is.null(again)) return(before)
  objective$par[] <- again$par
  final <- polish(objective, bounds)
  if (final$settled && final$value <= before$value) final else before
}

# At a bound, with the minimum beyond it.
is_held <- function(p, gradient, bounds) {
  (p <= bounds$lower & gradient >= 0) | (p >= bounds$upper & gradient <= 0)
}

# The inverse of the Hessian; NA where it has none that the data decide.
inverse_hessian <- function(fit, noise) {
  inside <- !fit$at_bound
  labels <- names(fit$coef)
  result <- base::matrix(NA_real_, length(labels), length(labels), dimnames = list(labels, labels))
  hessian <- fit$hessian[inside, inside, drop = FALSE]
  curves <- scaled_curvature(hessian)
  limit <- max(1e-14 * length(labels), noise)
  if (any(curves$values < -suspicious)) {
    warning(
      "the Hessian is not positive definite at the estimates: there are no standard errors",
      call. = FALSE
    )
  } else if (any(curves$values <= limit)) {
    flat <- curves$vectors[, curves$values <= limit, drop = FALSE]
    alike <- labels[inside][apply(abs(flat), 1L, max) > 0.01]
    warning(
      "the data do not decide ", in_words(alike), if (length(alike) > 1L) " (one by one)",
      ": the Hessian is singular at the estimates, and there are no standard errors",
      call. = FALSE
    )
  } else {
    root <- chol(curves$scaled)
    result[inside, inside] <- chol2inv(root) / outer(curves$size, curves$size)
  }
  if (!all(inside)) {
    warning(
      in_words(labels[!inside]), " at a bound: no standard error", call. = FALSE
    )
  }
  result
}

# ---- helpers ----

# The Hessian with a diagonal of 1 (0 where it does not curve at all), and its eigenvalues.
scaled_curvature <- function(hessian) {
  size <- sqrt(abs(base::diag(hessian)))
  size[size == 0] <- 1
  scaled <- hessian / outer(size, size)
  c(list(size = size, scaled = scaled), eigen(scaled, symmetric = TRUE))
}

# The step to the minimum among the directions in which the scaled Hessian's eigenvalue is above
# `least`; its largest part in standard errors (`size`), the largest part of the scaled gradient
# (`slope`), and whether there are other directions (`flat`). NULL where the Hessian bends down.
newton_step <- function(hessian, gradient, least) {
  curves <- scaled_curvature(hessian)
  if (min(curves$values) < -1e-6) return(NULL)
  steep <- curves$values > least
  if (!any(steep)) return(NULL)
  along <- crossprod(curves$vectors[, steep, drop = FALSE], gradient / curves$size)
  step <- -curves$vectors[, steep, drop = FALSE] %*% (along / curves$values[steep])
  list(
    step = drop(step) / curves$size, size = max(abs(along) / sqrt(curves$values[steep])),
    slope = max(abs(along)), flat = !all(steep)
  )
}

# An eigenvalue of the scaled Hessian below which rounding is looked for.
suspicious <- 1e-6

# How large an eigenvalue of the scaled Hessian may be from rounding alone: ten times how far the
# Hessian moves with the last digits of the parameters.
noise_of <- function(objective, p, hessian, inside) {
  moved <- vapply(c(-4, 4), function(digits) {
    near <- tryCatch(
      objective$he(p * (1 + digits * .Machine$double.eps)),
      error = function(e) hessian
    )
    size <- scaled_curvature(hessian[inside, inside, drop = FALSE])$size
    max(abs(near - hessian)[inside, inside, drop = FALSE] / outer(size, size))
  }, 0)
  10 * max(moved)
}
