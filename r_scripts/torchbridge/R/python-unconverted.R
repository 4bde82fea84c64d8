# Python objects whose results stay Python's: py_import(convert = FALSE).

unconverted_class <- c("python_unconverted", "python_object")

# The same object, as one of these.
unconverted <- function(x) stays_with_python(api("objects.unconverted", x, "itself"))

# What bridge/values/objects.py says of a result: nothing, one object, or a list of such.
stays_with_python <- function(found) {
  if (!is.list(found)) return(found)
  if (!identical(names(found), c("handle", "callable"))) return(lapply(found, stays_with_python))
  handle <- found$handle
  if (!found$callable) {
    class(handle) <- unconverted_class
    return(handle)
  }
  f <- function(...) {
    unconverted_call <- python_function("objects.unconverted")
    found <- dot_call(native()$call_found, unconverted_call, list(handle, "call", ...))
    if (is.null(found)) invisible() else stays_with_python(found)
  }
  attributes(f) <- list(
    class = c("python_unconverted", "python_callable", "python_object"),
    torchbridge_handle = handle
  )
  f
}

#' @export
`$.python_unconverted` <- function(x, name) ask(x, "attribute", list(name))
