#' Parameters and buffers
#'
#' Assigned to a module, a parameter is trained with it, and a buffer is part of its state
#' and moves with it but is not trained. A plain tensor that is assigned to a module is
#' neither.
#'
#' @param x A tensor; for `is_nn_*()` anything.
#' @param requires_grad `FALSE` for a parameter that is not to be trained.
#' @param persistent Is the buffer part of `$state_dict()`?
#' @return `nn_parameter()` and `nn_buffer()`: a tensor over the same memory.
#'   `is_nn_parameter()`, `is_nn_buffer()`, `is_nn_module()`: `TRUE` or `FALSE`.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' scale <- nn_module(
#'   initialize = function(n) {
#'     self$factor <- nn_parameter(as_torch_tensor(rep(1, n), dtype = "float32"))
#'     self$calls <- nn_buffer(as_torch_tensor(0L))
#'   },
#'   forward = function(x) x$mul(self$factor)
#' )
#' scale(3)$state_dict()
#' @export
nn_parameter <- function(x, requires_grad = TRUE) {
  check_tensor(x, "x")
  check_flag(requires_grad, "requires_grad")
  call_python("module_members.parameter", x, requires_grad)
}

#' @rdname nn_parameter
#' @export
nn_buffer <- function(x, persistent = TRUE) {
  check_tensor(x, "x")
  check_flag(persistent, "persistent")
  buffer <- call_python("module_members.buffer", x, persistent)
  class(buffer) <- c(class(buffer), "nn_buffer")
  buffer
}

#' @rdname nn_parameter
#' @export
is_nn_parameter <- function(x) {
  inherits(x, "torch_tensor") && call_python("module_members.is_parameter", x)
}

#' @rdname nn_parameter
#' @export
is_nn_buffer <- function(x) {
  inherits(x, "torch_tensor") && call_python("module_members.is_buffer", x)
}

#' @rdname nn_parameter
#' @export
is_nn_module <- function(x) inherits(x, "nn_module") && !inherits(x, "nn_module_generator")
