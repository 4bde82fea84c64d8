# Functions of torchbridge's own Python modules.
# Tests: test-python-object.R.

the$functions <- new.env(parent = emptyenv())

# A function of Python's table of what R calls (torchbridge.for_r), such as "data.stack", looked up
# once a session.
python_function <- function(name) {
  found <- the$functions[[name]]
  if (is.null(found)) {
    found <- dot_call(native()$getattr, py_import("torchbridge.for_r"), name)
    assign(name, found, envir = the$functions)
  }
  found
}

# Calls it; an error of Python's carries the call of the user, not the one here.
call_python <- function(name, ..., call = sys.call(-1L)) {
  tryCatch(
    dot_call(native()$call, python_function(name), list(...)),
    python_error = function(condition) {
      condition$call <- call
      stop(condition)
    }
  )
}
