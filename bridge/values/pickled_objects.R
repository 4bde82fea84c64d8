# Pickles of R objects (pickling.py): R's serialize(), and for a function what its code names.

pickled <- function(x) {
  globals <- new.env(parent = emptyenv())
  packages <- new.env(parent = emptyenv())
  seen <- new.env(parent = emptyenv())
  for (f in c(if (is.function(x)) x, methods_of(x))) collect(f, globals, packages, seen)
  serialize(
    list(
      value = x, globals = as.list(globals, all.names = TRUE),
      packages = setdiff(ls(packages), c("base", "package:base")), libraries = .libPaths()
    ),
    NULL,
    refhook = refuse_pointer
  )
}

unpickled <- function(bytes) {
  saved <- unserialize(bytes)
  .libPaths(union(.libPaths(), saved$libraries))
  for (package in saved$packages) library(package, character.only = TRUE)
  # What the workspace has by itself is not touched; what came here before may be out of date.
  for (name in names(saved$globals)) {
    if (name %in% from_elsewhere || !exists(name, envir = globalenv(), inherits = FALSE)) {
      assign(name, saved$globals[[name]], envir = globalenv())
      from_elsewhere <<- union(from_elsewhere, name)
    }
  }
  saved$value
}
from_elsewhere <- character()

# The variables of the workspace and the attached packages that a function's code names, and that
# of the functions that it names.
collect <- function(f, globals, packages, seen) {
  if (is.primitive(f)) return()
  names <- all.names(as.call(c(list(body(f)), unname(as.list(formals(f))))))
  for (name in setdiff(names, c(names(formals(f)), ""))) {
    where <- environment(f)
    while (!is_session(where) && !exists(name, envir = where, inherits = FALSE)) {
      where <- parent.env(where)
    }
    if (isNamespace(where) || identical(where, emptyenv())) next
    if (identical(where, globalenv()) && !exists(name, envir = where, inherits = FALSE)) {
      from <- sub("package:", "", find_attached(name))
      if (nzchar(from)) assign(from, TRUE, envir = packages)
      next
    }
    key <- paste(name, format(where))
    if (exists(key, envir = seen, inherits = FALSE)) next
    assign(key, TRUE, envir = seen)
    value <- get(name, envir = where, inherits = FALSE)
    if (identical(where, globalenv())) assign(name, value, envir = globals)
    if (is.function(value)) collect(value, globals, packages, seen)
  }
}

# The methods of a module whose half this is, and of its parent classes.
methods_of <- function(half) {
  found <- list()
  level <- if (is.environment(environment(half))) environment(half)$definition
  while (is.environment(level)) {
    found <- c(found, Filter(is.function, c(as.list(level$methods), as.list(level$private))))
    level <- level$parent
  }
  found
}

is_session <- function(env) {
  identical(env, globalenv()) || identical(env, emptyenv()) || isNamespace(env)
}

# The package on the search path, beyond those that any R attaches, that has this name.
find_attached <- function(name) {
  found <- ""
  for (place in setdiff(grep("^package:", search(), value = TRUE), attached_by_r)) {
    if (exists(name, where = place, inherits = FALSE)) return(place)
  }
  found
}
attached_by_r <- paste0(
  "package:", c("base", "methods", "datasets", "utils", "grDevices", "graphics", "stats")
)

# Tensors and modules have their bytes with them; in the half of a module are addresses of our
# routines, which are put there anew.
refuse_pointer <- function(x) {
  known <- c("torch_tensor", "python_object", "NativeSymbol", "RegisteredNativeSymbol")
  if (typeof(x) == "externalptr" && !inherits(x, known)) {
    kind <- class(x)[1L]
    stop(
      "this R object cannot be pickled: it holds an external pointer",
      if (kind != "externalptr") paste0(" (of class ", kind, ")"),
      ", such as a connection or another package's memory, which only this process has",
      call. = FALSE
    )
  }
  NULL
}
