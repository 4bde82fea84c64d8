#' Tidy, glance, augment
#'
#' The verbs of package broom: a fit as tibbles.
#'
#' @param x A `torch_fit`.
#' @param conf.int `TRUE` adds `conf.low` and `conf.high`, for exact models.
#' @param conf.level Their coverage.
#' @param exponentiate `TRUE` gives `exp()` of estimates and intervals: odds and rate ratios.
#' @param data A data frame to add to: the data of the fit by default, as they are now.
#' @param new_data,newdata New data to add predictions to.
#' @param ... Not used.
#' @return `tidy()`: of an exact model a row a coefficient (`term`, `estimate`, `std.error`,
#'   `statistic`, `p.value`, and `y.level` for `multinomial()`); of a network a row a parameter
#'   (`term`, `shape`, `n`, `mean`, `std.dev`). `glance()`: one row on the whole fit. `augment()`:
#'   the data with `.fitted` and `.resid`, or with `.pred_class` and `.pred_<level>` for classes;
#'   rows left out by `na.action` are left out here too.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' fit <- torch_fit(mpg ~ wt, data = mtcars, model = linear())
#' tidy(fit, conf.int = TRUE)
#' glance(fit)
#' augment(fit)
#' @export
tidy.torch_fit <- function(x, conf.int = FALSE, conf.level = 0.95, # nolint: object_name_linter.
                           exponentiate = FALSE, ...) {
  check_no_dots(...)
  check_flag(conf.int, "conf.int")
  check_flag(exponentiate, "exponentiate")
  if (is.null(x$exact)) return(tidy_parameters(x))
  table <- exact_table(x$exact)
  term <- rownames(table)
  table <- unname(table)
  found <- tibble::tibble(
    term = term, estimate = table[, 1L], std.error = table[, 2L],
    statistic = table[, 3L], p.value = table[, 4L]
  )
  if (conf.int) {
    interval <- unname(stats::confint(x, level = conf.level))
    found$conf.low <- interval[, 1L]
    found$conf.high <- interval[, 2L]
  }
  if (exponentiate) {
    columns <- intersect(c("estimate", "conf.low", "conf.high"), names(found))
    found[columns] <- lapply(found[columns], exp)
  }
  if (has_responses(x$exact)) {
    names <- rownames(x$exact$coefficients)
    found$term <- rep(names, ncol(x$exact$coefficients))
    responses <- rep(response_names(x$exact$coefficients), each = length(names))
    return(tibble::add_column(found, response = responses, .before = 1L))
  }
  if (x$exact$family != "multinomial") return(found)
  names <- colnames(x$exact$coefficients)
  found$term <- rep(names, nrow(x$exact$coefficients))
  levels <- rep(rownames(x$exact$coefficients), each = length(names))
  tibble::add_column(found, y.level = levels, .before = 1L)
}

tidy_parameters <- function(fit) {
  found <- stats::coef(fit)
  shape <- function(x) paste(if (is.null(dim(x))) length(x) else dim(x), collapse = " x ")
  tibble::tibble(
    term = names(found), shape = vapply(found, shape, "", USE.NAMES = FALSE),
    n = vapply(found, length, 1L, USE.NAMES = FALSE),
    mean = vapply(found, mean, 1, USE.NAMES = FALSE),
    std.dev = vapply(found, function(x) stats::sd(x), 1, USE.NAMES = FALSE)
  )
}

#' @rdname tidy.torch_fit
#' @export
glance.torch_fit <- function(x, ...) {
  check_no_dots(...)
  if (is.null(x$exact)) return(glance_network(x))
  exact <- x$exact
  need_one_response(x, "Summaries in one row", sys.call())
  found <- tibble::tibble(
    logLik = exact$log_likelihood, AIC = stats::AIC(x), BIC = stats::BIC(x),
    deviance = exact$deviance, df.residual = exact$df_residual, nobs = exact$n_obs
  )
  if (is_least_squares(exact)) {
    more <- r_squared(x)
    first <- tibble::tibble(
      r.squared = more$r.squared, adj.r.squared = more$adj.r.squared, sigma = more$sigma,
      statistic = more$fstatistic[["value"]],
      p.value = stats::pf(
        more$fstatistic[["value"]], more$fstatistic[["numdf"]], more$fstatistic[["dendf"]],
        lower.tail = FALSE
      ),
      df = more$fstatistic[["numdf"]]
    )
    return(tibble::as_tibble(c(first, found)))
  }
  if (is.null(exact$null_deviance)) return(found)
  first <- tibble::tibble(null.deviance = exact$null_deviance, df.null = exact$df_null)
  tibble::as_tibble(c(first, found))
}

glance_network <- function(fit) {
  last <- fit$history[nrow(fit$history), setdiff(names(fit$history), "epoch"), drop = FALSE]
  found <- tibble::tibble(
    epochs = nrow(fit$history), n_parameters = fit$n_parameters, loss = fit$loss
  )
  found <- tibble::as_tibble(c(found, last))
  found$best_epoch <- if (is.null(fit$best_epoch)) NA_integer_ else as.integer(fit$best_epoch)
  found$nobs <- if (is.null(fit$nobs)) NA_integer_ else fit$nobs
  found$status <- fit$status
  found
}

#' @rdname tidy.torch_fit
#' @export
augment.torch_fit <- function(x, data = NULL, new_data = NULL, newdata = new_data, ...) {
  check_no_dots(...)
  call <- sys.call()
  if (is.null(x$preparation)) abort(call, "`x` is of a dataloader: there is no data to add to.")
  given <- augmented_data(x, data, newdata, call)
  own <- given$own
  found <- given$rows
  values <- if (own) x$fitted.values else stats::predict(x, given$data)
  added <- if (is.null(x$levels)) {
    as_prediction(values, "response", x, TRUE)
  } else {
    c(as_prediction(values, "class", x, TRUE), as_prediction(values, "prob", x, TRUE))
  }
  added <- unclass(added)
  names(added)[names(added) == ".pred"] <- ".fitted"
  found[names(added)] <- added
  if (own && !is.null(added$.fitted) && is.null(dim(x$response))) {
    found$.resid <- unname(residuals_of(x))
  }
  found
}

# list(own, data, rows): of the fit or new, as they are and as a tibble.
augmented_data <- function(fit, data, newdata, call) {
  own <- is.null(newdata)
  given <- newdata
  if (own) {
    given <- if (is.null(data)) own_data(fit, call) else data
    if (!is.null(data) && NROW(data) != fit$nobs && !is.null(fit$na.action)) {
      given <- data[-fit$na.action, , drop = FALSE]
    }
    if (NROW(given) != fit$nobs) {
      abort(call, "`data` must have the ", fit$nobs, " rows of the fit, not ", NROW(data), ".")
    }
  }
  rows <- as.data.frame(given)
  named <- is.character(attr(rows, "row.names"))
  list(
    own = own, data = given,
    rows = if (named) tibble::as_tibble(rows, rownames = ".rownames") else tibble::as_tibble(rows)
  )
}

#' @importFrom generics tidy
#' @export
generics::tidy

#' @importFrom generics glance
#' @export
generics::glance

#' @importFrom generics augment
#' @export
generics::augment
