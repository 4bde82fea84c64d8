# What R asks of lm() and glm() beside the extractors: tables of terms, selection, influence.

#' Compare terms
#'
#' The verbs of R's linear models, for exact fits: `linear()`, `logistic()` and R's families.
#' `step()` works by them. They are about the rows that the fit was made of, also where others have
#' NA for some of the terms, and do not look at the data again; only `add1()` and `update()` do.
#'
#' @param object,fit,formula,model A `torch_fit`.
#' @param ... For `anova()`, more fits of the same rows, to compare each with the one before; else
#'   not used.
#' @param test `"F"` or `"Chisq"`, for which `"LRT"` stands, too; NULL is `"F"` where the dispersion
#'   is estimated.
#' @param scale The dispersion where it is known; 0 is the fit's own. Of `linear()` the criterion is
#'   then Mallows's Cp.
#' @param k Weight of a parameter in the criterion; 2 is AIC.
#' @return `anova()`: a table of class `anova`, of the terms in their order where there is one fit,
#'   as of `anova.lm()` and `anova.glm()`; of several fits of `cox()`, `aft()`, `ordinal()`,
#'   `multinomial()` or `quantile_regression()` their likelihood ratios. `extractAIC()`: parameters
#'   and criterion.
#'   `drop1()`, `add1()`: a table as of `drop1.lm()` and `drop1.glm()`. `update()`: the fit, or its
#'   call. `model.frame()`, `model.matrix()`: the data of the fit, without rows that were left out.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' fit <- torch_fit(mpg ~ wt + qsec + am, data = mtcars, model = linear())
#' anova(fit)
#' formula(step(fit, trace = 0))
#' @name torch_fit_classical
NULL

#' @rdname torch_fit_classical
#' @importFrom stats anova
#' @export
anova.torch_fit <- function(object, ..., test = NULL) {
  call <- sys.call()
  others <- list(...)
  if (!all(vapply(others, inherits, NA, "torch_fit"))) {
    abort(call, "`...` must be fits of torch_fit(), to compare.")
  }
  if (!is.null(object$exact) && !is_glm(object$exact) && length(others) > 0L) {
    return(compare_likelihoods(c(list(object), others), test, call))
  }
  exact <- need_glm(object, "Tables of terms of one fit", call)
  if (is.null(test)) test <- if (uses_t(exact)) "F" else "Chisq"
  check_string(test, "test", call)
  tests <- c("F", "Chisq", "LRT")
  if (!test %in% tests) refuse_name(test, tests, "test", call)
  if (length(others) > 0L) {
    fits <- c(list(object), others)
    for (fit in others) check_comparable(fit, object, call)
    labels <- vapply(fits, function(fit) deparse1(stats::formula(fit)), "")
    heading <- paste0("Model ", format(seq_along(fits)), ": ", labels, collapse = "\n")
    df <- vapply(fits, function(fit) as.numeric(fit$exact$df_residual), 1)
    deviance <- vapply(fits, function(fit) fit$exact$deviance, 1)
    # Of the largest, as of anova.lm().
    largest <- fits[[which.min(df)]]$exact
    return(anova_table(df, deviance, test, heading, NULL, largest))
  }
  if (is.null(object$terms)) abort(call, "The fit has no formula, and so no terms.")
  labels <- attr(object$terms, "term.labels")
  found <- submodels(object, lapply(seq_along(labels)[-length(labels)], seq_len), call)
  df <- c(exact$df_null, found$df_residual, if (length(labels) > 0L) exact$df_residual)
  deviance <- c(exact$null_deviance, found$deviance, if (length(labels) > 0L) exact$deviance)
  heading <- paste0("Response: ", deparse1(stats::formula(object)[[2L]]))
  # As lm() leaves out a term that others explain.
  kept <- c(TRUE, diff(df) != 0 | !is_least_squares(exact))
  anova_table(df[kept], deviance[kept], test, heading, c("NULL", labels)[kept], exact)
}

# Likelihood ratios of fits, each to the one before.
compare_likelihoods <- function(fits, test, call) {
  if (!is.null(test) && !identical(test, "Chisq") && !identical(test, "LRT")) {
    abort(call, "`test` must be \"Chisq\" for ", exact_name(fits[[1L]]$exact), ".")
  }
  first <- fits[[1L]]
  for (fit in fits) {
    exact <- need_exact(fit, "Likelihood ratios", call)
    same <- isTRUE(all.equal(
      unclass(fit$response), unclass(first$response), tolerance = 0, check.attributes = FALSE
    ))
    if (exact$family != first$exact$family || exact$n_obs != first$exact$n_obs || !same) {
      abort(call, "The fits must be of one model, of the same response in the same rows.")
    }
  }
  labels <- vapply(fits, function(fit) deparse1(stats::formula(fit)), "")
  df <- vapply(fits, function(fit) as.numeric(fit$exact$df), 1)
  value <- vapply(fits, function(fit) fit$exact$log_likelihood, 1)
  ratio <- c(NA, 2 * diff(value))
  step <- c(NA, diff(df))
  ratio <- ratio * sign(step)
  p <- stats::pchisq(ratio, abs(step), lower.tail = FALSE)
  structure(
    data.frame(df = df, logLik = value, Chisq = ratio, Df = abs(step), "Pr(>Chi)" = p,
      check.names = FALSE, row.names = as.character(seq_along(fits))),
    heading = paste0("Model ", format(seq_along(fits)), ": ", labels, collapse = "\n"),
    class = c("anova", "data.frame")
  )
}

