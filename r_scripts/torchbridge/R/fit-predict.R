# Tests: test-fit-fit.R, test-fit-intervals.R.

#' Predict from a fit
#'
#' @param object A `torch_fit`.
#' @param newdata New data like those of the fit: a data frame, a matrix or array, or `NULL` for the
#'   rows of the fit. Of a fit to a dataloader: a tensor, a matrix or array, a list of such for a
#'   module of several arguments, or a dataloader, whose batches begin with the inputs. Of a fit of
#'   a formula also what is read batch by batch, as `data` of [torch_fit()]: a folder, a query, a
#'   stream.
#' @param type `"response"`: the mean of the response; of two classes, the probability of the second
#'   level, as of `glm()`; of more, a matrix with a column a class. `"prob"`: probabilities, always
#'   a column a class. `"class"`: the most probable class, a factor. `"link"`: before the inverse
#'   link (of classes, before the softmax). `"terms"`: what each term of an exact model adds to the
#'   link, centred, as of `predict.lm()`. `"code"`: the code of an `autoencoder()`, a matrix.
#'   Of `cox()` the link is the logarithm of the hazard relative to that of a row of means (0 for
#'   columns of 0 and 1), as `predict.coxph()` has it without strata, and the response the relative
#'   hazard; of `aft()` the response is `exp()` of the location of log times. `"survival"`: the
#'   probabilities that `cox()` and `aft()` give to survive `times`, and `"quantile"`: the times by
#'   which shares `p` have had the event, of `aft()`; both a matrix with a column each.
#' @param interval `"confidence"`: limits of the mean, of types "response" and "link" of exact
#'   models (but `multinomial()`), as of `predict.lm()`; for other links than the identity they are
#'   those of the link, brought to the response. `"prediction"`: limits of a new observation, for
#'   `linear()`; rows of the fit have its weights, new data weight 1.
#' @param level Coverage of the intervals.
#' @param se.fit `TRUE` also gives standard errors, of types "response" and "link" of exact models
#'   (but `multinomial()`).
#' @param offset Numbers to add to the link of each row, where the fit was given an `offset`. NULL
#'   computes them of `newdata` as the fit's argument says, as `predict()` of a `glm` does; fits of
#'   `x` and `y` need them. (Terms `offset()` of a formula are found in `newdata`.)
#' @param tibble `TRUE` gives a tibble: `.pred` (with `.pred_lower` and `.pred_upper`, and
#'   `.std_error`), `.pred_class`, or `.pred_<level>` for each class.
#' @param to Where to write predictions of `newdata` that is read batch by batch, as Parquet, in the
#'   order of its rows and as they are made, so that they take little memory: a folder that is not
#'   there yet or is empty, or a file that ends in `.parquet`. The columns are those of `tibble`. It
#'   is there when all is written.
#' @param times Times, of type "survival".
#' @param p Shares between 0 and 1, of type "quantile".
#' @param ... Not used.
#' @return With `to` that, invisibly. Else a vector, matrix or factor, a value for each row of
#'   `newdata`; NA where a predictor is NA. With `interval`, a matrix of `fit`, `lwr` and `upr`.
#'   With `se.fit`, a list of `fit`, `se.fit`, of `linear()` `df` (residual degrees of freedom), and
#'   `residual.scale`.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' fit <- torch_fit(Species ~ ., data = iris, model = multinomial())
#' predict(fit, iris[c(1, 51, 101), ], type = "class")
#' predict(fit, iris[c(1, 51, 101), ], type = "prob", tibble = TRUE)
#' @export
predict.torch_fit <- function(object, newdata = NULL, type = "response", se.fit = FALSE, # nolint
                              interval = "none", level = 0.95, offset = NULL, tibble = FALSE,
                              to = NULL, times = NULL, p = NULL, ...) {
  check_no_dots(...)
  call <- sys.call()
  check_flag(tibble, "tibble", call)
  check_prediction(object, type, se.fit, interval, call)
  check_curve(object, type, times, p, call)
  if (is_streamed(newdata) && !is.null(object$preparation)) {
    if (se.fit || interval != "none" || !is.null(offset)) {
      abort(call, "`se.fit`, `interval` and `offset` are for `newdata` in memory.")
    }
    return(predict_streamed(object, newdata, type, to, tibble, call))
  }
  if (!is.null(to)) abort(call, "`to` is for `newdata` that is read batch by batch.")
  if (is.null(object$preparation)) return(predict_batches(object, newdata, type, call))
  if (type == "terms") return(predict_terms(object, newdata, call))
  if (type %in% c("survival", "quantile")) {
    return(predict_curve(object, newdata, type, times, p, offset, tibble, call))
  }
  if (type == "code" && !"code" %in% model_row(object$model)$types) {
    abort(call, "`type` \"code\" is for autoencoder().")
  }
  wide <- interval != "none"
  own <- is.null(newdata)
  if (own) check_not_streamed(object, call)
  padded <- function(x) if (own) stats::napredict(object$na.action, x) else x
  if (!own) warn_of_aliased(object, newdata, call)
  if (own && !type %in% c("link", "code") && !se.fit && !wide) {
    return(as_prediction(padded(object$fitted.values), type, object, tibble))
  }
  given <- rows_of(object, newdata, offset, call)
  values <- predict_rows(
    object, given, if (wide) "link" else if (type %in% c("link", "code")) type else "response"
  )
  if (wide) {
    values <- prediction_intervals(object, given, values, type, interval, level, own, call)
    found <- as_intervals(padded(values), tibble)
  } else {
    found <- as_prediction(padded(values), type, object, tibble)
  }
  if (!se.fit) return(found)
  error <- padded(predicted_errors(object, given, type, call))
  if (tibble) {
    found$.std_error <- unname(error)
    return(found)
  }
  exact <- object$exact
  found <- list(fit = found, se.fit = error)
  if (is_least_squares(exact)) found$df <- exact$df_residual
  found$residual.scale <- sqrt(exact$dispersion)
  found
}

