# The profile likelihood of a fit: one parameter held, the others at their best.
# Tests: test-mle-fit.R.

#' @rdname torch_mle_methods
#' @importFrom stats confint
#' @export
confint.torch_mle <- function(object, parm, level = 0.95, method = "profile", ...) {
  check_no_dots(...)
  check_choice(method, "method", c("profile", "wald"))
  check_level(level)
  chosen <- chosen_parameters(object, if (!missing(parm)) parm, sys.call())
  tail <- (1 - level) / 2
  labels <- paste(format(100 * c(tail, 1 - tail), trim = TRUE, digits = 3), "%")
  error <- sqrt(base::diag(object$vcov))
  quantile <- stats::qnorm(1 - tail)
  limits <- if (method == "wald") {
    (object$coef + base::outer(error, c(-quantile, quantile)))[chosen, , drop = FALSE]
  } else {
    objective <- fitted_objective(object)
    t(base::vapply(chosen, function(i) profile_limits(object, i, quantile, objective), c(0, 0)))
  }
  base::matrix(limits, length(chosen), dimnames = list(names(object$coef)[chosen], labels))
}

check_level <- function(level, call = sys.call(-1L)) {
  if (!is.numeric(level) || length(level) != 1L || is.na(level) || level <= 0 || level >= 1) {
    abort(call, "`level` must be a number between 0 and 1.")
  }
}

chosen_parameters <- function(object, parm, call) {
  labels <- names(object$coef)
  if (is.null(parm)) return(seq_along(labels))
  chosen <- if (is.character(parm)) match(parm, labels) else seq_along(labels)[parm]
  if (anyNA(chosen)) abort(call, "`parm` must be among the parameters: ", in_words(labels), ".")
  chosen
}

#' @rdname torch_mle_methods
#' @param which Names or numbers of parameters; all where it is missing.
#' @param zmax,points `profile()` looks this far (in standard deviations of a normal), at so many
#'   values on each side.
#' @return `profile()`: a named list of data frames, one a parameter: `z`, the signed root of twice
#'   the fall of the log-likelihood, and the values of all parameters. `plot()` and
#'   `autoplot()` of it draw z over each parameter's value.
#' @importFrom stats profile
#' @export
profile.torch_mle <- function(fitted, which, zmax = 3, points = 6, ...) {
  check_no_dots(...)
  chosen <- chosen_parameters(fitted, if (!missing(which)) which, sys.call())
  error <- sqrt(base::diag(fitted$vcov))
  if (anyNA(error[chosen])) {
    abort(
      sys.call(), "There is no profile without a standard error: ",
      in_words(names(error)[chosen][is.na(error[chosen])]), "."
    )
  }
  objective <- fitted_objective(fitted)
  profiles <- lapply(chosen, function(i) {
    limits <- c(fitted$bounds$lower[i], fitted$bounds$upper[i])
    # A side ends where the likelihood is not defined any more.
    side <- function(sign) {
      found <- list()
      at <- profile_function(fitted, i, objective)
      for (k in seq_len(points)) {
        value <- fitted$coef[[i]] + sign * k * zmax / points * error[i]
        if (value < limits[1L] || value > limits[2L]) break
        now <- tryCatch(at(value), undefined = function(e) NULL)
        if (is.null(now)) break
        found[[k]] <- now
      }
      found
    }
    centre <- list(z = 0, par = fitted$coef)
    all <- c(rev(side(-1)), list(centre), side(1))
    data.frame(
      z = base::vapply(all, function(p) p$z, 0),
      do.call(base::rbind, lapply(all, function(p) p$par)),
      check.names = FALSE
    )
  })
  names(profiles) <- names(fitted$coef)[chosen]
  structure(profiles, class = "torch_profile")
}

# Where z is as large as `quantile`, on both sides; a bound of the parameter where it is not.
profile_limits <- function(object, i, quantile, objective) {
  error <- sqrt(object$vcov[i, i])
  if (is.na(error)) return(c(NA, NA))
  base::vapply(c(-1, 1), function(sign) {
    limit_by_newton(object, i, sign, quantile, objective) %||%
      limit_by_steps(object, i, sign, quantile, objective)
  }, 0)
}

# The limit where the value is that of the limit and the others' gradient is 0: n equations in all n
# parameters, solved by Newton's method from where a quadratic likelihood has it (D. J. Venzon and
# S. H. Moolgavkar, Applied Statistics 37, 1988, 87-94). The Hessian serves several steps. NULL
# where this does not lead straight there: at bounds, without an inverse, or to no minimum of the
# others'.
limit_by_newton <- function(object, i, sign, quantile, objective) {
  errors <- sqrt(base::diag(object$vcov))
  if (anyNA(object$vcov) || any(object$at_bound)) return(NULL)
  highest <- object$min + quantile^2 / 2
  p <- unname(object$coef + sign * quantile * object$vcov[, i] / errors[i])
  hessian <- NULL
  last <- Inf
  for (turn in 1:25) {
    if (any(p <= object$bounds$lower | p >= object$bounds$upper)) return(NULL)
    value <- objective$fn(p)
    if (!is.finite(value) || value < object$min - 1e-8 * max(1, abs(object$min))) return(NULL)
    gradient <- objective$gr(p)
    if (is.null(hessian)) {
      hessian <- tryCatch(unname(objective$he(p)), python_error = function(e) NULL)
      if (is.null(hessian)) return(NULL)
    }
    step <- limit_step(hessian, gradient, value - highest, i)
    if (is.null(step)) return(NULL)
    size <- max(abs(step) / errors)
    if (!is.finite(size)) return(NULL)
    # Not beyond what one Hessian can speak of.
    p <- p + step / max(1, size)
    if (sign * (p[i] - object$coef[[i]]) <= 0) return(NULL)
    if (size <= 1e-9) return(p[i])
    # (Rounding may keep it from the last digit.)
    if (size > 0.2 * last) {
      if (size <= 1e-7) return(p[i])
      hessian <- NULL
    }
    last <- size
  }
  NULL
}