# An error where fits are not of the same response in the same rows.
check_comparable <- function(fit, object, call) {
  exact <- need_glm(fit, "Tables of terms", call)
  same <- isTRUE(all.equal(
    unname(numeric_response(fit)), unname(numeric_response(object)), tolerance = 0
  ))
  if (exact$n_obs != object$exact$n_obs || !same) {
    abort(call, "The fits must be of the same response in the same rows.")
  }
}

# The fits of some terms, by number, to the very rows of the fit: list(deviance, df_residual).
submodels <- function(fit, terms, call) {
  x <- exact_design(fit, rows_of(fit, NULL, NULL, call))
  of <- c(if (fit$exact$intercept) 0L, fit$preparation$assign)
  exact <- fit$exact
  found <- call_python(
    "exact.submodels", as_tensor(x), as_tensor(as.double(numeric_response(fit))), exact$family,
    exact$link, as_tensor(fit$prior.weights), as_tensor(fit$offset),
    lapply(terms, function(kept) as.list(which(of %in% c(0L, kept)) - 1)),
    call = call
  )
  lapply(found, function(x) as.numeric(unlist(x)))
}

anova_table <- function(df, deviance, test, heading, labels, exact) {
  fall <- c(NA, -diff(deviance))
  step <- c(NA, -diff(df))
  ratio <- fall / step / exact$dispersion
  # A term that others explain.
  ratio[step == 0] <- NA
  p <- if (test == "F") {
    stats::pf(ratio, abs(step), exact$df_residual, lower.tail = FALSE)
  } else {
    stats::pchisq(ratio * abs(step), abs(step), lower.tail = FALSE)
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

#' @rdname torch_fit_classical
#' @importFrom stats drop1
#' @param scope `drop1()`: the terms to leave out, one at a time, as a formula or their labels; all
#'   that hierarchy allows by default. `add1()`: the terms to add.
#' @export
drop1.torch_fit <- function(object, scope, scale = 0, test = "none", k = 2, ...) {
  check_no_dots(..., except = "trace")
  call <- sys.call()
  exact <- need_terms(object, call)
  labels <- attr(object$terms, "term.labels")
  chosen <- dropped_terms(object$terms, if (missing(scope)) NULL else scope, call)
  kept <- lapply(match(chosen, labels), function(i) seq_along(labels)[-i])
  found <- submodels(object, kept, call)
  df <- c(exact$df_residual, found$df_residual)
  single_terms(object, chosen, df, c(exact$deviance, found$deviance), scale, test, k, call)
}

#' @rdname torch_fit_classical
#' @importFrom stats add1
#' @export
add1.torch_fit <- function(object, scope, scale = 0, test = "none", k = 2, ...) {
  check_no_dots(..., except = "trace")
  call <- sys.call()
  need_terms(object, call)
  if (!is.character(scope)) {
    scope <- stats::add.scope(object, stats::update.formula(stats::formula(object), scope))
  }
  if (length(scope) == 0L) abort(call, "`scope` has no terms to add.")
  # All of them at once: the rows without NA are those that every comparison is about.
  larger <- stats::as.formula(paste(". ~ . +", paste(scope, collapse = " + ")))
  full <- stats::update(object, larger)
  if (full$nobs < object$nobs) {
    warning(warningCondition(
      paste("add1() uses the", full$nobs, "of", object$nobs, "rows that have no NA in `scope`."),
      call = call
    ))
  }
  labels <- attr(full$terms, "term.labels")
  base <- match(attr(object$terms, "term.labels"), labels)
  added <- setdiff(seq_along(labels), base)
  found <- submodels(full, c(list(base), lapply(added, function(i) c(base, i))), call)
  single_terms(object, labels[added], found$df_residual, found$deviance, scale, test, k, call)
}

need_terms <- function(fit, call) {
  if (is.null(fit$terms)) abort(call, "The fit has no formula, and so no terms.")
  need_glm(fit, "Tables of terms", call)
}

# A table of models that differ from the first by a term each: as of drop1.lm() and drop1.glm().
single_terms <- function(fit, labels, df, deviance, scale, test, k, call) {
  check_string(test, "test", call)
  tests <- c("none", "Chisq", "LRT", "F")
  if (!test %in% tests) refuse_name(test, tests, "test", call)
  check_scale(scale, call)
  exact <- fit$exact
  dispersion <- if (scale > 0) scale else exact$dispersion
  step <- abs(df - df[1L])[-1L]
  change <- abs(deviance - deviance[1L])[-1L]
  n <- exact$n_obs - exact$df_residual + df[1L]
  criterion <- if (exact$family == "gaussian") {
    scaled_deviance(deviance, n + n_of_no_weight(fit), scale)
  } else {
    deviance / dispersion
  }
  table <- data.frame(Df = c(NA, step), row.names = c("<none>", labels))
  if (is_least_squares(exact)) {
    table[["Sum of Sq"]] <- c(NA, change)
    table$RSS <- deviance
    table[[if (scale > 0) "Cp" else "AIC"]] <- criterion + k * (n - df)
  } else {
    table$Deviance <- deviance
    own <- stats::extractAIC(fit, k = k)[2L]
    table$AIC <- criterion - criterion[1L] - k * (df - df[1L]) + own
  }
  if (test == "F") {
    # Of the larger of the two models.
    larger <- pmin(df, df[1L])[-1L]
    ratio <- change / step / (pmin(deviance, deviance[1L])[-1L] / larger)
    table[["F value"]] <- c(NA, ratio)
    table[["Pr(>F)"]] <- c(NA, stats::pf(ratio, step, larger, lower.tail = FALSE))
  } else if (test != "none") {
    ratio <- abs(criterion - criterion[1L])[-1L]
    if (!is_least_squares(exact)) {
      table[[if (dispersion == 1) "LRT" else "scaled dev."]] <- c(NA, ratio)
    }
    table[["Pr(>Chi)"]] <- c(NA, stats::pchisq(ratio, step, lower.tail = FALSE))
  }
  what <- if (any(df[-1L] < df[1L])) "additions" else "deletions"
  heading <- c(
    paste("Single term", what), "\nModel:", deparse(stats::formula(fit)),
    if (scale > 0) paste("\nscale: ", format(scale), "\n")
  )
  structure(table, heading = heading, class = c("anova", "data.frame"))
}

check_scale <- function(scale, call) {
  if (is_number(scale) && scale >= 0) return(invisible())
  abort(call, "`scale` must be a number that is not negative: 0 estimates it.")
}

# Of least squares, but for a constant: Mallows's where the variance `scale` is known, else -2
# log-likelihood.
scaled_deviance <- function(deviance, n, scale) {
  if (scale > 0) deviance / scale - n else n * log(deviance / n)
}

# lm() counts rows of weight 0 there, as does the log-likelihood of glm().
n_of_no_weight <- function(fit) sum(fit$prior.weights == 0)

# Labels of the terms to leave out.
dropped_terms <- function(terms, scope, call) {
  if (is.null(scope)) return(stats::drop.scope(terms))
  if (!is.character(scope)) {
    scope <- attr(stats::terms(stats::update.formula(stats::formula(terms), scope)), "term.labels")
  }
  wrong <- setdiff(scope, attr(terms, "term.labels"))
  if (length(wrong) > 0L) abort(call, "`scope`: ", name_list(wrong), " is no term of the fit.")
  scope
}

is_least_squares <- function(exact) exact$family == "gaussian" && exact$link == "identity"

need_glm <- function(fit, what, call) {
  exact <- need_exact(fit, what, call)
  need_one_response(fit, what, call)
  if (!is_glm(exact)) abort(call, what, " are not for ", exact_name(exact), ".")
  exact
}

#' @rdname torch_fit_classical
#' @importFrom stats extractAIC
#' @export
extractAIC.torch_fit <- function(fit, scale = 0, k = 2, ...) { # nolint: object_name_linter.
  exact <- need_exact(fit, "Criteria", sys.call())
  need_one_response(fit, "Criteria", sys.call())
  if (is_least_squares(exact)) {
    check_scale(scale, sys.call())
    own <- scaled_deviance(exact$deviance, exact$n_obs + n_of_no_weight(fit), scale)
    return(c(exact$rank, own + k * exact$rank))
  }
  rank <- exact$n_obs - exact$df_residual
  if (!is_glm(exact)) rank <- exact$df
  c(rank, -2 * exact$log_likelihood + 2 * exact$df + (k - 2) * rank)
}

#' @rdname torch_fit_classical
#' @importFrom stats model.frame
#' @export
model.frame.torch_fit <- function(formula, ...) { # nolint: object_name_linter.
  call <- sys.call()
  if (is.null(formula$terms)) abort(call, "The fit has no formula: it is of x and y.")
  if (!is.null(formula$frame)) return(formula$frame)
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
  formula <- object$preparation$kind == "formula"
  dimnames(found) <- list(
    if (formula) row.names(stats::model.frame(object)) else given$row_names,
    if (has_responses(exact)) {
      rownames(coefficients)
    } else if (is.matrix(coefficients)) {
      colnames(coefficients)
    } else {
      names(coefficients)
    }
  )
  if (formula) {
    attr(found, "assign") <- c(if (exact$intercept) 0L, object$preparation$assign)
    attr(found, "contrasts") <- object$preparation$contrasts
  }
  found
}
