# Fits to, and predictions of, what R does not read itself: files, queries, streams. Python reads
# it, batch by batch, and computes the columns of a formula; R reads the formula, and what a fit
# keeps for new data is made of a few rows that stand for all.
# Tests: test-fit-streamed.R.

# Is it read batch by batch, rather than a data frame?
is_streamed <- function(x) {
  if (is.data.frame(x)) return(FALSE)
  if (is.character(x)) return(length(x) > 0L && !anyNA(x))
  inherits(x, c(arrow_classes, "frame_batches")) || (is_python(x) && !is_tensor(x))
}

# list(source, names, kinds): the source as Python has it, and its columns.
open_streamed <- function(x, name, call) {
  call_python("streamed.opened", streamed_handle(x), name, call = call)
}

streamed_handle <- function(x) {
  if (is.character(x)) return(if (length(x) == 1L) path_or_query(x) else as.list(path.expand(x)))
  if (inherits(x, "frame_batches")) return(environment(x)$batches)
  if (is.data.frame(x)) return(as_py_frame(x, "arrow"))
  from_arrow(x)
}

path_or_query <- function(x) if (startsWith(x, "~")) path.expand(x) else x

fit_streamed <- function(formula, data, model, options, asked, na_action, env, call) { # nolint
  if (is_exact_model(model) && !model_row(model)$streams) {
    abort(call, "`data`: ", model_label(model), " takes a data frame in memory.")
  }
  for (name in c("subset", "contrasts")) {
    if (!is.null(asked[[name]])) {
      abort(
        call, "`", name, "` is for data in memory: ",
        if (name == "subset") "choose the rows in a query, such as \"select * from 'data/*.parquet'
where x > 0\"." else "these are treatment contrasts."
      )
    }
  }
  opened <- open_streamed(data, "data", call)
  columns <- stand_in_columns(opened)
  beside <- list(weights = asked$weights, offset = asked$offset)
  read <- streamed_formula(formula, columns, beside, model, options, env, call)
  validation <- options$validation
  if (!is.null(validation) && !is_number(validation)) {
    if (!is.data.frame(validation) && !is_streamed(validation)) {
      abort(
        call, "`validation` must be a share between 0 and 1, a data frame or what `data` can be, ",
        "not ", friendly_type(validation), "."
      )
    }
    validation <- open_streamed(validation, "validation", call)$source
  }
  task <- c(
    list(
      model = if (is.null(model$module)) model$name else model$module,
      model_options = if (length(model$options) > 0L) model$options,
      standardize = options$standardize, layout = read$layout, classes = read$classes,
      weights = read$weights, offset = read$offset, numbers = as.list(read$numbers),
      sort = function(words) as.list(sort(unlist(words))), validation = validation,
      refuses_na = refuses_na(na_action, call),
      origin = list(module = if (!is.null(model$module)) module_source(model$module))
    ),
    options$task
  )
  if (isTRUE(options$verbose)) {
    progress <- progress_of_reading()
    on.exit(progress$done())
    task$read <- progress$step
  }
  result <- run_fit("streamed.fit", task, options, opened$source, call = call)
  if (is.null(options$loss_name)) {
    options$loss_name <- if (is.null(result$classes)) "mse_loss" else "cross_entropy"
  }
  for (note in unlist(result$notes)) warning(warningCondition(note, call = call))
  finish_fit(made_streamed(formula, result, opened, read, model, asked, env, call), result, options)
}

# Rows that stand for those of a source: of each kind of column values that a formula can take.
# `levels` are those of the columns that are factors, where they are known.
stand_in_columns <- function(opened, levels = list()) {
  n <- max(2L, lengths(levels))
  kinds <- unlist(opened$kinds)
  names <- unlist(opened$names)
  columns <- lapply(seq_along(names), function(i) {
    known <- unlist(levels[[names[i]]])
    if (is.null(known)) known <- c("a", "b")
    of <- function(x) rep_len(x, n)
    switch(kinds[i],
      logical = of(c(FALSE, TRUE)), integer = of(0:1), number = of(c(0.5, 1)),
      factor = factor(of(known), known), text = of(known),
      Date = of(as.Date(0:1, "1970-01-01")), POSIXct = of(as.POSIXct(0:1, "UTC", "1970-01-01")),
      difftime = of(as.difftime(0:1, units = "secs")),
      as.list(seq_len(n)) # of no use in a formula
    )
  })
  names(columns) <- names
  structure(columns, class = "data.frame", row.names = seq_len(n))
}

