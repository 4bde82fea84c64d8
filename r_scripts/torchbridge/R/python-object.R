#' Python modules and objects in R
#'
#' `py_import()` gives a Python module. `$` gives its attributes and the attributes of any
#' Python object; what can be called is an R function.
#'
#' @section What crosses in a call:
#' Arguments: `NULL` is `None`; one string, number, integer or logical is the Python
#' scalar (`3L` is an int, `3` a float); a longer vector is a list, a named list a dict,
#' any other list a list; a vector with names is a pandas Series, and a table of one dim, too; a
#' matrix or array is a NumPy array, so `array(3)` is one of a single number; a data frame is a
#' pandas frame; tensors and Python objects are themselves; an R function is a callable, whose
#' arguments Python sees (`inspect.signature()`). NA in a vector is `None`, in a double NaN.
#'
#' Results: scalars, strings and lists, tuples and sets of such are R vectors (`None` among them
#' is NA), others lists; a dict is a named list, its keys as text; a named tuple, and what C
#' gives with names (`os.stat()`), is a named list of its fields. Where a result has more, such as
#' SciPy's `ttest_ind()` with `$df` and `$confidence_interval()`, its list (class
#' `python_result`) finds that, too. A tensor is a `torch_tensor`, a NumPy array an array, a NumPy
#' scalar or an array of one number a single number, a pandas frame a data frame, a pandas Series
#' a vector, named by its index (unless that only counts); everything else stays a Python object.
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
#' With `convert = FALSE` results stay Python objects, and so do theirs; [to_r()] converts one.
#' That keeps what R has no like of (a tuple, a set, keys that are numbers), and what is large
#' and only passed on; and methods can be called of it, as in
#' `to_r(py_import("pandas", convert = FALSE)$DataFrame(mtcars)$groupby("cyl")$mpg$mean())`.
#'
#' An exception in Python is an R error with the exception's message; its class is a
#' class of the condition (`tryCatch(..., KeyError = )`) and its traceback the element
#' `traceback`.
#'
#' @section Python objects in R:
#' `x$name` is the attribute, `x["key"]`, `x[0L]`, `x[0L, 1L]` the item: positions count from 0,
#' as in Python, and what is left out is all (`x[, 0L]`). `x[["key"]]` is the item, or the attribute
#' where there is none; `x$key` of a mapping finds its items, too. Each takes `<-`. `length()` is
#' Python's `len()` (1 of what has none), `names()` are keys, columns or fields, else the public
#' attributes. `as.list()` has all that iteration gives, so `lapply()` and `sapply()` work;
#' `for (item in as.list(x))`, or [py_iterate()] for one at a time. `as.character()` is `str()`,
#' `as.numeric()` and `as.logical()` are the value's, or `float()` and `bool()`. Operators are
#' Python's. `with()` is Python's `with`, see [with.python_object()].
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
#' @param convert Do results become R values? `FALSE` leaves them Python's.
#' @param x,object A Python object.
#' @param name Name of an attribute.
#' @param value Value for the attribute or item.
#' @param ... Keys or positions. Else not used (`print()` ignores the arguments of
#'   [print.default()]).
#' @return A Python object (class `python_object`), or the R value of an attribute or item.
#' @seealso [py_run()] for Python code, [py_doc()] for Python's help.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' torch <- py_import("torch")
#' x <- torch$ones(c(2L, 3L))
#' x$sum()$item()
#'
#' deque <- py_import("collections")$deque(list("a", 2, TRUE))
#' deque[0L]
#' length(deque)
#' str(as.list(deque))
#'
#' builtins <- py_import("builtins", convert = FALSE)
#' key <- builtins$tuple(c(1L, 2L)) # stays a tuple
#' table <- builtins$dict()
#' table[key] <- "one and two"
#' table
#' @export
py_import <- function(module, convert = TRUE) {
  check_string(module, "module")
  check_flag(convert, "convert")
  found <- dot_call(native()$import, module)
  if (convert) found else unconverted(found)
}

