#' Learning-rate schedules
#'
#' The schedulers of PyTorch, each by a function of its own: [lr_step()], [lr_lambda()],
#' [lr_one_cycle()], [lr_cosine_annealing()], [lr_reduce_on_plateau()] and others. A scheduler
#' sets the learning rate of its optimizer.
#'
#' The functions `lr_*()` are of class `lr_scheduler_generator`; [lr_scheduler()] makes such
#' functions for schedules of one's own.
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
  verbose <- isTRUE(options$verbose)
  options$verbose <- NULL
  # An optimizer that R wrote has a stand-in, which PyTorch's schedulers see.
  own <- if (is.environment(options$optimizer)) options$optimizer
  if (!is.null(own)) options$optimizer <- stand_in(own, call)
  as_scheduler <- function(x) {
    class(x) <- c(name, "lr_scheduler", "LRScheduler", "python_object")
    if (!is.null(own)) attr(x, "optimizer") <- own
    x
  }
  get_lr <- rates_of_subclass()
  rates <- if (!is.null(get_lr)) function(x) get_lr(as_scheduler(x))
  x <- call_python("optim.scheduler", schedulers[[name]], options, rates, call = call)
  x <- as_scheduler(x)
  if (!is.null(own)) take_over(own)
  if (verbose) {
    attr(x, "verbose") <- TRUE
    if (name != "lr_reduce_on_plateau") say_rates(x)
  }
  x
}

scheduler_step <- function(x, metrics = NULL) {
  own <- attr(x, "optimizer")
  verbose <- attr(x, "verbose")
  before <- if (!is.null(verbose) && inherits(x, "lr_reduce_on_plateau")) rates_of(x)
  if (!is.null(own)) stand_in(own)
  dot_call(native()$call, python_function("optim.scheduler_step"), list(x, metrics))
  if (!is.null(own)) take_over(own)
  if (!is.null(verbose)) say_rates(x, before)
  invisible(x)
}

rates_of <- function(scheduler) {
  vapply(scheduler$optimizer$param_groups, function(group) as.numeric(group$lr), 0)
}

# What R torch says with `verbose = TRUE`; of lr_reduce_on_plateau() what changed since `before`.
say_rates <- function(scheduler, before = NULL) {
  rates <- rates_of(scheduler)
  for (i in seq_along(rates)) {
    if (is.null(before)) {
      message(sprintf("Adjusting learning rate of group %d to %.4f", i, rates[i]))
    } else if (rates[i] != before[i]) {
      message(sprintf(
        "Epoch %s: reducing learning rate of group %d to %.4e", scheduler$last_epoch, i, rates[i]
      ))
    }
  }
}

#' @rdname lr_schedulers
#' @export
`$.lr_scheduler` <- function(x, name) {
  if (is.environment(x)) return(get0(name, envir = x, inherits = FALSE)) # one that R wrote
  switch(name,
    # Callers look at its arguments for whether it wants metrics.
    step = if (inherits(x, "lr_reduce_on_plateau")) {
      function(metrics) scheduler_step(x, if (!missing(metrics)) metrics)
    } else {
      function() scheduler_step(x)
    },
    optimizer = if (is.null(attr(x, "optimizer"))) {
      as_optimizer(dot_call(native()$getattr, x, "optimizer"))
    } else {
      attr(x, "optimizer")
    },
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
  if (!is.environment(x) && !is_live(x)) return(gone_text(x))
  rates <- vapply(x$get_last_lr(), option_text, "")
  paste0("<", class(x)[1L], "> at step ", x$last_epoch, ": lr = ", paste(rates, collapse = ", "))
}
