# Optimizers that users write in R.
# Tests: test-optim-classes.R.

#' Optimizers of one's own
#'
#' `optimizer()` makes a class of optimizers from R functions. `initialize()` calls
#' `super$initialize(params, defaults)` with the parameters and a list of options with their
#' defaults, where `optim_required()` stands for an option that every group must give; `step()`
#' changes the parameters.
#'
#' @section What methods find in `self`:
#' * `self$param_groups`: a list of groups, each a list of `params` and options.
#' * `self$state$get(parameter)` and `self$state$set(parameter, value)`: what is kept for a
#'   parameter from step to step; `NULL` where nothing is. It is in `$state_dict()`.
#' * `private$step_helper(closure, loop_fun)`: calls `closure`, if there is one, and then
#'   `loop_fun(group, param, g, p)` without gradients for each parameter that has one; gives what
#'   the closure gave.
#'
#' `$zero_grad()`, `$add_param_group()`, `$state_dict()` and `$load_state_dict()` are those of
#' [optimizers]. The schedules of [lr_schedulers] set the learning rates of such optimizers, too. A
#' class that inherits from an `optim_*()` has that optimizer's methods as `super$step()` and so on.
#'
#' @param name Name of the class, or `NULL`.
#' @param inherit A generator whose methods and fields are taken over, such as [optim_sgd()] or one
#'   that `optimizer()` made, or `NULL`.
#' @param ... Methods and fields, with names.
#' @param private,active Lists of private elements and active bindings, or `NULL`.
#' @param parent_env Where the functions find what they do not define.
#' @return A generator, a function that makes optimizers, of class `torch_optimizer_generator`.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' optim_plain <- optimizer(
#'   "optim_plain",
#'   initialize = function(params, lr) super$initialize(params, list(lr = lr)),
#'   step = function(closure = NULL) {
#'     private$step_helper(closure, function(group, param, g, p) {
#'       param$add_(param$grad, alpha = -group$lr)
#'     })
#'   }
#' )
#' w <- torch_ones(2, requires_grad = TRUE)
#' opt <- optim_plain(w, lr = 0.1)
#' sum(w^2)$backward()
#' opt$step()
#' w
#' @export
optimizer <- function(name = NULL, inherit = NULL, ..., private = NULL, active = NULL,
                      parent_env = parent.frame()) {
  new_generator(
    optimizer_kind, name, inherit, list(...), private, active, parent_env, sys.call(),
    class = c(name, "torch_optimizer_generator")
  )
}

#' @rdname optimizer
#' @export
optim_required <- function() structure(list(), class = "optim_required")

#' @rdname optim_ignite
#' @export
optimizer_ignite <- function(name = NULL, ..., private = NULL, active = NULL,
                             parent_env = parent.frame()) {
  optimizer(
    c(name, "optim_ignite"), OptimizerIgnite, ...,
    private = private, active = active, parent_env = parent_env
  )
}

Optimizer <- R6::R6Class( # nolint: object_name_linter.
  "torch_optimizer",
  lock_objects = FALSE,
  public = list(
    initialize = function(params, defaults) {
      self$defaults <- defaults
      self$state <- ParameterState$new()
      self$param_groups <- list()
      for (group in parameter_groups(params, sys.call())) self$add_param_group(group)
    },
    add_param_group = function(param_group) {
      group <- checked_group(param_group, self$defaults, sys.call())
      self$param_groups <- c(self$param_groups, list(group))
      invisible(self)
    },
    step = function(closure = NULL) {
      abort(sys.call(), "This ", class(self)[1L], " has no method `step()`.")
    },
    zero_grad = function(set_to_none = FALSE) {
      check_flag(set_to_none, "set_to_none")
      call_python("optim.clear", parameters_of(self), set_to_none)
      invisible()
    },
    state_dict = function() {
      at <- 0L
      groups <- lapply(self$param_groups, function(group) {
        group$params <- at + seq_along(group$params)
        at <<- at + length(group$params)
        group
      })
      kept <- lapply(parameters_of(self), self$state$get)
      names(kept) <- seq_along(kept)
      list(param_groups = groups, state = kept[!vapply(kept, is.null, NA)])
    },
    load_state_dict = function(state_dict, ..., .refer_to_state_dict = FALSE) {
      check_no_dots(...)
      check_own_state(state_dict, self$param_groups, sys.call())
      parameters <- parameters_of(self)
      for (number in names(state_dict$state)) {
        kept <- state_dict$state[[number]]
        if (!.refer_to_state_dict) kept <- rapply_tensors(kept, function(x) x$detach()$clone())
        self$state$set(parameters[[as.integer(number)]], kept)
      }
      for (i in seq_along(state_dict$param_groups)) {
        group <- state_dict$param_groups[[i]]
        for (name in setdiff(names(group), "params")) {
          self$param_groups[[i]][name] <- list(group[[name]])
        }
      }
      invisible(self)
    }
  ),
  private = list(
    step_helper = function(closure, loop_fun) {
      loss <- if (!is.null(closure)) with_enable_grad(closure())
      with_no_grad({
        for (g in seq_along(self$param_groups)) {
          group <- self$param_groups[[g]]
          for (p in seq_along(group$params)) {
            param <- group$params[[p]]
            if (!is.null(param$grad)) loop_fun(group, param, g, p)
          }
        }
      })
      loss
    },
    deep_clone = function(name, value) {
      abort(sys.call(), "An optimizer cannot be deep cloned: its parameters are a module's.")
    }
  )
)

