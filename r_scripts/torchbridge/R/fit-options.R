# Options of training: checked by name here, by value in Python.
# Tests: test-fit-train.R.

training_option_names <- c(
  "validation", "loss", "metrics", "epochs", "batch_size", "shuffle", "shuffle_buffer",
  "optimizer", "optimizer_options", "lr", "lr_schedule", "weight_decay", "early_stopping",
  "checkpoint", "resume", "callbacks", "seed", "device", "precision", "devices", "accumulate",
  "strategy", "compile", "standardize", "verbose"
)

# What becomes something else on its way to Python.
own_option_names <- c(
  "validation", "lr_schedule", "early_stopping", "checkpoint", "callbacks", "standardize", "verbose"
)

# list(task = what Python gets, validation, standardize, seed, verbose, ...). What the user leaves
# out is left to Python, which has the defaults.
training_options <- function(given, model, call, of = "torch_fit", more = character()) {
  if (length(given) > 0L) check_option_names(given, training_option_names, call, of, more)
  if (is_exact_model(model)) return(exact_options(given, model, call))
  # All of them: `$` would take "lr_schedule" for an absent "lr".
  found <- stats::setNames(vector("list", length(training_option_names)), training_option_names)
  found[names(given)] <- given
  check_verbose(found, call)
  found$seed <- as_seed(found, call)
  if (!is.null(found$loss) && !is.function(found$loss)) check_string(found$loss, "loss", call)
  found["resume"] <- list(as_path(found$resume, "resume", call))
  fit_options <- found[setdiff(training_option_names, own_option_names)]
  fit_options <- c(fit_options[!vapply(fit_options, is.null, NA)], progress = FALSE)
  asked <- as_callbacks(found, call)
  list(
    task = list(fit_options = fit_options, callbacks = asked$named),
    functions = asked$functions, events = asked$events,
    verbose = if (is.null(found$verbose) && interactive()) TRUE else found$verbose,
    epochs = if (is.null(found$epochs)) model_row(model)$training$epochs else found$epochs,
    seed = found$seed, validation = found$validation, standardize = found$standardize,
    loss = found$loss,
    loss_name = if (is.function(found$loss)) "a loss of the caller's" else found$loss
  )
}

exact_options <- function(found, model, call) {
  taken <- names(found) %in% c("device", "seed", "verbose")
  if (!all(taken)) {
    unused <- names(found)[!taken]
    abort(
      call, "`", unused[1L], "` is for networks: ", model_label(model), " is fitted exactly, ",
      "with no training."
    )
  }
  check_verbose(found, call)
  # Where starts are drawn.
  seed <- if (model_row(model)$seeded) as_seed(found, call)
  fit_options <- list(device = found$device)
  fit_options$seed <- seed
  list(task = list(fit_options = fit_options), loss_name = "likelihood", seed = seed)
}

check_verbose <- function(found, call) {
  if (!is.null(found$verbose)) check_flag(found$verbose, "verbose", call)
}

check_option_names <- function(given, known, call, of = "torch_fit", more = character()) {
  names <- names(given)
  if (length(given) > 0L && (is.null(names) || !all(nzchar(names)))) {
    abort(call, "Options of training must have names, such as `epochs = 50`.")
  }
  for (name in setdiff(names, known)) {
    abort(
      call, "`", name, "` is not an argument of ", of, "().", hint_of(name, c(known, more)),
      "\nThe options of training are ", paste(known, collapse = ", "), "."
    )
  }
  if (anyDuplicated(names)) {
    abort(call, "`", names[anyDuplicated(names)], "` is given more than once.")
  }
}