limit_step <- function(hessian, gradient, excess, i) {
  equations <- base::rbind(gradient, hessian[-i, , drop = FALSE])
  sides <- c(excess, gradient[-i])
  # (Where the others are not at a minimum, the limit is no profile's.)
  if (length(gradient) > 1L) {
    least <- min(scaled_curvature(hessian[-i, -i, drop = FALSE])$values)
    if (!is.finite(least) || least <= 1e-10) return(NULL)
  }
  tryCatch(-base::solve(equations, sides, tol = 1e-300), error = function(e) NULL)
}

# The limit by going outward until z is too large, and then between.
limit_by_steps <- function(object, i, sign, quantile, objective) {
  bound <- object$bounds[[if (sign < 0) "lower" else "upper"]][i]
  error <- sqrt(object$vcov[i, i])
  estimate <- object$coef[[i]]
  at <- profile_function(object, i, objective)
  excess <- function(value) abs(at(value)$z) - quantile
  inner <- estimate
  width <- quantile * error
  why <- ""
  for (turn in 1:30) {
    outer <- estimate + sign * width
    if (sign * (outer - bound) > 0) outer <- bound
    beyond <- tryCatch(excess(outer), undefined = function(e) {
      why <<- conditionMessage(e)
      NA
    })
    # Where the likelihood is not defined so far out, look nearer.
    if (is.na(beyond)) {
      width <- (abs(inner - estimate) + width) / 2
      next
    }
    if (beyond >= 0) {
      return(stats::uniroot(excess, sort(c(inner, outer)), tol = 1e-8 * error)$root)
    }
    if (outer == bound) return(bound)
    inner <- outer
    width <- 1.6 * width
  }
  warning(
    "the profile of ", names(object$coef)[i], " has no limit ", if (sign < 0) "below" else "above",
    " its estimate, it is NA", if (nzchar(why)) paste0(": ", why), ".",
    call. = FALSE
  )
  NA_real_
}

# The negative log-likelihood of a fit's free parameters: one for all points of its profiles.
fitted_objective <- function(object) {
  if (any(object$model$random)) return(laplace_objective(object$model, object$fullcoef, NULL))
  torch_objective(free_function(object$model, object$fullcoef), object$coef)
}

# A function of one parameter's value: z, and where all parameters then are.
profile_function <- function(object, i, objective) {
  label <- names(object$coef)[i]
  bounds <- lapply(object$bounds, function(b) b[-i])
  rest <- object$coef[-i]
  undefined <- function(what, value) {
    abort_as("undefined", NULL, what, " is not finite at ", label, " = ", value)
  }
  function(value) {
    p <- replace(object$coef, i, value)
    p[-i] <- rest
    lowest <- objective$fn(unname(p))
    if (!is.finite(lowest)) undefined("the likelihood", value)
    if (length(rest) > 0L) {
      no_derivative <- function(...) undefined("a derivative of the likelihood", value)
      found <- tryCatch(
        by_newton(held_objective(object, objective, p, i), bounds, list(), sys.call()),
        not_finite = no_derivative, python_error = no_derivative
      )
      if (found$convergence == 2L) no_derivative()
      if (found$convergence != 0L) {
        warning(
          "no convergence at ", label, " = ", format(value), ": ", found$message,
          call. = FALSE
        )
      }
      rest[] <<- found$par
      lowest <- found$value
    }
    if (lowest < object$min - 1e-6 * max(1, abs(object$min))) {
      warning("the profile finds a better fit: ", label, " = ", format(value), call. = FALSE)
    }
    z <- sign(value - object$coef[[i]]) * sqrt(2 * max(0, lowest - object$min))
    list(z = z, par = replace(replace(object$coef, i, value), names(rest), rest))
  }
}

# The objective of all but one parameter, which is held.
held_objective <- function(object, objective, p, i) {
  p <- unname(p)
  at <- function(rest) {
    p[-i] <- rest
    p
  }
  he <- function(rest) {
    tryCatch(
      objective$he(at(rest))[-i, -i, drop = FALSE],
      # Perhaps in the parameter that is held alone, as at its bound.
      python_error = function(e) {
        model <- object$model
        model$fixed[match(names(object$coef)[i], names(object$fullcoef))] <- TRUE
        full <- replace(object$fullcoef, names(object$coef), at(rest))
        torch_objective(free_function(model, full), rest)$he(rest)
      }
    )
  }
  list(
    par = p[-i], fn = function(rest) objective$fn(at(rest)),
    gr = function(rest) objective$gr(at(rest))[-i], he = he
  )
}
