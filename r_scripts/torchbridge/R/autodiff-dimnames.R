# Dimnames of a torch_numeric: kept beside the tensor, as names are, by R's rules.
# Tests: test-autodiff-dimnames.R.

#' @export
dimnames.torch_numeric <- function(x) attr(x, "r_dimnames")

#' @export
`dimnames<-.torch_numeric` <- function(x, value) { # nolint: object_name_linter.
  dims <- dim(x)
  if (!is.null(value)) {
    if (is.null(dims)) stop("'dimnames' applied to non-array", call. = FALSE)
    # R's own checks, on a stand-in of as many dims.
    stand_in <- base::array(0, dims)
    base::dimnames(stand_in) <- value
    value <- base::dimnames(stand_in)
  }
  x <- fresh_numeric(x)
  attr(x, "r_dimnames") <- value
  x
}

# A tensor just made with dimnames, where there are any.
with_dimnames <- function(x, labels) {
  if (is_tensor(x) && !all(vapply(labels, is.null, NA))) attr(x, "r_dimnames") <- labels
  x
}

# Of R's arrays, too, but not of frames and other objects.
dimnames_of <- function(x) {
  if (is.object(x)) attr(x, "r_dimnames") else if (!is.null(dim(x))) base::dimnames(x)
}

# The names along one dim of a matrix; NULL for vectors.
names_along <- function(x, k) dimnames_of(x)[[k]]

# Of arithmetic: the first operand's, else the second's.
operand_dimnames <- function(e1, e2) dimnames_of(e1) %||% dimnames_of(e2)

# Of x[i, j, ...]: list(names, dimnames). `places` are positions from 1, NULL for a whole dim.
dimnames_at <- function(x, places, dims, drop) {
  labels <- dimnames_of(x)
  if (is.null(labels)) return(NULL)
  sizes <- ifelse_null(places, dims)
  for (k in seq_along(places)) {
    if (!is.null(labels[[k]]) && !is.null(places[[k]])) labels[[k]] <- labels[[k]][places[[k]]]
  }
  left <- if (drop) sizes != 1L else rep(TRUE, length(dims))
  if (sum(left) > 1L || !drop) return(list(dimnames = labels[left]))
  if (any(left)) return(list(names = labels[[which(left)]]))
  # Of one element R keeps a name that is the only one.
  known <- which(!vapply(labels, is.null, NA))
  if (length(known) == 1L) list(names = labels[[known]])
}

ifelse_null <- function(places, dims) {
  mapply(function(p, n) if (is.null(p)) n else length(p), places, dims)
}

# Of rbind() and cbind(): the names of parts that are vectors are those of rows (columns); across
# these, the first part that has as many.
dimnames_of_bound <- function(parts, expressions, rows, size) {
  along <- if (rows) 1L else 2L
  outer <- names(parts) %||% character(length(parts))
  own <- across <- NULL
  for (i in seq_along(parts)) {
    part <- parts[[i]]
    if (length(dim(part)) == 2L) {
      own <- c(own, names_along(part, along) %||% character(dim(part)[along]))
      across <- across %||% names_along(part, 3L - along)
    } else {
      symbol <- if (is.symbol(expressions[[i]])) as.character(expressions[[i]]) else ""
      own <- c(own, if (nzchar(outer[i])) outer[i] else symbol)
      within <- r_names(part)
      if (length(within) == size) across <- across %||% within
    }
  }
  if (!any(nzchar(own))) own <- NULL
  if (rows) list(own, across) else list(across, own)
}
