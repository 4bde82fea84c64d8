# The native entries that R code calls most. They are promises: reading one starts Python the
# first time, and costs nothing afterwards.
.onLoad <- function(libname, pkgname) {
  delayedAssign("op", native()$op, assign.env = entry)
  delayedAssign("index", native()$index, assign.env = entry)
  delayedAssign("index_set", native()$index_set, assign.env = entry)
}

entry <- new.env(parent = emptyenv())

# Where %*% comes from here (R before 4.3) library() need not announce it: for all that are
# not tensors it is base's own.
.onAttach <- function(libname, pkgname) {
  if (getRversion() < "4.3.0") {
    assign(".conflicts.OK", TRUE, envir = as.environment("package:torchbridge"))
  }
}
