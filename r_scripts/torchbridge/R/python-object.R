#' Python modules and objects in R
#'
#' `py_import()` gives a Python module. `$` gives its attributes and the attributes of any
#' Python object; what can be called is an R function.
#'
#' @section What crosses in a call:
#' Arguments: `NULL` is `None`; one string, number, integer or logical is the Python
#' scalar (`3L` is an int, `3` a float); a longer vector is a list, a named list a dict,
#' any other list a list; a vector with names is a pandas Series, and a table of one dim, too; a
#' matrix or array is a NumPy array, a data frame a pandas frame;
#' tensors and Python objects are themselves; an R function is a callable. NA in a vector
#' is `None`, in a double NaN.
#'
#' Results: scalars, strings and lists of such are R vectors (`None` among them is NA), a
#' dict is a named list, a tensor a `torch_tensor`, a NumPy array an array, a pandas frame
#' a data frame, a pandas Series a vector, named by its index (unless that only counts); everything
#' else stays a Python object.
#'
#' A matrix or array keeps its dimnames beside it, in Python's `x.dimnames` (a tuple of indexes,
#' `None` for a dim without names), and an array that has them comes back with them; what is
#' computed from it has none. What is lost is a warning of class `torchbridge_lossy`, once a call:
#' row names other than 1 to n, the name of a single value (which is a scalar: give `x[["a"]]`, not
#' `x["a"]`), names of a list of which some are empty or there twice, several levels of an index
#' (they are joined by dots), a class that Python has none for.
#' `withCallingHandlers(torchbridge_lossy = )` and `suppressWarnings(classes = "torchbridge_lossy")`
#' see it. A function that wants a list or sizes gets them of `unname(x)`.
#'
#' An exception in Python is an R error with the exception's message; its class is a
#' class of the condition (`tryCatch(..., KeyError = )`) and its traceback the element
#' `traceback`.
#'
#' @section Beside reticulate:
#' What reticulate imported stays reticulate's: tensors of `reticulate::import("torch")` count from
#' 0, have PyTorch's own methods and print as in Python, whether this package is loaded or not. The
#' calls of this package give its own objects, and take reticulate's as the Python objects that they
#' are. To get a `torch_tensor` of one, ask for it: `as_torch_tensor(x)` and `torch_tensor(x)` copy,
#' `as_torch_tensor(x, share = TRUE)` is the very tensor, also for what was imported with
#' `convert = FALSE`. Our tensors and objects go into reticulate's calls as they are.
#'
#' @param module Name of a module, such as `"torch"` or `"torch.nn"`.
#' @param x,object A Python object.
#' @param name Name of an attribute.
#' @param value Value for the attribute.
#' @param ... Not used (`print()` ignores the arguments of [print.default()]).
#' @return A Python object (class `python_object`), or the R value of an attribute.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' torch <- py_import("torch")
#' x <- torch$ones(c(2L, 3L))
#' x$sum()$item()
#' @export
py_import <- function(module) {
  check_string(module, "module")
  dot_call(native()$import, module)
}

#' @rdname py_import
#' @export
`$.python_object` <- function(x, name) dot_call(native()$getattr, x, name)

#' @rdname py_import
#' @export
`[[.python_object` <- function(x, name) dot_call(native()$getattr, x, name)

#' @rdname py_import
#' @export
`$<-.python_object` <- function(x, name, value) { # nolint: object_name_linter.
  dot_call(native()$setattr, x, name, value)
  x
}

#' @rdname py_import
#' @export
`[[<-.python_object` <- `$<-.python_object`

#' @rdname py_import
#' @export
print.python_object <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  cat(format(x), "\n", sep = "")
  invisible(x)
}

#' @rdname py_import
#' @export
format.python_object <- function(x, ...) {
  check_no_dots(...)
  if (is_live(x)) paste("<python_object>", api("text", x)) else gone_text(x)
}

#' @rdname py_import
#' @importFrom utils str
#' @export
str.python_object <- function(object, ...) cat(" ", format(object), "\n", sep = "")

#' @importFrom utils .DollarNames
#' @export
.DollarNames.python_object <- function(x, pattern = "") { # nolint: object_name_linter.
  grep(pattern, api("attributes", x), value = TRUE)
}

# Ours, or what reticulate holds: every call of ours takes both.
is_python <- function(x) inherits(x, c("python_object", "python.builtin.object"))

# Is there an object, or (after readRDS()) can there be one again?
is_live <- function(x) dot_call(native()$is_live, x)

gone_text <- function(x) paste0("<", class(x)[1L], " from another R session>")

# A Python callable that readRDS() has read (host.R).
call_again <- function(handle, arguments) dot_call(native()$call_found, handle, arguments)
