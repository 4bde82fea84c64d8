# One line for what editors show of a fit: it is a list of some thirty elements.

#' @importFrom utils str
#' @export
str.torch_fit <- function(object, ...) {
  formula <- if (inherits(object$terms, "formula")) one_line(deparse(stats::formula(object$terms)))
  about <- c(
    object$model$name, formula, if (!is.null(object$nobs)) paste(object$nobs, "rows"),
    if (is.null(object$exact)) paste(object$n_parameters, "parameters"), object$status
  )
  cat(" <torch_fit> ", paste(about, collapse = ", "), "\n", sep = "")
}

#' @export
str.torch_mle <- function(object, ...) {
  estimates <- stats::coef(object)
  named <- paste(names(estimates), format(estimates, digits = 3L, trim = TRUE), sep = " = ")
  cat(" ", one_line(paste("<torch_mle>", paste(named, collapse = ", "))), "\n", sep = "")
}
