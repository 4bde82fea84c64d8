# R's statistics on tensors, inside a differentiated function: var() and its kin, order statistics,
# groups.
# Tests: test-autodiff-rules.R.

# ---- covariances ----

statistics_constructs <- list(
  var = function(x, y = NULL, na.rm = FALSE, use) { # nolint: object_name_linter.
    if (!is_tensor(x) && !is_tensor(y)) return(stats::var(x, y, na.rm, use))
    if (missing(use)) use <- if (na.rm) "na.or.complete" else "everything"
    covariance(x, y, use, FALSE)
  },
  cov = function(x, y = NULL, use = "everything",
                 method = c("pearson", "kendall", "spearman")) {
    method <- match.arg(method)
    if (!is_tensor(x) && !is_tensor(y)) return(stats::cov(x, y, use, method))
    if (method != "pearson") return(stats::cov(plain_part(x), plain_part(y), use, method))
    if (is.null(y)) check_two_columns(x)
    covariance(x, y, use, FALSE)
  },
  cor = function(x, y = NULL, use = "everything",
                 method = c("pearson", "kendall", "spearman")) {
    method <- match.arg(method)
    if (!is_tensor(x) && !is_tensor(y)) return(stats::cor(x, y, use, method))
    # Of ranks, which do not change with what is ranked.
    if (method != "pearson") return(stats::cor(plain_part(x), plain_part(y), use, method))
    if (is.null(y)) check_two_columns(x)
    covariance(x, y, use, TRUE)
  },
  sd = function(x, na.rm = FALSE) { # nolint: object_name_linter.
    if (!is_tensor(x)) return(stats::sd(x, na.rm))
    sqrt(covariance(flat(x), NULL, if (na.rm) "na.or.complete" else "everything", FALSE))
  }
)

covariance <- function(x, y, use, correlation) {
  known <- c(
    "all.obs", "complete.obs", "pairwise.complete.obs", "everything", "na.or.complete"
  )
  use <- known[pmatch(use, known)]
  if (is.na(use)) stop("invalid 'use' argument", call. = FALSE)
  parts <- lapply(list(x, y), function(z) if (is.data.frame(z)) as.matrix(z) else z)
  first <- as_operand(parts[[1L]])
  second <- if (!is.null(y)) as_operand(parts[[2L]])
  as_numeric(python_rule("statistics.covariance", first, second, use, correlation))
}

check_two_columns <- function(x) {
  if (length(dim(x)) < 2L) stop("supply both 'x' and 'y' or a matrix-like 'x'", call. = FALSE)
}

# ---- positions and ranks: they do not change with the numbers, but where two of them meet ----

# R's own function, of the numbers that tensors hold.
of_plain_numbers <- function(name) {
  function(...) {
    known <- get(name, envir = baseenv())
    if (any_tensor(...)) do.call(known, lapply(list(...), plain_part), quote = TRUE) else known(...)
  }
}

plain_part <- function(x) {
  if (!is_tensor(x)) return(x)
  values <- plain_values(x)
  if (is.null(dim(values))) names(values) <- r_names(x)
  values
}

position_constructs <- c(
  sapply(
    c(
      "order", "sort.list", "rank", "which", "which.max", "which.min", "findInterval", "match",
      "%in%", "is.element", "tabulate", "is.unsorted", "cut"
    ),
    of_plain_numbers,
    simplify = FALSE
  ),
  list(sort.int = function(x, ...) {
    if (is_tensor(x)) sort(flat(x), ...) else base::sort.int(x, ...)
  })
)

#' @export
sort.torch_numeric <- function(x, decreasing = FALSE, na.last = NA, partial = NULL, # nolint
                               method = NULL, index.return = FALSE, ...) { # nolint
  check_no_dots(...)
  # All of it sorted is also sorted in part; the method decides nothing but the time.
  if (!is.null(partial) && (decreasing || index.return || !is.na(na.last))) {
    stop("unsupported options for partial sorting", call. = FALSE)
  }
  places <- order(as.vector(plain_values(x)), decreasing = decreasing, na.last = na.last)
  sorted <- x[places]
  if (!is.null(partial)) attr(sorted, "r_names") <- NULL
  if (index.return) list(x = sorted, ix = places) else sorted
}

#' @export
unique.torch_numeric <- function(x, incomparables = FALSE, ...) {
  if (length(dim(x)) > 1L) stop("unique() of a matrix has no derivative", call. = FALSE)
  result <- x[!duplicated(as.vector(plain_values(x)), incomparables, ...)]
  attr(result, "r_names") <- NULL
  result
}

#' @export
duplicated.torch_numeric <- function(x, ...) duplicated(plain_values(x), ...)

#' @importFrom stats quantile
#' @export
quantile.torch_numeric <- function(x, ...) all_constructs()[["quantile.default"]](x, ...)

#' @importFrom stats weighted.mean
#' @export
weighted.mean.torch_numeric <- function(x, w, ..., na.rm = FALSE) { # nolint
  check_no_dots(...)
  if (missing(w)) return(mean(x, na.rm = na.rm))
  if (length(w) != length(x)) stop("'x' and 'w' must have the same length", call. = FALSE)
  kept <- if (na.rm) which(!is.na(plain_part(x))) else seq_along(plain_part(x))
  # Weights of 0 leave out also what is not finite.
  kept <- kept[plain_part(w)[kept] != 0]
  sum(x[kept] * w[kept]) / sum(if (na.rm) w[which(!is.na(plain_part(x)))] else w)
}

# ---- groups ----

#' @export
split.torch_numeric <- function(x, f, drop = FALSE, ...) {
  lapply(split(seq_len(length(x)), f, drop, ...), function(places) x[places])
}

#' @export
rowsum.torch_numeric <- function(x, group, reorder = TRUE, na.rm = FALSE, ...) { # nolint
  check_no_dots(...)
  check_flag(na.rm, "na.rm")
  if (length(group) != NROW(x)) stop("incorrect length for 'group'", call. = FALSE)
  if (anyNA(group)) stop("`group` must not have NA", call. = FALSE)
  groups <- unique(group)
  if (reorder) groups <- sort(groups)
  places <- as_torch_tensor(match(group, groups) - 1, dtype = "int64")
  as_numeric(python_rule("statistics.sums_by_group", x, places, length(groups), na.rm))
}

group_constructs <- list(
  tapply = function(X, INDEX, FUN = NULL, ..., default = NA, simplify = TRUE) { # nolint
    if (is.null(FUN)) return(base::tapply(seq_along(X), INDEX))
    FUN <- users_function(FUN, parent.frame()) # nolint: object_name_linter.
    cells <- base::tapply(seq_along(X), INDEX, identity, simplify = FALSE)
    filled <- which(lengths(cells) > 0L)
    answers <- lapply(unname(cells[filled]), function(places) FUN(X[places], ...))
    if (!has_tensor(answers)) {
      # Called once already: again would repeat what FUN does besides.
      turn <- 0L
      known <- function(places) answers[[turn <<- turn + 1L]]
      return(base::tapply(seq_along(X), INDEX, known, default = default, simplify = simplify))
    }
    if (!simplify || any(lengths(answers) != 1L)) {
      cells[filled] <- answers
      return(cells)
    }
    values <- join(answers)
    if (length(filled) < length(cells)) {
      every <- as_numeric(as_operand(rep(as.double(default), length(cells))))
      every[filled] <- values
      values <- every
    }
    if (length(dim(cells)) > 1L) return(rule("array", values, as.list(dim(cells))))
    names(values) <- names(cells)
    values
  }
)
