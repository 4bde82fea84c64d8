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
# all parameters with the random ones at their mode, and `spread()` what is left of them there. The
# Hessian is of differences of the gradient.
laplace_objective <- function(model, full, call) {
  estimated <- which(!model$fixed & !model$random)
  whole <- model
  whole$fixed[] <- FALSE
  target <- target_of(free_function(whole, full), full, list(), TRUE, call)
  engine <- sparse_laplace(target, full, which(model$random), call)
  last <- list()
  at <- function(p) {
    if (identical(last$p, as.vector(p))) return(last)
    # So far out that derivatives are not finite, optimisers step back.
    from <- function(begin) {
      tryCatch(
        engine$mode(replace(begin, estimated, p)),
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
    last <<- c(list(p = as.vector(p)), found)
    last
  }
  gr <- function(p) {
    now <- at(p)
    if (is.null(now$gradient)) {
      gradient <- engine$gradient(now)
      if (is.null(gradient)) {
        # There is a way through the function on which other elements of the Hessian are not 0.
        engine <<- dense_laplace(target, which(model$random), call)
        last <<- last["full"]
        return(gr(p))
      }
      now$gradient <- last$gradient <<- gradient[estimated]
    }
    now$gradient
  }
  list(
    par = full[estimated], fn = function(p) at(p)$value, gr = gr,
    he = function(p) {
      found <- difference_hessian(p, list(gr = gr), rep(TRUE, length(p)))
      labelled(found, names(full)[estimated])
    },
    mode = function(p) stats::setNames(at(p)$full, names(full)),
    spread = function(p) engine$spread(at(p), estimated)
  )
}

# The approximation with a dense Hessian, all of it in Python: `mode(x)`, from all parameters the
# same with the random effects at their mode (`full`) and the `value` there, or what refuse_start()
# takes; `gradient(mode)` in all parameters; `spread(mode, estimated)`.
dense_laplace <- function(target, random, call) {
  places <- as.list(random - 1L)
  list(
    mode = function(x) {
      found <- derived("laplace.at", target, flat_tensor(x), places, call = call)
      if (!is.list(found)) return(found)
      list(
        value = found[[1L]], slope = as.vector(plain_values(found[[2L]])),
        full = as.vector(plain_values(found[[3L]]))
      )
    },
    gradient = function(mode) mode$slope,
    spread = function(mode, estimated) {
      found <- derived("laplace.spread", target, flat_tensor(mode$full), places, call = call)
      found <- lapply(found, plain_values)
      list(
        hessian = found[[1L]], conditional = base::diag(found[[2L]]),
        moves = found[[3L]][, estimated, drop = FALSE]
      )
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
    BFGS = , `L-BFGS` = if (length(control) == 0L) {
      # PORT's, whose first step is short: optim()'s, as long as the gradient, goes where the mode
      # is far (and L-BFGS-B stops where a value is not finite).
      by_nlminb(objective[c("par", "fn", "gr")], bounds, list(rel.tol = 1e-11))
    } else {
      by_optim(
        objective, bounds, method, utils::modifyList(coarse_control(method, bounds), control)
      )
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
joint_variance <- function(object) {
  labels <- names(object$fullcoef)
  slopes <- base::diag(length(labels))
  joint <- joint_products(object, slopes)
  dimnames(joint) <- list(labels, labels)
  joint
}

# H^-1 b, of a dense matrix or one of package Matrix.
precision_solve <- function(hessian, b) {
  if (isS4(hessian)) Matrix::solve(hessian, b) else base::solve(hessian, b)
}

# slopes V slopes' for a matrix of a row a function and a column a parameter.
joint_products <- function(object, slopes) {
  spread <- object$spread
  slopes <- untied_slopes(object$model, slopes)
  estimated <- !object$model$fixed & !object$model$random
  of_u <- slopes[, object$model$random, drop = FALSE]
  of_theta <- slopes[, estimated, drop = FALSE] + of_u %*% spread$moves
  left <- as.matrix(precision_solve(spread$hessian, t(of_u)))
  of_theta %*% object$vcov %*% t(of_theta) + of_u %*% left
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
  moves <- object$spread$moves
  data.frame(
    effect = effects, conditional = sqrt(object$spread$conditional),
    std.error = sqrt(object$spread$conditional + base::rowSums((moves %*% object$vcov) * moves)),
    row.names = names(effects)
  )
}
