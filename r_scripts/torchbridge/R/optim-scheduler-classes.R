# Learning-rate schedules that users write in R.
# Tests: test-optim-scheduler-classes.R.

#' Learning-rate schedules of one's own
#'
#' `lr_scheduler()` makes a class of schedules from R functions. `get_lr()`, without arguments,
#' gives a learning rate for each parameter group; it finds `self$optimizer`, `self$base_lrs` (the
#' first learning rates) and `self$last_epoch` (0 at the start, one more each step).
#' `initialize()`, where there is one, calls `super$initialize(optimizer, last_epoch, verbose)`,
#' which takes the first step.
#'
#' @param classname Name of the class, or `NULL`.
#' @param inherit A generator whose methods and fields are taken over, or `NULL`. A schedule of
#'   [lr_schedulers] can be inherited from, too; `super$get_lr()` is what it says itself.
#'   [lr_reduce_on_plateau()] asks no `get_lr()`.
#' @param ... Methods and fields, with names.
#' @param parent_env Where the functions find what they do not define.
#' @return A generator, a function that makes schedulers, of class `lr_scheduler_generator`.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' lr_halves <- lr_scheduler(
#'   "lr_halves",
#'   get_lr = function() lapply(self$base_lrs, function(lr) lr * 0.5^self$last_epoch)
#' )
#' optimizer <- optim_sgd(list(torch_ones(1, requires_grad = TRUE)), lr = 1)
#' scheduler <- lr_halves(optimizer)
#' scheduler$step()
#' optimizer$param_groups[[1]]$lr
#' @export
lr_scheduler <- function(classname = NULL, inherit = NULL, ..., parent_env = parent.frame()) {
  methods <- list(...)
  generator <- new_generator(
    scheduler_kind, c(classname, "lr_scheduler"), inherit, methods, NULL, NULL, parent_env,
    sys.call(),
    class = c(classname, "lr_scheduler", "lr_scheduler_generator")
  )
  plateau <- inherits_from(attr(generator, "scheduler"), "PlateauScheduler")
  if (plateau && "get_lr" %in% names(methods)) {
    abort(
      sys.call(), "`get_lr` would never be asked: `lr_reduce_on_plateau()` sets the learning ",
      "rates by what is measured. Leave out `inherit`, or write `step`."
    )
  }
  generator
}

inherits_from <- function(class, name) {
  while (!is.null(class)) {
    if (name %in% class$classname) return(TRUE)
    class <- class$get_inherit()
  }
  FALSE
}

LRScheduler <- R6::R6Class( # nolint: object_name_linter.
  "LRScheduler",
  lock_objects = FALSE,
  public = list(
    initialize = function(optimizer, last_epoch = -1, verbose = FALSE) {
      if (!inherits(optimizer, "torch_optimizer")) {
        abort_as(
          "type_error", sys.call(), "`optimizer` must be an optimizer, not ",
          friendly_type(optimizer), "."
        )
      }
      self$optimizer <- optimizer
      for (i in seq_along(optimizer$param_groups)) {
        if (!is.null(optimizer$param_groups[[i]][["initial_lr"]])) next
        if (last_epoch != -1) {
          abort_as(
            "value_error", sys.call(), "`param_groups[[", i, "]]` must have `initial_lr` to go on ",
            "from epoch ", last_epoch, "."
          )
        }
        optimizer$param_groups[[i]]$initial_lr <- optimizer$param_groups[[i]][["lr"]]
      }
      self$base_lrs <- lapply(optimizer$param_groups, `[[`, "initial_lr")
      self$last_epoch <- last_epoch
      self$verbose <- verbose
      self$.step_count <- 0L
      self$step()
    },
    get_lr = function() {
      abort(sys.call(), "This ", class(self)[1L], " has no method `get_lr()`.")
    },
    get_last_lr = function() self$.last_lr,
    print_lr = function(is_verbose, group, lr) {
      if (is_verbose) message(sprintf("Adjusting learning rate of group %s to %.4f", group, lr))
    },
    step = function() {
      self$.step_count <- self$.step_count + 1L
      self$last_epoch <- self$last_epoch + 1
      rates <- self$get_lr()
      for (i in seq_along(self$optimizer$param_groups)) {
        self$optimizer$param_groups[[i]]$lr <- rates[[i]]
        self$print_lr(self$verbose, i, rates[[i]])
      }
      self$.last_lr <- vapply(self$optimizer$param_groups, function(group) as.numeric(group$lr), 0)
      invisible(self)
    },
    state_dict = function() {
      fields <- as.list(self, all.names = TRUE)
      kept <- !vapply(fields, function(x) is.function(x) || is.environment(x), NA)
      fields[kept & names(fields) != "optimizer"]
    },
    load_state_dict = function(state_dict) {
      list2env(state_dict, envir = self)
      invisible(self)
    }
  )
)

scheduler_kind <- class_kind("lr_scheduler", LRScheduler, "scheduler", "lr_scheduler_generator")

# ---- classes that inherit from PyTorch's schedules ----

PythonScheduler <- R6::R6Class( # nolint: object_name_linter.
  "PythonScheduler",
  inherit = LRScheduler, lock_objects = FALSE,
  public = list(
    initialize = function(...) {
      arguments <- list(...)
      if (has_own_rates(self$get_lr)) {
        subclass$get_lr <- function(made) {
          private$made <- made # it takes its first step while it is made
          as.list(self$get_lr())
        }
        on.exit(subclass$get_lr <- NULL)
      }
      make <- private$make[[1L]]
      private$made <- do.call("make", arguments, quote = TRUE)
    },
    get_lr = function() as.list(call_python("optim.inherited_rates", private$made)),
    step = function() {
      private$made$step()
      invisible(self)
    },
    get_last_lr = function() private$made$get_last_lr(),
    state_dict = function() private$made$state_dict(),
    load_state_dict = function(state_dict) private$made$load_state_dict(state_dict)
  ),
  active = list(
    optimizer = function(value) if (missing(value)) private$made$optimizer,
    last_epoch = function(value) if (missing(value)) private$made$last_epoch,
    base_lrs = function(value) if (missing(value)) as.list(private$made$base_lrs)
  ),
  private = list(made = NULL)
)

# The `get_lr` of a class that inherits from a schedule of PyTorch's, for the schedule that is made
# next.
subclass <- new.env(parent = emptyenv())

rates_of_subclass <- function() {
  get_lr <- subclass$get_lr
  subclass$get_lr <- NULL
  get_lr
}

has_own_rates <- function(get_lr) {
  !identical(body(get_lr), body(PythonScheduler$public_methods$get_lr))
}

PlateauScheduler <- R6::R6Class( # nolint: object_name_linter.
  "PlateauScheduler",
  inherit = PythonScheduler, lock_objects = FALSE,
  public = list(
    step = function(metrics) {
      private$made$step(metrics)
      invisible(self)
    }
  )
)

#' @export
print.lr_scheduler_generator <- print_generator # nolint: object_length_linter.
