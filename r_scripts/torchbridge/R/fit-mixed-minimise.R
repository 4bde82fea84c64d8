# The outer minimisation of mixed models: an objective with exact gradients, bounds at 0 for
# standard deviations, and Newton's steps, with a Hessian from differences of the gradient, for the
# last digits.
# Tests: test-fit-mixed.R.

# list(par, value, gradient, hessian, held, convergence, message): `held` are the parameters at
# their bound, which have no row in the Hessian.
minimise_mixed <- function(start, objective, lower, scale) {
  found <- coarse_minimum(start, objective, lower, scale)
  newton_end(off_the_bound(found$par, objective, lower, scale), objective, lower)
}

# `scale` are roots of what the second derivatives may be. (Of many levels they are thousands of
# times those of few: of one scale nlminb() goes to and fro across the valley, by short steps.)
coarse_minimum <- function(start, objective, lower, scale) {
  stats::nlminb(
    start, objective$fn, objective$gr, lower = lower, scale = scale,
    control = list(rel.tol = 1e-10, x.tol = 1e-8, eval.max = 1000, iter.max = 500)
  )
}

# At a standard deviation of 0 the gradient in it is 0, whether there is a minimum or not.
off_the_bound <- function(par, objective, lower, scale) {
  held <- which(par <= lower + 1e-6)
  if (length(held) == 0L) return(par)
  best <- objective$fn(par)
  for (i in held) {
    for (step in c(1e-3, 0.1)) {
      tried <- replace(par, i, step)
      if (objective$fn(tried) >= best) next
      again <- coarse_minimum(tried, objective, lower, scale)
      if (again$objective < best) {
        par <- again$par
        best <- again$objective
      }
      break
    }
  }
  # What is left there is there.
  rest <- replace(par, par <= lower + 1e-6, 0)
  if (objective$fn(rest) <= best + 1e-9 * abs(best)) rest else par
}

newton_end <- function(par, objective, lower) {
  value <- objective$fn(par)
  gradient <- objective$gr(par)
  free <- par > lower
  hessian <- NULL
  settled <- !any(free)
  for (turn in 1:8) {
    if (settled) break
    # (A new Hessian where the first step was long.)
    if (is.null(hessian) || turn == 3L) {
      hessian <- difference_hessian(par, objective, free)
      root <- tryCatch(chol(hessian), error = function(e) NULL)
      if (is.null(root)) break
    }
    step <- -backsolve(root, backsolve(root, gradient[free], transpose = TRUE))
    # In standard errors, of a deviance whose Hessian is twice that of the log-likelihood.
    size <- sqrt(sum((root %*% step)^2))
    settled <- size < 1e-6
    if (settled) break
    tried <- replace(par, free, pmax(par[free] + step, lower[free] + 1e-12))
    now <- objective$fn(tried)
    if (!is.finite(now) || now > value + 1e-10 * abs(value)) {
      settled <- size < 1e-4
      break
    }
    par <- tried
    value <- now
    gradient <- objective$gr(par)
  }
  list(
    par = par, value = value, gradient = gradient, hessian = hessian, held = !free,
    converged = settled
  )
}

# Central differences of the gradient, among the free parameters.
difference_hessian <- function(par, objective, free) {
  places <- which(free)
  found <- vapply(places, function(i) {
    step <- 1e-4 * max(abs(par[i]), 0.05)
    above <- objective$gr(replace(par, i, par[i] + step))
    below <- objective$gr(replace(par, i, par[i] - step))
    (above - below)[free] / (2 * step)
  }, numeric(length(places)))
  found <- base::matrix(found, length(places))
  (found + t(found)) / 2
}
