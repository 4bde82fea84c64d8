# R's generic functions on a torch_numeric.
# Tests: test-autodiff-numeric.R.

#' @export
c.torch_numeric <- function(...) join(list(...))

join <- function(parts, use_names = TRUE) {
  parts <- parts[lengths(parts) > 0L]
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
  bound(list(...), TRUE)
}

#' @export
cbind.torch_numeric <- function(..., deparse.level = 1) { # nolint: object_name_linter.
  bound(list(...), FALSE)
}

bound <- function(parts, rows) {
  parts <- parts[!vapply(parts, is.null, NA)]
  rule("bind", unname(lapply(parts, lift)), rows)
}

#' @export
rep.torch_numeric <- function(x, ...) x[rep(seq_len(length(x)), ...)]

#' @export
rev.torch_numeric <- function(x) x[rev(seq_len(length(x)))]

#' @export
sort.torch_numeric <- function(x, decreasing = FALSE, ...) {
  check_no_dots(...)
  x[order(as.vector(plain_values(x)), decreasing = decreasing)]
}

#' @export
diff.torch_numeric <- function(x, lag = 1L, ...) {
  check_no_dots(...)
  n <- length(x)
  x[seq.int(1L + lag, n)] - x[seq.int(1L, n - lag)]
}

#' @export
t.torch_numeric <- function(x) rule("transpose", x)

#' @export
as.integer.torch_numeric <- function(x, ...) as.integer(plain_values(x))

#' @export
as.logical.torch_numeric <- function(x, ...) as.logical(plain_values(x))

# The numbers, without their derivative.
plain_values <- function(x) api("values", x)

#' @export
solve.torch_numeric <- function(a, b, ...) {
  check_no_dots(...)
  rule("solve", a, if (!missing(b)) lift(b))
}

#' @export
chol.torch_numeric <- function(x, ...) {
  check_no_dots(...)
  rule("cholesky", x)
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
chol.torch_tensor <- function(x, ...) {
  check_no_dots(...)
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
