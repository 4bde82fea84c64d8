#' Learning-rate schedules
#'
#' The schedulers of PyTorch, each by a function of its own: [lr_step()], [lr_lambda()],
#' [lr_one_cycle()], [lr_cosine_annealing()], [lr_reduce_on_plateau()] and others. A scheduler
#' sets the learning rate of its optimizer.
#'
#' @section What a scheduler has:
#' * `$step()`: call it after the optimizer's, once an epoch (or once a batch, where the help
#'   page says so). Of [lr_reduce_on_plateau()] it is `$step(metrics)`.
#' * `$get_last_lr()`: the learning rate of each parameter group.
#' * `$state_dict()` and `$load_state_dict(state_dict)`, as those of [optimizers]. R functions
#'   are not part of the state.
#' * `$optimizer`, `$last_epoch`; other names are those of the Python object.
#'
#' @param x An `lr_scheduler`.
#' @param name Name of an element.
#' @param ... Not used (`print()` ignores the arguments of [print.default()]).
#' @return An object of class `lr_scheduler`; see [lr_schedulers] for what it has.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' w <- py_import("torch")$zeros(1L, requires_grad = TRUE)
#' optimizer <- optim_sgd(list(w), lr = 0.1)
#' scheduler <- lr_step(optimizer, step_size = 2, gamma = 0.5)
#' for (epoch in 1:4) {
#'   optimizer$step()
#'   scheduler$step()
#'   print(scheduler$get_last_lr())
#' }
#' @name lr_schedulers
NULL

new_scheduler <- function(name, match, frame) {
  call <- sys.call(-1L)
  options <- given_arguments(match, frame, call)
  x <- call_python("optim.scheduler", schedulers[[name]], options, call = call)
  class(x) <- c(name, "lr_scheduler", "python_object")
  x
}

#' @rdname lr_schedulers
#' @export
`$.lr_scheduler` <- function(x, name) {
  switch(name,
    step = function(metrics = NULL) {
      dot_call(native()$call, python_function("optim.scheduler_step"), list(x, metrics))
      invisible(x)
    },
    optimizer = as_optimizer(dot_call(native()$getattr, x, "optimizer")),
    state_dict = function() {
      dot_call(native()$call, python_function("optim.scheduler_state_dict"), list(x))
    },
    load_state_dict = function(state_dict) {
      dot_call(
        native()$call, python_function("optim.load_scheduler_state_dict"), list(x, state_dict)
      )
      invisible(x)
    },
    dot_call(native()$getattr, x, name)
  )
}

#' @rdname lr_schedulers
#' @export
`[[.lr_scheduler` <- `$.lr_scheduler`

#' @rdname lr_schedulers
#' @export
print.lr_scheduler <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  cat(format(x), "\n", sep = "")
  invisible(x)
}

#' @rdname lr_schedulers
#' @export
format.lr_scheduler <- function(x, ...) {
  check_no_dots(...)
  if (!is_live(x)) return(gone_text(x))
  rates <- vapply(x$get_last_lr(), option_text, "")
  paste0("<", class(x)[1L], "> at step ", x$last_epoch, ": lr = ", paste(rates, collapse = ", "))
}