# R's own warning, in the words and under the conditions of the R that runs.
warn_of_aliased <- function(fit, newdata, call) {
  if (is.null(fit$exact) || !anyNA(fit$exact$coefficients) || is.null(fit$terms)) {
    return(invisible())
  }
  if (!is_glm(fit$exact) || length(dim(fit$exact$coefficients)) > 1L) {
    return(invisible())
  }
  withCallingHandlers(
    try(stats::predict(as_rs(fit, call), newdata), silent = TRUE),
    warning = function(condition) {
      warning(warningCondition(conditionMessage(condition), call = call))
      invokeRestart("muffleWarning")
    }
  )
}

# Do the arguments go together?
check_prediction <- function(fit, type, se, interval, call) {
  check_string(type, "type", call)
  check_flag(se, "se.fit", call)
  types <- c("response", "prob", "class", "link", "terms", "code", "survival", "quantile")
  if (!type %in% types) refuse_name(type, types, "type", call)
  check_string(interval, "interval", call)
  intervals <- c("none", "confidence", "prediction")
  if (!interval %in% intervals) refuse_name(interval, intervals, "interval", call)
  wide <- interval != "none"
  if ((se || wide) && !type %in% c("response", "link")) {
    abort(
      call, if (wide) "`interval`" else "`se.fit`",
      " is for types \"response\" and \"link\", not \"", type, "\"."
    )
  }
  if (type %in% c("prob", "class") && is.null(fit$levels)) {
    abort(call, "`type` \"", type, "\" is for responses that are classes.")
  }
}

# The columns and offset of new data, or of the fit's own.
rows_of <- function(fit, newdata, offset, call) {
  if (!is.null(newdata)) return(new_columns(fit$preparation, newdata, offset, call))
  if (!is.null(fit$frame)) {
    return(list(
      columns = frame_columns(fit$preparation, fit$frame), offset = fit$offset, n = fit$nobs,
      row_names = plain_row_names(fit$frame)
    ))
  }
  found <- new_columns(fit$preparation, own_data(fit, call), fit$offset, call)
  found$offset <- fit$offset
  found
}

# Values of complete rows; NA for the others.
predict_rows <- function(fit, given, type) {
  complete <- complete_rows(given$columns, given$offset)
  columns <- given$columns
  offset <- given$offset
  if (!all(complete)) {
    columns <- keep_rows(columns, complete)
    offset <- offset[complete]
  }
  if (sum(complete) == 0L) {
    wide <- length(dim(fit$fitted.values)) > 1L
    shape <- if (wide) matrix(NA_real_, length(complete), ncol(fit$fitted.values)) else rep(
      NA_real_, length(complete)
    )
    return(shape)
  }
  values <- generalized_values(fit, columns, offset, type)
  if (is.null(values)) values <- python_values(fit, columns, offset, type, sys.call(-1L))
  if (!all(complete)) values <- spread_rows(values, complete)
  if (type == "code") {
    rownames(values) <- given$row_names
    return(values)
  }
  if (type == "link" && length(dim(values)) > 1L) {
    names <- if (is.null(fit$levels)) colnames(fit$response) else fit$levels
    if (ncol(values) == length(names)) colnames(values) <- names
    rownames(values) <- given$row_names
    return(values)
  }
  with_rows(values, c(
    fit[c("levels", "response", "model", "preparation")], list(row_names = given$row_names)
  ))
}

