# What is asked of a fit of torch_mle().
# Tests: test-mle-fit.R.

#' Reports on a maximum likelihood fit
#'
#' @param object,x,fitted A fit of [torch_mle()]; for `plot()` and `autoplot()` its `profile()`.
#' @param type `"hessian"`: the inverse of the exact Hessian. `"sandwich"`: also right where the
#'   variance is not the model's (H. White, 1982); `minuslogl` must give one number an observation.
#'   Of `vcov()` alone `"joint"`: with the random effects, the variance of their prediction error.
#' @param fixed `TRUE` gives the parameters held at a value too.
#' @param parm Names or numbers of parameters; all where it is missing.
#' @param level Confidence level.
#' @param method `"profile"`: where the profile likelihood falls by the chi-squared quantile.
#'   `"wald"`: estimate and standard error.
#' @param ... For `anova()` more fits, nested in one another; otherwise not used.
#' @param fun A function of the parameters (in the shape of `start`) and, where `newdata` is given,
#'   of that, which gives numbers. It runs on tensors, as [grad()] has it.
#' @param newdata Second argument of `fun`.
#' @param se.fit `TRUE` gives standard errors too, by the delta method with the exact Jacobian.
#' @param conf.int,conf.level,conf.method For `tidy()`: whether there are columns `conf.low` and
#'   `conf.high`, and of which kind.
#' @param vcov. For `summary()` and `tidy()`: `type` of the variance of the estimates.
#' @return `coef()`: a named vector; `vcov()`, `confint()`: matrices; `logLik()`: of class
#'   `logLik`; `anova()`: a table of likelihood ratio tests; `predict()`: a vector, or a list of
#'   `fit` and `se.fit`; `tidy()` and `glance()`: data frames as broom has them.
#' @name torch_mle_methods
NULL

#' @rdname torch_mle_methods
#' @importFrom stats coef
#' @export
coef.torch_mle <- function(object, fixed = FALSE, ...) {
  check_no_dots(...)
  check_flag(fixed, "fixed")
  if (fixed) object$fullcoef else object$coef
}

#' @rdname torch_mle_methods
#' @importFrom stats vcov
#' @export
vcov.torch_mle <- function(object, type = "hessian", ...) {
  check_no_dots(...)
  check_choice(type, "type", c("hessian", "sandwich", "joint"))
  if (type == "hessian") return(object$vcov)
  if (type == "joint") {
    if (!any(object$model$random)) abort(sys.call(), "The fit has no `random` effects.")
    return(joint_variance(object))
  }
  scores <- scores_of(object)
  bread <- object$vcov
  inside <- !object$at_bound
  meat <- base::crossprod(scores[, inside, drop = FALSE])
  bread[inside, inside] <- bread[inside, inside] %*% meat %*% bread[inside, inside]
  bread
}

check_choice <- function(x, name, choices, call = sys.call(-1L)) {
  if (!is_string(x) || !x %in% choices) {
    abort(
      call, "`", name, "` must be ", paste0("\"", choices, "\"", collapse = " or "), ", not ",
      if (is_string(x)) paste0("\"", x, "\"") else friendly_type(x), "."
    )
  }
}

# One row an observation: the derivatives of its part of the negative log-likelihood.
scores_of <- function(object, call = sys.call(-1L)) {
  if (any(object$model$random)) {
    abort(call, "A sandwich variance is not for fits with `random` effects.")
  }
  f <- free_function(object$model, object$fullcoef, total = FALSE)
  scores <- jacobian(f, object$coef)
  if (nrow(scores) < 2L) {
    abort(
      call, "A sandwich variance needs one number an observation: let `minuslogl` give ",
      "-dnorm(..., log = TRUE), not its sum."
    )
  }
  scores
}

#' @rdname torch_mle_methods
#' @importFrom stats logLik
#' @export
logLik.torch_mle <- function(object, ...) {
  check_no_dots(...)
  structure(-object$min, df = length(object$coef), nobs = object$nobs, class = "logLik")
}

