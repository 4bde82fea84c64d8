# What is asked of draws from a posterior.
# Tests: test-mle-sample.R.

#' Summaries of posterior draws
#'
#' `as.array()` gives iterations x chains x parameters with names, as packages posterior, bayesplot
#' and coda read them; `as.matrix()` all draws of a parameter in a column, chain after chain.
#'
#' R-hat is rank-normalised and of half chains, the larger of those of place and spread; the
#' effective sample sizes are those of the ranks (bulk) and the smaller of those of the 5% and 95%
#' quantiles (tail). R-hat should be below 1.01, and the sizes above 100 a chain.
#'
#' @param object,x Draws of [torch_sample()].
#' @param probs Which quantiles.
#' @param parm Names or numbers of parameters; all where it is missing.
#' @param type What to plot: `"trace"`, the way of each chain, and `"density"`, a row a parameter;
#'   or `"pairs"`, each parameter against each, where divergent draws stand out.
#' @param ... Not used; for `print()` arguments of `print.data.frame()`, for `plot()` graphical
#'   parameters.
#' @return `summary()`: a data frame, a row a parameter: `mean`, `sd`, quantiles, `rhat`,
#'   `ess_bulk`, `ess_tail`. `plot()` gives `x`.
#' @references A. Vehtari, A. Gelman, D. Simpson, B. Carpenter and P.-C. Buerkner (2021),
#'   Rank-normalization, folding, and localization: an improved R-hat. Bayesian Analysis 16.
#' @export
summary.torch_sample <- function(object, probs = c(0.025, 0.5, 0.975), ...) {
  check_no_dots(...)
  if (!is.numeric(probs) || anyNA(probs) || any(probs < 0 | probs > 1)) {
    abort(sys.call(), "`probs` must be numbers from 0 to 1.")
  }
  draws <- as.matrix.torch_sample(object)
  columns <- lapply(seq_len(ncol(draws)), function(i) draws[, i])
  quantiles <- lapply(probs, function(p) vapply(columns, stats::quantile, 0, p, names = FALSE))
  names(quantiles) <- paste0(vapply(100 * probs, format, ""), rep("%", length(probs)))
  data.frame(
    mean = vapply(columns, mean, 0), sd = vapply(columns, stats::sd, 0), quantiles,
    diagnostics_of(object$draws), row.names = colnames(draws), check.names = FALSE
  )
}

#' @rdname summary.torch_sample
#' @export
print.torch_sample <- function(x, ...) {
  print_call(x$call)
  size <- dim(x$draws)
  cat(size[2L], " chain", if (size[2L] > 1L) "s", " of ", size[1L], " draws, ", sep = "")
  cat(sum(x$divergent), "divergent\n\n")
  print(summary.torch_sample(x), ..., digits = 3L)
  invisible(x)
}

#' @rdname summary.torch_sample
#' @export
as.array.torch_sample <- function(x, ...) {
  check_no_dots(...)
  x$draws
}

#' @rdname summary.torch_sample
#' @export
as.matrix.torch_sample <- function(x, ...) {
  check_no_dots(...)
  size <- dim(x$draws)
  matrix(x$draws, ncol = size[3L], dimnames = list(NULL, parameters = dimnames(x$draws)[[3L]]))
}

#' @rdname summary.torch_sample
#' @export
plot.torch_sample <- function(x, parm, type = c("trace", "density"), ...) {
  labels <- dimnames(x$draws)[[3L]]
  chosen <- if (missing(parm)) labels else if (is.numeric(parm)) labels[parm] else parm
  if (!is.character(chosen) || !all(chosen %in% labels)) {
    abort(sys.call(), "`parm` must be parameters of the draws: ", in_words(labels), ".")
  }
  if (identical(type, "pairs")) {
    plot_pairs(x, chosen, sys.call(), ...)
    return(invisible(x))
  }
  if (!is.character(type) || length(type) == 0L || !all(type %in% c("trace", "density"))) {
    abort(sys.call(), "`type` must be \"trace\", \"density\" or both, or \"pairs\".")
  }
  before <- graphics::par("mfrow", "mar", "mgp")
  on.exit(graphics::par(before))
  if (all(before$mfrow == 1L)) {
    size <- c(min(length(chosen), 4L), length(type))
    graphics::par(mfrow = size, mar = c(3, 3, 1.5, 1), mgp = c(2, 0.7, 0))
  }
  for (name in chosen) {
    draws <- matrix(x$draws[, , name], nrow = dim(x$draws)[1L])
    for (kind in type) (if (kind == "trace") plot_trace else plot_density)(draws, name, ...)
  }
  invisible(x)
}

plot_trace <- function(draws, name, col = chain_colours(ncol(draws)), ...) {
  graphics::matplot(
    draws, type = "l", lty = 1L, col = col, xlab = "iteration", ylab = name, ...
  )
}

plot_density <- function(draws, name, col = chain_colours(ncol(draws)), ...) {
  curves <- lapply(seq_len(ncol(draws)), function(i) stats::density(draws[, i]))
  graphics::matplot(
    vapply(curves, `[[`, numeric(512), "x"), vapply(curves, `[[`, numeric(512), "y"),
    type = "l", lty = 1L, col = col, xlab = name, ylab = "density", ...
  )
}

chain_colours <- function(n) grDevices::hcl.colors(n, "Dark 3")

# Each parameter against each, divergent draws above the others.
plot_pairs <- function(x, chosen, call, ...) {
  if (length(chosen) < 2L) abort(call, "`type = \"pairs\"` takes two parameters or more.")
  lost <- as.vector(x$divergent)
  first <- order(lost)
  graphics::pairs(
    as.matrix.torch_sample(x)[first, chosen], pch = 16L, cex = ifelse(lost[first], 0.9, 0.5),
    col = ifelse(lost[first], "#D55E00", grDevices::adjustcolor("#0072B2", 0.3)), ...
  )
}

# A row a parameter.
diagnostics_of <- function(draws) {
  parts <- lapply(seq_len(dim(draws)[3L]), function(i) {
    halves <- split_chains(matrix(draws[, , i], nrow = dim(draws)[1L]))
    ends <- stats::quantile(halves, c(0.05, 0.95), names = FALSE)
    list(
      bulk = normal_ranks(halves), fold = normal_ranks(abs(halves - stats::median(halves))),
      low = +(halves <= ends[1L]), high = +(halves <= ends[2L])
    )
  })
  sizes_of <- function(kind) {
    columns <- lapply(parts, function(part) as_torch_tensor(part[[kind]], dtype = "float64"))
    as.double(unlist(call_python("sampling.effective_sizes", columns)))
  }
  data.frame(
    rhat = vapply(parts, function(part) max(r_hat(part$bulk), r_hat(part$fold)), 0),
    ess_bulk = sizes_of("bulk"), ess_tail = pmin(sizes_of("low"), sizes_of("high"))
  )
}

split_chains <- function(x) {
  half <- nrow(x) %/% 2L
  base::cbind(x[seq_len(half), , drop = FALSE], x[nrow(x) - half + seq_len(half), , drop = FALSE])
}

normal_ranks <- function(x) {
  x[] <- stats::qnorm((rank(x) - 3 / 8) / (length(x) + 1 / 4))
  x
}

# NA where nothing varies.
r_hat <- function(x) {
  n <- nrow(x)
  within <- mean(apply(x, 2L, stats::var))
  if (within == 0) return(NA_real_)
  sqrt((n - 1) / n + stats::var(base::colMeans(x)) / within)
}
