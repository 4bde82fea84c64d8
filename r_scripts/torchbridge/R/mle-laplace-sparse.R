# Laplace's approximation with a sparse Hessian. Python finds the Hessian's pattern and its elements
# (bridge/autodiff/sparse_hessian.py), package Matrix its Cholesky factor (mle-cholesky.R); the
# mode, the log-determinant and its gradient by implicit differentiation are here (H. Skaug and
# D. Fournier, 2006, Automatic approximation of the marginal likelihood in non-Gaussian
# hierarchical models).
# Tests: test-mle-laplace.R.

# As dense_laplace() gives it, which it is where the Hessian is not sparse.
sparse_laplace <- function(target, full, random, call) {
  planned <- if (requireNamespace("Matrix", quietly = TRUE)) {
    derived("sparse_hessian.plan", target, flat_tensor(full), as.list(random - 1L), call = call)
  }
  if (is.null(planned)) return(dense_laplace(target, random, call))
  plan <- planned[[1L]]
  at <- lapply(planned[2:3], function(x) as.integer(plain_values(x)))
  pattern <- sparse_pattern(at[[1L]], at[[2L]], length(random))
  value_at <- function(x) {
    value <- derived("derivatives.value_of", target, flat_tensor(x), call = call)
    value <- as.vector(plain_values_of(value))
    if (length(value) == 1L) value else NaN
  }
  # All of a point that Newton's method asks for.
  look <- function(x) {
    found <- derived("sparse_hessian.curvature", target, flat_tensor(x), plan, call = call)
    elements <- as.vector(plain_values(found[[3L]]))
    list(
      x = x, value = found[[1L]], slope = as.vector(plain_values(found[[2L]])),
      elements = elements, cholesky = sparse_cholesky(pattern, elements)
    )
  }
  list(
    mode = function(x) sparse_mode(unname(x), random, value_at, look, pattern),
    gradient = function(mode) {
      inverse <- inverse_at_pattern(mode$cholesky)
      x <- flat_tensor(mode$full)
      found <- derived(
        "sparse_hessian.pull", target, x, plan, lifted(inverse), lifted(mode$elements), call = call
      )
      if (!found[[3L]]) return(NULL)
      pull <- as.vector(plain_values(found[[2L]]))
      gradient <- as.vector(plain_values(found[[1L]])) + pull
      # The mode moves, and with it the log-determinant.
      moved <- numeric(length(gradient))
      moved[random] <- cholesky_solve(mode$cholesky, pull[random])
      if (any(moved != 0)) {
        back <- derived("derivatives.hvp", target, x, flat_tensor(moved), call = call)
        gradient <- gradient - as.vector(plain_values(back))
      }
      replace(gradient, random, 0)
    },
    spread = function(mode, estimated) {
      across <- derived(
        "sparse_hessian.cross", target, flat_tensor(mode$full), plan, as.list(estimated - 1L),
        call = call
      )
      hessian <- pattern$matrix
      hessian@x <- mode$elements
      list(
        hessian = hessian, conditional = inverse_at_pattern(mode$cholesky)[pattern$diagonal],
        moves = -as.matrix(cholesky_solve(mode$cholesky, plain_values(across)))
      )
    }
  )
}

# Newton's method for the random effects, places in x. Gives the number (from 0) of an effect in
# which the function does not curve up; -1 where it is not finite.
sparse_mode <- function(x, random, value_at, look, pattern) {
  value <- value_at(x)
  if (!is.finite(value)) return(-1L)
  for (turn in 1:100) {
    now <- look(x)
    if (!all(is.finite(c(now$slope, now$elements)))) return(-1L)
    curved <- !is.null(now$cholesky)
    step <- -if (curved) {
      cholesky_solve(now$cholesky, now$slope)
    } else {
      damped_sparse_solve(pattern, now$elements, now$slope)
    }
    fall <- -sum(step * now$slope)
    if (curved && fall <= 1e-13 * max(1, abs(now$value))) {
      # One more step has all the digits.
      if (fall > 0) now <- look(replace(x, random, x[random] + step))
      if (!is.null(now$cholesky)) return(laplace_value(now, length(random)))
    }
    size <- 1
    repeat {
      tried <- replace(x, random, x[random] + size * step)
      value <- value_at(tried)
      enough <- now$value - 1e-4 * size * fall + 1e-14 * abs(now$value)
      if (is.finite(value) && value <= enough) break
      size <- size / 2
      if (size < 1e-10) break
    }
    if (size < 1e-10 || fall <= 1e-20) break
    x <- tried
  }
  diagonal <- now$elements[pattern$diagonal]
  flat <- which(diagonal <= 1e-12 * max(abs(diagonal)))
  (if (length(flat) > 0L) flat[1L] else which.min(diagonal)) - 1L
}

laplace_value <- function(now, q) {
  list(
    full = now$x, value = now$value + now$cholesky$log_determinant / 2 - q * log(2 * pi) / 2,
    elements = now$elements, cholesky = now$cholesky
  )
}

# Of a matrix that is not positive definite: as much is added to its diagonal as makes it so.
damped_sparse_solve <- function(pattern, elements, slope) {
  more <- max(abs(elements[pattern$diagonal]), 1e-300)
  for (size in more * 4^(-5:10)) {
    raised <- elements
    raised[pattern$diagonal] <- raised[pattern$diagonal] + size
    cholesky <- sparse_cholesky(pattern, raised)
    if (!is.null(cholesky)) return(cholesky_solve(cholesky, slope))
  }
  slope / more
}
