#' A fit for other runtimes
#'
#' Writes the model of a fit as an ONNX file, or as a program of `torch.export`: for any number of
#' rows. It takes what the model sees (the numeric columns in their order, factors as 0/1 columns
#' or, for `tabular()`, as codes from 0) and gives the linear predictor or raw output.
#'
#' @param fit A `torch_fit` of a table.
#' @param path The file.
#' @param format `"onnx"` (needs the Python packages onnx and onnxscript) or `"torch"`
#'   (`torch.export.load()` reads it).
#' @param data Rows like those of the fit, at least 2; by default those of the fit.
#' @return `path`, invisibly. `fitted_module()`: an `nn_module` with the weights of the fit, a copy.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' fit <- torch_fit(mpg ~ wt + hp, data = mtcars, model = mlp(8), epochs = 5)
#' torch_export(fit, tempfile(fileext = ".pt2"), format = "torch")
#' fitted_module(fit)
#' @export
torch_export <- function(fit, path, format = "onnx", data = NULL) {
  call <- sys.call()
  if (!inherits(fit, "torch_fit") || is.null(fit$preparation)) {
    abort(call, "`fit` must be a torch_fit of a table, not ", friendly_type(fit), ".")
  }
  check_string(path, "path")
  check_string(format, "format")
  if (!format %in% c("onnx", "torch")) refuse_name(format, c("onnx", "torch"), "format", call)
  given <- if (is.null(data)) rows_of(fit, NULL, NULL, call) else rows_of(fit, data, NULL, call)
  crossed <- crossing(given$columns)
  call_python(
    "predict.export", fitted_module(fit), fit$model$name, crossed$columns,
    as.list(crossed$levels), path.expand(path), format,
    call = call
  )
  invisible(path)
}

#' @rdname torch_export
#' @export
fitted_module <- function(fit) {
  if (!inherits(fit, "torch_fit")) {
    abort(sys.call(), "`fit` must be a torch_fit, not ", friendly_type(fit), ".")
  }
  model <- if (is.null(fit$module)) live_model(fit) else fit$module
  call_python("predict.fitted_module", model, fit$weights)
}
