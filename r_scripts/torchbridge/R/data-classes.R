# Classes that users write: datasets, samplers, optimizers, schedulers. A generator is a function
# that makes an R6 object; generators inherit from each other.
# Tests: test-data-dataset.R.

# R6 evaluates `inherit` in the scope below.
utils::globalVariables("parent_class")

# A kind of classes: what users call it, R6's class that all inherit, the attribute in which a
# generator keeps its own, and the generator's S3 class.
class_kind <- function(what, base, attribute, generator) {
  list(what = what, base = base, attribute = attribute, generator = generator)
}

class_attributes <- c("Dataset", "Sampler", "Optimizer", "scheduler")

new_generator <- function(kind, name, inherit, public, private, active, parent_env, call,
                          class = kind$generator) {
  if (!is.character(name) && !is.null(name)) check_string(name, "name", call)
  if (length(public) > 0L && (is.null(names(public)) || !all(nzchar(names(public))))) {
    abort(call, "Every method and field must have a name.")
  }
  parent_class <- parent_of(kind, inherit, call)
  check_members(private, "private", call)
  check_members(active, "active", call)
  # R6 takes the name of the parent class, and looks for it here.
  scope <- list2env(list(parent_class = parent_class), parent = parent_env)
  made <- R6::R6Class(
    name,
    inherit = parent_class, public = public, private = private, active = active,
    parent_env = scope, lock_objects = FALSE
  )
  generator <- function() make_object(sys.function(), sys.call(), parent.frame())
  init <- initializer(made)
  if (!is.null(init)) formals(generator) <- formals(init)
  environment(generator) <- topenv()
  attr(generator, kind$attribute) <- made
  class(generator) <- class
  generator
}

parent_of <- function(kind, inherit, call) {
  if (is.null(inherit)) return(kind$base)
  if (inherits(inherit, "R6ClassGenerator")) return(inherit)
  found <- attr(inherit, kind$attribute)
  if (is.null(found)) {
    abort(call, "`inherit` must be what ", kind$what, "() gives, not ", friendly_type(inherit), ".")
  }
  found
}

# The nearest initialize() of a class and those that it inherits from.
initializer <- function(class) {
  while (!is.null(class)) {
    if (!is.null(class$public_methods$initialize)) return(class$public_methods$initialize)
    class <- class$get_inherit()
  }
}

# Evaluated where the user called, so that arguments stay lazy, and defaults see `self`.
make_object <- function(generator, call, where) {
  class <- generator_class(generator)
  name <- paste0(if (is.null(class$classname)) "object" else class$classname[1L], "$new")
  scope <- new.env(parent = where)
  assign(name, class$new, envir = scope)
  call[[1L]] <- as.name(name)
  eval(call, scope)
}

# The R6 class behind a generator; NULL of anything else.
generator_class <- function(x) {
  if (!is.function(x)) return(NULL)
  for (name in class_attributes) if (!is.null(attr(x, name))) return(attr(x, name))
  NULL
}

is_generator <- function(x) !is.null(generator_class(x))

check_members <- function(x, name, call) {
  if (!is.null(x) && (!is.list(x) || is.null(names(x)) || !all(nzchar(names(x))))) {
    abort(call, "`", name, "` must be a list with names, not ", friendly_type(x), ".")
  }
}

print_generator <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  name <- generator_class(x)$classname
  arguments <- paste(names(formals(x)), collapse = ", ")
  cat("<", utils::tail(class(x), 1L), "> ", name[1L], "(", arguments, ")\n", sep = "")
  invisible(x)
}

#' @export
print.dataset_generator <- print_generator

#' @export
print.iterable_dataset_generator <- print_generator # nolint: object_length_linter.

#' @export
print.torch_sampler <- print_generator
