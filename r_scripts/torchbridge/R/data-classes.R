# Classes that users write: datasets and samplers. A generator is a function that makes an
# R6 object; generators inherit from each other.
# Tests: test-data-dataset.R.

# R6 evaluates `inherit` in the scope below.
utils::globalVariables("parent_class")

new_generator <- function(base, name, inherit, public, private, active, parent_env, call) {
  if (!is.null(name)) check_string(name, "name", call)
  if (length(public) > 0L && (is.null(names(public)) || !all(nzchar(names(public))))) {
    abort(call, "Every method and field must have a name.")
  }
  if (!is.null(inherit) && !inherits(inherit, "r6_generator")) {
    abort(
      call, "`inherit` must be what ", base$classname, "() gives, not ", friendly_type(inherit), "."
    )
  }
  check_members(private, "private", call)
  check_members(active, "active", call)
  parent_class <- if (is.null(inherit)) base else attr(inherit, "class_generator")
  # R6 takes the name of the parent class, and looks for it here.
  scope <- list2env(list(parent_class = parent_class), parent = parent_env)
  class <- R6::R6Class(
    if (is.null(name)) base$classname else name,
    inherit = parent_class, public = public, private = private, active = active,
    parent_env = scope, lock_objects = FALSE
  )
  structure(
    function(...) class$new(...),
    class = c(paste0(base$classname, "_generator"), "r6_generator"),
    class_generator = class
  )
}

check_members <- function(x, name, call) {
  if (!is.null(x) && (!is.list(x) || is.null(names(x)) || !all(nzchar(names(x))))) {
    abort(call, "`", name, "` must be a list with names, not ", friendly_type(x), ".")
  }
}

#' @export
print.r6_generator <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  class <- attr(x, "class_generator")
  init <- class$public_methods$initialize
  arguments <- if (!is.null(init)) paste(names(formals(init)), collapse = ", ")
  cat("<", class(x)[1L], "> ", class$classname, "(", arguments, ")\n", sep = "")
  invisible(x)
}