#' @rdname torch_mle_methods
#' @importFrom stats nobs
#' @export
nobs.torch_mle <- function(object, ...) {
  check_no_dots(...)
  object$nobs
}

#' @rdname torch_mle_methods
#' @export
print.torch_mle <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  print_call(x$call)
  cat("Coefficients:\n")
  print(x$coef, ...)
  tied <- x$model$tied %||% seq_along(x$fullcoef)
  follows <- tied != seq_along(tied)
  if (any(x$model$fixed & !follows)) {
    cat("\nFixed:\n")
    print(x$fullcoef[x$model$fixed & !follows], ...)
  }
  if (any(follows)) {
    labels <- names(x$fullcoef)
    cat("\nTied:", paste(labels[follows], "=", labels[tied[follows]], collapse = ", "), "\n")
  }
  cat("\nLog-likelihood:", format(-x$min), "\n")
  invisible(x)
}

print_call <- function(call) cat("Call:\n", paste(deparse(call), collapse = "\n"), "\n\n", sep = "")

#' @rdname torch_mle_methods
#' @export
summary.torch_mle <- function(object, vcov. = "hessian", ...) { # nolint: object_name_linter.
  check_no_dots(...)
  variance <- vcov.torch_mle(object, vcov.)
  structure(
    list(
      call = object$call, coefficients = coefficient_table(object$coef, variance),
      min2logl = 2 * object$min, df = length(object$coef), nobs = object$nobs, variance = vcov.
    ),
    class = "summary.torch_mle"
  )
}

coefficient_table <- function(estimate, variance) {
  error <- sqrt(base::diag(variance))
  z <- estimate / error
  base::cbind(
    Estimate = estimate, `Std. Error` = error, `z value` = z,
    `Pr(>|z|)` = 2 * stats::pnorm(-abs(z))
  )
}

#' @export
print.summary.torch_mle <- function(x, ...) {
  check_no_dots(..., except = c(names(formals(print.default)), names(formals(stats::printCoefmat))))
  print_call(x$call)
  cat("Coefficients:\n")
  stats::printCoefmat(x$coefficients, ...)
  if (x$variance == "sandwich") cat("(standard errors: sandwich)\n")
  cat("\n-2 log L:", format(x$min2logl), "on", x$df, "parameters")
  if (!is.na(x$nobs)) cat(",", x$nobs, "observations")
  cat("\n")
  invisible(x)
}

#' @rdname torch_mle_methods
#' @importFrom stats anova
#' @export
anova.torch_mle <- function(object, ...) {
  fits <- list(object, ...)
  wrong <- which(!vapply(fits, inherits, NA, what = "torch_mle"))
  if (length(wrong) > 0L) {
    abort(
      sys.call(), "Argument ", wrong[1L], " must be a fit of torch_mle(), not ",
      friendly_type(fits[[wrong[1L]]]), "."
    )
  }
  if (length(fits) < 2L) abort(sys.call(), "anova() compares two fits or more.")
  counts <- unique(vapply(fits, function(f) as.double(f$nobs), 0))
  if (length(counts[!is.na(counts)]) > 1L) {
    abort(sys.call(), "The fits are of different numbers of observations: ", toString(counts), ".")
  }
  df <- vapply(fits, function(f) length(f$coef), 0L)
  minus2 <- vapply(fits, function(f) 2 * f$min, 0)
  change <- c(NA, abs(diff(df)))
  statistic <- c(NA, -diff(minus2) * sign(diff(df)))
  p <- stats::pchisq(statistic, change, lower.tail = FALSE)
  p[change == 0] <- NA
  names <- vapply(as.list(sys.call())[-1L], function(e) paste(deparse(e), collapse = ""), "")
  table <- data.frame(df, minus2, change, statistic, p)
  dimnames(table) <- list(
    make.unique(as.character(names)), c("npar", "-2 log L", "Df", "Chisq", "Pr(>Chisq)")
  )
  structure(table,
    heading = "Likelihood ratio tests\n", class = c("anova", "data.frame")
  )
}

