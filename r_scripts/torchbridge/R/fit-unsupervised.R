# Mixtures, clusters and components: fits without a response.

#' Fits without a response
#'
#' What R's verbs give for `gaussian_mixture()`, `k_means()` and `pca()`, which are fitted exactly,
#' in float64, to a formula without a response, a data frame or a matrix of numbers.
#'
#' @param object,x A `torch_fit` of such a model.
#' @param newdata New data like those of the fit, or NULL for its own rows.
#' @param type `"class"`: the cluster, or the most probable component, a factor. `"prob"`: of a
#'   mixture, the probability of each component. `"scores"`: of components, a column each. NULL is
#'   the first that the model has. For plots: `"clusters"`, rows on the first two principal
#'   components of the data; `"variance"`, the share of each component in the variance;
#'   `"likelihood"`, the log-likelihood of a mixture by iteration.
#' @param tibble `TRUE` gives a tibble: `.pred_class`, or `.pred_<name>` for each column.
#' @param data A data frame to add to: the data of the fit by default, as they are now.
#' @param new_data New data to add to, the same as `newdata`.
#' @param digits Significant digits.
#' @param ... Not used.
#' @return `predict()`: a factor or matrix. `coef()`: of `k_means()` the centers, of `pca()` the
#'   rotation, of a mixture a list of `weights`, `means` and `covariances` (an array, the component
#'   last). `tidy()`: a row a component or cluster. `glance()`: one row. `augment()`: the data with
#'   `.class` and `.prob_<component>`, `.cluster`, or `.fittedPC<number>`. `logLik()`, and with it
#'   `AIC()` and `BIC()`, are for mixtures. `fit$result` holds everything that was estimated.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' set.seed(1)
#' fit <- torch_fit(~ Petal.Length + Petal.Width, data = iris, model = gaussian_mixture(3))
#' table(predict(fit), iris$Species)
#' BIC(fit)
#' tidy(fit)
#' tidy(torch_fit(~ ., data = iris[1:4], model = k_means(3)))
#' predict(torch_fit(~ ., data = iris[1:4], model = pca(2)), iris[1:3, ])
#' @name torch_unsupervised
NULL

# "mixture", "clusters" or "components".
kind_of_result <- function(result) {
  if (!is.null(result$rotation)) return("components")
  if (is.null(result$centers)) "mixture" else "clusters"
}

check_unsupervised <- function(prepared, model, call) {
  wrong <- c(
    response = !is.null(prepared$response), weights = !is.null(prepared$weights),
    offset = !is.null(prepared$offset)
  )
  if (any(wrong)) {
    abort(call, model_label(model), " takes no ", names(which(wrong))[1L], ".")
  }
  for (name in names(prepared$preparation$xlevels)) {
    abort(
      call, "`", name, "` is a factor, and ", model_label(model), " takes numbers: leave it out."
    )
  }
  n_dims <- if (is.list(prepared$columns)) 2L else length(dim(prepared$columns))
  if (n_dims != 2L) abort(call, "`x` must be a matrix for ", model_label(model), ".")
}

# What was estimated, with names.
as_result <- function(found, made) {
  names <- made$preparation$column_names
  kind <- kind_of_result(found)
  if (kind == "components") {
    labels <- paste0("PC", seq_along(found$sdev))
    dimnames(found$rotation) <- list(names, labels)
    found[c("center", "scale")] <- lapply(
      found[c("center", "scale")], function(x) stats::setNames(as.vector(x), names)
    )
    found$sdev <- as.vector(found$sdev)
    return(found)
  }
  if (kind == "clusters") {
    dimnames(found$centers) <- list(seq_len(nrow(found$centers)), names)
    found[c("sizes", "within")] <- lapply(found[c("sizes", "within")], as.vector)
    return(found)
  }
  dimnames(found$means) <- list(seq_len(nrow(found$means)), names)
  found$covariances <- aperm(found$covariances, c(2L, 3L, 1L))
  dimnames(found$covariances) <- list(names, names, rownames(found$means))
  found$weights <- as.vector(found$weights)
  found$log_likelihoods <- as.numeric(unlist(found$log_likelihoods))
  found
}

# Labels of the columns of what the model gives.
result_labels <- function(fit) {
  switch(kind_of_result(fit$result),
    components = colnames(fit$result$rotation), mixture = rownames(fit$result$means),
    clusters = rownames(fit$result$centers)
  )
}

