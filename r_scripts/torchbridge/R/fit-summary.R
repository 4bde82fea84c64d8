# Tests: test-fit-fit.R.

#' Summarise a fit
#'
#' Of an exact model the table of coefficients, as `summary()` of `lm()` and `glm()` has it; of a
#' network its layers and how training went.
#'
#' @param object A `torch_fit`.
#' @param x A `summary.torch_fit`.
#' @param digits Significant digits.
#' @param signif.stars `TRUE` marks small p-values with stars.
#' @param ... Not used.
#' @return `summary()`: a list of class `summary.torch_fit`, or of several responses a list of such.
#'   Of exact models it has `coefficients` (a matrix of estimates, standard errors, statistics and
#'   p-values, without those that are NA), `aliased` (which are NA, because others explain them),
#'   `dispersion`, `df`, `deviance`, `null.deviance`, `aic`, and for `linear()` `sigma`,
#'   `r.squared` and `adj.r.squared`. Of networks `parameters` (a data frame of names, shapes and
#'   counts) and `history`.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' summary(torch_fit(mpg ~ wt + factor(cyl), data = mtcars, model = linear()))
#' @export
summary.torch_fit <- function(object, ...) {
  check_no_dots(...)
  exact <- object$exact
  if (is.null(exact)) {
    found <- lapply(stats::coef(object), function(x) if (is.null(dim(x))) length(x) else dim(x))
    parameters <- data.frame(
      name = names(found), shape = vapply(found, paste, "", collapse = " x "),
      count = vapply(found, prod, 1), row.names = NULL
    )
    return(structure(
      list(
        call = object$call, fit = object, history = object$history, status = object$status,
        parameters = parameters
      ),
      class = "summary.torch_fit"
    ))
  }
  if (has_responses(exact)) {
    found <- lapply(seq_len(ncol(exact$coefficients)), function(j) summary(response_fit(object, j)))
    names <- paste("Response", response_names(exact$coefficients))
    return(structure(stats::setNames(found, names), class = "summary.torch_responses"))
  }
  table <- exact_table(exact)
  aliased <- is.na(flat_coef(exact))
  found <- list(
    call = object$call, fit = object, coefficients = table[!aliased, , drop = FALSE],
    aliased = aliased, dispersion = exact$dispersion,
    df = c(if (is.null(exact$rank)) exact$df else exact$rank, exact$df_residual, length(aliased)),
    deviance = exact$deviance, null.deviance = exact$null_deviance, df.null = exact$df_null,
    aic = stats::AIC(object), iterations = exact$iterations, converged = exact$converged
  )
  if (is_least_squares(exact)) found <- c(found, r_squared(object))
  structure(found, class = "summary.torch_fit")
}

#' @export
print.summary.torch_responses <- function(x, ...) {
  for (name in names(x)) {
    cat(name, ":\n\n", sep = "")
    print(x[[name]], ...)
    cat("\n")
  }
  invisible(x)
}

# Of a fit that has no dispersion: its likelihood, beside that without columns where that is known.
likelihood_lines <- function(exact, digits) {
  shown <- function(x) format(x, digits = digits)
  found <- paste0(
    if (exact$family == "cox") "Partial log-likelihood: " else "Log-likelihood: ",
    shown(exact$log_likelihood), " of ", exact$n_obs, " rows",
    if (!is.null(exact$n_events)) paste0(", ", exact$n_events, " events")
  )
  if (is.null(exact$null_log_likelihood)) return(found)
  ratio <- 2 * (exact$log_likelihood - exact$null_log_likelihood)
  df <- sum(!is.na(exact$coefficients)) - exact$intercept
  p <- stats::pchisq(ratio, df, lower.tail = FALSE)
  c(found, if (df > 0) paste0(
    "Likelihood ratio: ", shown(ratio), " on ", df, " degrees of freedom, p ",
    if (p < 2.2e-16) "< 2.2e-16" else paste("=", format(p, digits = digits))
  ))
}

exact_table <- function(exact) {
  estimate <- flat_coef(exact)
  error <- standard_errors(exact)
  statistic <- estimate / error
  letter <- if (uses_t(exact)) "t" else "z"
  p <- if (letter == "t") {
    2 * stats::pt(-abs(statistic), exact$df_residual)
  } else {
    2 * stats::pnorm(-abs(statistic))
  }
  found <- cbind(estimate, error, statistic, p)
  colnames(found) <- c(
    "Estimate", "Std. Error", paste(letter, "value"), sprintf("Pr(>|%s|)", letter)
  )
  found
}

# As of summary.lm().
r_squared <- function(fit) {
  exact <- fit$exact
  rss <- exact$deviance
  if (isTRUE(fit$streamed)) {
    explained <- exact$null_deviance - rss # no row is there any more
  } else {
    w <- row_weights(fit)
    mu <- fit$fitted.values
    centre <- if (exact$intercept) sum(w * mu) / sum(w) else 0
    explained <- sum(w * (mu - centre)^2)
  }
  squared <- explained / (explained + rss)
  df_model <- exact$rank - exact$intercept
  list(
    sigma = sqrt(exact$dispersion), r.squared = squared,
    adj.r.squared = 1 - (1 - squared) * (exact$n_obs - exact$intercept) / exact$df_residual,
    fstatistic = c(
      value = explained / df_model / exact$dispersion, numdf = df_model, dendf = exact$df_residual
    )
  )
}

#' @rdname summary.torch_fit
#' @export
print.summary.torch_fit <- function(x, digits = max(3L, getOption("digits") - 3L),
                                    signif.stars = getOption("show.signif.stars"), ...) { # nolint
  check_no_dots(...)
  cat("Call:\n", paste(deparse(x$call), collapse = "\n"), "\n\n", sep = "")
  if (is.null(x$coefficients)) {
    print(x$parameters, row.names = FALSE)
    cat("\n")
    cat(fit_status(x$fit, digits), sep = "\n")
    return(invisible(x))
  }
  undefined <- sum(x$aliased)
  cat("Coefficients:")
  if (undefined > 0L) cat(" (", undefined, " not defined because of singularities)", sep = "")
  cat("\n")
  table <- matrix(
    NA_real_, length(x$aliased), 4L, dimnames = list(names(x$aliased), colnames(x$coefficients))
  )
  table[!x$aliased, ] <- x$coefficients
  stats::printCoefmat(table, digits = digits, signif.stars = signif.stars, na.print = "NA")
  cat("\n")
  if (!is_glm(x$fit$exact)) {
    cat(likelihood_lines(x$fit$exact, digits), sep = "\n")
  } else if (!is.null(x$r.squared)) {
    cat(
      "Residual standard error: ", format(x$sigma, digits = digits), " on ", x$df[2L],
      " degrees of freedom\nMultiple R-squared: ", format(x$r.squared, digits = digits),
      ", adjusted R-squared: ", format(x$adj.r.squared, digits = digits), "\n", sep = ""
    )
  } else {
    cat("Dispersion: ", format(x$dispersion, digits = digits), "\n", sep = "")
    if (!is.null(x$null.deviance)) {
      cat(
        "Null deviance: ", format(x$null.deviance, digits = digits), " on ", x$df.null,
        " degrees of freedom\n", sep = ""
      )
    }
    cat(
      "Residual deviance: ", format(x$deviance, digits = digits), " on ", x$df[2L],
      " degrees of freedom\n", sep = ""
    )
  }
  cat("AIC: ", format(x$aic, digits = digits), "\n", sep = "")
  if (!isTRUE(x$converged)) cat("The fit did not converge in", x$iterations, "iterations\n")
  invisible(x)
}
