#' Search for good options
#'
#' Tries options of a network and of its training, and keeps those with the lowest validation loss;
#' or values of any R function's arguments. Optuna draws the values (Akiba et al., 2019), and stops
#' trials that lag behind. It needs the Python package optuna.
#'
#' @param x A formula, a data frame or matrix, or a recipe, as of [torch_fit()]; or a function of
#'   named values, as a list, that gives a number (or NA where it has none).
#' @param space A named list: what each option may be. A vector or list has the choices:
#'   `list(activation = c("relu", "tanh"), hidden = list(16, c(32, 16)))`; `tune_range()` is an
#'   interval. Names are those of the model's options (`hidden`, `dropout`, ...) and of training
#'   (`lr`, `batch_size`, ...).
#' @param data,y,model,weights,offset,... As of [torch_fit()]: the data, and options that all trials
#'   share. For a function, `...` must be empty.
#' @param validation The share of rows for validation, the same ones in every trial, or data, as of
#'   [torch_fit()].
#' @param n_trials Number of trials; NULL is 20, and for sampler `"grid"` all combinations.
#' @param sampler `"tpe"`, `"random"` or `"cmaes"`; or `"grid"`: every combination once, where
#'   `space` has choices only, in an order of the seed's.
#' @param pruner What stops trials that lag behind: `"median"`, `"none"`, or
#'   `"hyperband"`, which is for `n_jobs = 1`.
#' @param n_jobs Trials at once, in processes that each take a copy of the data and some seconds to
#'   begin. They go in rounds: what one round has found decides what the next one draws, so that
#'   the same seed and `n_jobs` give the same trials.
#' @param workers Trials at once, in processes that each draw anew whenever they are done, so that
#'   none waits, and who is faster decides what is drawn. A worker that is killed loses its trial
#'   (its state is `"fail"`), and another takes its place. A function of R's runs in this session:
#'   for several at once start several sessions with one `storage`.
#' @param storage Where the trials are kept, for other sessions and machines, and for going on
#'   later: the path of a journal (a file on a drive that all see), or a database's URL as Optuna
#'   has it (`"postgresql://user:password@host/db"`, `"sqlite:///a.db"`). All that are given the
#'   same draw from one study, until it has `n_trials` in all; a search that was ended goes on.
#' @param study_name Which study of the storage.
#' @param seed Decides what is drawn and every training; NULL draws one from R's generator.
#' @param maximize `TRUE` where more is better, for a function.
#' @param low,high Ends of an interval.
#' @param log `TRUE` draws evenly on the log scale.
#' @param step Distance between values; NULL for none.
#' @param int `TRUE` draws whole numbers.
#' @param object A `torch_tuned`.
#' @return `torch_tune()`: a `torch_tuned`, a list of `trials` (a tibble: `number`, `value`,
#'   `state`, `epochs`, `seconds` and the options), `best_options`, `best_value` and, for models,
#'   `fit`: the best options' [torch_fit()]. `plot()` and `autoplot()` draw the values by trial
#'   (`type = "trials"`) or by option. An interrupt (Ctrl-C) ends the search, and the trials so far
#'   come back: `status` says so, and `fit` is then the best trial's own (NULL with `n_jobs` above
#'   1). Where no trial is complete, there is nothing to come back.
#' @examplesIf interactive()
#' tuned <- torch_tune(
#'   mpg ~ ., list(lr = tune_range(1e-3, 1e-1, log = TRUE), hidden = list(8, c(16, 8))),
#'   data = mtcars, epochs = 20, n_trials = 5
#' )
#' tuned$trials
#' predict(tuned$fit, head(mtcars))
#' torch_tune(function(at) (at$x - 1)^2, list(x = tune_range(-5, 5)), n_trials = 10)
#' @export
torch_tune <- function(x, space, ...) UseMethod("torch_tune")

#' @rdname torch_tune
#' @export
torch_tune.formula <- function(x, space, data = NULL, model = mlp(), ..., weights = NULL,
                               offset = NULL, validation = 0.2, n_trials = NULL, sampler = "tpe",
                               pruner = "median", n_jobs = 1, workers = 1, storage = NULL,
                               study_name = "torchbridge", seed = NULL) {
  call <- sys.call()
  asked <- match.call(expand.dots = FALSE)
  model <- as_tunable(model, call)
  options <- tuned_options(list(...), validation, seed, model, call)
  names(asked)[names(asked) == "x"] <- "formula"
  read <- formula_frame(x, data, asked, parent.frame(), call)
  prepared <- prepare_formula(read, data, model, NULL, call)
  origin <- list(formula = stats::formula(attr(read$frame, "terms")), data = asked$data)
  search <- search_of(n_trials, sampler, pruner, n_jobs, workers, storage, study_name)
  tune_prepared(prepared, model, options, space, search, origin, call)
}

