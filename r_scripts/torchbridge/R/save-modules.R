# Modules that are written in R, as R data, tensors and code. Only torch_serialize() keeps the
# code, beside the bytes: what saveRDS() writes is R's own affair.
# Tests: test-save-files.R.

# Can the module be made again from this? A list with `children` likewise.
freeze_module <- function(x) {
  description <- call_python("saved_modules.describe", x)
  if (!is.null(description)) return(list(description = description, state = x$state_dict()))
  half <- environment(x)
  own <- call_python("saved_modules.own", x, !is.null(half$definition), call = NULL)
  children <- lapply(x$children, freeze_module)
  c(own, list(children = children, r = if (!is.null(half$definition)) freeze_half(half)))
}

# The R side: the class, and the fields that are not methods of it.
freeze_half <- function(half) {
  lineage <- module_lineage(half$definition)
  list(
    definition = half$definition,
    fields = own_values(half$fields, unlist(lapply(lineage, function(level) names(level$methods)))),
    private = if (length(half$scopes) > 0L) {
      own_values(half$scopes[[1L]]$private, unlist(lapply(lineage, private_methods)))
    }
  )
}

private_methods <- function(level) names(Filter(is_plain_function, level$private))

own_values <- function(from, methods) {
  if (is.null(from)) return(NULL)
  names <- setdiff(ls(from, all.names = TRUE), methods)
  names <- names[!vapply(names, bindingIsActive, NA, env = from)]
  mget(names, envir = from)
}

thaw_module <- function(frozen) {
  if (!is.null(frozen$description)) {
    return(call_python("saved_modules.build", frozen$description, frozen$state))
  }
  if (is.null(frozen$r)) {
    module <- call_python("saved_modules.container", frozen$class)
  } else {
    half <- new_half(frozen$r$definition)
    call_python("modules.create", python_class(frozen$r$definition), half$access)
    list2env(frozen$r$fields, envir = half$fields)
    if (!is.null(frozen$r$private)) list2env(frozen$r$private, envir = half$scopes[[1L]]$private)
    module <- half$face
  }
  call_python(
    "saved_modules.fill", module, frozen$parameters, frozen$buffers, frozen$passing,
    frozen$attributes, frozen$plain
  )
  for (name in names(frozen$children)) module$add_module(name, thaw_module(frozen$children[[name]]))
  call_python("saved_modules.set_training", module, frozen$training)
  module
}
