# Tensors and Python objects through ordinary reticulate calls, both ways. The object
# changes hands in Python: one side leaves it there, the other takes it.

#' @rawNamespace S3method(reticulate::r_to_py,python_object)
r_to_py.python_object <- function(x, convert = FALSE) { # nolint: object_name_linter.
  api("put", x)
  reticulate::import("torchbridge.r_api", convert = FALSE)$take()
}

#' @rawNamespace S3method(reticulate::py_to_r,torch.Tensor)
py_to_r.torch.Tensor <- function(x) { # nolint: object_name_linter.
  start_python()
  reticulate::import("torchbridge.r_api", convert = FALSE)$put(x)
  api("take", NULL)
}
