#' Plot a fit
#'
#' `plot()` draws with base graphics, `autoplot()` with ggplot2. The path of penalized coefficients
#' is drawn by [torch_path()].
#'
#' @param x,object A `torch_fit`.
#' @param type `"history"`: the losses of each epoch, and which epoch was best. `"lr_finder"`: the
#'   loss at each learning rate that this callback tried. `"residuals"`: residuals over fitted
#'   values. `"calibration"`: observed against predicted, in groups of equal size: means of a
#'   numeric response, shares of each class (one against the rest). `"coefficients"`: the estimates
#'   of an exact model and their intervals. By default the history of a network, and the residuals
#'   (or the calibration, for classes) of an exact model.
#' @param groups Number of groups of a calibration.
#' @param level Coverage of the intervals.
#' @param ... For `plot()`, graphical parameters; not used by `autoplot()`.
#' @return `plot()`: what it drew, a data frame, invisibly. `autoplot()`: a ggplot.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' fit <- torch_fit(mpg ~ wt + hp, data = mtcars, model = mlp(8), epochs = 30, validation = 0.2)
#' plot(fit)
#' plot(fit, type = "calibration", groups = 4)
#' @export
plot.torch_fit <- function(x, type = NULL, groups = 10, level = 0.95, ...) {
  call <- sys.call()
  type <- plot_type(x, type, call)
  found <- plot_data(x, type, groups, level, call)
  draw <- switch(type,
    history = draw_history, residuals = draw_residuals, calibration = draw_calibration,
    coefficients = draw_coefficients, lr_finder = draw_rates
  )
  draw(found, ...)
  invisible(found)
}

#' @rdname plot.torch_fit
#' @exportS3Method ggplot2::autoplot
autoplot.torch_fit <- function(object, type = NULL, groups = 10, level = 0.95, ...) { # nolint
  check_no_dots(...)
  call <- sys.call()
  type <- plot_type(object, type, call)
  found <- plot_data(object, type, groups, level, call)
  .data <- NULL # ggplot2 puts the rows here
  plot <- ggplot2::ggplot(found)
  line <- ggplot2::geom_abline(intercept = 0, slope = 1, linetype = 2)
  switch(type,
    history = plot +
      ggplot2::geom_line(
        ggplot2::aes(.data[["epoch"]], .data[["value"]], colour = .data[["series"]])
      ) +
      best_line(found) + ggplot2::labs(x = "epoch", y = "loss", colour = NULL),
    lr_finder = plot +
      ggplot2::geom_line(ggplot2::aes(.data[["lr"]], .data[["loss"]])) +
      ggplot2::scale_x_log10() +
      ggplot2::labs(x = "learning rate", y = "loss"),
    residuals = plot + ggplot2::geom_hline(yintercept = 0, linetype = 2) +
      ggplot2::geom_point(ggplot2::aes(.data[["fitted"]], .data[["residual"]])) +
      ggplot2::labs(x = "fitted value", y = "residual"),
    calibration = plot + line +
      ggplot2::geom_line(
        ggplot2::aes(.data[["predicted"]], .data[["observed"]], colour = .data[["series"]])
      ) +
      ggplot2::geom_point(
        ggplot2::aes(.data[["predicted"]], .data[["observed"]], colour = .data[["series"]])
      ) +
      ggplot2::labs(colour = NULL),
    coefficients = plot + ggplot2::geom_vline(xintercept = 0, linetype = 2) +
      ggplot2::geom_pointrange(ggplot2::aes(
        x = .data[["estimate"]], y = .data[["term"]], xmin = .data[["low"]], xmax = .data[["high"]]
      )) +
      ggplot2::labs(x = "estimate", y = NULL)
  )
}

# Where training was best; NULL where it was not watched.
best_line <- function(history) {
  best <- attr(history, "best_epoch")
  if (!is.null(best)) ggplot2::geom_vline(xintercept = best, linetype = 2)
}

plot_type <- function(fit, type, call) {
  if (is.null(type)) {
    if (is.null(fit$exact)) return("history")
    return(if (is.null(fit$levels)) "residuals" else "calibration")
  }
  check_string(type, "type", call)
  types <- c("history", "residuals", "calibration", "coefficients", "lr_finder")
  if (!type %in% types) refuse_name(type, types, "type", call)
  if (type == "history" && !is.null(fit$exact)) {
    abort(call, "`type` \"history\" is for networks: an exact fit has no epochs.")
  }
  type
}

