#' What a fit has learnt from each column
#'
#' `torch_importance()` shuffles one column at a time and gives how much worse the predictions get
#' (Breiman, 2001, Random forests; Fisher, Rudin and Dominici, 2019). `torch_partial()` sets a
#' column to each of a grid of values in all rows and gives the mean prediction (Friedman, 2001,
#' Greedy function approximation). `torch_ale()` adds up the mean local differences along a numeric
#' column, centred at 0, which correlated columns do not distort: accumulated local effects (Apley
#' and Zhu, 2020).
#'
#' @param fit A `torch_fit` of a data frame, matrix, formula or recipe.
#' @param data Data with predictors and, for importance, the response; by default those of the fit,
#'   as they are now. For a fit to `x` and `y`, `x`.
#' @param y For importance of a fit to `x` and `y`: the response of `data`.
#' @param variables,variable Names of columns.
#' @param metric `"rmse"` or `"mae"` (numbers), `"log_loss"` or `"error_rate"` (classes), or a
#'   function of the truth and the predictions (of type "response") that is lower where they are
#'   better. By default `"rmse"` or `"log_loss"`.
#' @param times How often each column is shuffled.
#' @param grid Values of the column, or how many quantiles (of a factor, all levels are taken).
#' @param intervals Number of intervals, between quantiles.
#' @return A tibble, of class `torch_effect`, with a `plot()` and an `autoplot()`.
#'   `torch_importance()`: `variable`, `importance` (the mean rise of the metric), `std_dev` (over
#'   the times) and `metric`, the greatest first; an interrupt (Ctrl-C) ends it with the columns so
#'   far, and a warning. `torch_partial()`: `value`, and `prediction` with `class` where
#'   there are more than two. `torch_ale()`: `value` and `effect`, and `class`.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' fit <- torch_fit(mpg ~ wt + hp + qsec, data = mtcars, model = mlp(8), epochs = 50, seed = 1)
#' torch_importance(fit)
#' torch_partial(fit, "wt")
#' torch_ale(fit, "wt", intervals = 5)
#' @export
torch_importance <- function(fit, data = NULL, y = NULL, variables = NULL, metric = NULL,
                             times = 10) {
  call <- sys.call()
  data <- explained_data(fit, data, call)
  check_count(times, "times", 1, call)
  variables <- explained_variables(fit, data, variables, call)
  truth <- true_response(fit, data, y, call)
  measure <- as_metric(metric, fit, call)
  loss <- function(data) measure$f(truth, stats::predict(fit, data))
  base <- loss(data)
  found <- list()
  ended <- tryCatch(
    {
      for (name in variables) {
        rises <- vapply(seq_len(times), function(i) {
          shuffled <- column_of(data, name)[sample.int(nrow(data))]
          loss(with_column(data, name, shuffled)) - base
        }, 1)
        found[[name]] <- c(mean(rises), stats::sd(rises))
      }
      NULL
    },
    interrupt = identity
  )
  if (!is.null(ended)) {
    # Of the columns so far; the interrupt again where there is none.
    if (length(found) == 0L) rlang::interrupt()
    warning(
      "interrupted: the importance of ", length(found), " of ", length(variables), " columns",
      call. = FALSE
    )
  }
  values <- do.call(rbind, found)
  found <- tibble::tibble(
    variable = names(found), importance = unname(values[, 1L]), std_dev = unname(values[, 2L]),
    metric = measure$name
  )
  as_effect(found[order(-found$importance), ], "importance", NULL)
}

#' @rdname torch_importance
#' @export
torch_partial <- function(fit, variable, data = NULL, grid = 20) {
  call <- sys.call()
  data <- explained_data(fit, data, call)
  explained_variables(fit, data, variable, call, one = TRUE)
  column <- column_of(data, variable)
  values <- if (length(grid) > 1L || !is_number(grid)) grid else grid_of(column, grid)
  parts <- lapply(seq_along(values), function(i) {
    mean_prediction(fit, with_column(data, variable, values[i]), values[i])
  })
  as_effect(do.call(rbind, parts), "partial", variable)
}

#' @rdname torch_importance
#' @export
torch_ale <- function(fit, variable, data = NULL, intervals = 20) {
  call <- sys.call()
  data <- explained_data(fit, data, call)
  explained_variables(fit, data, variable, call, one = TRUE)
  check_count(intervals, "intervals", 1, call)
  x <- column_of(data, variable)
  if (!is.numeric(x)) abort(call, "`variable` must be numeric: torch_partial() takes factors.")
  breaks <- unique(
    stats::quantile(x, seq(0, 1, length.out = intervals + 1), names = FALSE, type = 1L)
  )
  if (length(breaks) < 2L) abort(call, "`variable`: \"", variable, "\" is constant.")
  interval <- findInterval(x, breaks, rightmost.closed = TRUE, left.open = TRUE, all.inside = TRUE)
  upper <- as.matrix(stats::predict(fit, with_column(data, variable, breaks[interval + 1L])))
  lower <- as.matrix(stats::predict(fit, with_column(data, variable, breaks[interval])))
  counts <- tabulate(interval, length(breaks) - 1L)
  effects <- apply(upper - lower, 2L, function(difference) {
    slope <- tapply(difference, factor(interval, seq_along(counts)), mean)
    slope[is.na(slope)] <- 0
    path <- c(0, cumsum(slope))
    path - sum(counts * (path[-1L] + path[-length(path)]) / 2) / sum(counts)
  })
  found <- tibble::tibble(
    value = rep(breaks, ncol(effects)), effect = as.vector(effects),
    class = rep(effect_classes(fit, ncol(effects)), each = length(breaks))
  )
  as_effect(drop_class(found), "ale", variable)
}

