# Gradients: what is recorded, and what is computed from it. Functions that are written
# in R are in autodiff-autograd-function.R.

#' Run code with or without gradients
#'
#' Inside `with_no_grad()` operations are not recorded for the backward pass: the results
#' have no `grad_fn`, and parameters may be changed in place. `with_enable_grad()` records
#' again inside it. The `local_*` forms hold until the calling function ends.
#'
#' @param code Code to run.
#' @param enabled `TRUE` or `FALSE`: whether to record.
#' @param .env The frame whose end restores the former state; not the global environment,
#'   which has no end.
#' @return The value of `code`. `local_no_grad()`, `local_enable_grad()` and
#'   `autograd_set_grad_mode()`: the state before, invisibly.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' w <- py_import("torch")$ones(2L, requires_grad = TRUE)
#' with_no_grad(w$sum())
#' @export
with_no_grad <- function(code) {
  before <- NULL
  # An interrupt may come at any of these lines: twice, before it is set, and none comes while it is
  # set or put back (Python looks for one at once).
  on.exit(before <- restore_grad_mode(before))
  on.exit(before <- restore_grad_mode(before), add = TRUE)
  suspendInterrupts(before <- autograd_set_grad_mode(FALSE))
  force(code)
}

#' @rdname with_no_grad
#' @export
with_enable_grad <- function(code) {
  before <- NULL
  on.exit(before <- restore_grad_mode(before))
  on.exit(before <- restore_grad_mode(before), add = TRUE)
  suspendInterrupts(before <- autograd_set_grad_mode(TRUE))
  force(code)
}

#' @rdname with_no_grad
#' @export
local_no_grad <- function(.env = parent.frame()) set_mode_until_exit(FALSE, .env, sys.call())

#' @rdname with_no_grad
#' @export
local_enable_grad <- function(.env = parent.frame()) set_mode_until_exit(TRUE, .env, sys.call())

#' @rdname with_no_grad
#' @export
autograd_set_grad_mode <- function(enabled) {
  check_flag(enabled, "enabled")
  invisible(dot_call(native()$call, python_function("autograd.set_grad_enabled"), list(enabled)))
}

restore_grad_mode <- function(before) {
  if (!is.null(before)) suspendInterrupts(autograd_set_grad_mode(before))
  NULL
}

set_mode_until_exit <- function(enabled, frame, call) {
  check_ends(frame, if (enabled) "with_enable_grad" else "with_no_grad", call)
  invisible(set_until_exit(frame, autograd_set_grad_mode(enabled), autograd_set_grad_mode))
}

#' Look for NaN in the backward pass
#'
#' While `code` runs, a backward pass that gives NaN is an error that names the function at
#' fault. It slows everything down: for debugging only.
#'
#' @param code Code to run.
#' @return The value of `code`.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' x <- py_import("torch")$zeros(1L, requires_grad = TRUE)
#' try(with_detect_anomaly(x$sqrt()$mul(x)$backward()))
#' @export
with_detect_anomaly <- function(code) {
  set_until_exit(
    environment(), call_python("autograd.set_detect_anomaly", TRUE),
    function(before) call_python("autograd.set_detect_anomaly", before)
  )
  force(code)
}

#' Gradients
#'
#' `autograd_grad()` gives the gradients of the sum of `outputs` with respect to `inputs`,
#' without touching any tensor's `grad`. `autograd_backward()` adds gradients to the `grad`
#' of every leaf that requires them, as `$backward()` of a single tensor does.
#'
#' @param outputs,tensors A tensor or a list of tensors to differentiate.
#' @param inputs A tensor or a list of tensors to differentiate with respect to.
#' @param grad_outputs,grad_tensors For each of `outputs` or `tensors` the gradient of the
#'   final result with respect to it: a tensor of its shape, or `NULL` for one (1) where it
#'   has a single element.
#' @param retain_graph `TRUE` keeps the graph for another backward pass.
#' @param create_graph `TRUE` records the backward pass itself, for derivatives of higher order.
#' @param allow_unused `FALSE`: an error where one of `inputs` plays no part in `outputs`;
#'   `TRUE`: its gradient is `NULL`.
#' @return `autograd_grad()`: a list of gradients, one for each of `inputs` and with their
#'   names. `autograd_backward()`: `NULL`, invisibly.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' x <- py_import("torch")$tensor(3, requires_grad = TRUE)
#' autograd_grad(x$pow(2L), x)
#' @export
autograd_grad <- function(outputs, inputs, grad_outputs = NULL, retain_graph = create_graph,
                          create_graph = FALSE, allow_unused = FALSE) {
  call <- sys.call()
  outputs <- tensor_list(outputs, "outputs")
  inputs <- tensor_list(inputs, "inputs")
  grad_outputs <- gradient_list(grad_outputs, "grad_outputs", length(outputs))
  check_flag(create_graph, "create_graph")
  check_flag(retain_graph, "retain_graph")
  check_flag(allow_unused, "allow_unused")
  gradients <- call_python(
    "autograd.grad", unname(outputs), unname(inputs), grad_outputs, retain_graph, create_graph,
    allow_unused, call = call
  )
  names(gradients) <- names(inputs)
  gradients
}

#' @rdname autograd_grad
#' @export
autograd_backward <- function(tensors, grad_tensors = NULL, retain_graph = create_graph,
                              create_graph = FALSE) {
  call <- sys.call()
  tensors <- tensor_list(tensors, "tensors")
  grad_tensors <- gradient_list(grad_tensors, "grad_tensors", length(tensors))
  check_flag(create_graph, "create_graph")
  check_flag(retain_graph, "retain_graph")
  call_python(
    "autograd.backward", unname(tensors), grad_tensors, retain_graph, create_graph,
    call = call
  )
  invisible()
}

# x$register_hook(hook), with what R functions give taken into account.
register_hook <- function(x, hook) {
  call <- sys.call(-1L)
  if (!is.function(hook)) abort(call, "`hook` must be a function, not ", friendly_type(hook), ".")
  call_python("autograd.register_hook", x, hook, call = call)
}

is_tensor <- function(x) inherits(x, "torch_tensor")

# A tensor, or a list of tensors, as a list.
tensor_list <- function(x, name, call = sys.call(-1L)) {
  if (is_tensor(x)) return(list(x))
  if (!is.list(x)) {
    abort(call, "`", name, "` must be a tensor or a list of tensors, not ", friendly_type(x), ".")
  }
  wrong <- which(!vapply(x, is_tensor, NA))
  if (length(wrong) > 0L) {
    abort(
      call, "`", name, "[[", wrong[1L], "]]` must be a tensor, not ",
      friendly_type(x[[wrong[1L]]]), "."
    )
  }
  x
}

# NULL, or one gradient (a tensor or NULL) for each of n tensors.
gradient_list <- function(x, name, n, call = sys.call(-1L)) {
  if (is.null(x)) return(NULL)
  if (is_tensor(x)) x <- list(x)
  given <- is.list(x) && all(vapply(x, function(g) is.null(g) || is_tensor(g), NA))
  if (!given || length(x) != n) {
    abort(call, "`", name, "` must be ", n, " tensor", if (n != 1L) "s", " (or NULL), in a list.")
  }
  unname(x)
}
