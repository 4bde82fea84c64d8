# What R asks of lm() and glm() beside the extractors: tables of terms, selection, influence.

#' Compare terms, and look for rows of influence
#'
#' The verbs of R's linear models, for exact fits: `linear()`, `logistic()` and R's families.
#' `drop1()`, `add1()` and `step()` work by them.
#'
#' @param object,fit,formula,model A `torch_fit`.
#' @param ... For `anova()`, more fits of the same rows, to compare each with the one before; else
#'   not used.
#' @param test `"F"` or `"Chisq"`; NULL is `"F"` where the dispersion is estimated.
#' @param scale Not used: the dispersion is the fit's own.
#' @param k Weight of a parameter in the criterion; 2 is AIC.
#' @return `anova()`: a table of class `anova`, of the terms in their order where there is one fit,
#'   as of `anova.lm()` and `anova.glm()`. `extractAIC()`: parameters and criterion.
#'   `model.frame()`, `model.matrix()`: the data of the fit as they are now, without rows that were
#'   left out. `hatvalues()`, `rstandard()` (of deviance residuals) and `cooks.distance()`: a number
#'   a row, as of `lm()` and `glm()` (Cook and Weisberg, 1982, Residuals and influence in
#'   regression).
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' fit <- torch_fit(mpg ~ wt + qsec + am, data = mtcars, model = linear())
#' anova(fit)
#' formula(step(fit, trace = 0))
#' head(sort(cooks.distance(fit), decreasing = TRUE), 3)
#' @name torch_fit_classical
NULL

#' @rdname torch_fit_classical
#' @importFrom stats anova
#' @export
anova.torch_fit <- function(object, ..., test = NULL) {
  call <- sys.call()
  exact <- need_glm(object, "Tables of terms", call)
  others <- list(...)
  if (!all(vapply(others, inherits, NA, "torch_fit"))) {
    abort(call, "`...` must be fits of torch_fit(), to compare.")
  }
  if (is.null(test)) test <- if (uses_t(exact)) "F" else "Chisq"
  check_string(test, "test", call)
  if (!test %in% c("F", "Chisq")) refuse_name(test, c("F", "Chisq"), "test", call)
  if (length(others) > 0L) {
    fits <- c(list(object), others)
    for (fit in others) {
      need_glm(fit, "Tables of terms", call)
      if (fit$exact$n_obs != exact$n_obs) abort(call, "The fits must be of the same rows.")
    }
    labels <- vapply(fits, function(fit) deparse1(stats::formula(fit)), "")
    heading <- paste0("Model ", format(seq_along(fits)), ": ", labels, collapse = "\n")
  } else {
    fits <- fits_by_term(object, call)
    labels <- c("NULL", attr(object$terms, "term.labels"))
    heading <- paste0("Response: ", deparse1(stats::formula(object)[[2L]]))
  }
  anova_table(fits, test, heading, if (length(others) == 0L) labels, exact)
}

# The fits of no term, the first, the first two, ... and all.
fits_by_term <- function(fit, call) {
  if (is.null(fit$terms)) abort(call, "The fit has no formula, and so no terms.")
  fits <- list(fit)
  now <- stats::formula(fit)
  for (label in rev(attr(fit$terms, "term.labels"))) {
    now <- stats::update(now, stats::as.formula(paste(". ~ . -", label)))
    fits <- c(list(stats::update(fit, now)), fits)
  }
  fits
}