plot_data <- function(fit, type, groups, level, call) {
  if (type == "history") {
    return(structure(history_series(fit$history), best_epoch = fit$best_epoch))
  }
  if (type == "lr_finder") {
    if (is.null(fit$lr_finder)) {
      abort(call, "`type` \"lr_finder\" needs a fit with callbacks = list(lr_finder = list()).")
    }
    return(fit$lr_finder)
  }
  if (type == "coefficients") {
    need_exact(fit, "Coefficient plots", call)
    interval <- stats::confint(fit, level = level)
    names <- rownames(interval)
    found <- data.frame(
      term = factor(names, rev(names)), estimate = unname(flat_coef(fit$exact)),
      low = interval[, 1L], high = interval[, 2L], row.names = NULL
    )
    return(found[found$term != "(Intercept)", ])
  }
  if (is.null(fit$response)) abort(call, "The fit keeps no responses to compare with.")
  if (type == "residuals") {
    return(data.frame(
      fitted = as.vector(fit$fitted.values), residual = as.vector(residuals_of(fit))
    ))
  }
  check_count(groups, "groups", 1, call)
  calibration(fit, groups)
}

history_series <- function(history) {
  names <- grep("loss", names(history), value = TRUE)
  data.frame(
    epoch = rep(history$epoch, length(names)), series = rep(names, each = nrow(history)),
    value = unlist(history[names], use.names = FALSE)
  )
}

# Means of predicted and observed in groups of equal size, a series a class or response.
calibration <- function(fit, groups) {
  observed <- as.matrix(numeric_response(fit))
  predicted <- as.matrix(fit$fitted.values)
  names <- if (is.null(fit$levels)) colnames(fit$response) else fit$levels
  if (length(fit$levels) == 2L) names <- fit$levels[2L]
  if (is.null(names)) names <- "response"
  parts <- lapply(seq_along(names), function(j) {
    rank <- rank(predicted[, j], ties.method = "first")
    group <- ceiling(rank * groups / nrow(predicted))
    data.frame(
      series = names[j], predicted = as.vector(tapply(predicted[, j], group, mean)),
      observed = as.vector(tapply(observed[, j], group, mean)), n = as.vector(table(group))
    )
  })
  do.call(rbind, parts)
}

# ---- base graphics ----

draw_history <- function(found, xlab = "epoch", ylab = "loss", ...) {
  names <- unique(found$series)
  wide <- matrix(found$value, ncol = length(names))
  epoch <- found$epoch[seq_len(nrow(wide))]
  best <- attr(found, "best_epoch")
  with_legend(names, function() {
    graphics::matplot(epoch, wide, type = "l", lty = 1L, xlab = xlab, ylab = ylab, ...)
    if (!is.null(best)) {
      graphics::abline(v = best, lty = 2L)
      graphics::mtext(paste("best:", best), at = best, cex = 0.8, line = 0.2)
    }
  }, lty = 1L)
}

draw_rates <- function(found, xlab = "learning rate", ylab = "loss", ...) {
  plot(found$lr, found$loss, type = "l", log = "x", xlab = xlab, ylab = ylab, ...)
}

draw_residuals <- function(found, xlab = "fitted value", ylab = "residual", ...) {
  plot(found$fitted, found$residual, xlab = xlab, ylab = ylab, ...)
  graphics::abline(h = 0, lty = 2L)
}

draw_calibration <- function(found, xlab = "predicted", ylab = "observed", ...) {
  names <- unique(found$series)
  series <- match(found$series, names)
  with_legend(names, function() {
    plot(found$predicted, found$observed, col = series, xlab = xlab, ylab = ylab, ...)
    for (i in seq_along(names)) {
      graphics::lines(found$predicted[series == i], found$observed[series == i], col = i)
    }
    graphics::abline(0, 1, lty = 2L)
  }, pch = 1L, lty = 1L)
}

draw_coefficients <- function(found, xlab = "estimate", ylab = "", ...) {
  found <- found[!is.na(found$estimate), ]
  # The first on top.
  at <- rev(seq_len(nrow(found)))
  with_labels(2L, as.character(found$term), function(labels, size) {
    plot(
      found$estimate, at, xlim = range(found$low, found$high, 0, na.rm = TRUE), yaxt = "n",
      ylim = c(0.5, nrow(found) + 0.5), xlab = xlab, ylab = ylab, pch = 19L, ...
    )
    graphics::segments(found$low, at, found$high, at)
    label_axis(2L, at, labels, size)
    graphics::abline(v = 0, lty = 2L)
  })
}