# R's generator decides where the user does not: in a job of several processes that of the first.
as_seed <- function(found, call) {
  if (is.null(found$seed)) {
    if (!is.null(found$resume)) {
      abort(call, "`seed` must be given with `resume`: that of the fit to go on with.")
    }
    seed <- sample.int(.Machine$integer.max, 1L)
    alone <- is_number(found$devices) && found$devices == 1
    if (!alone && is_in_job()) seed <- call_python("fit.of_the_first", seed, call = call)
    return(seed)
  }
  if (!is_whole(found$seed)) {
    abort(call, "`seed` must be a whole number, not ", friendly_type(found$seed), ".")
  }
  found$seed
}

# Is this one of several processes that torchrun or srun has started?
is_in_job <- function() {
  any(nzchar(Sys.getenv(c("RANK", "SLURM_STEP_NUM_TASKS"))))
}

as_path <- function(x, name, call) {
  if (is.null(x)) return(NULL)
  check_string(x, name, call)
  path.expand(x)
}

# list(named = options by Python's names, functions = R's at the ends of epochs, events = R's at
# events).
as_callbacks <- function(found, call) {
  given <- found$callbacks
  if (is.function(given) || inherits(given, "torch_callback")) given <- list(given)
  if (!is.null(given) && (!is.list(given) || is.object(given))) {
    abort(
      call, "`callbacks` must be a list of functions and options, not ", friendly_type(given), "."
    )
  }
  is_function <- vapply(given, is.function, NA)
  is_events <- vapply(given, inherits, NA, "torch_callback")
  named <- given[!is_function & !is_events]
  if (length(named) > 0L && (is.null(names(named)) || !all(nzchar(names(named))))) {
    abort(
      call, "`callbacks`: options must have names, such as gradient_clipping = list(max_norm = 1)."
    )
  }
  own <- list(
    early_stopping = as_early_stopping(found$early_stopping, call),
    lr_schedule = as_schedule(found$lr_schedule, call)
  )
  last <- list(model_checkpoint = as_checkpoint(found$checkpoint, call))
  all <- c(own, named, last)
  all <- all[!vapply(all, is.null, NA)]
  if (anyDuplicated(names(all))) {
    abort(call, "`callbacks`: \"", names(all)[anyDuplicated(names(all))], "\" is given twice.")
  }
  for (name in names(all)) {
    if (!is.list(all[[name]])) {
      abort(
        call, "`callbacks$", name, "` must be a list of options, not ", friendly_type(all[[name]]),
        "."
      )
    }
    all[[name]] <- lapply(all[[name]], expand_path)
  }
  list(
    named = if (length(all) > 0L) all, functions = unname(given[is_function]),
    events = unname(given[is_events])
  )
}

expand_path <- function(x) if (is_string(x) && startsWith(x, "~")) path.expand(x) else x

as_early_stopping <- function(x, call) {
  if (is.null(x) || isFALSE(x)) return(NULL)
  if (isTRUE(x)) return(list())
  if (is_number(x)) return(list(patience = x))
  if (is.list(x) && !is.object(x)) return(x)
  abort(
    call, "`early_stopping` must be TRUE, a number of epochs or a list of options, not ",
    friendly_type(x), "."
  )
}

as_schedule <- function(x, call) {
  if (is.null(x)) return(NULL)
  if (is_string(x)) return(list(name = x))
  if (is.list(x) && length(x) > 0L && is_string(x[[1L]])) {
    names(x)[1L] <- "name"
    return(x)
  }
  abort(
    call, "`lr_schedule` must be a name, or a list of a name and options such as ",
    "list(\"step\", step_size = 10), not ", friendly_type(x), "."
  )
}

as_checkpoint <- function(x, call) {
  if (is.null(x)) return(NULL)
  if (is_string(x)) x <- list(path = x)
  if (!is.list(x) || !is_string(x$path)) {
    abort(call, "`checkpoint` must be a path, or a list with `path`, not ", friendly_type(x), ".")
  }
  if (!dir.exists(dirname(path.expand(x$path)))) {
    abort(call, "`checkpoint`: there is no folder ", dirname(x$path), ".")
  }
  x
}
