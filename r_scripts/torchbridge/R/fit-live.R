# The model of a fit in Python: made of its bytes at first use, and kept for a while.
# Tests: test-fit-save.R.

the$models <- list()
models_kept <- 8L

remember_model <- function(id, model) {
  the$models[[id]] <- NULL
  the$models <- utils::tail(c(the$models, stats::setNames(list(model), id)), models_kept)
}

live_model <- function(fit) {
  found <- the$models[[fit$id]]
  if (is.null(found)) {
    found <- call_python("predict.load", fit$spec, fit$weights, call = NULL)
    remember_model(fit$id, found)
  }
  found
}
