# The R code of saved modules: functions and environments, as R's own serialize() writes them. A
# file is not trusted: bridge/saving/r_stream.py checks the bytes before R reads them. Tests:
# test-save-code.R.

# The name of these bytes among a file's tensors.
code_name <- "torchbridge.code"

code_bytes <- function(code, call) {
  settle_promises(code, new.env(parent = emptyenv()), call)
  bytes <- serialize(code, NULL)
  tryCatch(
    call_python("r_stream.for_r", bytes, "ours")$data,
    ValueError = function(condition) {
      abort(call, "`obj`: the R code of a module cannot be saved: ", conditionMessage(condition))
    }
  )
}

code_of <- function(bytes) {
  if (is.null(bytes)) stop("R code of a module was kept beside the bytes, and is lost")
  code <- unserialize(checked_stream(call_python("files.vector_bytes", bytes), "file")$data)
  if (!is.list(code) || is.object(code)) stop("the R code in it is none")
  bind_again(code, new.env(parent = emptyenv()))
  our_function(our_functions(code))
}

# Bytes that unserialize() may read (`data`), and whether there is code in them (`has_code`).
checked_stream <- function(bytes, source) {
  found <- tryCatch(
    call_python("r_stream.for_r", bytes, source),
    ValueError = function(condition) stop("the R code in it: ", conditionMessage(condition))
  )
  for (package in unlist(found$namespaces)) {
    ours <- package %in% c("R6", "rlang") && requireNamespace(package, quietly = TRUE)
    if (!ours && !isNamespaceLoaded(package)) {
      stop(
        "its R code is of the package ", package, ", which is not loaded: library(", package, ")"
      )
    }
  }
  found
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

# The active bindings of R6 objects, which no file has. Each of these functions sees the scope of
# the class that it comes from, maybe a parent's.
bind_again <- function(x, seen) {
  walk_environments(x, seen, function(env) {
    enclosing <- get0(".__enclos_env__", envir = env, inherits = FALSE)
    if (!is.environment(enclosing)) return()
    active <- get0(".__active__", envir = enclosing, inherits = FALSE)
    if (!is.list(active) || is.object(active)) return()
    for (name in names(active)) {
      method <- .subset2(active, name)
      if (exists(name, envir = env, inherits = FALSE) || !is.function(method)) next
      if (!environmentIsLocked(env)) makeActiveBinding(name, method, env)
    }
  })
}

# PyTorch's functions, which code may hold as values (`self$act <- torch_relu`): ours have pointers
# in their environment, R torch's call what is there alone. Both say in their body what they are,
# and are ours of this session from now on. What is made of others finds those by name.
our_functions <- function(x) {
  walk_environments(x, new.env(parent = emptyenv()), put_our_functions)
  x
}

put_our_functions <- function(env) {
  for (name in ls(env, all.names = TRUE, sorted = FALSE)) {
    if (reading_runs_code(env, name) || bindingIsLocked(name, env)) next
    value <- tryCatch(get(name, envir = env), error = function(e) NULL) # a missing argument
    ours <- our_function(value)
    if (!identical(ours, value)) assign(name, ours, envir = env)
  }
}

our_function <- function(x) {
  if (typeof(x) == "list" && !is.object(x)) {
    found <- lapply(x, our_function)
    attributes(found) <- attributes(x)
    return(found)
  }
  name <- if (is.function(x) && !is.primitive(x)) operator_called(x)
  if (is.null(name)) x else get(name, envir = topenv())
}

# The name of the operator that a function is, or NULL.
operator_called <- function(x) {
  code <- body(x)
  if (!is.call(code)) return(NULL)
  if (identical(code[[1L]], quote(.External)) && identical(code[[2L]], quote(op))) {
    name <- code[[3L]]
    return(if (is_string(name) && name %in% names(operator_arguments)) name)
  }
  if (!identical(environment(x), topenv())) return(NULL)
  start <- "^cpp_torch_(dispatch_)?namespace_"
  called <- grep(start, all.names(code), value = TRUE)
  if (length(called) == 0L) return(NULL)
  words <- strsplit(sub(start, "", called[1L]), "_", fixed = TRUE)[[1L]]
  names <- paste0("torch_", Reduce(function(a, b) paste(a, b, sep = "_"), words, accumulate = TRUE))
  found <- intersect(names, names(operator_arguments))
  if (length(found) > 0L) found[length(found)]
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
