# Tests: test-python-start.R, test-python-reticulate.R, test-stand-in.R.

.onLoad <- function(libname, pkgname) {
  refuse_other_torch()
  place_masks()
  for (name in c(
    "op", "op1", "op2", "index", "index_set", "getattr", "call", "few_numbers", "numeric_rule",
    "numeric_index"
  )) {
    promise_entry(name)
  }
  for (name in c("step", "zero_grad")) promise_function(name, paste0("optim.", name))
  suggest_python()
  if (isNamespaceLoaded("Matrix")) {
    define_matrix_methods()
  } else {
    setHook(packageEvent("Matrix", "onLoad"), function(...) define_matrix_methods())
  }
}

# This package's dnorm(), crossprod(), ... (and %*% before R 4.3) are R's own for all that are not
# tensors, so library() need not announce them.
.onAttach <- function(libname, pkgname) {
  assign(".conflicts.OK", TRUE, envir = as.environment("package:torchbridge"))
  announce_python()
}
