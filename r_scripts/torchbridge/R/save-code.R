# The R code of saved modules: functions and environments, as R's own serialize() writes them. A
# file is not trusted: bridge/saving/r_stream.py checks the bytes before R reads them. Tests:
# test-save-code.R.

# The name of these bytes among a file's tensors.
code_name <- "torchbridge.code"

code_bytes <- function(code, call) {
  settle_promises(code, new.env(parent = emptyenv()), call)
  bytes <- serialize(code, NULL)
  tryCatch(
    call_python("r_stream.for_r", bytes, TRUE)$data,
    ValueError = function(condition) {
      abort(call, "`obj`: the R code of a module cannot be saved: ", conditionMessage(condition))
    }
  )
}

code_of <- function(bytes) {
  if (is.null(bytes)) stop("R code of a module was kept beside the bytes, and is lost")
  bytes <- call_python("files.vector_bytes", bytes)
  found <- tryCatch(
    call_python("r_stream.for_r", bytes, FALSE),
    ValueError = function(condition) stop("the R code in it: ", conditionMessage(condition))
  )
  for (package in unlist(found$namespaces)) {
    if (!isNamespaceLoaded(package)) {
      stop(
        "its R code is of the package ", package, ", which is not loaded: library(", package, ")"
      )
    }
  }
  code <- unserialize(found$data)
  if (!is.list(code) || is.object(code)) stop("the R code in it is none")
  bind_again(code, new.env(parent = emptyenv()))
  code
}

# An argument of a function that is around a module's methods has its value in the file: one that
# has not been asked for gets it now.
settle_promises <- function(x, seen, call) {
  walk_environments(x, seen, function(env) {
    names <- ls(env, all.names = TRUE, sorted = FALSE)
    for (name in names[rlang::env_binding_are_lazy(env, names)]) {
      tryCatch(get(name, envir = env), error = function(condition) {
        abort(
          call, "`obj`: the value of `", name, "`, which is around the methods of a module, ",
          "cannot be found: ", conditionMessage(condition)
        )
      })
    }
  })
}

# The active bindings of R6 objects, which no file has.
bind_again <- function(x, seen) {
  walk_environments(x, seen, function(env) {
    enclosing <- get0(".__enclos_env__", envir = env, inherits = FALSE)
    if (!is.environment(enclosing)) return()
    active <- get0(".__active__", envir = enclosing, inherits = FALSE)
    if (!is.list(active) || is.object(active)) return()
    for (name in names(active)) {
      method <- .subset2(active, name)
      if (exists(name, envir = env, inherits = FALSE) || !is.function(method)) next
      environment(method) <- enclosing
      if (!environmentIsLocked(env)) makeActiveBinding(name, method, env)
    }
  })
}

# Calls `visit` for each environment that a value reaches and a stream has: those of the session
# and of packages are written by name.
walk_environments <- function(x, seen, visit) {
  if (is.function(x) && !is.primitive(x)) {
    walk_environments(environment(x), seen, visit)
  } else if (typeof(x) == "list") {
    for (i in seq_along(x)) walk_environments(.subset2(x, i), seen, visit)
  } else if (is.environment(x)) {
    address <- rlang::obj_address(x)
    if (exists(address, envir = seen, inherits = FALSE) || is_named_environment(x)) return()
    assign(address, TRUE, envir = seen)
    visit(x)
    for (name in ls(x, all.names = TRUE, sorted = FALSE)) {
      if (bindingIsActive(name, x)) next
      # An argument that was not given is no value.
      walk_environments(tryCatch(get(name, envir = x), error = function(e) NULL), seen, visit)
    }
    walk_environments(parent.env(x), seen, visit)
  }
  if (is.environment(x)) return()
  attributes <- attributes(x)
  for (name in setdiff(names(attributes), c("names", "class", "srcref"))) {
    walk_environments(attributes[[name]], seen, visit)
  }
}

is_named_environment <- function(x) {
  identical(x, globalenv()) || identical(x, baseenv()) || identical(x, emptyenv()) ||
    isNamespace(x) || !is.null(attr(x, "name")) && environmentName(x) %in% search() ||
    environmentName(parent.env(x)) == "base" && startsWith(environmentName(x), "imports:")
}
