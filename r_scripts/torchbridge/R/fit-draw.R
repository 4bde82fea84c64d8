# Base graphics whose labels fit: margins are as wide as what stands in them, and put back after.
# Tests: test-fit-plot.R.

# Calls draw(labels, cex) with room for labels of n rows (side 2) or columns (side 1), the size
# of their text and, where even that is too much, shortened to what half the figure holds.
with_labels <- function(side, labels, draw) {
  before <- graphics::par(c("mai", "new"))
  on.exit(graphics::par(before))
  graphics::plot.new() # strwidth() needs one
  line <- graphics::par("csi") * graphics::par("mex")
  across <- graphics::par("fin")[if (side == 2L) 1L else 2L]
  along <- graphics::par("pin")[if (side == 2L) 2L else 1L] / max(length(labels), 1L)
  high <- graphics::strheight("M", "inches", cex = graphics::par("cex.axis"))
  size <- graphics::par("cex.axis") * min(1, max(0.5, along / (1.4 * high)))
  labels <- shortened(labels, across * (if (side == 2L) 0.45 else 0.35) - 1.5 * line, size)
  mai <- before$mai
  wide <- max(graphics::strwidth(labels, "inches", cex = size), 0)
  mai[side] <- if (side == 2L) wide + 1.5 * line else max(mai[1L], wide + 3.2 * line)
  graphics::par(mai = mai, new = TRUE)
  draw(labels, size)
}

# Labels of at most so many inches: the middle gives way.
shortened <- function(labels, inches, size) {
  vapply(as.character(labels), function(label) {
    n <- nchar(label)
    short <- label
    while (graphics::strwidth(short, "inches", cex = size) > inches && n > 4L) {
      n <- n - 1L
      head <- ceiling(n / 2)
      short <- paste0(
        substr(label, 1L, head), "...", substr(label, nchar(label) - (n - head) + 1L, nchar(label))
      )
    }
    short
  }, "", USE.NAMES = FALSE)
}

# Those that stand apart from each other, where there are too many for all.
label_axis <- function(side, at, labels, size, ...) {
  along <- graphics::par("pin")[if (side == 2L) 2L else 1L] / max(length(at), 1L)
  high <- graphics::strheight("M", "inches", cex = size)
  shown <- seq_along(at) %% max(1L, ceiling(1.1 * high / along)) == 0L
  if (side == 2L) shown <- rev(shown)
  graphics::axis(
    side, at[shown], labels[shown], las = if (side == 2L) 1L else 2L, cex.axis = size, ...
  )
}

# Calls draw() and puts the names of the series beside it, where there are several.
with_legend <- function(names, draw, ...) {
  if (length(names) < 2L) return(draw())
  before <- graphics::par(c("mai", "new"))
  on.exit(graphics::par(before))
  graphics::plot.new()
  size <- 0.85 * min(1, graphics::par("pin")[2L] / (length(names) * graphics::par("csi")))
  names <- shortened(names, graphics::par("fin")[1L] * 0.35, size)
  wide <- max(graphics::strwidth(names, "inches", cex = size)) + 4 * graphics::par("csi") * size
  mai <- before$mai
  mai[4L] <- max(mai[4L], wide)
  graphics::par(mai = mai, new = TRUE)
  draw()
  usr <- graphics::par("usr")
  graphics::legend(
    if (graphics::par("xlog")) 10^usr[2L] else usr[2L], usr[4L], names, col = seq_along(names),
    xpd = NA, bty = "n", cex = size, ...
  )
}

# ---- what plot() draws ----

# Bars, the first on top.
draw_bars <- function(values, labels, xlab, ...) {
  with_labels(2L, rev(labels), function(labels, size) {
    at <- graphics::barplot(rev(values), horiz = TRUE, names.arg = FALSE, xlab = xlab, ...)
    label_axis(2L, as.vector(at), labels, size, tick = FALSE, line = -0.5)
  })
}

# A line, or where `x` are categories points, a colour for each series.
draw_series <- function(x, y, series, xlab, ylab, ...) {
  names <- unique(series)
  group <- match(series, names)
  if (is.numeric(x)) {
    return(with_legend(names, function() {
      graphics::plot(x, y, type = "n", xlab = xlab, ylab = ylab, ...)
      for (i in seq_along(names)) {
        graphics::lines(x[group == i], y[group == i], col = i)
      }
    }, lty = 1L))
  }
  draw_categories(x, y, group, names, xlab, ylab, ...)
}