# ---- data ----

explained_data <- function(fit, data, call) {
  if (!inherits(fit, "torch_fit")) {
    abort(call, "`fit` must be a torch_fit, not ", friendly_type(fit), ".")
  }
  if (is.null(fit$preparation) || length(fit$preparation$dims) > 1L) {
    abort(call, "`fit` must be of a table: a formula, a data frame, a matrix or a recipe.")
  }
  if (is.null(data)) data <- own_data(fit, call)
  if (is.matrix(data) && is.null(colnames(data))) colnames(data) <- fit$preparation$column_names
  data
}

explained_variables <- function(fit, data, variables, call, one = FALSE) {
  preparation <- fit$preparation
  used <- switch(preparation$kind,
    formula = names(preparation$ptype), recipe = names(preparation$blueprint$ptypes$predictors),
    preparation$column_names
  )
  if (is.null(variables)) return(used)
  name <- if (one) "variable" else "variables"
  if (!is.character(variables) || (one && length(variables) != 1L)) {
    abort(
      call, "`", name, "` must be ", if (one) "the name of a column" else "names of columns", "."
    )
  }
  for (wrong in setdiff(variables, used)) refuse_name(wrong, used, name, call)
  variables
}

column_of <- function(data, name) if (is.data.frame(data)) data[[name]] else data[, name]

with_column <- function(data, name, values) {
  if (is.data.frame(data)) data[[name]] <- rep_len(values, nrow(data)) else data[, name] <- values
  data
}

grid_of <- function(x, n) {
  if (is.factor(x)) return(factor(levels(x), levels(x), ordered = is.ordered(x)))
  if (!is.numeric(x)) return(sort(unique(x)))
  unique(stats::quantile(x, seq(0, 1, length.out = n), names = FALSE, na.rm = TRUE))
}

mean_prediction <- function(fit, data, value) {
  means <- colMeans(as.matrix(stats::predict(fit, data)), na.rm = TRUE)
  drop_class(tibble::tibble(
    value = rep(value, length(means)), prediction = unname(means),
    class = effect_classes(fit, length(means))
  ))
}

effect_classes <- function(fit, n) {
  if (n == 1L) return("")
  if (is.null(fit$levels)) colnames(as.matrix(fit$response)) else fit$levels
}

drop_class <- function(found) if (all(found$class == "")) found[names(found) != "class"] else found

true_response <- function(fit, data, y, call) {
  if (!is.null(y)) {
    check_n_rows(y, "y", NROW(data), call)
  } else if (fit$preparation$kind %in% c("formula", "recipe")) {
    y <- validation_parts(as.data.frame(data), fit$preparation, call)$y
  } else if (NROW(data) == NROW(fit$response)) {
    y <- fit$response
  } else {
    abort(call, "`y` must be given with `data`, for a fit to x and y.")
  }
  if (is.null(fit$levels)) y else factor(as.character(y), fit$levels)
}

as_metric <- function(metric, fit, call) {
  if (is.function(metric)) return(list(name = "a function", f = metric))
  classes <- !is.null(fit$levels)
  if (is.null(metric)) metric <- if (classes) "log_loss" else "rmse"
  check_string(metric, "metric", call)
  known <- if (classes) {
    list(
      log_loss = function(y, p) {
        p <- class_probabilities(p, fit$levels)[cbind(seq_along(y), as.integer(y))]
        -mean(log(pmax(p, .Machine$double.eps)), na.rm = TRUE)
      },
      error_rate = function(y, p) {
        p <- class_probabilities(p, fit$levels)
        mean(max.col(p, ties.method = "first") != as.integer(y), na.rm = TRUE)
      }
    )
  } else {
    list(
      rmse = function(y, p) sqrt(mean((y - p)^2, na.rm = TRUE)),
      mae = function(y, p) mean(abs(y - p), na.rm = TRUE)
    )
  }
  if (!metric %in% names(known)) refuse_name(metric, names(known), "metric", call)
  list(name = metric, f = known[[metric]])
}

# ---- results ----

as_effect <- function(found, kind, variable) {
  attr(found, "kind") <- kind
  attr(found, "variable") <- variable
  class(found) <- c("torch_effect", class(found))
  found
}

#' @rdname torch_importance
#' @param object A `torch_effect`.
#' @param ... For `plot()`, graphical parameters; not used by `autoplot()`.
#' @exportS3Method ggplot2::autoplot
autoplot.torch_effect <- function(object, ...) { # nolint: object_name_linter.
  check_no_dots(...)
  .data <- NULL # ggplot2 puts the rows here
  kind <- attr(object, "kind")
  if (kind == "importance") {
    object$variable <- factor(object$variable, rev(object$variable))
    return(
      ggplot2::ggplot(object) +
        ggplot2::geom_col(ggplot2::aes(.data[["importance"]], .data[["variable"]])) +
        ggplot2::labs(x = paste("rise of", object$metric[1L]), y = NULL)
    )
  }
  value <- if (kind == "ale") "effect" else "prediction"
  mapping <- ggplot2::aes(.data[["value"]], .data[[value]])
  if ("class" %in% names(object)) mapping$colour <- ggplot2::aes(colour = .data[["class"]])$colour
  shape <- if (is.numeric(object$value)) ggplot2::geom_line() else ggplot2::geom_point()
  ggplot2::ggplot(object, mapping) + shape +
    ggplot2::labs(
      x = attr(object, "variable"),
      y = if (kind == "ale") "accumulated local effect" else "mean prediction"
    )
}