anova_table <- function(fits, test, heading, labels, exact) {
  df <- vapply(fits, function(fit) as.numeric(fit$exact$df_residual), 1)
  deviance <- vapply(fits, function(fit) fit$exact$deviance, 1)
  fall <- c(NA, -diff(deviance))
  step <- c(NA, -diff(df))
  # Of the largest, as of anova.lm().
  largest <- fits[[which.min(df)]]$exact
  ratio <- fall / step / largest$dispersion
  p <- if (test == "F") {
    stats::pf(ratio, abs(step), largest$df_residual, lower.tail = FALSE)
  } else {
    stats::pchisq(fall / largest$dispersion * sign(step), abs(step), lower.tail = FALSE)
  }
  found <- data.frame(df, deviance, step, fall)
  names(found) <- c("Resid. Df", "Resid. Dev", "Df", "Deviance")
  if (test == "F") found$F <- ratio
  found[[if (test == "F") "Pr(>F)" else "Pr(>Chi)"]] <- p
  if (!is.null(labels)) row.names(found) <- labels
  title <- paste0("Analysis of deviance: ", exact$family, ", link ", exact$link)
  structure(
    found, heading = c(title, paste0(heading, "\n")), class = c("anova", "data.frame")
  )
}

need_glm <- function(fit, what, call) {
  exact <- need_exact(fit, what, call)
  if (exact$family == "multinomial") abort(call, what, " are not for multinomial().")
  exact
}

#' @rdname torch_fit_classical
#' @importFrom stats extractAIC
#' @export
extractAIC.torch_fit <- function(fit, scale = 0, k = 2, ...) { # nolint: object_name_linter.
  exact <- need_exact(fit, "Criteria", sys.call())
  if (exact$family == "gaussian" && exact$link == "identity") {
    # As of lm(), whose criterion leaves constants out.
    n <- exact$n_obs
    return(c(exact$rank, n * log(exact$deviance / n) + k * exact$rank))
  }
  rank <- exact$n_obs - exact$df_residual
  if (exact$family == "multinomial") rank <- exact$df
  c(rank, -2 * exact$log_likelihood + 2 * exact$df + (k - 2) * rank)
}

#' @rdname torch_fit_classical
#' @importFrom stats model.frame
#' @export
model.frame.torch_fit <- function(formula, ...) { # nolint: object_name_linter.
  call <- sys.call()
  if (is.null(formula$terms)) abort(call, "The fit has no formula: it is of x and y.")
  stats::model.frame(
    formula$terms, own_data(formula, call), xlev = formula$preparation$xlevels,
    drop.unused.levels = TRUE
  )
}

#' @rdname torch_fit_classical
#' @importFrom stats model.matrix
#' @export
model.matrix.torch_fit <- function(object, ...) { # nolint: object_name_linter.
  call <- sys.call()
  exact <- need_exact(object, "Design matrices", call)
  given <- rows_of(object, NULL, NULL, call)
  coefficients <- exact$coefficients
  found <- exact_design(object, given)
  dimnames(found) <- list(
    given$row_names, if (is.matrix(coefficients)) colnames(coefficients) else names(coefficients)
  )
  found
}

#' @rdname torch_fit_classical
#' @importFrom stats hatvalues
#' @export
hatvalues.torch_fit <- function(model, ...) {
  call <- sys.call()
  exact <- need_glm(model, "Leverages", call)
  x <- stats::model.matrix(model)[, !is.na(exact$coefficients), drop = FALSE]
  found <- rowSums(qr.Q(qr(x * sqrt(as.vector(exact$working_weights))))^2)
  stats::naresid(model$na.action, stats::setNames(found, names(model$fitted.values)))
}

#' @rdname torch_fit_classical
#' @importFrom stats rstandard
#' @export
rstandard.torch_fit <- function(model, ...) {
  hat <- stats::hatvalues(model)
  stats::residuals(model, "deviance") / sqrt(model$exact$dispersion * (1 - hat))
}

#' @rdname torch_fit_classical
#' @importFrom stats cooks.distance
#' @export
cooks.distance.torch_fit <- function(model, ...) { # nolint: object_name_linter.
  hat <- stats::hatvalues(model)
  pearson <- stats::residuals(model, "pearson") / (1 - hat)
  pearson^2 * hat / (model$exact$dispersion * model$exact$rank)
}
