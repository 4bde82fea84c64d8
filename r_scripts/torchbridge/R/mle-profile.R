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
    t(base::vapply(chosen, function(i) profile_limits(object, i, quantile), c(0, 0)))
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
  profiles <- lapply(chosen, function(i) {
    limits <- c(fitted$bounds$lower[i], fitted$bounds$upper[i])
    # A side ends where the likelihood is not defined any more.
    side <- function(sign) {
      found <- list()
      at <- profile_function(fitted, i)
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
profile_limits <- function(object, i, quantile) {
  error <- sqrt(object$vcov[i, i])
  if (is.na(error)) return(c(NA, NA))
  c(
    profile_limit(object, i, -1, quantile, error, object$bounds$lower[i]),
    profile_limit(object, i, 1, quantile, error, object$bounds$upper[i])
  )
}

profile_limit <- function(object, i, sign, quantile, error, bound) {
  estimate <- object$coef[[i]]
  at <- profile_function(object, i)
  excess <- function(value) abs(at(value)$z) - quantile
  inner <- estimate
  width <- quantile * error
  for (turn in 1:30) {
    outer <- estimate + sign * width
    if (sign * (outer - bound) > 0) outer <- bound
    beyond <- tryCatch(excess(outer), undefined = function(e) NA)
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
  NA_real_
}

# A function of one parameter's value: z, and where all parameters then are.
profile_function <- function(object, i) {
  label <- names(object$coef)[i]
  place <- match(label, names(object$fullcoef))
  model <- object$model
  model$fixed[place] <- TRUE
  bounds <- lapply(object$bounds, function(b) b[-i])
  rest <- object$coef[-i]
  function(value) {
    full <- replace(object$fullcoef, place, value)
    if (length(rest) > 0L) full[names(rest)] <- rest
    lowest <- value_at(object$model, full)
    if (!is.finite(lowest)) stop(structure(
      class = c("undefined", "error", "condition"),
      list(message = paste0("the likelihood is not finite at ", label, " = ", value), call = NULL)
    ))
    if (length(rest) > 0L) {
      found <- torch_optim(
        rest, free_function(model, full),
        method = "Newton", lower = bounds$lower, upper = bounds$upper
      )
      if (found$convergence != 0L) {
        warning(
          "no convergence at ", label, " = ", format(value), ": ", found$message,
          call. = FALSE
        )
      }
      rest <<- found$par
      lowest <- found$value
    }
    if (lowest < object$min - 1e-6 * max(1, abs(object$min))) {
      warning("the profile finds a better fit: ", label, " = ", format(value), call. = FALSE)
    }
    z <- sign(value - object$coef[[i]]) * sqrt(2 * max(0, lowest - object$min))
    list(z = z, par = replace(replace(object$coef, i, value), names(rest), rest))
  }
}

value_at <- function(model, full) {
  torch_objective(free_function(model, full), full[!model$fixed])$fn(unname(full[!model$fixed]))
}
