# Tests: test-fit-fit.R, test-fit-train.R.

#' What a fit says about itself
#'
#' The extractors of R's own models, for fits of [torch_fit()].
#'
#' `coef()` of an exact model are its coefficients (of `multinomial()`, a matrix with a row for each
#' class but the first); of a network, a list of its parameters as arrays, by the names that PyTorch
#' gives them. `vcov()` and `confint()` are for exact models.
#'
#' `logLik()` of an exact model is that of `lm()` and `glm()`. Of a network it follows from the
#' loss: `"mse_loss"` is a normal response with the variance that makes it most likely,
#' `"poisson_nll_loss"` a Poisson, and the losses of classes a multinomial response; its degrees of
#' freedom are the number of parameters. `deviance()` is then the sum of squares, or -2
#' log-likelihood. `AIC()` and `BIC()` follow.
#'
#' @param object,x,formula A `torch_fit`.
#' @param complete `FALSE` leaves out coefficients that are NA because others explain them.
#' @param level Coverage of the intervals.
#' @param parm Names or numbers of the coefficients; all by default.
#' @param method `"wald"`: the estimate and multiples of its standard error, of Student's t where
#'   the dispersion is estimated. `"profile"`: where the profile likelihood has fallen by as much as
#'   a normal quantile allows (Venables and Ripley, 2002, Modern Applied Statistics with S, section
#'   7.2). NULL is R's own choice: `"wald"` as of `lm()`
#'   and `nnet::multinom()`, `"profile"` as of `glm()`.
#' @param type `"response"`, y minus its mean; of exact models also `"deviance"`, `"pearson"` and
#'   `"working"`, as of `glm()`. Of `cox()` `"response"` is `"martingale"`, events minus those that
#'   the model expects, and `"deviance"` makes them symmetric, as of `residuals.coxph()`; of `aft()`
#'   it is the time minus the fitted one. For `weights()` `"prior"`, those that were given, or
#'   `"working"`, of the last iteration, as of `glm()`.
#' @param ... Not used.
#' @return As of the same functions for `lm()` and `glm()`. `residuals()` and `fitted()` have NA
#'   where `na.exclude` left rows out.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' fit <- torch_fit(am ~ wt, data = mtcars, model = logistic())
#' coef(fit)
#' confint(fit)
#' AIC(fit)
#' @name torch_fit_extractors
NULL

#' @rdname torch_fit_extractors
#' @export
coef.torch_fit <- function(object, ...) {
  check_no_dots(...)
  if (!is.null(object$exact)) return(object$exact$coefficients)
  call_python("predict.parameters", object$weights)[object$parameter_names]
}

#' @rdname torch_fit_extractors
#' @export
vcov.torch_fit <- function(object, complete = TRUE, ...) {
  check_no_dots(...)
  check_flag(complete, "complete")
  found <- need_exact(object, "Covariances", sys.call())$covariance
  known <- !is.na(diag(found))
  if (complete) found else found[known, known, drop = FALSE]
}

#' @rdname torch_fit_extractors
#' @export
confint.torch_fit <- function(object, parm, level = 0.95, method = NULL, ...) {
  check_no_dots(...)
  call <- sys.call()
  exact <- need_exact(object, "Confidence intervals", call)
  if (!is_number(level) || level <= 0 || level >= 1) {
    abort(call, "`level` must be a number between 0 and 1.")
  }
  # As R's own: confint() of an lm and of a multinom is Wald's, that of a glm is not.
  if (is.null(method)) method <- if (is_rs_glm(exact)) "profile" else "wald"
  check_string(method, "method", call)
  if (!method %in% c("profile", "wald")) refuse_name(method, c("profile", "wald"), "method", call)
  if (method == "profile") need_one_response(object, "Profile likelihoods", call)
  if (method == "profile" && !is_glm(exact)) {
    abort(call, "`method` must be \"wald\" for ", exact_name(exact), ", not \"profile\".")
  }
  estimate <- flat_coef(exact)
  chosen <- if (missing(parm)) seq_along(estimate) else chosen_coef(parm, names(estimate), call)
  tails <- c((1 - level) / 2, 1 - (1 - level) / 2)
  if (method == "profile") {
    found <- profile_intervals(object, level, chosen, call)
    found[is.nan(found)] <- NA
  } else {
    error <- standard_errors(exact)
    quantiles <- if (uses_t(exact)) stats::qt(tails, exact$df_residual) else stats::qnorm(tails)
    found <- (estimate + outer(error, quantiles))[chosen, , drop = FALSE]
  }
  labels <- paste(format(100 * tails, trim = TRUE, digits = 3L), "%")
  matrix(found, length(chosen), dimnames = list(names(estimate)[chosen], labels))
}

