# The model of a fit in Python: made of its bytes at first use, and kept for a while.
# Tests: test-fit-save.R.

the$models <- list()
models_kept <- 8L

remember_model <- function(id, model) {
  models <- as.list(the$models)
  models[[id]] <- NULL
  models[[id]] <- model
  the$models <- if (length(models) > models_kept) models[-1L] else models
}

live_model <- function(fit) {
  found <- the$models[[fit$id]]
  if (is.null(found)) {
    found <- call_python("predict.load", fit$spec, fit$weights, call = NULL)
    remember_model(fit$id, found)
  }
  found
}