python_values <- function(fit, columns, offset, type, call) {
  own <- !is.null(fit$module)
  name <- if (is.list(fit$model)) fit$model$name else fit$model
  # (A tabular() model takes codes beside the numbers, if only none.)
  crossed <- crossing(if (own || identical(name, "tabular")) columns else as_few(columns))
  call_python(
    "predict.predict_columns", if (own) fit$module else live_model(fit), crossed$columns,
    as.list(crossed$levels), as_tensor(offset), type, if (own) fit$spec,
    if (own) fit$weights,
    call = call
  )
}

# A few rows as one matrix, a factor as a column a level but the first: to cross each column costs
# more than what becomes of it.
as_few <- function(columns) {
  if (!is.list(columns) || is_tensor(columns) || length(columns) < 2L) return(columns)
  if (length(columns[[1L]]) > 100L) return(columns)
  parts <- vector("list", length(columns))
  for (i in seq_along(columns)) {
    x <- columns[[i]]
    if (is.numeric(x) && is.null(attributes(x))) {
      parts[[i]] <- as.double(x)
    } else if (is.factor(x)) {
      parts[[i]] <- treatment_columns(x)
    } else {
      return(columns)
    }
  }
  found <- unlist(parts)
  n <- length(columns[[1L]])
  dim(found) <- c(n, length(found) %/% n)
  found
}

# Of a fit of coefficients R multiplies, which for a few rows takes less than a call of Python.
# NULL where that is not all there is to do: several responses, factors of `x`, infinite values.
generalized_values <- function(fit, columns, offset, type) {
  b <- fit$exact$coefficients
  if (is.null(b) || !is.null(dim(b)) || is_tensor(columns)) return(NULL)
  if (fit$exact$family == "ordinal") return(NULL)
  if (is.list(columns)) {
    if (length(columns) == 0L || any(vapply(columns, is.factor, NA))) return(NULL)
    columns <- do.call(cbind, columns)
  }
  intercept <- fit$exact$intercept
  if (ncol(columns) + intercept != length(b)) return(NULL)
  b <- unname(replace(b, is.na(b), 0))
  eta <- as.vector(columns %*% if (intercept) b[-1L] else b)
  if (intercept) eta <- eta + b[1L]
  if (!is.null(fit$exact$center)) eta <- eta - sum(fit$exact$center * b)
  if (!is.null(offset)) eta <- eta + as.vector(offset)
  if (!all_finite(eta)) return(NULL)
  if (type == "response") inverse_link(fit$exact$link)(eta) else eta
}

complete_rows <- function(columns, offset) {
  if (is_tensor(columns)) return(rep(TRUE, dim(columns)[1L]))
  if (is_sparse(columns)) {
    found <- !seq_len(nrow(columns)) %in% sparse_na_rows(columns)
  } else if (!is.list(columns)) {
    n <- dim(columns)[1L]
    complete <- !anyNA(columns)
    found <- if (complete) rep(TRUE, n) else rowSums(is.na(matrix(columns, n))) == 0L
  } else {
    found <- if (length(columns) > 0L) stats::complete.cases(columns) else rep(TRUE, length(offset))
  }
  if (is.null(offset)) found else found & !is.na(offset)
}

keep_rows <- function(columns, keep) {
  if (is.list(columns)) return(lapply(columns, function(x) x[keep]))
  if (length(dim(columns)) == 2L) return(columns[keep, , drop = FALSE])
  dims <- dim(columns)
  array(matrix(columns, dims[1L])[keep, ], c(sum(keep), dims[-1L]))
}

spread_rows <- function(values, complete) {
  if (length(dim(values)) > 1L) {
    found <- matrix(
      NA_real_, length(complete), ncol(values), dimnames = list(NULL, colnames(values))
    )
    found[complete, ] <- values
  } else {
    found <- rep(NA_real_, length(complete))
    found[complete] <- values
  }
  found
}

