#' A copy of a module
#'
#' `clone_module()` is what `module$clone()` does. A copy has a list of its own of parameters,
#' buffers, submodules and fields. With `deep = TRUE` these are copies, too: what was one tensor or
#' one module in the original is one in the copy. Fields that hold R6 objects are cloned deeply,
#' too, or a method `deep_clone(name, value)` in `private` says what a copy has in each field. With
#' `deep = FALSE` they are the very ones that the original has.
#'
#' Where the class has a method `finalize_deep_clone` in `private`, a deep copy calls it last.
#'
#' @param module A module.
#' @param deep Are parameters, buffers and submodules copied, too?
#' @param ... Not used.
#' @param replace_values `FALSE`: a deep copy keeps the very tensors and submodules, as one that is
#'   not deep.
#' @return The copy.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' net <- nn_linear(2, 1)
#' copy <- clone_module(net, deep = TRUE)
#' torch_equal(copy$weight, net$weight)
#' @export
clone_module <- function(module, deep = FALSE, ..., replace_values = TRUE) {
  check_module(module, "module")
  check_flag(deep, "deep")
  check_flag(replace_values, "replace_values")
  check_no_dots(...)
  deep <- deep && replace_values
  copy <- call_python("module_members.clone", module, deep)
  scopes <- environment(copy)$scopes
  if (deep && length(scopes) > 0L) {
    finalize <- scopes[[1L]]$private$finalize_deep_clone
    if (is.function(finalize)) finalize()
  }
  copy
}
