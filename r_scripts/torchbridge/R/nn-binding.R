# The members of a module written in R: methods bound to `self`, `private` and `super`.
# Tests: test-nn-module.R.

# Binds the methods of a class and its parents, parents first: each class has a scope of
# its own with `self`, `private` and `super`.
bind_members <- function(half, definition) {
  chain <- module_lineage(definition)
  private <- new_private(half)
  super <- new_super(half, definition)
  for (level in chain) {
    scope <- new.env(parent = level$env)
    scope$private <- private
    scope$super <- super
    half$scopes <- c(half$scopes, scope)
    super <- list2env(mget(ls(super, all.names = TRUE), super), parent = emptyenv())
    class(super) <- "nn_super"
    # As in R6, where code for it climbs from class to class by this.
    assign(".__enclos_env__", scope, envir = super)
    for (name in names(level$methods)) {
      bound <- bind_method(level$methods[[name]], scope)
      assign(name, bound, envir = super)
      if (name == "initialize") {
        half$initialize <- bound
      } else {
        put_field(half$fields, name, bound)
      }
    }
    for (name in names(level$fields)) put_field(half$fields, name, level$fields[[name]])
    for (name in names(level$active)) {
      if (exists(name, envir = half$fields, inherits = FALSE)) rm(list = name, envir = half$fields)
      makeActiveBinding(name, bind_method(level$active[[name]], scope), half$fields)
    }
    for (name in names(level$private)) {
      member <- level$private[[name]]
      if (is_plain_function(member)) member <- bind_method(member, scope)
      put_field(private, name, member)
    }
  }
  if (is.null(half$initialize)) half$initialize <- super$initialize
  half$forward <- half$fields$forward
}

bind_method <- function(method, scope) {
  if (is.primitive(method)) return(method)
  environment(method) <- scope
  method
}

put_field <- function(fields, name, value) {
  # A class may replace an active field of its parent.
  if (exists(name, envir = fields, inherits = FALSE)) rm(list = name, envir = fields)
  assign(name, value, envir = fields)
}

# `super` of the topmost class: that of the Python class.
new_super <- function(half, definition) {
  initialize <- definition$signature
  body(initialize) <- if (identical(definition$python, "Module")) {
    quote(invisible())
  } else {
    quote(initialize_python(half, supplied_arguments(half$definition$python), sys.call()))
  }
  enclosing <- list2env(list(half = half), parent = topenv())
  environment(initialize) <- enclosing
  members <- list(initialize = initialize, .half = half, .__enclos_env__ = enclosing)
  structure(list2env(members, parent = emptyenv()), class = "nn_super")
}

initialize_python <- function(half, arguments, call) {
  if (identical(half$definition$python, "Sequential")) {
    check_modules(arguments, "...", call)
    names <- names(arguments)
    if (is.null(names)) names <- character(length(arguments))
    modules <- unname(arguments)
    call_python("modules.initialize_sequential", half$face, modules, as.list(names), call = call)
    return(invisible(half$face))
  }
  base <- python_function("modules.initialize_base")
  with_call(call, dot_call(native()$call, base, c(half$module, arguments)))
  invisible(half$face)
}

#' @export
`$.nn_super` <- function(x, name) {
  found <- .subset2(x, name)
  if (!is.null(found)) return(found)
  module <- .subset2(x, ".half")$face
  # What every module has, without the methods of the class below.
  member <- module_members[[name]]
  if (!is.null(member) && !name %in% c("forward", "train", "eval")) return(member(module))
  tryCatch(
    call_python("modules.base_member", module, name),
    AttributeError = function(condition) {
      abort(
        sys.call(-4L), "The parent class of `", class(module)[1L], "` has no method `", name, "`."
      )
    }
  )
}

# The R side of a copy of the module: methods bound anew, fields as they are. A deep copy has copies
# of tensors and of R6 objects, or what the class's private method `deep_clone` makes of each field,
# as R6 has it.
copy_half <- function(half, deep) {
  copy <- new_half(half$definition)
  private <- if (length(half$scopes) > 0L) half$scopes[[1L]]$private
  own <- private$deep_clone
  copied <- if (!deep) function(name, value) value else if (is.function(own)) own else copy_of_field
  copy_values(half$fields, copy$fields, copied)
  # All scopes have the same `private`.
  if (!is.null(private)) copy_values(private, copy$scopes[[1L]]$private, copied)
  copy
}

copy_of_field <- function(name, value) {
  if (inherits(value, "torch_tensor")) return(value$detach()$clone())
  if (!is.environment(value) || !exists(".__enclos_env__", value, inherits = FALSE)) return(value)
  clone <- get0("clone", value, mode = "function", inherits = FALSE)
  if (is.null(clone)) value else clone(deep = TRUE)
}

copy_values <- function(from, to, copied) {
  for (name in ls(from, all.names = TRUE)) {
    if (bindingIsActive(name, from)) next
    value <- from[[name]]
    is_method <- is.function(value) && exists(name, envir = to, inherits = FALSE)
    if (!is_method) assign(name, copied(name, value), envir = to)
  }
}