# list(layout, classes, numbers, weights, offset, terms): what Python is told of the formula.
streamed_formula <- function(formula, columns, beside, model, options, env, call) {
  terms <- tryCatch(stats::terms(formula, data = columns), error = function(condition) {
    abort(call, "`formula`: ", conditionMessage(condition))
  })
  check_formula(terms, model, call)
  if (!takes_response(model) || is_rebuilding(model)) {
    abort(call, "`data`: ", model_label(model), " takes a data frame in memory.")
  }
  env <- environment(terms)
  text <- function(x) streamed_text(x, names(columns), env)
  variables <- as.list(attr(terms, "variables"))[-1L]
  factors <- attr(terms, "factors")
  parts <- lapply(seq_len(ncol(factors)), function(j) {
    lapply(variables[factors[, j] > 0L], text)
  })
  response <- variables[[attr(terms, "response")]]
  numbers <- names(columns)[vapply(columns, is.logical, NA)]
  design <- any(attr(terms, "order") > 1L) || is_exact_model(model)
  y <- if (is.symbol(response)) columns[[as.character(response)]]
  classes <- streamed_classes(y, model, options, call)
  # In a design TRUE is a level; a response has classes; else it is 1.
  if (design) numbers <- character()
  if (is.symbol(response)) {
    numbers <- setdiff(numbers, as.character(response))
    if (is.logical(y) && !classes) numbers <- c(numbers, as.character(response))
  }
  offsets <- c(variables[attr(terms, "offset")], if (!is.null(beside$offset)) list(beside$offset))
  offsets <- lapply(offsets, function(x) {
    if (is.call(x) && identical(x[[1L]], quote(offset))) x[[2L]] else x
  })
  list(
    layout = list(
      response = text(response), terms = parts,
      # Where R makes no design a factor has a column a level but the first.
      intercept = !design || attr(terms, "intercept") == 1L
    ),
    classes = classes, numbers = numbers,
    weights = if (!is.null(beside$weights)) text(beside$weights),
    offset = if (length(offsets) > 0L) {
      paste(vapply(offsets, function(x) paste0("(", text(x), ")"), ""), collapse = " + ")
    },
    terms = terms
  )
}

# Does the response have classes? An error where the model takes others.
streamed_classes <- function(y, model, options, call) {
  if (is.null(y)) return(FALSE)
  found <- as_response(y, model, options, NULL, call)
  !is.null(found$levels)
}

# An expression as Python reads it: names of columns as they are, other variables by their value.
streamed_text <- function(x, columns, env) {
  if (is.symbol(x) && as.character(x) %in% columns) return(as.character(x))
  deparse1(with_values(x, columns, env), control = "digits17", collapse = " ")
}

with_values <- function(x, columns, env) {
  if (is.call(x)) {
    x[-1L] <- lapply(as.list(x)[-1L], with_values, columns, env)
    return(x)
  }
  if (is.integer(x)) return(as.double(x))
  if (!is.symbol(x) || as.character(x) %in% columns) return(x)
  value <- get0(as.character(x), env, mode = "numeric")
  if (is.numeric(value) && length(value) == 1L) as.double(value) else x
}

refuses_na <- function(na_action, call) {
  if (is.null(na_action)) na_action <- getOption("na.action", "na.omit")
  known <- list(na.omit = stats::na.omit, na.exclude = stats::na.exclude, na.fail = stats::na.fail)
  name <- na_action
  if (!is_string(name)) name <- names(known)[vapply(known, identical, NA, na_action)]
  if (length(name) != 1L || !name %in% names(known)) {
    abort(call, "`na.action` must be na.omit, na.exclude or na.fail for what is not in memory.")
  }
  name == "na.fail"
}

# What stays in R: as for a data frame, of rows that stand for all.
made_streamed <- function(formula, result, opened, read, model, asked, env, call) {
  levels <- result$levels
  response <- read$layout$response
  if (!is.null(result$classes) && response %in% unlist(opened$names)) {
    levels[[response]] <- result$classes
  }
  data <- stand_in_columns(opened, levels)
  kept <- kept_scope(environment(read$terms), list(attr(read$terms, "variables")), data)
  scope <- call_scope(kept, asked, env)
  terms <- read$terms
  environment(terms) <- scope
  frame <- suppressWarnings(
    stats::model.frame(terms, data, na.action = stats::na.pass, drop.unused.levels = TRUE)
  )
  frame <- without_removed(frame)
  environment(attr(frame, "terms")) <- scope
  found <- formula_preparation(frame, data, list(offset = asked$offset), model, NULL, call)
  preparation <- found$preparation
  preparation$stream <- list(numbers = read$numbers)
  list(
    call = as.call(kept_list(as.list(call))), model = model[c("name", "options")],
    module = model$module, terms = preparation$terms, preparation = preparation,
    levels = if (!is.null(result$classes)) unlist(result$classes),
    nobs = result$n_rows, n_left_out = result$left_out, n_validation = result$n_valid,
    streamed = TRUE
  )
}