#' @rdname torch_tune
#' @export
torch_tune.data.frame <- function(x, space, y, model = mlp(), ..., weights = NULL, offset = NULL,
                                  validation = 0.2, n_trials = NULL, sampler = "tpe",
                                  pruner = "median", n_jobs = 1, workers = 1, storage = NULL,
                               study_name = "torchbridge", seed = NULL) {
  call <- sys.call()
  asked <- match.call(expand.dots = FALSE)
  model <- as_tunable(model, call)
  options <- tuned_options(list(...), validation, seed, model, call)
  prepared <- prepare_xy(x, y, weights, offset, model, NULL, call)
  prepared$env <- kept_scope(parent.frame(), list(asked$x))
  search <- search_of(n_trials, sampler, pruner, n_jobs, workers, storage, study_name)
  tune_prepared(prepared, model, options, space, search, list(x = asked$x, y = asked$y), call)
}

#' @rdname torch_tune
#' @export
torch_tune.matrix <- torch_tune.data.frame

#' @rdname torch_tune
#' @export
torch_tune.Matrix <- torch_tune.data.frame

#' @rdname torch_tune
#' @export
torch_tune.recipe <- function(x, space, data, model = mlp(), ..., weights = NULL, offset = NULL,
                              validation = 0.2, n_trials = NULL, sampler = "tpe", pruner = "median",
                              n_jobs = 1, workers = 1, storage = NULL, study_name = "torchbridge",
                              seed = NULL) {
  call <- sys.call()
  asked <- match.call(expand.dots = FALSE)
  model <- as_tunable(model, call)
  options <- tuned_options(list(...), validation, seed, model, call)
  prepared <- prepare_recipe(x, data, weights, offset, model, NULL, call)
  prepared$env <- kept_scope(parent.frame(), list(asked$data))
  search <- search_of(n_trials, sampler, pruner, n_jobs, workers, storage, study_name)
  tune_prepared(prepared, model, options, space, search, list(x = asked$x, data = asked$data), call)
}

#' @rdname torch_tune
#' @export
torch_tune.function <- function(x, space, n_trials = NULL, sampler = "tpe", seed = NULL,
                                maximize = FALSE, ..., workers = 1, storage = NULL,
                                study_name = "torchbridge") {
  check_no_dots(...)
  call <- sys.call()
  if (!identical(as.numeric(workers), 1)) {
    abort(
      call, "`workers` must be 1 for a function of R's, which runs in this session: start several ",
      "sessions with the same `storage`."
    )
  }
  check_flag(maximize, "maximize")
  objective <- function(values) {
    value <- x(values)
    if (!is.numeric(value) && !is.logical(value) || length(value) != 1L) {
      abort(call, "`x` must give a single number, not ", friendly_type(value), ".")
    }
    if (is.na(value)) NULL else as.double(value)
  }
  seed <- as_seed(list(seed = seed), call)
  found <- call_python(
    "tune.search_function", objective, as_space(space, call), n_trials, sampler, seed,
    maximize, said_by(NULL),
    list(
      storage = if (is_string(storage)) path_or_query(storage) else storage, study_name = study_name
    ),
    call = call
  )
  as_tuned(found, seed)
}

#' @rdname torch_tune
#' @export
tune_range <- function(low, high, log = FALSE, step = NULL, int = FALSE) {
  call <- sys.call()
  if (!is_number(low)) abort(call, "`low` must be a number, not ", friendly_type(low), ".")
  if (!is_number(high)) abort(call, "`high` must be a number, not ", friendly_type(high), ".")
  if (low >= high) abort(call, "`low` must be below `high`.")
  check_flag(log, "log")
  check_flag(int, "int")
  if (log && low <= 0) abort(call, "`low` must be above 0 on the log scale.")
  if (!is.null(step) && (!is_number(step) || step <= 0 || log)) {
    abort(call, "`step` must be a number above 0, and NULL on the log scale.")
  }
  found <- list(low = low, high = high, log = log, step = step, int = int)
  structure(found[!vapply(found, is.null, NA)], class = "tune_range")
}

# ---- how ----

search_of <- function(n_trials, sampler, pruner, n_jobs, workers, storage, study_name) {
  list(
    n_trials = n_trials, sampler = sampler, pruner = pruner, n_jobs = n_jobs, workers = workers,
    storage = if (is_string(storage)) path_or_query(storage) else storage, study_name = study_name
  )
}