# Points over categories, whose names stand upright.
draw_categories <- function(x, y, group, names, xlab, ylab, ...) {
  levels <- if (is.factor(x)) levels(x) else as.character(unique(x))
  at <- match(as.character(x), levels)
  with_labels(1L, levels, function(labels, size) {
    with_legend(names, function() {
      graphics::plot(
        at, y, col = group, pch = 19L, xaxt = "n", xlim = c(0.5, length(levels) + 0.5), xlab = "",
        ylab = ylab, ...
      )
      label_axis(1L, seq_along(levels), labels, size)
      graphics::title(xlab = xlab, line = graphics::par("mar")[1L] - 1.2)
    }, pch = 19L)
  })
}

#' @rdname torch_importance
#' @param x A `torch_effect`.
#' @export
plot.torch_effect <- function(x, ...) {
  kind <- attr(x, "kind")
  if (kind == "importance") {
    draw_bars(x$importance, x$variable, xlab = paste("rise of", x$metric[1L]), ...)
  } else {
    ale <- kind == "ale"
    series <- if ("class" %in% names(x)) x$class else rep("", nrow(x))
    draw_series(
      x$value, if (ale) x$effect else x$prediction, series, attr(x, "variable"),
      if (ale) "accumulated local effect" else "mean prediction", ...
    )
  }
  invisible(x)
}

#' @rdname torch_tune
#' @export
plot.torch_tuned <- function(x, type = "trials", ...) {
  trials <- tuned_trials(x, type, sys.call())
  if (type == "trials") {
    graphics::plot(trials$number, trials$value, pch = 19L, xlab = "trial", ylab = "value", ...)
    graphics::lines(trials$number, trials$best, type = "s")
  } else if (is.numeric(trials[[type]])) {
    graphics::plot(trials[[type]], trials$value, pch = 19L, xlab = type, ylab = "value", ...)
  } else {
    group <- rep(1L, nrow(trials))
    draw_categories(trials[[type]], trials$value, group, "", type, "value", ...)
  }
  invisible(trials)
}

# The trials that have a value, and the best so far.
tuned_trials <- function(tuned, type, call) {
  check_string(type, "type", call)
  known <- c("trials", names(tuned$best_options))
  if (!type %in% known) refuse_name(type, known, "type", call)
  trials <- tuned$trials[!is.na(tuned$trials$value), ]
  trials$best <- cummin(trials$value)
  if (type != "trials" && is.list(trials[[type]])) {
    trials[[type]] <- vapply(trials[[type]], paste, "", collapse = ", ")
  }
  trials
}

#' @rdname torch_mle_methods
#' @export
plot.torch_profile <- function(x, ...) {
  found <- profile_series(x)
  n <- length(x)
  before <- graphics::par("mfrow")
  if (n > 1L && all(before == 1L)) {
    on.exit(graphics::par(mfrow = before))
    shape <- grDevices::n2mfrow(n)
    wide <- graphics::par("din")[1L] > graphics::par("din")[2L]
    graphics::par(mfrow = if (wide) rev(shape) else shape)
  }
  for (name in names(x)) {
    one <- found[found$parameter == name, ]
    graphics::plot(one$value, one$z, type = "l", xlab = name, ylab = "z", ...)
    graphics::abline(h = 0, v = one$value[one$z == 0], lty = 2L)
  }
  invisible(found)
}

# A row a point of each parameter's profile.
profile_series <- function(profile) {
  parts <- lapply(names(profile), function(name) {
    data.frame(parameter = name, value = profile[[name]][[name]], z = profile[[name]]$z)
  })
  do.call(rbind, parts)
}

#' @rdname torch_mle_methods
#' @exportS3Method ggplot2::autoplot
autoplot.torch_profile <- function(object, ...) { # nolint: object_name_linter.
  check_no_dots(...)
  .data <- NULL # ggplot2 puts the rows here
  found <- profile_series(object)
  found$parameter <- factor(found$parameter, names(object))
  ggplot2::ggplot(found, ggplot2::aes(.data[["value"]], .data[["z"]])) +
    ggplot2::geom_hline(yintercept = 0, linetype = 2) +
    ggplot2::geom_line() +
    ggplot2::facet_wrap("parameter", scales = "free_x")
}

#' @export
print.torch_profile <- function(x, ...) {
  print(unclass(x), ...)
  invisible(x)
}
