#' Python modules and objects in R
#'
#' `py_import()` gives a Python module. `$` gives its attributes and the attributes of any
#' Python object; what can be called is an R function.
#'
#' @section What crosses in a call:
#' Arguments: `NULL` is `None`; one string, number, integer or logical is the Python
#' scalar (`3L` is an int, `3` a float); a longer vector is a list, a named list a dict,
#' any other list a list; a matrix or array is a NumPy array, a data frame a pandas frame;
#' tensors and Python objects are themselves; an R function is a callable. NA in a vector
#' is `None`, in a double NaN.
#'
#' Results: scalars, strings and lists of such are R vectors (`None` among them is NA), a
#' dict is a named list, a tensor a `torch_tensor`, a NumPy array an array, a pandas frame
#' a data frame; everything else stays a Python object.
#'
#' An exception in Python is an R error with the exception's message; its class is a
#' class of the condition (`tryCatch(..., KeyError = )`) and its traceback the element
#' `traceback`.
#'
#' @param module Name of a module, such as `"torch"` or `"torch.nn"`.
#' @param x A Python object.
#' @param name Name of an attribute.
#' @param value Value for the attribute.
#' @param ... Not used.
#' @return A Python object (class `python_object`), or the R value of an attribute.
#' @examples
#' \dontrun{
#' torch <- py_import("torch")
#' x <- torch$ones(c(2L, 3L))
#' x$sum()$item()
#' }
#' @export
py_import <- function(module) {
  check_string(module, "module")
  .Call(native()$import, module)
}

#' @rdname py_import
#' @export
`$.python_object` <- function(x, name) .Call(native()$getattr, x, name)

#' @rdname py_import
#' @export
`[[.python_object` <- function(x, name) .Call(native()$getattr, x, name)

#' @rdname py_import
#' @export
`$<-.python_object` <- function(x, name, value) {
  .Call(native()$setattr, x, name, value)
  invisible(x)
}

#' @rdname py_import
#' @export
print.python_object <- function(x, ...) {
  check_no_dots(...)
  cat(format(x), "\n", sep = "")
  invisible(x)
}

#' @rdname py_import
#' @export
format.python_object <- function(x, ...) {
  check_no_dots(...)
  if (is_live(x)) paste0("<python_object> ", api("text", x)) else "<python_object of another session>"
}

#' @rawNamespace S3method(utils::str,python_object)
str.python_object <- function(object, ...) cat(format(object), "\n", sep = "")

#' @rawNamespace S3method(utils::.DollarNames,python_object)
.DollarNames.python_object <- function(x, pattern = "") {
  grep(pattern, api("attributes", x), value = TRUE)
}

# Does the handle point to an object of this session? (Not after readRDS elsewhere.)
is_live <- function(x) !is.null(the$native) && .Call(the$native$is_live, x)
