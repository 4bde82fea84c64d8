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
  numbers <- planned_numbers(target, plan, length(full), call)
  value_at <- function(x) {
    value <- derived_numbers("value", target, x, call = call)
    if (!is.null(value)) return(value)
    value <- derived("derivatives.value_of", target, flat_tensor(x), call = call)
    value <- as.vector(plain_values_of(value))
    if (length(value) == 1L) value else NaN
  }
  slope_at <- function(x) {
    found <- evaluate_at(target, x, length(x))
    list(value = found$value, slope = found$gradient[random])
  }
  # All of a point that Newton's method asks for.
  look <- function(x) {
    found <- numbers("curvature", x)
    if (is.null(found)) {
      found <- derived("sparse_hessian.curvature", target, flat_tensor(x), plan, call = call)
      found <- unlist(lapply(found, plain_values_of), use.names = FALSE)
    }
    slope <- found[1L + seq_along(random)]
    elements <- found[-seq_len(1L + length(random))]
    list(
      x = x, value = found[1L], slope = slope, elements = elements,
      cholesky = sparse_cholesky(pattern, elements)
    )
  }
  cholesky <- NULL
  list(
    mode = function(x) {
      x <- unname(x)
      # The last mode's factor, for this is near.
      near <- if (!is.null(cholesky)) steps_by_factor(x, random, slope_at, cholesky)
      found <- sparse_mode(near %||% x, random, value_at, look, pattern, known = !is.null(near))
      cholesky <<- if (is.list(found)) found$cholesky
      found
    },
    gradient = function(mode) sparse_gradient(mode, target, random, plan, numbers, call),
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

# The approximation's gradient at a mode; NULL where the elements are not the whole Hessian.
sparse_gradient <- function(mode, target, random, plan, numbers, call) {
  inverse <- inverse_at_pattern(mode$cholesky)
  x <- mode$full
  found <- numbers("pull", c(x, inverse, mode$elements))
  if (is.null(found)) {
    found <- derived(
      "sparse_hessian.pull", target, flat_tensor(x), plan, lifted(inverse),
      lifted(mode$elements),
      call = call
    )
    found <- unlist(lapply(found, plain_values_of), use.names = FALSE)
  }
  if (found[length(found)] == 0) return(NULL)
  pull <- found[length(x) + seq_along(x)]
  gradient <- found[seq_along(x)] + pull
  # The mode moves, and with it the log-determinant.
  moved <- numeric(length(gradient))
  moved[random] <- cholesky_solve(mode$cholesky, pull[random])
  if (any(moved != 0)) {
    gradient <- gradient - hessian_product(target, x, moved, call)
  }
  replace(gradient, random, 0)
}

# curvature() or pull() of numbers, in R's numbers; NULL where the function is not replayed.
planned_numbers <- function(target, plan, n, call) {
  made <- list()
  function(verb, numbers) {
    entry <- held_replay(target)
    if (is.null(entry)) return(NULL)
    if (!identical(made$entry, entry)) made <<- list(entry = entry)
    if (is.null(made[[verb]])) {
      made[[verb]] <<- call_python(
        "sparse_hessian.evaluator", entry$replay, plan, verb, n,
        call = call
      )
    }
    on.exit(if (entry$state$ran) look_around(entry))
    evaluated(made[[verb]], as.double(numbers), call)
  }
}

hessian_product <- function(target, x, v, call) {
  found <- derived_numbers("hvp", target, x, v, call = call)
  if (!is.null(found)) return(found)
  as.vector(plain_values(
    derived("derivatives.hvp", target, flat_tensor(x), flat_tensor(v), call = call)
  ))
}

# Steps towards the mode with the factor of a Hessian nearby, which take gradients alone, while each
# is much shorter than the last; until the next would change no digit. Lengths are those of the
# factor: what the function would fall by. NULL where they lead away.
steps_by_factor <- function(x, random, slope_at, cholesky) {
  last <- Inf
  for (turn in 1:10) {
    now <- slope_at(x)
    if (!all(is.finite(c(now$value, now$slope)))) return(NULL)
    step <- -cholesky_solve(cholesky, now$slope)
    fall <- -sum(step * now$slope)
    if (fall > last) return(NULL)
    if (fall > 0.05 * last) return(x)
    next_fall <- fall * (if (is.finite(last)) fall / last else 1)
    x <- replace(x, random, x[random] + step)
    if (next_fall <= exact_fall * max(1, abs(now$value))) return(x)
    last <- fall
  }
  x
}

# At a mode with all its digits a Newton step promises no more than this of the value.
exact_fall <- 1e-24

# Newton's method for the random effects, places in x, where the function is `known` to be finite
# or not. Gives the number (from 0) of an effect in which the function does not curve up; -1 where
# it is not finite.
sparse_mode <- function(x, random, value_at, look, pattern, known = FALSE) {
  if (!known && !is.finite(value_at(x))) return(-1L)
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
      if (fall > 100 * exact_fall * max(1, abs(now$value))) {
        now <- look(replace(x, random, x[random] + step))
      }
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
