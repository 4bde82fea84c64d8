# R torch's optimizers of C++: PyTorch's own, as all are here, with stricter states.
# Tests: test-optim-ignite.R.

#' Optimizers under R torch's names for those of C++
#'
#' `optim_ignite_*()` are [optim_adam()] and others, which run in C++ and not in R, as all of them
#' do here. Their `$state_dict()` has every name that R's torch gives to what such an optimizer
#' keeps, `NULL` for what this one does not need, and `$load_state_dict()` takes such states only.
#'
#' @param name Name of the class, or `NULL`.
#' @param ...,private,active,parent_env As those of [optimizer()].
#' @return Of `optim_ignite_*()`: an optimizer, see [optimizers]. Of `optimizer_ignite()`: a
#'   generator, as of [optimizer()].
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' w <- torch_ones(2, requires_grad = TRUE)
#' optimizer <- optim_ignite_adam(list(w), lr = 0.1)
#' sum(w^2)$backward()
#' optimizer$step()
#' names(optimizer$state_dict()$state[["1"]])
#' @name optim_ignite
NULL

ignite_names <- list(
  optim_ignite_adagrad = c("sum", "step"),
  optim_ignite_adam = c("exp_avg", "exp_avg_sq", "max_exp_avg_sq", "step"),
  optim_ignite_adamw = c("exp_avg", "exp_avg_sq", "max_exp_avg_sq", "step"),
  optim_ignite_rmsprop = c("grad_avg", "square_avg", "momentum_buffer", "step"),
  optim_ignite_sgd = "momentum_buffer"
)

ignite <- function(name, make) {
  made <- function() {
    call <- sys.call()
    call[[1L]] <- make
    optimizer <- eval(call, parent.frame())
    class(optimizer) <- c(name, "optim_ignite", "OptimizerIgnite", class(optimizer)[-1L])
    optimizer
  }
  # What PyTorch has and R's torch has not goes into the others.
  formals(made) <- formals(make)[setdiff(names(formals(make)), "...")]
  structure(made, class = c(name, "optim_ignite", "torch_optimizer_generator"))
}

#' @rdname optim_ignite
#' @usage NULL
#' @export
optim_ignite_adagrad <- ignite("optim_ignite_adagrad", optim_adagrad)

#' @rdname optim_ignite
#' @usage NULL
#' @export
optim_ignite_adam <- ignite("optim_ignite_adam", optim_adam)

#' @rdname optim_ignite
#' @usage NULL
#' @export
optim_ignite_adamw <- ignite("optim_ignite_adamw", optim_adamw)

#' @rdname optim_ignite
#' @usage NULL
#' @export
optim_ignite_rmsprop <- ignite("optim_ignite_rmsprop", optim_rmsprop)

#' @rdname optim_ignite
#' @usage NULL
#' @export
optim_ignite_sgd <- ignite("optim_ignite_sgd", optim_sgd)

# A state with R torch's names, in their order.
ignite_state <- function(state, class) {
  names <- ignite_names[[class]]
  if (length(state$state) == 0L) state$state <- stats::setNames(list(), character())
  state$state <- lapply(state$state, function(kept) {
    stats::setNames(lapply(names, function(name) kept[[name]]), names)
  })
  state
}

check_ignite_state <- function(state, now, call) {
  if (!is.list(state) || !all(c("param_groups", "state") %in% names(state))) {
    abort_as(
      "value_error", call, "`state_dict` must be a list with elements 'param_groups' and 'state'."
    )
  }
  missing <- setdiff(names(now$state), names(state$state))
  if (length(missing) > 0L) {
    abort_as(
      "value_error", call, "To-be loaded state dict is missing states for parameters ",
      paste(missing, collapse = ", "), "."
    )
  }
  for (i in names(now$state)) {
    expected <- names(now$state[[i]])
    given <- names(state$state[[i]])
    if (!setequal(expected, given)) {
      abort_as(
        "value_error", call, "The ", i, "-th state has elements with names ",
        paste(expected, collapse = ", "), " but got ", paste(given, collapse = ", "), "."
      )
    }
  }
  for (i in seq_along(state$param_groups)) {
    absent <- setdiff(names(now$param_groups[[1L]]), names(state$param_groups[[i]]))
    if (length(absent) > 0L) {
      abort_as(
        "value_error", call, "Parameter groups must include names '",
        paste(names(now$param_groups[[1L]]), collapse = ", "), "': `", absent[1L], "` is missing."
      )
    }
  }
}
