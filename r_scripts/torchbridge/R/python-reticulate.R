# Our Python objects in reticulate's calls. The object is passed on in Python: one side leaves it
# there, the other takes it. What reticulate gives stays reticulate's.

#' @rawNamespace S3method(reticulate::r_to_py,python_object)
r_to_py.python_object <- function(x, convert = FALSE) { # nolint: object_name_linter.
  api("put", x)
  reticulate::import("torchbridge.for_r", convert = FALSE)$take()
}
#' @rawNamespace S3method(reticulate::r_to_py,nn_module)
r_to_py.nn_module <- r_to_py.python_object # nolint: object_name_linter.