#' @rdname torch_mle_methods
#' @importFrom stats predict
#' @export
predict.torch_mle <- function(object, fun, newdata = NULL, se.fit = FALSE, ...) { # nolint
  check_no_dots(...)
  check_flag(se.fit, "se.fit")
  if (missing(fun) || !is.function(fun)) {
    abort(sys.call(), "`fun` must be a function of the parameters that gives the predictions.")
  }
  skeleton <- object$model$skeleton
  given <- if (is.null(newdata)) list() else list(newdata)
  fun <- with_constructs(fun)
  mark_prepared(environment())
  predictor <- function(flat) do.call("fun", c(list(in_shape(flat, skeleton)), given), quote = TRUE)
  target <- differentiable(predictor, object$fullcoef)
  fit <- call_python("derivatives.value_of", target$f, target$x, call = sys.call())
  fit <- as.vector(plain_values_of(fit))
  if (!se.fit) return(fit)
  slope <- jacobian(predictor, object$fullcoef)
  if (any(object$model$random)) {
    variance <- base::diag(joint_products(object, slope))
  } else {
    slope <- untied_slopes(object$model, slope)[, !object$model$fixed, drop = FALSE]
    variance <- base::rowSums((slope %*% object$vcov) * slope)
  }
  list(fit = fit, se.fit = sqrt(variance))
}

#' @rdname torch_mle_methods
#' @param nsim,seed As of [stats::simulate()].
#' @return `simulate()`: a data frame of `nsim` columns, each what `fun` draws by R's random
#'   numbers (`rnorm()`, ...) from the parameters, in the shape of `start`: the random effects too,
#'   as they are predicted, which `fun` may draw anew.
#' @importFrom stats simulate
#' @export
simulate.torch_mle <- function(object, nsim = 1, seed = NULL, fun, ...) {
  check_no_dots(...)
  check_count(nsim, "nsim", 1)
  if (missing(fun) || !is.function(fun)) {
    abort(
      sys.call(), "`fun` must be a function of the parameters that draws a response, such as ",
      "function(p) rnorm(10, p$mean, p$sd)."
    )
  }
  if (!is.null(seed)) {
    before <- get0(".Random.seed", envir = globalenv(), inherits = FALSE)
    set.seed(seed)
    on.exit(restore_seed(before))
  }
  parameters <- like_numbers(object$fullcoef, object$model$skeleton)
  draws <- lapply(seq_len(nsim), function(i) as.vector(fun(parameters)))
  names(draws) <- paste0("sim_", seq_len(nsim))
  as.data.frame(draws)
}

#' @rdname torch_mle_methods
#' @export
tidy.torch_mle <- function(x, conf.int = FALSE, conf.level = 0.95, # nolint: object_name_linter.
                           conf.method = "profile", vcov. = "hessian", ...) { # nolint
  check_no_dots(...)
  check_flag(conf.int, "conf.int")
  table <- coefficient_table(x$coef, vcov.torch_mle(x, vcov.))
  result <- data.frame(term = names(x$coef), table, row.names = NULL)
  names(result) <- c("term", "estimate", "std.error", "statistic", "p.value")
  if (conf.int) {
    limits <- confint.torch_mle(x, level = conf.level, method = conf.method)
    result$conf.low <- unname(limits[, 1L])
    result$conf.high <- unname(limits[, 2L])
  }
  result
}

#' @rdname torch_mle_methods
#' @export
glance.torch_mle <- function(x, ...) { # nolint: object_name_linter.
  check_no_dots(...)
  found <- logLik.torch_mle(x)
  data.frame(
    logLik = as.numeric(found), AIC = stats::AIC(found), BIC = stats::BIC(found),
    df = length(x$coef), nobs = x$nobs
  )
}
