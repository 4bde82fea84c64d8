# Modules that are written in R, as R data, tensors and code. Reading makes the module and runs none
# of its code; the code is in save-code.R.
# Tests: test-save-modules.R.

# What the module can be made again from; `store` is that of pack().
freeze_module <- function(x, store) {
  half <- environment(x)
  own <- call_python("saved_modules.own", x, !is.null(half$definition), call = NULL)
  c(own, list(
    children = x$children, r = if (!is.null(half$definition)) freeze_half(half, store)
  ))
}

# The R side: the class, and the fields that are not methods of it.
freeze_half <- function(half, store) {
  c(list(definition = portable_definition(half$definition, store)), half_values(half))
}

half_values <- function(half) {
  lineage <- module_lineage(half$definition)
  list(
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

# A class without what holds in this session alone; the same one for all of its modules.
portable_definition <- function(definition, store) {
  if (is.null(definition)) return(NULL)
  if (!is.character(definition$python)) {
    stop("its class inherits from a class that is written in Python")
  }
  address <- rlang::obj_address(definition)
  if (is.null(store$definitions[[address]])) {
    parts <- mget(setdiff(ls(definition, all.names = TRUE), c("class", "parent")), definition)
    portable <- list2env(parts, parent = emptyenv())
    portable$parent <- portable_definition(definition$parent, store)
    portable$class <- NULL
    store$definitions[[address]] <- portable
  }
  store$definitions[[address]]
}

thaw_module <- function(frozen) {
  if (!is.null(frozen$description)) { # a part, in a file of before
    return(call_python("saved_modules.build", frozen$description, frozen$state))
  }
  if (is.null(frozen$r)) {
    module <- call_python("saved_modules.container", frozen$class)
  } else {
    definition <- frozen$r$definition
    check_definition(definition)
    definition$class <- NULL
    half <- new_half(definition)
    call_python("modules.create", python_class(definition), half$access)
    fill_fields(half$fields, frozen$r$fields)
    if (length(half$scopes) > 0L) fill_fields(half$scopes[[1L]]$private, frozen$r$private)
    module <- half$face
  }
  call_python(
    "saved_modules.fill", module, frozen$parameters, frozen$buffers, frozen$passing,
    frozen$attributes, frozen$plain
  )
  for (name in names(frozen$children)) {
    child <- frozen$children[[name]]
    module$add_module(name, if (is_nn_module(child)) child else thaw_module(child))
  }
  call_python("saved_modules.set_training", module, frozen$training)
  module
}

fill_fields <- function(env, values) {
  for (name in names(values)) {
    if (!exists(name, envir = env, inherits = FALSE) || !bindingIsActive(name, env)) {
      assign(name, .subset2(values, name), envir = env)
    }
  }
}

# What makes a module of a class looks at its parts: they must be plain, so that no method of
# another class is asked.
check_definition <- function(definition) {
  levels <- list()
  while (!is.null(definition)) {
    check_runs_nothing(definition, ls(definition, all.names = TRUE))
    plain <- function(name, is) {
      x <- definition[[name]]
      is.null(x) || !is.object(x) && is(x)
    }
    functions <- function(x) {
      is.list(x) && (length(x) == 0L || !is.null(names(x))) &&
        all(vapply(x, function(f) is.function(f) && !is.object(f), NA))
    }
    named_list <- function(x) is.list(x) && (length(x) == 0L || !is.null(names(x)))
    ok <- plain("name", is_names) && plain("python", is_string) && plain("env", is.environment) &&
      plain("methods", functions) && plain("active", functions) && plain("fields", named_list) &&
      plain("private", named_list) && plain("signature", is.function)
    if (!ok) stop("the R code of this saved module is damaged")
    levels <- c(levels, definition)
    definition <- definition$parent
    if (any(vapply(levels, identical, NA, definition))) {
      stop("the R code of this saved module is damaged: a class is its own parent")
    }
  }
}