#' @rdname optim_ignite
#' @format NULL
#' @usage NULL
#' @export
OptimizerIgnite <- R6::R6Class( # nolint: object_name_linter. R torch's name.
  "OptimizerIgnite",
  inherit = Optimizer, lock_objects = FALSE
)

optimizer_kind <- class_kind("optimizer", Optimizer, "Optimizer", "torch_optimizer_generator")

# What an optimizer keeps, by parameter.
ParameterState <- R6::R6Class( # nolint: object_name_linter.
  "parameter_state",
  public = list(
    map = list(),
    get = function(key) self$map[[call_python("optim.key", key)]],
    set = function(key, value) {
      self$map[[call_python("optim.key", key)]] <- value
      invisible(self)
    },
    keys = function() names(self$map)
  )
)

parameters_of <- function(optimizer) {
  do.call(base::c, lapply(optimizer$param_groups, `[[`, "params"))
}

# Tensors, or groups of tensors with options of their own, as groups.
parameter_groups <- function(params, call) {
  if (is_tensor(params)) params <- list(params)
  if (!is.list(params) || length(params) == 0L) {
    abort_as(
      "value_error", call, "`params` must be a list of tensors or of groups, and not empty: ",
      friendly_type(params), "."
    )
  }
  grouped <- vapply(params, function(x) is.list(x) && !is_tensor(x), NA)
  if (all(grouped)) unname(params) else list(list(params = unname(params)))
}

checked_group <- function(group, defaults, call) {
  if (!is.list(group) || is.null(group$params)) {
    abort_as("value_error", call, "`param_group` must be a list with an element `params`.")
  }
  if (is_tensor(group$params)) group$params <- list(group$params)
  for (param in group$params) {
    if (!is_tensor(param)) {
      abort_as(
        "value_error", call, "An optimizer can only optimize tensors, not ", friendly_type(param),
        "."
      )
    }
    if (!call_python("optim.is_leaf", param)) {
      abort_as("value_error", call, "An optimizer can't optimize a tensor that operations made.")
    }
  }
  for (name in setdiff(names(defaults), names(group))) {
    if (inherits(defaults[[name]], "optim_required")) {
      abort_as(
        "value_error", call, "A parameter group must give a value of the required option `", name,
        "`."
      )
    }
    group[name] <- list(defaults[[name]])
  }
  group
}

check_own_state <- function(state, groups, call) {
  if (!is.list(state) || !all(c("param_groups", "state") %in% names(state))) {
    abort_as(
      "value_error", call, "`state_dict` must be a list with elements `param_groups` and `state`."
    )
  }
  sizes <- function(groups) vapply(groups, function(group) length(group$params), 0L)
  if (!identical(unname(sizes(state$param_groups)), unname(sizes(groups)))) {
    abort_as(
      "value_error", call, "`state_dict` has other parameter groups than the optimizer: ",
      "their number, or that of their parameters, differs."
    )
  }
}

rapply_tensors <- function(x, change) {
  if (is_tensor(x)) return(change(x))
  if (is.list(x)) x[] <- lapply(x, rapply_tensors, change)
  x
}

# ---- what PyTorch's schedulers see ----

# The stand-in of an optimizer that R wrote, with the options that its groups have now.
stand_in <- function(optimizer, call = NULL) {
  stand <- attr(optimizer, "stand")
  if (is.null(stand)) {
    stand <- call_python("optim.stand", lapply(optimizer$param_groups, scalar_options), call = call)
    attr(optimizer, "stand") <- stand
  } else {
    call_python("optim.set_options", stand, lapply(optimizer$param_groups, scalar_options))
  }
  stand
}

# Of a group the tensors, and the options that a scheduler can read: numbers.
scalar_options <- function(group) {
  group[names(group) == "params" | vapply(group, is.numeric, NA)]
}

# The options that a scheduler has set, to the groups in R.
take_over <- function(optimizer) {
  groups <- call_python("optim.param_groups", attr(optimizer, "stand"))
  for (i in seq_along(groups)) {
    for (name in setdiff(names(groups[[i]]), "params")) {
      optimizer$param_groups[[i]][[name]] <- groups[[i]][[name]]
    }
  }
}

# ---- classes that inherit from PyTorch's optimizers ----

PythonOptimizer <- R6::R6Class( # nolint: object_name_linter.
  NULL,
  inherit = Optimizer, lock_objects = FALSE,
  public = list(
    initialize = function(...) private$made <- private$make[[1L]](...),
    step = function(closure = NULL) private$made$step(closure),
    add_param_group = function(param_group) {
      private$made$add_param_group(param_group)
      invisible(self)
    },
    zero_grad = function(set_to_none = FALSE) private$made$zero_grad(set_to_none),
    state_dict = function() private$made$state_dict(),
    load_state_dict = function(state_dict, ..., .refer_to_state_dict = FALSE) {
      private$made$load_state_dict(state_dict, ..., .refer_to_state_dict = .refer_to_state_dict)
      invisible(self)
    }
  ),
  active = list(
    param_groups = function(value) {
      if (missing(value)) private$made$param_groups else private$made$param_groups <- value
    },
    state = function() private$made$state,
    defaults = function() private$made$defaults
  ),
  private = list(made = NULL)
)

#' @export
print.torch_optimizer_generator <- print_generator # nolint: object_length_linter.
