# Functions of torchbridge's own Python modules.
# Tests: test-python-object.R.

the$functions <- new.env(parent = emptyenv())

# torchbridge.<name> in Python, such as "data.collate", looked up once a session.
python_function <- function(name) {
  found <- the$functions[[name]]
  if (is.null(found)) {
    module <- py_import(paste0("torchbridge.", sub("[.][^.]*$", "", name)))
    found <- dot_call(native()$getattr, module, sub(".*[.]", "", name))
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
