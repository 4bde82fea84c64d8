# R's generic functions on a torch_numeric.
# Tests: test-autodiff-numeric.R.

#' @export
c.torch_numeric <- function(..., recursive = FALSE, use.names = TRUE) { # nolint
  parts <- list(...)
  value <- dot_call(entries$numeric_rule, "c", parts)
  if (!is.null(value)) return(value)
  join(if (recursive) flat_list(parts) else parts, use.names)
}

join <- function(parts, use_names = TRUE) {
  filled <- lengths(parts) > 0L
  parts <- if (any(filled)) parts[filled] else parts[1L]
  if (any(vapply(parts, is.list, NA))) return(do.call(base::c, lapply(parts, as_part)))
  as_numeric(bare_rule("combine", unname(lapply(parts, lift))), if (use_names) joined_names(parts))
}

# c(list, tensor) is a longer list.
as_part <- function(x) if (is.list(x)) x else list(x)

joined_names <- function(parts) {
  outer <- names(parts)
  inner <- lapply(parts, r_names)
  if (is.null(outer) && all(vapply(inner, is.null, NA))) return(NULL)
  # R's own rule, on stand-ins.
  stand_ins <- Map(function(p, n) {
    numbers <- numeric(length(p))
    names(numbers) <- n
    numbers
  }, parts, inner)
  names(do.call(base::c, stand_ins))
}

#' @export
rbind.torch_numeric <- function(..., deparse.level = 1) { # nolint: object_name_linter.
  bound(list(...), TRUE, written(substitute(list(...)), deparse.level))
}

#' @export
cbind.torch_numeric <- function(..., deparse.level = 1) { # nolint: object_name_linter.
  bound(list(...), FALSE, written(substitute(list(...)), deparse.level))
}

# What the caller wrote, where that may name a row or column.
written <- function(call, level) if (level > 0) as.list(call)[-1L]

bound <- function(parts, rows, expressions = NULL) {
  there <- !vapply(parts, is.null, NA)
  expressions <- if (length(expressions) == length(parts)) expressions[there]
  parts <- parts[there]
  value <- rule("bind", unname(lapply(parts, lift)), rows)
  expressions <- expressions %||% rep(list(NULL), length(parts))
  size <- dim(value)[if (rows) 2L else 1L]
  with_dimnames(value, dimnames_of_bound(parts, expressions, rows, size))
}

#' @export
rep.torch_numeric <- function(x, ...) x[rep(seq_len(length(x)), ...)]

#' @export
rev.torch_numeric <- function(x) x[rev(seq_len(length(x)))]

#' @export
diff.torch_numeric <- function(x, lag = 1L, differences = 1L, ...) {
  check_no_dots(...)
  whole <- function(n) is.numeric(n) && length(n) == 1L && !is.na(n) && n >= 1 && n == trunc(n)
  if (!whole(lag) || !whole(differences)) {
    stop("'lag' and 'differences' must be integers >= 1", call. = FALSE)
  }
  for (turn in seq_len(differences)) x <- lagged_difference(x, lag)
  x
}

# Of the rows of a matrix, else of the elements.
lagged_difference <- function(x, lag) {
  n <- if (is.matrix(x)) nrow(x) else length(x)
  later <- seq_len(max(n - lag, 0)) + lag
  if (is.matrix(x)) return(x[later, , drop = FALSE] - x[later - lag, , drop = FALSE])
  x[later] - x[later - lag]
}

#' @export
t.torch_numeric <- function(x) {
  if (is.null(attr(x, "r_names")) && is.null(attr(x, "r_dimnames"))) {
    return(dot_call(entries$op1, "t", x))
  }
  labels <- if (is.null(dim(x))) list(NULL, r_names(x)) else rev(attr(x, "r_dimnames"))
  with_dimnames(rule("transpose", x), labels)
}

#' @export
as.integer.torch_numeric <- function(x, ...) as.integer(plain_values(x))

#' @export
as.logical.torch_numeric <- function(x, ...) as.logical(plain_values(x))

# The numbers, without their derivative.
plain_values <- function(x) api("values", x)

#' @export
solve.torch_numeric <- function(a, b, tol, ...) {
  check_no_dots(...)
  if (!missing(tol)) check_condition(a, tol)
  value <- rule("solve", a, if (!missing(b)) lift(b))
  if (missing(b)) return(with_dimnames(value, rev(dimnames_of(a))))
  if (length(dim(value)) == 2L) {
    return(with_dimnames(value, list(names_along(a, 2L), names_along(b, 2L))))
  }
  as_numeric(value, names_along(a, 2L))
}

check_condition <- function(a, tol) {
  found <- rcond(plain_values(as.matrix(a)))
  if (found < tol) {
    stop("system is computationally singular: reciprocal condition number = ",
      format(found, digits = 6L),
      call. = FALSE
    )
  }
}

#' @export
chol.torch_numeric <- function(x, pivot = FALSE, ...) {
  check_no_dots(...)
  no_pivot(pivot)
  with_dimnames(rule("cholesky", x), attr(x, "r_dimnames"))
}

no_pivot <- function(pivot) {
  if (!isFALSE(pivot)) stop("`pivot` must be FALSE for a tensor", call. = FALSE)
}

#' @export
determinant.torch_numeric <- function(x, logarithm = TRUE, ...) {
  check_no_dots(...)
  parts <- lapply(bare_rule("log_determinant", x), as_numeric)
  structure(
    list(modulus = if (logarithm) parts[[1L]] else exp(parts[[1L]]), sign = parts[[2L]]),
    class = "det"
  )
}

# Plain tensors: PyTorch's linear algebra under R's names.

#' @export
solve.torch_tensor <- function(a, b, ...) {
  check_no_dots(...)
  bare_rule("solve", a, if (!missing(b)) lift(b))
}

#' @export
chol.torch_tensor <- function(x, pivot = FALSE, ...) {
  check_no_dots(...)
  no_pivot(pivot)
  bare_rule("cholesky", x)
}

#' @export
determinant.torch_tensor <- function(x, logarithm = TRUE, ...) {
  check_no_dots(...)
  parts <- bare_rule("log_determinant", x)
  structure(
    list(modulus = if (logarithm) parts[[1L]] else exp(parts[[1L]]), sign = parts[[2L]]),
    class = "det"
  )
}
