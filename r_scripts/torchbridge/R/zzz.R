.onLoad <- function(libname, pkgname) {
  for (name in c("op", "op1", "op2", "index", "index_set", "getattr")) promise_entry(name)
  replace_reticulate_methods()
}

# Where %*% comes from here (R before 4.3) library() need not announce it: for all that are
# not tensors it is base's own.
.onAttach <- function(libname, pkgname) {
  if (getRversion() < "4.3.0") {
    assign(".conflicts.OK", TRUE, envir = as.environment("package:torchbridge"))
  }
}
