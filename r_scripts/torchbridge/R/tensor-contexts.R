# What holds while some code runs, or until a function ends: the default device, a seed, mixed
# precision. (Whether gradients are recorded: autodiff-autograd.R.)

# The frame of a function; the global environment never ends.
check_ends <- function(frame, instead, call) {
  if (identical(frame, globalenv())) {
    abort(
      call, "`.env` must be the frame of a function: the global environment has no end. ",
      "Use ", instead, "({ ... })."
    )
  }
}

# Runs an expression when the function of this frame ends, before what it does then itself.
at_end_of <- function(frame, expression) {
  do.call(on.exit, list(expression, add = TRUE, after = FALSE), envir = frame)
}

# Sets something until a frame ends, whenever an interrupt comes: none does while it is set, and
# what puts it back stands there twice, since one may come before the first has begun. `set` gives
# what was before, for `undo`.
set_until_exit <- function(frame, set, undo) {
  suspendInterrupts({
    before <- set
    waiting <- TRUE
    undo_once <- function() {
      if (waiting) {
        suspendInterrupts({
          undo(before)
          waiting <<- FALSE
        })
      }
    }
    at_end_of(frame, as.call(list(undo_once)))
    at_end_of(frame, as.call(list(undo_once)))
    before
  })
}

#' Run code on a device, or with a seed
#'
#' `with_device()` makes `device` the one of tensors and layers that are made without saying
#' where. `with_torch_manual_seed()` seeds PyTorch's random numbers for `code` alone: those that
#' follow are what they would have been without it. The `local_*` forms hold until the calling
#' function ends.
#'
#' @param code Code to run.
#' @param device A device, such as `"cuda"` or [torch_device()].
#' @param seed A whole number.
#' @param ... Not used: what follows is given by name.
#' @param .env The frame whose end restores the former state; not the global environment,
#'   which has no end.
#' @return The value of `code`; the `local_*` forms nothing.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' with_device(torch_ones(2), device = "cpu")
#' with_torch_manual_seed(torch_rand(1), seed = 1)
#' @export
with_device <- function(code, ..., device) {
  check_no_dots(...)
  set_device_until_exit(environment(), device, sys.call())
  force(code)
}

#' @rdname with_device
#' @export
local_device <- function(device, ..., .env = parent.frame()) {
  check_no_dots(...)
  check_ends(.env, "with_device", sys.call())
  set_device_until_exit(.env, device, sys.call())
  invisible()
}

set_device_until_exit <- function(frame, device, call) {
  set_until_exit(
    frame, call_python("contexts.set_device", device, call = call),
    function(before) call_python("contexts.set_device", before)
  )
}

#' @rdname with_device
#' @export
with_torch_manual_seed <- function(code, ..., seed) {
  check_no_dots(...)
  keep_random_state(environment())
  torch_manual_seed(seed)
  force(code)
}

#' @rdname with_device
#' @export
local_torch_manual_seed <- function(seed, .env = parent.frame()) {
  check_ends(.env, "with_torch_manual_seed", sys.call())
  keep_random_state(.env)
  torch_manual_seed(seed)
  invisible()
}

keep_random_state <- function(frame) {
  set_until_exit(
    frame, call_python("contexts.random_state", NULL),
    function(before) call_python("contexts.set_random_state", before)
  )
}

#' Mixed precision
#'
#' While autocast is on, operations that gain by it (matrix products, convolutions) run in a
#' shorter dtype, and those that need more stay in float32. `cuda_amp_grad_scaler()` keeps small
#' gradients of float16 from vanishing.
#'
#' @param code Code to run.
#' @param device_type `"cuda"` or `"cpu"`.
#' @param dtype [torch_float16()] or [torch_bfloat16()]; `NULL`: PyTorch's choice for the device.
#' @param enabled `FALSE` switches autocast off.
#' @param cache_enabled Are weights kept in the shorter dtype? `NULL`: PyTorch's choice.
#' @param context What `set_autocast()` gave.
#' @param ... Not used: what follows is given by name.
#' @param .env The frame whose end restores the former state; not the global environment.
#' @param init_scale,growth_factor,backoff_factor,growth_interval The first factor of the loss,
#'   what it is multiplied by after `growth_interval` good steps, and after a bad one.
#' @return `with_autocast()`: the value of `code`. `set_autocast()`: a context, for
#'   `unset_autocast()`. `cuda_amp_grad_scaler()`: a Python object with `$scale(loss)`,
#'   `$unscale_(optimizer)`, `$step(optimizer)` and `$update()`. Others: nothing.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' a <- torch_ones(2, 2)
#' with_autocast(torch_mm(a, a), device_type = "cpu")
#' @export
with_autocast <- function(code, ..., device_type, dtype = NULL, enabled = TRUE,
                          cache_enabled = NULL) {
  check_no_dots(...)
  set_until_exit(
    environment(), set_autocast(device_type, dtype, enabled, cache_enabled), unset_autocast
  )
  force(code)
}

#' @rdname with_autocast
#' @export
local_autocast <- function(device_type, dtype = NULL, enabled = TRUE, cache_enabled = NULL, ...,
                           .env = parent.frame()) {
  check_no_dots(...)
  check_ends(.env, "with_autocast", sys.call())
  set_until_exit(.env, set_autocast(device_type, dtype, enabled, cache_enabled), unset_autocast)
  invisible()
}

#' @rdname with_autocast
#' @export
set_autocast <- function(device_type, dtype = NULL, enabled = TRUE, cache_enabled = NULL) {
  check_string(device_type, "device_type")
  check_flag(enabled, "enabled")
  call_python("contexts.enter_autocast", device_type, dtype, enabled, cache_enabled)
}

#' @rdname with_autocast
#' @export
unset_autocast <- function(context) {
  call_python("contexts.leave", context)
  invisible()
}

#' @rdname with_autocast
#' @export
cuda_amp_grad_scaler <- function(init_scale = 2^16, growth_factor = 2, backoff_factor = 0.5,
                                 growth_interval = 2000, enabled = TRUE) {
  check_flag(enabled, "enabled")
  call_python(
    "contexts.grad_scaler", init_scale, growth_factor, backoff_factor, growth_interval, enabled
  )
}
