# The native entries that R code calls most. They are promises: reading one starts Python the
# first time, and costs nothing afterwards.
.onLoad <- function(libname, pkgname) {
  delayedAssign("op", native()$op, assign.env = entry)
  delayedAssign("index", native()$index, assign.env = entry)
  delayedAssign("index_set", native()$index_set, assign.env = entry)
}

entry <- new.env(parent = emptyenv())
