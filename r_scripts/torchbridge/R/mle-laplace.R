# torch_mle() with random effects, which Laplace's approximation integrates out.
# Tests: test-mle-laplace.R.

# Which elements of the parameters are random.
random_labels <- function(start, random, is_fixed, call) {
  labels <- labels_of(start)
  if (is.null(random)) return(rep(FALSE, length(labels)))
  owner <- if (is.list(start)) rep(names(start), lengths(start)) else labels
  if (!is.character(random) || !all(random %in% c(owner, labels))) {
    abort(
      call, "`random` must name parameters of `start` (", in_words(unique(owner)), "), not ",
      if (is.character(random)) {
        in_words(setdiff(random, c(owner, labels)))
      } else {
        friendly_type(random)
      },
      "."
    )
  }
  (owner %in% random | labels %in% random) & !is_fixed
}

# As torch_objective() gives it, of the parameters that are neither fixed nor random; `mode()` gives
# all parameters as they were at the last gradient. The Hessian is of differences of the gradient.
laplace_objective <- function(model, full, call) {
  estimated <- which(!model$fixed & !model$random)
  random <- as.list(which(model$random) - 1L)
  whole <- model
  whole$fixed[] <- FALSE
  target <- differentiable(free_function(whole, full), full, call = call)
  last <- list()
  at <- function(p) {
    if (identical(last$p, as.vector(p))) return(last)
    # So far out that derivatives are not finite, optimisers step back.
    from <- function(begin) {
      asked <- flat_tensor(replace(begin, estimated, p))
      tryCatch(
        call_python("laplace.at", target$f, asked, random, call = call),
        value_error = function(e) if (is.null(last$full)) stop(e) else -1L
      )
    }
    found <- from(last$full %||% full)
    # The last mode may be far from this one.
    if (!is.list(found) && !is.null(last$full)) found <- from(full)
    if (!is.list(found)) {
      if (is.null(last$full)) refuse_start(found, names(full)[model$random], call)
      return(list(value = Inf, gradient = rep(NaN, length(estimated))))
    }
    last <<- list(
      p = as.vector(p), value = found[[1L]],
      gradient = as.vector(plain_values(found[[2L]]))[estimated],
      full = stats::setNames(as.vector(plain_values(found[[3L]])), names(full))
    )
    last
  }
  gr <- function(p) at(p)$gradient
  list(
    par = full[estimated], fn = function(p) at(p)$value, gr = gr,
    he = function(p) {
      found <- difference_hessian(p, list(gr = gr), rep(TRUE, length(p)))
      labelled(found, names(full)[estimated])
    },
    mode = function(p) at(p)$full,
    spread = function(p) {
      found <- call_python("laplace.spread", target$f, flat_tensor(at(p)$full), random, call = call)
      lapply(found, plain_values)
    }
  )
}

refuse_start <- function(problem, labels, call) {
  if (problem < 0) {
    abort(
      call, "The negative log-likelihood is not finite at `start`; start where it is, or set ",
      "`lower` and `upper`."
    )
  }
  abort(
    call, "The negative log-likelihood does not curve up in the random effect `",
    labels[problem + 1L], "`: neither the data nor a distribution inform it. Add its density, ",
    "such as -sum(dnorm(u, 0, sigma, log = TRUE)), or leave it out of `random`."
  )
}

# The estimates, the variance of all that is estimated or predicted, and the objective's parts.
fit_laplace <- function(model, begin, bounds, method, control, call) {
  objective <- laplace_objective(model, begin, call)
  bounds$any <- any(is.finite(c(bounds$lower, bounds$upper)))
  found <- switch(method,
    BFGS = , `L-BFGS` = if (bounds$any && length(control) == 0L) {
      # (L-BFGS-B stops where a value is not finite.)
      by_nlminb(objective[c("par", "fn", "gr")], bounds, list(rel.tol = 1e-13))
    } else {
      usual <- coarse_control(method, bounds)
      by_optim(objective, bounds, method, utils::modifyList(usual, control))
    },
    Newton = by_newton(objective, bounds, control, call),
    trust = by_nlminb(objective, bounds, control),
    abort(
      call, "`method` must be \"BFGS\", \"L-BFGS\", \"Newton\" or \"trust\" with `random`, not \"",
      method, "\"."
    )
  )
  objective$par <- stats::setNames(as.vector(found$par), names(objective$par))
  final <- polish(objective, bounds)
  list(found = found, final = final, objective = objective)
}

# Random effects and estimates together: what is left of the random effects where theta is known,
# and what theta's own variance moves them by.
joint_variance <- function(object, spread) {
  labels <- names(object$fullcoef)
  estimated <- which(!object$model$fixed & !object$model$random)
  random <- which(object$model$random)
  moves <- spread[[2L]][, estimated, drop = FALSE]
  joint <- base::matrix(0, length(labels), length(labels), dimnames = list(labels, labels))
  joint[estimated, estimated] <- object$vcov
  joint[random, estimated] <- moves %*% object$vcov
  joint[estimated, random] <- t(joint[random, estimated])
  joint[random, random] <- spread[[1L]] + moves %*% object$vcov %*% t(moves)
  joint
}

#' @rdname torch_mle_methods
#' @param condVar Of `ranef()`: `TRUE` gives a data frame of the random effects, their standard
#'   deviations where the parameters are known (`conditional`), and with the uncertainty of the
#'   parameters (`std.error`).
#' @export
ranef.torch_mle <- function(object, condVar = FALSE, ...) { # nolint: object_name_linter.
  check_no_dots(...)
  check_flag(condVar, "condVar")
  if (!any(object$model$random)) abort(sys.call(), "The fit has no `random` effects.")
  effects <- object$fullcoef[object$model$random]
  if (!condVar) return(effects)
  data.frame(
    effect = effects, conditional = sqrt(base::diag(object$conditional)),
    std.error = sqrt(base::diag(object$joint)[object$model$random]), row.names = names(effects)
  )
}