as_unsupervised_values <- function(values, fit, row_names, type = NULL) {
  labels <- result_labels(fit)
  kind <- kind_of_result(fit$result)
  if (kind == "clusters") {
    return(stats::setNames(factor(labels[values + 1], labels), row_names))
  }
  dimnames(values) <- list(row_names, labels)
  if (kind == "components" || identical(type, "prob")) return(values)
  best <- max.col(replace(values, is.na(values), -1), ties.method = "first")
  best[is.na(values[, 1L])] <- NA
  stats::setNames(factor(labels[best], labels), row_names)
}

#' @rdname torch_unsupervised
#' @export
predict.torch_unsupervised <- function(object, newdata = NULL, type = NULL, tibble = FALSE, ...) {
  check_no_dots(...)
  call <- sys.call()
  check_flag(tibble, "tibble", call)
  kind <- kind_of_result(object$result)
  types <- switch(kind, components = "scores", clusters = "class", mixture = c("class", "prob"))
  if (is.null(type)) type <- types[1L]
  check_string(type, "type", call)
  if (!type %in% types) refuse_name(type, types, "type", call)
  if (is.null(newdata)) {
    values <- stats::napredict(object$na.action, object$fitted.values)
    labels <- if (length(dim(values)) > 1L) rownames(values) else names(values)
  } else {
    given <- rows_of(object, newdata, NULL, call)
    values <- predict_rows(object, given, "response")
    labels <- given$row_names
  }
  if (kind != "clusters") values <- as.matrix(values)
  values <- as_unsupervised_values(values, object, labels, type)
  if (tibble) as_prediction(values, "response", object, TRUE) else values
}

#' @rdname torch_unsupervised
#' @export
coef.torch_unsupervised <- function(object, ...) {
  check_no_dots(...)
  switch(kind_of_result(object$result),
    components = object$result$rotation, clusters = object$result$centers,
    mixture = object$result[c("weights", "means", "covariances")]
  )
}

#' @rdname torch_unsupervised
#' @export
logLik.torch_unsupervised <- function(object, ...) {
  check_no_dots(...)
  need_mixture(object, "Log-likelihoods", sys.call())
  values <- object$result$log_likelihoods
  structure(values[length(values)], df = object$result$df, nobs = object$nobs, class = "logLik")
}

need_mixture <- function(fit, what, call) {
  if (kind_of_result(fit$result) != "mixture") {
    abort(call, what, " are for gaussian_mixture(), not ", fit$model$name, "().")
  }
}

#' @export
deviance.torch_unsupervised <- function(object, ...) -2 * as.numeric(stats::logLik(object))

#' @export
residuals.torch_unsupervised <- function(object, ...) {
  abort(sys.call(), "A fit without a response has no residuals.")
}

#' @rdname torch_unsupervised
#' @export
print.torch_unsupervised <- function(x, digits = max(3L, getOption("digits") - 3L), ...) {
  check_no_dots(...)
  cat("Call:\n", paste(deparse(x$call), collapse = "\n"), "\n\n", sep = "")
  if (kind_of_result(x$result) == "components") {
    cat("Standard deviations:\n")
    print(stats::setNames(x$result$sdev, result_labels(x)), digits = digits)
    cat("\nRotation:\n")
    print(x$result$rotation, digits = digits)
  } else {
    print(as.data.frame(tidy(x)), digits = digits, row.names = FALSE)
  }
  whole <- as.data.frame(glance(x))
  shown <- vapply(whole, format, "", digits = digits)
  cat("\n", paste(names(shown), shown, sep = ": ", collapse = ", "), "\n", sep = "")
  invisible(x)
}

#' @export
summary.torch_unsupervised <- function(object, ...) {
  check_no_dots(...)
  object
}

#' @rdname torch_unsupervised
#' @export
tidy.torch_unsupervised <- function(x, ...) {
  check_no_dots(...)
  found <- x$result
  kind <- kind_of_result(found)
  if (kind == "components") {
    share <- found$sdev^2 / found$total_variance
    return(tibble::tibble(
      PC = seq_along(found$sdev), std.dev = found$sdev, percent = share,
      cumulative = cumsum(share)
    ))
  }
  if (kind == "clusters") {
    return(tibble::tibble(
      tibble::as_tibble(found$centers), size = found$sizes, withinss = found$within,
      cluster = factor(rownames(found$centers), rownames(found$centers))
    ))
  }
  means <- tibble::as_tibble(found$means)
  names(means) <- paste0("mean.", names(means))
  size <- tabulate(stats::predict(x), nrow(means))
  tibble::tibble(
    component = seq_len(nrow(means)), size = size, proportion = found$weights, means
  )
}