progress_of_reading <- function() {
  id <- NULL
  list(
    step = function(done, total) {
      if (is.null(id)) {
        id <<- cli::cli_progress_bar(
          "Reading", total = if (is.null(total)) NA else total, .auto_close = FALSE
        )
      }
      cli::cli_progress_update(set = done, id = id, .envir = globalenv())
      NULL
    },
    done = function() if (!is.null(id)) cli::cli_progress_done(id = id, .envir = globalenv())
  )
}

# Of such a fit no rows are kept, nor read again.
check_not_streamed <- function(fit, call) {
  if (isTRUE(fit$streamed)) {
    abort(
      call, "The fit keeps no rows of data that was read batch by batch: give `newdata`, such as ",
      "predict(fit, \"folder\", to = \"predictions\")."
    )
  }
}

# ---- predictions ----

predict_streamed <- function(fit, newdata, type, to, tibble, call) {
  if (!identical(fit$preparation$kind, "formula") || is_rebuilding(fit$model)) {
    abort(call, "`newdata` must be in memory: only fits of a formula read it batch by batch.")
  }
  if (!type %in% c("response", "link", "prob", "class")) {
    abort(call, "`type` \"", type, "\" is for `newdata` in memory.")
  }
  if (!is.null(to)) {
    check_string(to, "to", call)
    to <- path.expand(to)
  }
  own <- !is.null(fit$module)
  kind <- if (is.null(to) && type %in% c("prob", "class")) "response" else type
  values <- call_python(
    "streamed.predict", if (own) fit$module else live_model(fit), streamed_about(fit, call),
    streamed_handle(newdata), kind, to, if (own) fit$spec, if (own) fit$weights,
    call = call
  )
  if (!is.null(to)) return(invisible(to))
  values[is.nan(values)] <- NA
  if (length(dim(values)) == 2L) {
    colnames(values) <- if (is.null(fit$levels)) colnames(fit$response) else fit$levels
  } else {
    values <- as.vector(values)
  }
  as_prediction(values, type, fit, tibble)
}

# The formula as Python reads it, of any fit of a formula.
streamed_about <- function(fit, call) {
  preparation <- fit$preparation
  terms <- preparation$predictors
  columns <- names(preparation$ptype)
  text <- function(x) streamed_text(x, columns, environment(preparation$terms))
  variables <- as.list(attr(terms, "variables"))[-1L]
  factors <- attr(terms, "factors")
  design <- isTRUE(preparation$design)
  logical <- columns[vapply(preparation$ptype, is.logical, NA)]
  if (design) check_treatment(preparation, call)
  levels <- preparation$xlevels
  if (design) levels[logical] <- list(c("FALSE", "TRUE"))
  parts <- lapply(seq_len(NCOL(factors)), function(j) lapply(variables[factors[, j] > 0L], text))
  offsets <- variables[attr(terms, "offset")]
  if (!is.null(preparation$offset)) offsets <- c(offsets, list(preparation$offset))
  offsets <- vapply(offsets, function(x) {
    if (is.call(x) && identical(x[[1L]], quote(offset))) x <- x[[2L]]
    paste0("(", text(x), ")")
  }, "")
  coded <- if (identical(fit$model$name, "tabular")) {
    names(levels)[names(levels) %in% attr(terms, "term.labels")]
  }
  list(
    layout = list(
      response = "", terms = parts, intercept = !design || attr(terms, "intercept") == 1L,
      levels = lapply(levels, as.list),
      coded = as.list(coded)
    ),
    numbers = as.list(if (design) character() else logical),
    offset = if (length(offsets) > 0L) paste(offsets, collapse = " + "),
    classes = if (!is.null(fit$levels)) as.list(fit$levels)
  )
}

# Python's columns of factors are those of treatment contrasts.
check_treatment <- function(preparation, call) {
  others <- Filter(function(x) !identical(x, "contr.treatment"), preparation$contrasts)
  others <- others[setdiff(names(others), character())]
  if (length(others) > 0L) {
    abort(
      call, "`newdata` must be in memory for contrasts other than contr.treatment (",
      name_list(names(others)), ")."
    )
  }
}