tune_prepared <- function(prepared, model, options, space, search, origin, call) {
  if (length(options$functions) + length(options$events) > 0L) {
    abort(call, "`callbacks` must be options by name for torch_tune(), and no functions.")
  }
  response <- as_response(prepared$response, model, options, prepared$weights, call)
  check_columns(prepared$columns, call)
  task <- fit_task(prepared, model, response, options, call)
  task$space <- as_space(space, call)
  known <- c(model_options(model), training_option_names)
  wrong <- setdiff(names(space), known)
  if (length(wrong) > 0L) {
    abort(
      call, "`space`: \"", wrong[1L], "\" is no option of ", model$name, "() nor of training.",
      hint_of(wrong[1L], known)
    )
  }
  task$search <- search
  task$say <- said_by(if (!isTRUE(options$verbose)) options$verbose)
  found <- call_python("tune.search", task, call = call)
  options$loss_name <- loss_name_of(options, response)
  tuned <- as_tuned(found, options$seed)
  of_model <- intersect(names(tuned$best_options), model_options(model))
  model$options[of_model] <- tuned$best_options[of_model]
  made <- made_of(prepared, model, response, tuned_call(tuned, model, of_model, origin, options))
  tuned["fit"] <- list(if (!is.null(found$fit)) finish_fit(made, found$fit, options))
  tuned
}

# The call that fits the best options.
tuned_call <- function(tuned, model, of_model, origin, options) {
  described <- str2lang(model_label(model))
  rest <- tuned$best_options[setdiff(names(tuned$best_options), of_model)]
  as.call(c(
    list(quote(torch_fit)), origin, list(model = described), options$given, rest,
    list(seed = options$seed)
  ))
}

as_tunable <- function(model, call) {
  model <- as_model(model, call)
  if (!is_tunable(model)) {
    tunable <- paste0(Filter(is_tunable, offered_models()), "()")
    n <- length(tunable)
    abort(
      call, "`model` must be ", paste(tunable[-n], collapse = ", "), " or ", tunable[n], ", not ",
      model_label(model), "."
    )
  }
  model
}

# A network that is made anew for each trial, for a response to compare by.
is_tunable <- function(model) {
  is.null(if (is.list(model)) model$module) && !is_exact_model(model) && takes_response(model)
}

tuned_options <- function(given, validation, seed, model, call) {
  if (is.null(validation)) {
    abort(call, "`validation` must be a share or data: it is what is compared.")
  }
  searched <- c(
    "space", "n_trials", "sampler", "pruner", "n_jobs", "workers", "storage", "study_name"
  )
  options <- training_options(
    c(given, list(validation = validation, seed = seed)), model, call, "torch_tune", searched
  )
  options$given <- c(given, list(validation = validation))
  options
}

as_space <- function(space, call) {
  is_named <- !is.null(names(space)) && all(nzchar(names(space)))
  if (!is.list(space) || length(space) == 0L || !is_named) {
    abort(
      call, "`space` must be a named list, such as list(lr = tune_range(1e-4, 0.1, log = TRUE))."
    )
  }
  lapply(space, function(x) {
    if (inherits(x, "tune_range")) return(unclass(x))
    unname(as.list(x))
  })
}

as_tuned <- function(found, seed) {
  trials <- tibble::as_tibble(lapply(found$trials, function(column) {
    if (is.list(column)) simpler(column) else column
  }))
  trials$number <- as.integer(trials$number) + 1L
  trials$value <- as.double(trials$value)
  structure(
    list(
      trials = trials, best_options = found$best_options, best_value = found$best_value,
      seed = seed, status = found$status
    ),
    class = "torch_tuned"
  )
}

# A vector where every value is one; a list column elsewhere.
simpler <- function(column) {
  column <- lapply(column, function(x) if (is.null(x)) NA else x)
  if (all(lengths(column) == 1L)) unlist(column) else column
}

#' @export
print.torch_tuned <- function(x, ...) {
  check_no_dots(...)
  states <- table(x$trials$state)
  cat(nrow(x$trials), " trials (", paste(states, names(states), collapse = ", "), ")\n", sep = "")
  if (!identical(x$status, "completed")) cat("Status: ", x$status, "\n", sep = "")
  shown <- vapply(x$best_options, deparse1, "")
  cat(
    "Best: ", format(x$best_value), " at ", paste(names(shown), "=", shown, collapse = ", "), "\n",
    sep = ""
  )
  invisible(x)
}

#' @rdname torch_tune
#' @param type `"trials"`, or the name of an option.
#' @exportS3Method ggplot2::autoplot
autoplot.torch_tuned <- function(object, type = "trials", ...) { # nolint: object_name_linter.
  check_no_dots(...)
  call <- sys.call()
  trials <- tuned_trials(object, type, call)
  .data <- NULL # ggplot2 puts the rows here
  if (type == "trials") {
    return(
      ggplot2::ggplot(trials, ggplot2::aes(.data[["number"]], .data[["value"]])) +
        ggplot2::geom_point() +
        ggplot2::geom_step(ggplot2::aes(y = .data[["best"]])) +
        ggplot2::labs(x = "trial", y = "value")
    )
  }
  ggplot2::ggplot(trials, ggplot2::aes(.data[[type]], .data[["value"]])) +
    ggplot2::geom_point() +
    ggplot2::labs(x = type, y = "value")
}
