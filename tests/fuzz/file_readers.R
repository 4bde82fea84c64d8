# What reads files in R: each gives "value" (what was written), "other", or the condition's class and
# message. Called by file_inputs.py.

library(torchbridge)

written <- nn_module(
  "written",
  initialize = function() {
    self$inner <- nn_linear(2, 1)
    self$w <- nn_parameter(torch_ones(2))
    self$label <- "a field"
  },
  forward = function(x) self$inner(x * self$w)
)

# Values by the reader that gives them back.
values <- local({
  torch_manual_seed(1)
  shared <- torch_tensor(c(1, 2))
  list(
    values = list(
      a = shared, b = shared, n = list(1:3, c(x = 1.5, y = NA), NULL, c("a", NA), 2i, TRUE),
      f = factor(c("u", "v")), d = head(cars, 3), day = as_torch_tensor(as.Date("2024-02-29")),
      p = nn_parameter(torch_ones(2, 2)), s = torch_tensor(diag(2))$to_sparse(), r = as.raw(1:3)
    ),
    layers = nn_sequential(nn_linear(2, 3), nn_relu(), nn_batch_norm1d(3)),
    written = written(),
    recurrent = nn_lstm(2, 1)
  )
})

fitted <- torch_fit(dist ~ speed, cars, mlp(hidden = 3), epochs = 1, seed = 1)

written_files <- function(folder) {
  path <- function(name) file.path(folder, name)
  torch_save(values$values, path("values"))
  torch_save(values$layers, path("layers"))
  torch_save(values$written, path("written"))
  code <<- attr(torch_serialize(values$written), "code")
  writeBin(as.vector(torch_serialize(values$written)), path("serialized"))
  writeBin(serialize(values$recurrent, NULL), path("rds"))
  writeBin(fitted$weights, path("fit"))
}

# Of a value what must be the same: bits, and what printing shows.
outline <- function(x) {
  if (inherits(x, "nn_module")) {
    return(list(class(x), utils::capture.output(print(x)), lapply(x$state_dict(), outline)))
  }
  if (inherits(x, "torch_tensor")) {
    dense <- as.array(if (x$is_sparse()) x$to_dense() else x)
    return(list(class(x), dense, x$requires_grad, format(x$dtype), format(x$layout)))
  }
  if (is.list(x)) {
    return(c(lapply(seq_along(x), function(i) outline(.subset2(x, i))), attributes(x)))
  }
  x
}

told <- function(read, right) {
  tryCatch(
    {
      utils::capture.output(found <- outline(read()))
      if (identical(found, right())) "value" else "other"
    },
    error = function(e) {
      paste(c(class(e), if (inherits(e, "python_error")) "", conditionMessage(e)), collapse = "\n")
    }
  )
}

outlines <- list()
known <- function(name) {
  if (is.null(outlines[[name]])) outlines[[name]] <<- outline(values[[name]])
  outlines[[name]]
}

read_values <- function(path) told(function() torch_load(path), function() known("values"))
read_layers <- function(path) told(function() torch_load(path), function() known("layers"))
read_written <- function(path) {
  told(function() torch_load(path, module = written()), function() known("written"))
}
read_serialized <- function(path) {
  bytes <- structure(readBin(path, "raw", file.size(path)), code = code)
  told(function() torch_load(bytes), function() known("written"))
}
# R's own reading is of its own bytes: only those of the handle are others.
read_rds <- function(path) {
  bytes <- readBin(path, "raw", file.size(path))
  told(function() unserialize(bytes), function() known("recurrent"))
}
read_fit <- function(path) {
  fit <- fitted
  fit$weights <- readBin(path, "raw", file.size(path))
  fit$id <- paste(stats::runif(1))
  told(function() predict(fit, cars), function() predict(fitted, cars))
}