#' @rdname torch_unsupervised
#' @export
glance.torch_unsupervised <- function(x, ...) {
  check_no_dots(...)
  found <- x$result
  switch(kind_of_result(found),
    components = tibble::tibble(
      components = length(found$sdev), total.variance = found$total_variance, nobs = x$nobs
    ),
    clusters = tibble::tibble(
      tot.withinss = found$inertia, iter = found$iterations, nobs = x$nobs
    ),
    mixture = tibble::tibble(
      components = length(found$weights), logLik = as.numeric(stats::logLik(x)),
      AIC = stats::AIC(x), BIC = stats::BIC(x), df = found$df,
      iter = length(found$log_likelihoods) - 1L, converged = found$converged, nobs = x$nobs
    )
  )
}

#' @rdname torch_unsupervised
#' @export
augment.torch_unsupervised <- function(x, data = NULL, new_data = NULL, newdata = new_data, ...) {
  check_no_dots(...)
  call <- sys.call()
  given <- augmented_data(x, data, newdata, call)
  kind <- kind_of_result(x$result)
  found <- given$rows
  from <- if (given$own) NULL else given$data
  values <- if (given$own) {
    as_unsupervised_values(x$fitted.values, x, NULL, "prob")
  } else {
    stats::predict(x, from, type = if (kind == "mixture") "prob")
  }
  if (kind == "clusters") {
    found$.cluster <- unname(values)
    return(found)
  }
  prefix <- ".fitted"
  if (kind == "mixture") {
    found$.class <- as_unsupervised_values(unname(values), x, NULL)
    prefix <- ".prob_"
  }
  found[paste0(prefix, colnames(values))] <- as.data.frame(values)
  found
}

#' @rdname torch_unsupervised
#' @export
plot.torch_unsupervised <- function(x, type = NULL, ...) {
  found <- unsupervised_plot(x, type, sys.call())
  switch(found$type,
    variance = plot(
      found$data$component, found$data$share, type = "b", xlab = "component",
      ylab = "share of the variance", ...
    ),
    likelihood = plot(
      found$data$iteration, found$data$log_likelihood, type = "l", xlab = "iteration",
      ylab = "log-likelihood", ...
    ),
    clusters = {
      colour <- found$data$cluster
      plot(found$data$PC1, found$data$PC2, col = colour, xlab = "PC1", ylab = "PC2", ...)
      names <- levels(found$data$cluster)
      graphics::legend("topright", names, col = seq_along(names), pch = 1L, bty = "n")
    }
  )
  invisible(found$data)
}

#' @rdname torch_unsupervised
#' @exportS3Method ggplot2::autoplot
autoplot.torch_unsupervised <- function(object, type = NULL, ...) { # nolint: object_name_linter.
  check_no_dots(...)
  found <- unsupervised_plot(object, type, sys.call())
  .data <- NULL # ggplot2 puts the rows here
  plot <- ggplot2::ggplot(found$data)
  switch(found$type,
    variance = plot + ggplot2::geom_col(ggplot2::aes(.data[["component"]], .data[["share"]])) +
      ggplot2::labs(x = "component", y = "share of the variance"),
    likelihood = plot +
      ggplot2::geom_line(ggplot2::aes(.data[["iteration"]], .data[["log_likelihood"]])) +
      ggplot2::labs(x = "iteration", y = "log-likelihood"),
    clusters = plot +
      ggplot2::geom_point(
        ggplot2::aes(.data[["PC1"]], .data[["PC2"]], colour = .data[["cluster"]])
      )
  )
}

# list(type, data).
unsupervised_plot <- function(fit, type, call) {
  types <- switch(kind_of_result(fit$result),
    components = "variance", clusters = "clusters", mixture = c("clusters", "likelihood")
  )
  if (is.null(type)) type <- types[1L]
  check_string(type, "type", call)
  if (!type %in% types) refuse_name(type, types, "type", call)
  data <- switch(type,
    variance = data.frame(component = tidy(fit)$PC, share = tidy(fit)$percent),
    likelihood = data.frame(
      iteration = seq_along(fit$result$log_likelihoods) - 1L,
      log_likelihood = fit$result$log_likelihoods
    ),
    clusters = {
      columns <- exact_columns(rows_of(fit, NULL, NULL, call)$columns)
      if (ncol(columns) < 2L) abort(call, "`type` \"clusters\" needs two columns or more.")
      scores <- stats::prcomp(columns)$x[, 1:2]
      data.frame(scores, cluster = as_unsupervised_values(fit$fitted.values, fit, NULL))
    }
  )
  list(type = type, data = data)
}