chosen_coef <- function(parm, names, call) {
  absent <- if (is.character(parm)) setdiff(parm, names) else setdiff(parm, seq_along(names))
  if (length(absent) > 0L) abort(call, "`parm`: there is no coefficient ", name_list(absent), ".")
  if (is.character(parm)) match(parm, names) else parm
}

# A vector also where there are classes.
flat_coef <- function(exact) {
  estimate <- exact$coefficients
  if (has_responses(exact)) {
    estimate <- as.vector(estimate)
  } else if (is.matrix(estimate)) {
    estimate <- as.vector(t(estimate))
  }
  stats::setNames(c(estimate, exact$extra), rownames(exact$covariance))
}

#' @rdname torch_fit_extractors
#' @export
nobs.torch_fit <- function(object, ...) { # nolint: object_name_linter.
  # step() asks with `use.fallback`.
  check_no_dots(..., except = "use.fallback")
  if (is.null(object$exact)) object$nobs else object$exact$n_obs
}

#' @rdname torch_fit_extractors
#' @export
formula.torch_fit <- function(x, ...) {
  # as.formula() asks with `env`.
  check_no_dots(..., except = "env")
  if (is.null(x$terms)) abort(sys.call(), "The fit has no formula: it is of x and y.")
  found <- stats::formula(x$terms)
  strata <- x$preparation$strata
  if (!is.null(strata)) found[[3L]] <- call("+", found[[3L]], strata)
  found
}

#' @rdname torch_fit_extractors
#' @export
terms.torch_fit <- function(x, ...) x$terms

#' @rdname torch_fit_extractors
#' @export
family.torch_fit <- function(object, ...) { # nolint: object_name_linter.
  check_no_dots(...)
  exact <- need_exact(object, "Families", sys.call())
  if (!is_glm(exact)) abort(sys.call(), "R has no family object for ", exact_name(exact), ".")
  exact_family(exact)
}

#' @rdname torch_fit_extractors
#' @export
fitted.torch_fit <- function(object, ...) {
  check_no_dots(...)
  check_not_streamed(object, sys.call())
  stats::napredict(object$na.action, object$fitted.values)
}

#' @rdname torch_fit_extractors
#' @export
weights.torch_fit <- function(object, type = "prior", ...) { # nolint: object_name_linter.
  check_no_dots(...)
  call <- sys.call()
  check_string(type, "type", call)
  if (!type %in% c("prior", "working")) refuse_name(type, c("prior", "working"), "type", call)
  if (type == "working") need_glm(object, "Working weights", call)
  found <- object$prior.weights
  if (is_rs_glm(object$exact)) {
    # As of glm(): of every row, with its name.
    check_not_streamed(object, call)
    found <- as.vector(if (type == "working") working_weights(object) else row_weights(object))
    names(found) <- names(object$fitted.values)
  }
  stats::naresid(object$na.action, found)
}

#' @rdname torch_fit_extractors
#' @export
df.residual.torch_fit <- function(object, ...) {
  check_no_dots(...)
  need_exact(object, "Residual degrees of freedom", sys.call())$df_residual
}

#' @rdname torch_fit_extractors
#' @export
sigma.torch_fit <- function(object, ...) { # nolint: object_name_linter.
  check_no_dots(...)
  exact <- need_exact(object, "Dispersions", sys.call())
  sqrt(if (has_responses(exact)) diag(exact$dispersion) else exact$dispersion)
}

#' @rdname torch_fit_extractors
#' @export
deviance.torch_fit <- function(object, ...) {
  check_no_dots(...)
  if (!is.null(object$exact)) return(object$exact$deviance)
  if (object$loss == "mse_loss") return(sum(row_weights(object) * residuals_of(object)^2))
  -2 * as.numeric(stats::logLik(object))
}

