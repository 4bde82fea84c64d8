#' Penalized coefficients, by penalty
#'
#' The elastic net: a linear or generalized linear model for each of many penalties on the size of
#' its coefficients, from one that leaves none of them to one that hardly counts. The lasso
#' (`mixture = 1`) chooses among the columns; ridge regression (`mixture = 0`) shrinks them
#' together.
#'
#' What is minimised is minus the log-likelihood at dispersion 1, over the sum of the weights, plus
#' `penalty * (mixture * sum(abs(b)) + (1 - mixture) / 2 * sum(b^2))`, b for columns of mean 0 and
#' standard deviation 1 (divisor n): what package glmnet calls lambda and alpha. It is found by
#' coordinate descent (Friedman, Hastie and Tibshirani, 2010, Regularization paths for generalized
#' linear models via coordinate descent), in float64. Factors are R's contrasts.
#'
#' @param x A formula, or a data frame or matrix of predictors, as of [torch_fit()].
#' @param data,y,weights,offset,na.action As of [torch_fit()].
#' @param model [linear()], [logistic()] or one of R's families, such as `poisson()`.
#' @param penalty Penalties, not negative; NULL takes `n_penalties`, falling evenly on the log scale
#'   from the smallest that leaves no coefficient.
#' @param n_penalties Number of penalties.
#' @param mixture From 0 (ridge regression) to 1 (lasso).
#' @param object A `torch_path`.
#' @param newdata New data like those of the fit.
#' @param type `"response"` or `"link"`.
#' @param xlab,ylab Labels of the axes.
#' @param ... For `plot()`, further graphical parameters; else not used.
#' @return `torch_path()`: a `torch_path`, a list of, among others, `penalty` (falling),
#'   `coefficients` (a row a penalty), `df` (coefficients that are not 0) and `deviance_ratio` (the
#'   share of the null deviance that is explained). An interrupt (Ctrl-C) ends the path with the
#'   penalties so far; `$status` says so. `coef()`: a matrix, a row a penalty, on the
#'   scale of the columns. `predict()`: a matrix, a column a penalty. `tidy()`: a row a penalty and
#'   term. `glance()`: a row a penalty. `plot()` and `autoplot()` draw the coefficients over the
#'   penalties.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' path <- torch_path(mpg ~ ., data = mtcars)
#' plot(path)
#' path$penalty[path$df == 3][1]
#' coef(path, penalty = path$penalty[20])
#' coef(torch_path(mpg ~ ., data = mtcars, penalty = c(1, 0.5), mixture = 0.5))
#' @export
torch_path <- function(x, ...) UseMethod("torch_path")

#' @rdname torch_path
#' @export
torch_path.formula <- function(x, data = NULL, model = linear(), penalty = NULL, n_penalties = 100,
                               mixture = 1, weights = NULL, offset = NULL,
                               na.action = NULL, ...) { # nolint: object_name_linter.
  check_no_dots(...)
  call <- sys.call()
  asked <- match.call(expand.dots = FALSE)
  model <- as_path_model(model, call)
  names(asked)[names(asked) == "x"] <- "formula"
  read <- formula_frame(x, data, asked, parent.frame(), call)
  prepared <- prepare_formula(read, data, model, na.action, call)
  path_prepared(prepared, model, penalty, n_penalties, mixture, call)
}

#' @rdname torch_path
#' @export
torch_path.data.frame <- function(x, y, model = linear(), penalty = NULL, n_penalties = 100,
                                  mixture = 1, weights = NULL, offset = NULL,
                                  na.action = NULL, ...) { # nolint: object_name_linter.
  check_no_dots(...)
  call <- sys.call()
  model <- as_path_model(model, call)
  prepared <- prepare_xy(x, y, weights, offset, model, na.action, call)
  path_prepared(prepared, model, penalty, n_penalties, mixture, call)
}

#' @rdname torch_path
#' @export
torch_path.matrix <- torch_path.data.frame

as_path_model <- function(model, call) {
  model <- as_model(model, call)
  family <- family_of(model)
  if (is.null(family) || !base_family(family) %in% names(model_registry()$families)) {
    abort(
      call, "`model` must be linear(), logistic() or a family such as poisson(), not ",
      model_label(model), "."
    )
  }
  model
}

path_prepared <- function(prepared, model, penalty, n_penalties, mixture, call) {
  if (length(prepared$preparation$column_names) == 0L) abort(call, "There are no predictors.")
  response <- as_response(prepared$response, model, list(), prepared$weights, call)
  check_columns(prepared$columns, call)
  if (is.matrix(response$values)) {
    abort(call, "The response has ", ncol(response$values), " columns: torch_path() takes one.")
  }
  intercept <- !isFALSE(prepared$preparation$intercept)
  found <- call_python(
    "exact.path", as_tensor(exact_columns(prepared$columns)), response$tensor,
    family_of(model), model$options$link,
    list(
      penalty = if (!is.null(penalty)) as.list(penalty), n_penalties = n_penalties,
      mixture = mixture, intercept = intercept
    ),
    as_tensor(response$weights), as_tensor(prepared$offset),
    call = call
  )
  preparation <- prepared$preparation
  names <- preparation$coefficient_names
  if (is.null(names)) names <- preparation$column_names
  found[c("penalty", "df", "deviance_ratio", "converged")] <- lapply(
    found[c("penalty", "df", "deviance_ratio", "converged")], as.vector
  )
  dimnames(found$coefficients) <- list(NULL, c(if (intercept) "(Intercept)", names))
  structure(
    c(found, list(
      call = call, mixture = mixture, nobs = prepared$n, preparation = preparation,
      model = model[c("name", "options")]
    )),
    class = "torch_path"
  )
}

