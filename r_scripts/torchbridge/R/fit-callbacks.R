#' Functions at the events of a fit
#'
#' What [torch_fit()] calls as training goes on. A plain function in its `callbacks` is called at
#' the end of every epoch; `torch_callback()` names the event of each.
#'
#' In the order in which they come:
#' \describe{
#' \item{`on_fit_begin`}{before the first epoch, the weights being the initial ones}
#' \item{`on_epoch_begin`}{before the first batch of an epoch}
#' \item{`on_batch_begin`}{before a step}
#' \item{`on_gradients`}{between backward and the optimizer's step; with `"lbfgs"`, which computes
#'   gradients several times a step, after each}
#' \item{`on_batch_end`}{after a step}
#' \item{`on_validation_begin`, `on_validation_end`}{around the evaluation of the validation data,
#'   where there are any}
#' \item{`on_epoch_end`}{after it}
#' \item{`on_epoch_logged`}{with the epoch in the history}
#' \item{`on_fit_end`}{after the last epoch, also where something stopped or interrupted the fit}
#' }
#'
#' Each function gets a list: `event`, `epoch` and `epochs` (its number, and that of the last),
#' `batch` (the number of the batch in its epoch), `lr`, `module` (the network, an `nn_module`,
#' whose parameters are those that are trained) and `optimizer`; `loss`, the number that the step
#' began with, at the end of a batch; `gradients`, a list of tensors by the names of the parameters,
#' to be changed in place (`$mul_()`, `$clamp_()`); and `line`, the epoch's line of the history,
#' from `on_epoch_end` on.
#'
#' `FALSE` ends training with the epoch at hand. A list of numbers from `on_epoch_end`, such as
#' `list(score = 2)`, is added to the history. What else a function returns does not matter.
#'
#' R is called for each: functions of batches cost some 50 microseconds a batch.
#'
#' @param on_fit_begin,on_epoch_begin,on_batch_begin Functions of one argument, or NULL.
#' @param on_gradients,on_batch_end,on_validation_begin,on_validation_end,on_epoch_end Likewise.
#' @param on_epoch_logged,on_fit_end Likewise.
#' @return An object of class `torch_callback`, for `callbacks` of [torch_fit()].
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' losses <- c()
#' watch <- torch_callback(
#'   on_batch_end = function(at) losses <<- c(losses, at$loss),
#'   on_gradients = function(at) for (g in at$gradients) g$clamp_(-1, 1)
#' )
#' fit <- torch_fit(mpg ~ ., mtcars, mlp(8), epochs = 5, batch_size = 8, callbacks = list(watch))
#' length(losses)
#' @export
torch_callback <- function(on_fit_begin = NULL, on_epoch_begin = NULL, on_batch_begin = NULL,
                           on_gradients = NULL, on_batch_end = NULL, on_validation_begin = NULL,
                           on_validation_end = NULL, on_epoch_end = NULL, on_epoch_logged = NULL,
                           on_fit_end = NULL) {
  call <- sys.call()
  found <- mget(names(formals()))
  found <- found[!vapply(found, is.null, NA)]
  for (event in names(found)) {
    if (!is.function(found[[event]])) {
      abort(call, "`", event, "` must be a function, not ", friendly_type(found[[event]]), ".")
    }
  }
  if (length(found) == 0L) abort(call, "At least one event must have a function.")
  structure(found, class = "torch_callback")
}

#' @export
print.torch_callback <- function(x, ...) {
  check_no_dots(...)
  cat("A callback of torch_fit(): ", paste(names(x), collapse = ", "), "\n", sep = "")
  invisible(x)
}

# For Python: by event, with the text of each.
crossing_events <- function(callbacks) {
  lapply(callbacks, function(callback) {
    callback <- unclass(callback)
    list(functions = lapply(callback, wrap_callback), sources = lapply(callback, function_source))
  })
}