#' @rdname py_import
#' @export
`$.python_object` <- function(x, name) dot_call(native()$getattr, x, name)

#' @rdname py_import
#' @export
`[[.python_object` <- function(x, ...) ask(x, "member", python_keys(...))

#' @rdname py_import
#' @export
`[.python_object` <- function(x, ...) ask(x, "item", python_keys(...))

#' @rdname py_import
#' @export
`$<-.python_object` <- function(x, name, value) { # nolint: object_name_linter.
  dot_call(native()$setattr, x, name, value)
  x
}

#' @rdname py_import
#' @export
`[[<-.python_object` <- function(x, ..., value) {
  ask(x, "set_member", c(list(value), python_keys(...)))
  x
}

#' @rdname py_import
#' @export
`[<-.python_object` <- function(x, ..., value) {
  ask(x, "set_item", c(list(value), python_keys(...)))
  x
}

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
  if (is_live(x)) paste("<python_object>", api("objects.text", x)) else gone_text(x)
}

#' @rdname py_import
#' @importFrom utils str
#' @export
str.python_object <- function(object, ...) {
  text <- if (is_asleep()) {
    asleep_text(object)
  } else if (is_live(object) && api("objects.is_frame", object)) {
    paste0("<python_object> ", frame_line(object))
  } else {
    format(object)
  }
  cat(" ", one_line(text), "\n", sep = "")
}

# Size and columns of a data frame of Python's.
frame_line <- function(x) {
  size <- paste(unlist(x$shape), collapse = " x ")
  paste0("data frame [", size, "]: ", paste(names(x), collapse = ", "))
}

# In one line that fits, as str() has it.
one_line <- function(text, width = getOption("width") - 4L) {
  text <- gsub("\\s+", " ", paste(text, collapse = " "))
  if (nchar(text) > width) paste0(substr(text, 1L, width - 4L), " ...") else text
}

#' @importFrom utils .DollarNames
#' @export
.DollarNames.python_object <- function(x, pattern = "") { # nolint: object_name_linter.
  grep(pattern, api("objects.attributes", x), value = TRUE)
}

# Ours, or what reticulate holds: every call of ours takes both.
is_python <- function(x) inherits(x, c("python_object", "python.builtin.object"))

# Is there an object, or (after readRDS()) can there be one again?
is_live <- function(x) dot_call(native()$is_live, x)

gone_text <- function(x) paste0("<", class(x)[1L], " from another R session>")

# A Python callable that readRDS() has read (host.R).
call_again <- function(handle, arguments) dot_call(native()$call_found, handle, arguments)

# ---- what all verbs have in common ----

# A verb of Python's on an object (bridge/values/objects.py); what comes of an object that was
# imported with convert = FALSE is one like it.
ask <- function(x, verb, arguments = list(), call = sys.call(-1L)) {
  stays <- inherits(x, "python_unconverted")
  name <- paste0("objects.", if (stays) "unconverted" else verb)
  arguments <- c(list(x), if (stays) verb, arguments)
  found <- tryCatch(
    dot_call(native()$call_found, python_function(name), arguments),
    python_error = function(condition) {
      condition$call <- without_class(call)
      stop(condition)
    }
  )
  if (stays) stays_with_python(found) else found
}

# The call of a method as the user wrote it.
without_class <- function(call) {
  if (is.symbol(call[[1L]])) {
    call[[1L]] <- as.name(sub("[.]python_(object|unconverted)$", "", as.character(call[[1L]])))
  }
  call
}

# Subscripts as Python takes them; one that is left out is all.
python_keys <- function(...) {
  given <- as.list(substitute(list(...)))[-1L]
  lapply(seq_along(given), function(i) {
    if (identical(given[[i]], quote(expr = ))) whole_slice() else ...elt(i) # nolint.
  })
}

python_type <- function(x) api("objects.kind", x)

whole_slice <- function() py_import("builtins")$slice(NULL)