# Rows of the penalties asked for.
path_rows <- function(path, penalty, call) {
  if (is.null(penalty)) return(seq_along(path$penalty))
  near <- vapply(penalty, function(value) which.min(abs(path$penalty - value)), 1L)
  off <- abs(path$penalty[near] - penalty) > 1e-6 * path$penalty[near]
  if (any(off)) {
    abort(
      call, "`penalty`: ", format(penalty[off][1L]), " is not on the path, whose nearest is ",
      format(path$penalty[near[off][1L]]), ": give torch_path() the penalties you want."
    )
  }
  near
}

#' @rdname torch_path
#' @export
coef.torch_path <- function(object, penalty = NULL, ...) {
  check_no_dots(...)
  rows <- path_rows(object, penalty, sys.call())
  found <- object$coefficients[rows, , drop = FALSE]
  rownames(found) <- format(object$penalty[rows], trim = TRUE, digits = 4L)
  found
}

#' @rdname torch_path
#' @export
predict.torch_path <- function(object, newdata, penalty = NULL, type = "response", offset = NULL,
                               ...) {
  check_no_dots(...)
  call <- sys.call()
  check_string(type, "type", call)
  if (!type %in% c("response", "link")) refuse_name(type, c("response", "link"), "type", call)
  if (missing(newdata)) abort(call, "`newdata` must be given.")
  rows <- path_rows(object, penalty, call)
  given <- new_columns(object$preparation, newdata, offset, call)
  columns <- exact_columns(given$columns)
  if (object$intercept) columns <- cbind(1, columns)
  found <- columns %*% t(object$coefficients[rows, , drop = FALSE])
  if (!is.null(given$offset)) found <- found + given$offset
  dimnames(found) <- list(given$row_names, format(object$penalty[rows], trim = TRUE, digits = 4L))
  if (type == "response") found[] <- exact_family(object)$linkinv(found)
  found
}

#' @export
print.torch_path <- function(x, digits = max(3L, getOption("digits") - 3L), ...) {
  check_no_dots(...)
  cat("Call:\n", paste(deparse(x$call), collapse = "\n"), "\n\n", sep = "")
  print(as.data.frame(glance(x)), digits = digits, row.names = FALSE)
  # (A path of an older version has none.)
  if (!is.null(x$status) && x$status != "completed") cat("\nPath ", x$status, "\n", sep = "")
  invisible(x)
}

#' @rdname torch_path
#' @export
tidy.torch_path <- function(x, ...) {
  check_no_dots(...)
  names <- colnames(x$coefficients)
  tibble::tibble(
    term = rep(names, length(x$penalty)), penalty = rep(x$penalty, each = length(names)),
    estimate = as.vector(t(x$coefficients))
  )
}

#' @rdname torch_path
#' @export
glance.torch_path <- function(x, ...) {
  check_no_dots(...)
  tibble::tibble(penalty = x$penalty, df = x$df, deviance_ratio = x$deviance_ratio)
}

#' @rdname torch_path
#' @export
plot.torch_path <- function(x, ..., xlab = "penalty", ylab = "coefficient") {
  slopes <- path_slopes(x)
  graphics::matplot(
    x$penalty, slopes, type = "l", lty = 1L, log = "x", xlab = xlab, ylab = ylab, ...
  )
  graphics::abline(h = 0, lty = 2L)
  colours <- rep_len(1:6, ncol(slopes))
  graphics::legend("topright", colnames(slopes), col = colours, lty = 1L, bty = "n", cex = 0.8)
  invisible(data.frame(penalty = x$penalty, slopes, check.names = FALSE))
}

path_slopes <- function(path) {
  path$coefficients[, colnames(path$coefficients) != "(Intercept)", drop = FALSE]
}

#' @rdname torch_path
#' @exportS3Method ggplot2::autoplot
autoplot.torch_path <- function(object, ...) { # nolint: object_name_linter.
  check_no_dots(...)
  .data <- NULL # ggplot2 puts the rows here
  found <- tidy(object)
  found <- found[found$term != "(Intercept)", ]
  ggplot2::ggplot(
    found, ggplot2::aes(.data[["penalty"]], .data[["estimate"]], colour = .data[["term"]])
  ) +
    ggplot2::geom_hline(yintercept = 0, linetype = 2) +
    ggplot2::geom_line() +
    ggplot2::scale_x_log10() +
    ggplot2::labs(x = "penalty", y = "coefficient", colour = NULL)
}