#' @rdname torch_fit_extractors
#' @export
logLik.torch_fit <- function(object, ...) {
  check_no_dots(...)
  if (!is.null(object$exact)) {
    need_one_response(object, "Log-likelihoods", sys.call())
    value <- object$exact$log_likelihood
    df <- object$exact$df
  } else {
    value <- network_likelihood(object, sys.call())
    df <- object$n_parameters + (object$loss == "mse_loss")
  }
  # As of coxph(): censored rows say little.
  n <- if (identical(object$exact$family, "cox")) object$exact$n_events else stats::nobs(object)
  if (is_rs_glm(object$exact)) n <- n + n_of_no_weight(object)
  structure(value, df = df, nobs = n, class = "logLik")
}

network_likelihood <- function(fit, call) {
  y <- fit$response
  mu <- fit$fitted.values
  w <- row_weights(fit)
  classes <- c("cross_entropy", "nll_loss", "binary_cross_entropy_with_logits")
  if (!is.null(y) && fit$loss == "mse_loss" && is.null(dim(y))) {
    n <- sum(w > 0)
    return(sum(log(w[w > 0])) / 2 - n / 2 * (log(2 * pi * sum(w * (y - mu)^2) / n) + 1))
  }
  if (!is.null(y) && fit$loss == "poisson_nll_loss" && is.null(dim(y))) {
    # dpois() takes whole numbers alone.
    return(sum(w * (y * log(mu) - mu - lgamma(y + 1))))
  }
  if (!is.null(fit$levels) && fit$loss %in% classes) {
    p <- class_probabilities(mu, fit$levels)
    return(sum(w * log(p[cbind(seq_along(y), as.integer(y))])))
  }
  abort(call, "The log-likelihood does not follow from the loss, ", fit$loss, ".")
}

row_weights <- function(fit) {
  if (is.null(fit$prior.weights)) rep(1, NROW(fit$response)) else fit$prior.weights
}

# A column a class, also where there are two.
class_probabilities <- function(p, levels) {
  if (is.null(dim(p))) p <- cbind(1 - p, p)
  dimnames(p) <- list(rownames(p), levels)
  p
}

#' @rdname torch_fit_extractors
#' @export
residuals.torch_fit <- function(object, type = "response", ...) {
  check_no_dots(...)
  call <- sys.call()
  check_string(type, "type", call)
  types <- c("response", "deviance", "pearson", "working", "martingale")
  if (!type %in% types) refuse_name(type, types, "type", call)
  if (is.null(object$response)) abort(call, "The fit keeps no responses, so it has no residuals.")
  found <- if (inherits(object$response, "Surv") || type == "martingale") {
    survival_residuals(object, type, call)
  } else if (type == "response") {
    residuals_of(object)
  } else {
    exact <- need_exact(object, paste0("Residuals of type \"", type, "\""), call)
    if (!is_glm(exact)) {
      abort(
        call, "`type` must be \"response\" for ", exact_name(exact), ", not \"", type, "\"."
      )
    }
    glm_residuals(object, exact_family(exact), type)
  }
  stats::naresid(object$na.action, found)
}

# y as numbers: 0 and 1 of two classes, a column a class of more.
numeric_response <- function(fit) {
  y <- fit$response
  if (is.null(fit$levels)) return(y)
  if (length(fit$levels) == 2L) return(as.integer(y) - 1L)
  outer(as.integer(y), seq_along(fit$levels), "==") * 1
}

residuals_of <- function(fit) {
  if (inherits(fit$response, "Surv")) return(surv_residuals(fit))
  numeric_response(fit) - fit$fitted.values
}

glm_residuals <- function(fit, family, type) {
  y <- numeric_response(fit)
  mu <- fit$fitted.values
  w <- row_weights(fit)
  switch(type,
    deviance = ifelse(y > mu, 1, -1) * sqrt(pmax(family$dev.resids(y, mu, w), 0)),
    pearson = (y - mu) * sqrt(w) / sqrt(family$variance(mu)),
    working = (y - mu) / family$mu.eta(fit$exact$linear_predictor)
  )
}
