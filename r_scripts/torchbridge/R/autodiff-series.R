# R's functions of series on tensors, inside a differentiated function: filters and interpolation.
# Tests: test-autodiff-rules.R.

series_constructs <- list(
  filter = function(x, filter, method = c("convolution", "recursive"), sides = 2L,
                    circular = FALSE, init = NULL) {
    method <- match.arg(method)
    if (!is_tensor(x) && !is_tensor(filter) && !is_tensor(init)) {
      known <- list(x, filter, method, sides, circular)
      return(do.call(stats::filter, c(known, if (!is.null(init)) list(init = init)), quote = TRUE))
    }
    # R's own checks, on stand-ins.
    known <- list(plain_part(flat_series(x)), plain_part(filter), method, sides, circular)
    do.call(stats::filter, c(known, if (!is.null(init)) list(init = plain_part(init))))
    x <- as_numeric(as_operand(flat_series(x)))
    if (method == "recursive") {
      before <- if (!is.null(init)) as_operand(rev(init))
      return(as_numeric(python_rule("statistics.recursive_filter", x, as_operand(filter), before)))
    }
    moving_sum(x, filter, sides, circular)
  },
  approx = function(x, y = NULL, xout, method = "linear", n = 50, yleft, yright, rule = 1, f = 0,
                    ties = mean, na.rm = TRUE) { # nolint: object_name_linter.
    if (!is_tensor(x) && !is_tensor(y) && (missing(xout) || !is_tensor(xout))) {
      given <- list(x, y, method = method, n = n, rule = rule, f = f, ties = ties, na.rm = na.rm)
      if (!missing(xout)) given$xout <- xout
      if (!missing(yleft)) given$yleft <- yleft
      if (!missing(yright)) given$yright <- yright
      return(do.call(stats::approx, given, quote = TRUE))
    }
    line <- polygon(x, y, method, yleft, yright, rule, f)
    if (missing(xout)) xout <- seq(line$x[1L], line$x[length(line$x)], length.out = n)
    list(x = xout, y = line$at(xout))
  },
  approxfun = function(x, y = NULL, method = "linear", yleft, yright, rule = 1, f = 0,
                       ties = mean, na.rm = TRUE) { # nolint: object_name_linter.
    line <- polygon(x, y, method, yleft, yright, rule, f)
    line$at
  }
)

flat_series <- function(x) {
  if (NCOL(x) > 1L) stop("filter() of several series is not for tensors", call. = FALSE)
  if (is_tensor(x)) flat(x) else as.vector(x)
}

# Sums of shifted copies; what reaches beyond the ends is NA, or comes from the other end.
moving_sum <- function(x, filter, sides, circular) {
  n <- length(x)
  p <- length(filter)
  shift <- if (sides == 2L) p %/% 2L else 0L
  padded <- c(x, NA)
  total <- 0
  for (k in seq_len(p)) {
    places <- seq_len(n) + shift - (k - 1L)
    beyond <- places < 1L | places > n
    places <- if (circular) (places - 1L) %% n + 1L else replace(places, beyond, n + 1L)
    total <- total + padded[places] * filter[k]
  }
  total
}

# Straight lines (or steps) between points: list(x, at), at() a function of places.
polygon <- function(x, y, method, yleft, yright, rule, f) {
  method <- match.arg(method, c("linear", "constant"))
  if (is.null(y)) {
    points <- if (is.list(x)) x else list(x = seq_along(x), y = x)
    x <- points$x
    y <- points$y
  }
  if (is_tensor(x)) {
    stop("`x` of approx() must be numbers, which do not depend on parameters", call. = FALSE)
  }
  if (length(x) != length(y)) stop("'x' and 'y' lengths differ", call. = FALSE)
  known <- which(!is.na(x) & !is.na(plain_part(y)))
  places <- known[order(x[known])]
  x <- x[places]
  y <- y[places]
  n <- length(x)
  if (n < 2L) stop("need at least two non-NA values to interpolate", call. = FALSE)
  if (anyDuplicated(x)) stop("`x` of approx() must not have ties, with tensors", call. = FALSE)
  rule <- rep_len(rule, 2L)
  left <- if (!missing(yleft)) yleft else if (rule[1L] == 2) y[1L] else NA_real_
  right <- if (!missing(yright)) yright else if (rule[2L] == 2) y[n] else NA_real_
  values <- as_numeric(as_operand(y))
  at <- function(v) {
    now <- as.vector(plain_part(v))
    i <- findInterval(now, x, all.inside = TRUE)
    found <- if (method == "linear") {
      values[i] + (values[i + 1L] - values[i]) * ((v - x[i]) / (x[i + 1L] - x[i]))
    } else {
      (1 - f) * values[i] + f * values[i + 1L]
    }
    exact <- match(now, x)
    here <- which(!is.na(exact))
    if (method == "constant" && length(here) > 0L) found[here] <- values[exact[here]]
    before <- which(now < x[1L])
    after <- which(now > x[n])
    if (length(before) > 0L) found[before] <- left
    if (length(after) > 0L) found[after] <- right
    found
  }
  list(x = x, at = at)
}
