# What an exact fit estimates, with names.
# Tests: test-fit-fit.R.

as_exact <- function(found, made, fitted) {
  if (is.null(found)) return(NULL)
  preparation <- made$preparation
  names <- preparation$coefficient_names
  if (is.null(names)) names <- preparation$column_names
  if (found$intercept) names <- c("(Intercept)", names)
  more <- extra_names(found, made)
  if (is.matrix(made$response) && !inherits(made$response, "Surv")) {
    responses <- response_names(made$response)
    dimnames(found$coefficients) <- list(names, colnames(made$response))
    dimnames(found$dispersion) <- list(colnames(made$response), colnames(made$response))
    found[c("deviance", "null_deviance")] <- lapply(
      found[c("deviance", "null_deviance")],
      function(x) stats::setNames(as.vector(x), colnames(made$response))
    )
    names <- paste(rep(responses, each = length(names)), names, sep = ":")
  } else if (is.matrix(found$coefficients)) {
    classes <- made$levels[-1L]
    dimnames(found$coefficients) <- list(classes, names)
    names <- paste(rep(classes, each = length(names)), names, sep = ":")
  } else {
    found$coefficients <- stats::setNames(as.vector(found$coefficients), names)
  }
  if (length(more) > 0L) found$extra <- stats::setNames(as.vector(found$extra), more)
  names <- c(names, more)
  dimnames(found$covariance) <- list(names, names)
  if (!is.null(found$standard_errors)) {
    errors <- found$standard_errors
    if (is.matrix(errors)) errors <- t(errors) # class by class, as the names
    found$standard_errors <- stats::setNames(as.vector(errors), names)
  }
  found <- with_undefined_na(found)
  for (name in c("linear_predictor", "working_weights")) {
    if (!is.null(found[[name]]) && length(dim(found[[name]])) < 2L) {
      found[[name]] <- stats::setNames(as.vector(found[[name]]), made$row_names)
    }
  }
  if (is_glm(found) && is.null(found$linear_predictor)) found$linear_predictor <- fitted
  found
}

# What others explain is NA, as of lm(): Python has NaN for it.
with_undefined_na <- function(found) {
  undefined <- is.nan(flat_coef(found))
  if (!any(undefined)) return(found)
  found$coefficients[is.nan(found$coefficients)] <- NA
  found$covariance[undefined, ] <- NA
  found$covariance[, undefined] <- NA
  if (!is.null(found$standard_errors)) found$standard_errors[undefined] <- NA
  found
}

# What is estimated beside coefficients: the log scales of aft(), the thresholds of ordinal().
extra_names <- function(found, made) {
  if (found$family == "ordinal") {
    classes <- made$levels
    return(paste(classes[-length(classes)], classes[-1L], sep = "|"))
  }
  if (length(found$extra) == 0L) return(NULL)
  strata <- levels(made$strata)
  if (is.null(strata)) "Log(scale)" else paste0("Log(scale)[", strata, "]")
}

# Is it a generalized linear model, as glm() has it?
is_glm <- function(exact) base_family(exact$family) %in% names(model_registry()$families)

# Is it one that R fits by glm(), and not by lm()?
is_rs_glm <- function(exact) {
  !is.null(exact) && is_glm(exact) && !is_least_squares(exact)
}

# Of the last iteration. Least squares has none of its own.
working_weights <- function(fit) {
  found <- fit$exact$working_weights
  as.vector(if (is.null(found)) row_weights(fit) else found)
}

# How a fit is called that is none.
exact_name <- function(exact) {
  name <- exact$family
  paste0(if (name == "quantile") "quantile_regression" else name, "()")
}

# The link of an exact fit that has one, as make.link() gives it.
exact_link <- function(exact) {
  if (is_glm(exact)) exact_family(exact) else stats::make.link(exact$link)
}

# An error where the question is one for exact fits alone.
need_exact <- function(fit, what, call) {
  if (is.null(fit$exact)) {
    abort(
      call, what, " are for models fitted exactly, such as linear() and logistic(): the weights ",
      "of a network have none."
    )
  }
  fit$exact
}

# Is it of several responses, as lm()'s mlm?
has_responses <- function(exact) is.matrix(exact$dispersion)

# As summary() of an mlm names those that have no names.
response_names <- function(y) {
  if (is.null(colnames(y))) paste0("Y", seq_len(ncol(y))) else colnames(y)
}

# An error where the question is one for a single response.
need_one_response <- function(fit, what, call) {
  if (has_responses(fit$exact)) {
    abort(
      call, what, " are for one response, and the fit has ", ncol(fit$exact$coefficients),
      ": summary() and coef() take all."
    )
  }
}

# The fit of one of the responses, by number.
response_fit <- function(fit, j) {
  exact <- fit$exact
  p <- nrow(exact$coefficients)
  of <- (j - 1L) * p + seq_len(p)
  names <- rownames(exact$coefficients)
  for (name in c("deviance", "null_deviance")) exact[[name]] <- exact[[name]][[j]]
  exact$coefficients <- stats::setNames(exact$coefficients[, j], names)
  exact$covariance <- matrix(exact$covariance[of, of], p, dimnames = list(names, names))
  exact$standard_errors <- stats::setNames(exact$standard_errors[of], names)
  exact$dispersion <- exact$dispersion[j, j]
  exact$linear_predictor <- exact$linear_predictor[, j]
  exact$df <- exact$rank + 1L
  w <- row_weights(fit)
  w <- w[w > 0]
  exact$log_likelihood <- (sum(log(w)) - length(w) * (
    log(2 * pi * exact$deviance / length(w)) + 1
  )) / 2
  fit$exact <- exact
  fit$response <- fit$response[, j]
  fit$fitted.values <- fit$fitted.values[, j]
  fit
}

standard_errors <- function(exact) {
  if (is.null(exact$standard_errors)) sqrt(diag(exact$covariance)) else exact$standard_errors
}

# R's family object of an exact fit.
exact_family <- function(exact) {
  parameter <- family_parameter(exact$family)
  link <- exact$link
  if (startsWith(link, "mu^")) link <- power_link(link)
  if (base_family(exact$family) == "quasi") {
    return(do.call(stats::quasi, list(link = link, variance = parameter)))
  }
  if (base_family(exact$family) == "negative_binomial") {
    return(MASS::negative.binomial(as.numeric(parameter), link))
  }
  name <- switch(exact$family, gamma = "Gamma", inverse_gaussian = "inverse.gaussian", exact$family)
  family <- get(name, asNamespace("stats"))
  do.call(family, list(link = exact$link))
}

power_link <- function(link) stats::power(as.numeric(sub("mu^", "", link, fixed = TRUE)))

# Of a link's name: the function that gives means.
inverse_link <- function(link) {
  (if (startsWith(link, "mu^")) power_link(link) else stats::make.link(link))$linkinv
}

# Normal for known dispersion, Student's for an estimated one.
uses_t <- function(exact) {
  if (is_glm(exact)) !exact$family %in% c("binomial", "poisson") else exact$family == "quantile"
}
