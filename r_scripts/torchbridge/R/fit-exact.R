# What an exact fit estimates, with names.
# Tests: test-fit-fit.R.

as_exact <- function(found, made) {
  if (is.null(found)) return(NULL)
  preparation <- made$preparation
  names <- preparation$coefficient_names
  if (is.null(names)) names <- preparation$column_names
  if (found$intercept) names <- c("(Intercept)", names)
  if (is.matrix(found$coefficients)) {
    classes <- made$levels[-1L]
    dimnames(found$coefficients) <- list(classes, names)
    names <- paste(rep(classes, each = length(names)), names, sep = ":")
  } else {
    found$coefficients <- stats::setNames(as.vector(found$coefficients), names)
  }
  dimnames(found$covariance) <- list(names, names)
  for (name in c("linear_predictor", "working_weights")) {
    if (!is.null(found[[name]]) && length(dim(found[[name]])) < 2L) {
      found[[name]] <- stats::setNames(as.vector(found[[name]]), made$row_names)
    }
  }
  found
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

# R's family object of an exact fit.
exact_family <- function(exact) {
  name <- switch(exact$family, gamma = "Gamma", inverse_gaussian = "inverse.gaussian", exact$family)
  family <- get(name, asNamespace("stats"))
  do.call(family, list(link = exact$link))
}

# Normal for known dispersion, Student's for an estimated one.
uses_t <- function(exact) !exact$family %in% c("binomial", "poisson", "multinomial")
