# The call into Python, with progress and the user's functions at the ends of epochs.
# Tests: test-fit-train.R.

run_fit <- function(name, task, options, ..., call) {
  functions <- options$functions
  # The user's alone: progress is no part of a fit.
  task$sources <- lapply(functions, function_source)
  if (isTRUE(options$verbose)) {
    progress <- progress_of(options$epochs)
    on.exit(progress$done())
    functions <- c(functions, progress$step)
  }
  # At the end of an epoch R looks whether the user has interrupted.
  task$functions <- lapply(functions, wrap_callback)
  task$events <- crossing_events(options$events)
  task$say <- said_by(options$verbose)
  call_python(name, ..., task, call = call)
}

# Python gets FALSE where training is to stop, a plain list to add to the history, NULL otherwise.
wrap_callback <- function(f) {
  force(f)
  function(row) {
    found <- f(row)
    is_line <- is.list(found) && !is.object(found) && !is.null(names(found))
    if (isFALSE(found) || is_line) found
  }
}

# How a script hears how far something is that takes long: in messages. NULL where a bar shows it,
# where the user wants none, and in a report.
said_by <- function(verbose) {
  if (!is.null(verbose) || isTRUE(getOption("knitr.in.progress"))) return(NULL)
  function(line) message(line)
}

progress_of <- function(epochs) {
  id <- NULL
  list(
    step = function(row) {
      if (is.null(id)) {
        id <<- cli::cli_progress_bar(
          "Training", total = epochs, .auto_close = FALSE,
          format = "{cli::pb_name} {cli::pb_bar} {cli::pb_current}/{cli::pb_total} {cli::pb_status}"
        )
      }
      losses <- unlist(row[setdiff(names(row), "epoch")])
      status <- paste(names(losses), format(losses, digits = 4L), collapse = ", ")
      cli::cli_progress_update(set = row$epoch, status = status, id = id, .envir = globalenv())
      NULL
    },
    done = function() if (!is.null(id)) cli::cli_progress_done(id = id, .envir = globalenv())
  )
}
