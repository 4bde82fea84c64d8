# Fits of a module to the batches of a dataloader.
# Tests: test-fit-train.R.

fit_batches <- function(loader, model, options, call) {
  if (is.null(options$loss)) {
    abort(call, "`loss` must be given for a dataloader, such as \"mse_loss\" or \"cross_entropy\".")
  }
  validation <- options$validation
  if (!is.null(validation) && !inherits(validation, "dataloader")) {
    abort(
      call, "`validation` must be a dataloader, as `x` is, not ", friendly_type(validation), "."
    )
  }
  if (!is.null(options$standardize)) {
    abort(call, "`standardize` is for tables: scale in the dataset.")
  }
  task <- options$task
  task$fit_options[c("batch_size", "shuffle")] <- NULL
  if (has_checkpoint(options)) {
    task$origin <- list(module = module_source(model$module))
    task$about <- list(loader_origin(loader), loader_origin(validation))
  }
  result <- run_fit(
    "loader.fit_loader", task, options, model$module, batches_of(loader),
    if (!is.null(validation)) batches_of(validation),
    call = call
  )
  finish_fit(
    list(call = call, model = model[c("name", "options")], module = model$module), result, options
  )
}

# For Python: NULL after the last batch.
batches_of <- function(loader) {
  force(loader)
  function() {
    following <- dataloader_make_iter(loader)
    function() {
      batch <- following()
      if (is_exhausted(batch)) NULL else unname(as.list(batch))
    }
  }
}

predict_batches <- function(fit, newdata, type, call) {
  if (is.null(newdata)) {
    abort(call, "`newdata` must be given: the fit keeps no data of a dataloader.")
  }
  if (!type %in% c("response", "link")) {
    abort(
      call, "`type` must be \"response\" for a module fitted to a dataloader, not \"", type, "\"."
    )
  }
  if (inherits(newdata, "dataloader")) {
    # Batches of inputs, or of inputs and y as those of the fit.
    following <- batches_of(newdata)()
    parts <- list()
    while (!is.null(batch <- following())) {
      parts[[length(parts) + 1L]] <- predict_batches(fit, batch[[1L]], type, call)
    }
    return(if (length(dim(parts[[1L]])) > 1L) do.call(rbind, parts) else unlist(parts))
  }
  inputs <- if (is.list(newdata) && !is_tensor(newdata)) lapply(newdata, as_tensor) else as_tensor(
    newdata
  )
  values <- call_python(
    "predict.predict_module", fit$module, fit$weights, unname(inputs), call = call
  )
  if (length(dim(values)) > 1L) values else as.vector(values)
}
