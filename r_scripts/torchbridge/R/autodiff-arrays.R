# R's functions of arrays on tensors, inside a differentiated function.
# Tests: test-autodiff-rules.R.

#' @export
aperm.torch_numeric <- function(a, perm = NULL, resize = TRUE, ...) {
  check_no_dots(...)
  check_flag(resize, "resize")
  dims <- shape_of(a)
  perm <- if (is.null(perm)) rev(seq_along(dims)) else perm
  if (!identical(sort(as.integer(perm)), seq_along(dims))) {
    stop("'perm' must be a permutation of the ", length(dims), " dims", call. = FALSE)
  }
  if (length(dims) == 1L) return(a)
  result <- rule("permuted", a, as.list(perm - 1))
  if (!resize) return(rule("array", result, as.list(dims)))
  with_dimnames(result, attr(a, "r_dimnames")[perm])
}

#' @export
scale.torch_numeric <- function(x, center = TRUE, scale = TRUE) {
  all_constructs()[["scale.default"]](x, center, scale)
}

array_constructs <- list(
  kronecker = function(X, Y, FUN = "*", make.dimnames = FALSE, ...) { # nolint
    if (!is_tensor(X) && !is_tensor(Y)) return(of_s4("kronecker")(X, Y, FUN, make.dimnames, ...))
    if (!identical(FUN, "*")) FUN <- users_function(FUN, parent.frame()) # nolint
    rank <- max(length(shape_of(X)), length(shape_of(Y)))
    dims <- lapply(list(X, Y), function(z) {
      shape <- shape_of(z)
      c(shape, rep(1, rank - length(shape)))
    })
    # Each dim of the result has the place in Y, which runs faster, then that in X.
    every <- rule("array", outer(flat(X), flat(Y), FUN, ...), as.list(c(dims[[1L]], dims[[2L]])))
    perm <- as.vector(rbind(rank + seq_len(rank), seq_len(rank)))
    rule("array", rule("permuted", every, as.list(perm - 1)), as.list(dims[[1L]] * dims[[2L]]))
  },
  `%o%` = function(X, Y) outer(X, Y), # nolint: object_name_linter.
  `%x%` = function(X, Y) { # nolint: object_name_linter.
    if (!is_tensor(X) && !is_tensor(Y)) return(base::`%x%`(X, Y))
    array_constructs$kronecker(X, Y)
  },
  seq = function(...) {
    if (any_tensor(...)) all_constructs()[["seq.default"]](...) else base::seq(...)
  },
  rep_len = function(x, length.out) { # nolint: object_name_linter.
    if (is_tensor(x)) rep(flat(x), length.out = length.out) else base::rep_len(x, length.out)
  },
  rep.int = function(x, times) if (is_tensor(x)) rep(flat(x), times) else base::rep.int(x, times)
)
