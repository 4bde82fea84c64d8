# Tensors and Python objects through ordinary reticulate calls, both ways. The object
# is passed on in Python: one side leaves it there, the other takes it.

#' @rawNamespace S3method(reticulate::r_to_py,python_object)
r_to_py.python_object <- function(x, convert = FALSE) { # nolint: object_name_linter.
  api("put", x)
  reticulate::import("torchbridge.for_r", convert = FALSE)$take()
}

#' @rawNamespace S3method(reticulate::py_to_r,torch.Tensor)
py_to_r.torch.Tensor <- function(x) { # nolint: object_name_linter.
  start_python()
  reticulate::import("torchbridge.for_r", convert = FALSE)$put(x)
  api("take", NULL)
}

# Data frames: reticulate's own ways lose NA and integer64, and take a call a cell. They are
# replaced when this package is loaded (zzz.R).
frame_to_py <- function(x, convert = FALSE) {
  api("put", as_py_frame(x))
  reticulate::import("torchbridge.for_r", convert = FALSE)$take()
}

frame_from_py <- function(x) {
  start_python()
  reticulate::import("torchbridge.for_r", convert = FALSE)$put(x)
  as.data.frame(api("take_object", NULL))
}

# As Python names their classes, in pandas before and since version 3.
frame_classes <- c(
  "pandas.core.frame.DataFrame", "pandas.DataFrame", "polars.dataframe.frame.DataFrame",
  "pyarrow.lib.Table"
)

# registerS3method() takes the place of a method without the message that NAMESPACE would give.
replace_reticulate_methods <- function() {
  reticulate <- asNamespace("reticulate")
  registerS3method("r_to_py", "data.frame", frame_to_py, envir = reticulate)
  for (class in frame_classes) {
    registerS3method("py_to_r", class, frame_from_py, envir = reticulate)
  }
}