# In the form that the user asked for.
as_prediction <- function(values, type, fit, tibble) {
  if (type %in% c("prob", "class")) {
    values <- class_probabilities(values, fit$levels)
    if (type == "class") {
      best <- max.col(replace(values, is.na(values), -1), ties.method = "first")
      best[is.na(values[, 1L])] <- NA
      values <- stats::setNames(factor(fit$levels[best], fit$levels), rownames(values))
      if (is.ordered(fit$response)) values <- factor(values, fit$levels, ordered = TRUE)
    }
  }
  if (!tibble) return(values)
  if (is.factor(values)) return(tibble::tibble(.pred_class = unname(values)))
  if (length(dim(values)) > 1L) {
    names <- if (is.null(colnames(values))) seq_len(ncol(values)) else colnames(values)
    return(
      tibble::as_tibble(stats::setNames(as.data.frame(unname(values)), paste0(".pred_", names)))
    )
  }
  tibble::tibble(.pred = unname(values))
}

# A matrix of fit, lwr and upr, or the same as a tibble.
as_intervals <- function(values, tibble) {
  if (!tibble) return(values)
  tibble::tibble(
    .pred = unname(values[, 1L]), .pred_lower = unname(values[, 2L]),
    .pred_upper = unname(values[, 3L])
  )
}

# ---- exact models: standard errors and terms ----

# The design with its intercept.
exact_design <- function(fit, given) {
  columns <- exact_columns(given$columns)
  if (fit$exact$intercept) cbind(1, columns) else columns
}

# As a matrix.
exact_columns <- function(columns) {
  if (is_tensor(columns)) return(as.matrix(columns))
  if (is.list(columns)) do.call(cbind, columns) else columns
}

predicted_errors <- function(fit, given, type, call) {
  exact <- need_exact(fit, "Standard errors of predictions", call)
  need_one_link(exact, "`se.fit` is", call)
  need_one_response(fit, "Standard errors of predictions", call)
  known <- which(!is.na(exact$coefficients)) # before what is estimated beside them
  x <- exact_design(fit, given)[, known, drop = FALSE]
  if (!is.null(exact$center)) x <- sweep(x, 2L, exact$center[known])
  error <- if (isTRUE(all(is_in_range(diag(exact$covariance)[known])))) {
    sqrt(rowSums((x %*% exact$covariance[known, known]) * x))
  } else {
    own <- exact_design(fit, rows_of(fit, NULL, NULL, call))[, known, drop = FALSE]
    r <- qr.R(qr(own * sqrt(working_weights(fit))))
    sqrt(exact$dispersion * rowSums((x %*% backsolve(r, diag(ncol(r))))^2))
  }
  if (type == "response") {
    eta <- predict_rows(fit, given, "link")
    error <- error * abs(exact_link(exact)$mu.eta(eta))
  }
  stats::setNames(error, given$row_names)
}

# An error where there is no one linear predictor whose inverse link is the response.
need_one_link <- function(exact, what, call) {
  if (exact$family %in% c("multinomial", "ordinal")) {
    abort(call, what, " not for ", exact_name(exact), ".")
  }
}

# Are these variances that have all their digits? Columns of extreme scale have others.
is_in_range <- function(variances) variances > 1e-280 & variances < 1e280

predict_terms <- function(fit, newdata, call) {
  exact <- need_exact(fit, "Terms", call)
  need_one_link(exact, "`type` \"terms\" is", call)
  need_one_response(fit, "Terms", call)
  own <- rows_of(fit, NULL, NULL, call)
  given <- if (is.null(newdata)) own else rows_of(fit, newdata, NULL, call)
  slopes <- if (exact$intercept) exact$coefficients[-1L] else exact$coefficients
  slopes[is.na(slopes)] <- 0
  as_columns <- function(x) {
    x <- exact_design(fit, x)
    if (exact$intercept) x[, -1L, drop = FALSE] else x
  }
  x <- as_columns(given)
  centre <- colMeans(as_columns(own))
  if (!exact$intercept) centre[] <- 0
  if (!is.null(exact$center)) centre <- as.vector(exact$center)
  preparation <- fit$preparation
  labels <- attr(preparation$predictors, "term.labels")
  if (is.null(labels)) labels <- preparation$column_names
  assign <- preparation$assign
  if (is.null(assign)) assign <- seq_along(labels)
  found <- vapply(seq_along(labels), function(i) {
    of <- which(assign == i)
    drop(sweep(x[, of, drop = FALSE], 2L, centre[of]) %*% slopes[of])
  }, numeric(nrow(x)))
  found <- matrix(found, nrow(x), dimnames = list(given$row_names, labels))
  constant <- if (exact$intercept) sum(centre * slopes) + exact$coefficients[[1L]] else 0
  attr(found, "constant") <- constant
  if (is.null(newdata)) found <- stats::napredict(fit$na.action, found)
  found
}
