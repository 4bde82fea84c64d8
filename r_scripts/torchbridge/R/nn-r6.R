# R torch's modules are R6 objects, and what makes them R6 classes. Code for it reads what R6 has:
# a generator's `$public_methods`, `$get_inherit()`, ..., a module's `.__enclos_env__` and
# `private`.

# ---- generators ----

# `generator$name`; NULL for what R6 has not.
generator_member <- function(generator, name) {
  member <- generator_members[[name]]
  if (!is.null(member)) member(generator, attr(generator, "definition"))
}

generator_members <- list2env(list(
  classname = function(generator, definition) definition$name,
  public_methods = function(generator, definition) {
    if (is.null(definition$env)) python_methods(definition) else definition$methods
  },
  public_fields = function(generator, definition) {
    c(definition$fields, list(.classes = setdiff(class(generator), "nn_module_generator")))
  },
  private_methods = function(generator, definition) {
    Filter(is_plain_function, definition$private)
  },
  private_fields = function(generator, definition) {
    Filter(Negate(is_plain_function), definition$private)
  },
  active = function(generator, definition) if (length(definition$active) > 0L) definition$active,
  parent_env = function(generator, definition) definition$env,
  get_inherit = function(generator, definition) {
    function() {
      parent <- definition$parent
      if (!is.null(parent)) {
        new_module_generator(parent)
      } else if (!identical(definition$python, "Module")) {
        nn_Module
      }
    }
  },
  new = function(generator, definition) generator
), parent = emptyenv())

# Of a class that is Python's.
python_methods <- function(definition) {
  forward <- function(...) NULL
  if (!identical(definition$python, "Module")) {
    signature <- call_python("layers.forward_signature_of", definition$python)
    if (!is.null(signature)) formals(forward) <- formals(face_of_python(signature, FALSE))
  }
  body(forward) <- quote(stop("this is a method of a module, which must be made first"))
  list(initialize = definition$signature, forward = forward)
}

# ---- modules ----

# The environment in which the methods of a module's class find `self`, `private` and `super`.
enclosing_env <- function(half) {
  n <- length(half$scopes)
  if (n > 0L) return(half$scopes[[n]])
  list2env(list(self = half$face, private = new_private(half)), parent = topenv())
}

# `private` as R torch has it: what a module is made of, under the names that it has there.
new_private <- function(half) {
  add_parts(new.env(parent = emptyenv()), half)
}

add_parts <- function(private, half) {
  for (name in names(private_parts)) {
    if (!exists(name, envir = private, inherits = FALSE)) {
      makeActiveBinding(name, private_part(half, name), private)
    }
  }
  private
}

private_part <- function(half, name) {
  force(half)
  force(name)
  function(value) {
    part <- private_parts[[name]]
    if (missing(value)) {
      named(call_python("module_members.own_part", half$face, part))
    } else {
      call_python("module_members.set_part", half$face, part, value)
      if (part == "modules") rm(list = ls(half$children, all.names = TRUE), envir = half$children)
    }
  }
}

private_parts <- c(
  modules_ = "modules", parameters_ = "parameters", buffers_ = "buffers",
  non_persistent_buffers_ = "passing", training_ = "training"
)
