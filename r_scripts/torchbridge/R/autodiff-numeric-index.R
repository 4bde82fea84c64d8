# Subscripts of a torch_numeric: R's. R itself turns them into positions.
# Tests: test-autodiff-index.R.

#' @export
`[.torch_numeric` <- function(x, ..., drop = TRUE) {
  if (missing(drop)) {
    value <- dot_call(entries$numeric_index, x, substitute(list(...)), environment())
    if (!is.null(value)) return(value)
  }
  by_places(x, subscripts(substitute(list(...)), ...), drop)
}

# What the core leaves to R code.
by_places <- function(x, given, drop) {
  dims <- dim(x)
  names <- labels <- NULL
  if (length(given) == 1L) {
    i <- given[[1L]]
    if (is.null(i)) return(x)
    places <- vector_places(x, i, dims, missing = TRUE)
    if (!is.null(attr(x, "r_names"))) names <- attr(x, "r_names")[places]
    if (anyNA(places)) return(as_numeric(with_na(x, places), names))
    given <- list(compact(places))
  } else {
    check_rank(given, dims)
    given <- dim_places(x, given, dims)
    found <- dimnames_at(x, given, dims, drop)
    names <- found$names
    labels <- found$dimnames
    given <- lapply(given, function(places) if (!is.null(places)) compact(places))
  }
  with_dimnames(as_numeric(bare_rule("take", x, unname(given), drop), names), labels)
}

#' @export
`[[.torch_numeric` <- function(x, ...) { # nolint: object_name_linter.
  if (nargs() == 2L && !missing(..1) && is.numeric(..1) && length(..1) == 1L) {
    value <- dot_call(entries$numeric_index, x, substitute(list(...)), environment())
    if (!is.null(value) && (..1 >= 1 || length(value) == 1L)) {
      attr(value, "r_names") <- NULL
      return(value)
    }
  }
  given <- subscripts(substitute(list(...)), ...)
  if (length(given) == 1L && is.character(given[[1L]])) {
    place <- match(given[[1L]], attr(x, "r_names"))
    # A name that is none is a method or attribute of the tensor, as in x$shape.
    if (is.na(place)) return(`$.torch_tensor`(x, given[[1L]]))
    return(rule("take", x, list(place - 1), TRUE))
  }
  result <- x[...]
  if (length(result) != 1L) stop("subscript out of bounds", call. = FALSE)
  attr(result, "r_names") <- NULL
  result
}

#' @export
`[<-.torch_numeric` <- function(x, ..., value) {
  given <- subscripts(substitute(list(...)), ...)
  dims <- dim(x)
  names <- attr(x, "r_names")
  if (length(given) == 1L) {
    i <- given[[1L]]
    size <- length(x)
    if (is.character(i)) {
      # New names are new elements.
      names <- names %||% character(size)
      names <- c(names, setdiff(i, names))
      i <- match(i, names)
    }
    if (anyNA(i)) i <- without_na(i, value)
    places <- if (is.null(i)) seq_len(size) else assigned_places(x, i, dims)
    if (length(places) > 0L && max(places) > size) {
      x <- rule("combine", list(x, lift(rep(NA_real_, max(places) - size))))
      if (!is.null(names)) names <- c(names, character(max(places) - length(names)))
    }
  } else {
    check_rank(given, dims)
    axes <- dim_places(x, given, dims)
    axes <- Map(function(i, n) if (is.null(i)) seq_len(n) else i, axes, dims)
    places <- linear_places(axes, dims)
  }
  value <- lift(value)
  if (length(places) == 0L) return(x)
  result <- as_numeric(bare_rule("put", x, position_tensor(places), value), names)
  with_dimnames(result, attr(x, "r_dimnames"))
}

#' @export
`[[<-.torch_numeric` <- `[<-.torch_numeric`

# The subscripts' values; NULL for an empty one. `expressions` is what the caller wrote.
subscripts <- function(expressions, ...) {
  expressions <- as.list(expressions)[-1L]
  lapply(seq_along(expressions), function(i) {
    if (is_empty(expressions[[i]])) return(NULL)
    value <- ...elt(i)
    if (is.null(value)) return(integer())
    if (is_tensor(value)) return(to_r(value$detach()))
    if (is.factor(value)) as.integer(value) else value
  })
}

is_empty <- function(expression) is.symbol(expression) && !nzchar(as.character(expression))

check_rank <- function(given, dims) {
  if (length(given) != length(dims)) stop("incorrect number of dimensions", call. = FALSE)
}

vector_places <- function(x, i, dims, missing = FALSE) {
  if (is.character(i)) return(named_places(x, i))
  if (is.matrix(i) && is.numeric(i) && ncol(i) == length(dims)) {
    return(as.vector(1 + (i - 1) %*% cumprod(c(1, dims[-length(dims)]))))
  }
  positions(as.vector(i), length(x), missing)
}

# x[NA] <- 0 sets nothing, and of several values R does not know which one is meant.
without_na <- function(i, value) {
  if (length(value) != 1L) {
    stop("NAs are not allowed in subscripted assignments", call. = FALSE)
  }
  if (is.logical(i)) i & !is.na(i) else if (is.matrix(i)) i else i[!is.na(i)]
}

assigned_places <- function(x, i, dims) {
  if (is.numeric(i) && !is.matrix(i) && all(i > 0)) return(as.vector(trunc(i)))
  vector_places(x, i, dims)
}

named_places <- function(x, names) {
  places <- match(names, attr(x, "r_names"))
  if (anyNA(places)) {
    known <- attr(x, "r_names")
    stop(
      "there is no element named ", in_words(names[is.na(places)]),
      if (length(known)) paste0("; there are ", in_words(known)), call. = FALSE
    )
  }
  places
}

# R's own rules, applied to 1, 2, ..., n. A subscript of NA chooses NA.
positions <- function(i, n, missing = FALSE) {
  places <- seq_len(n)[i]
  if (anyNA(places)) {
    if (is.logical(i) && length(i) < n) i <- rep_len(i, n) # as R recycles them
    if (!missing || sum(is.na(places)) != sum(is.na(i))) {
      stop("subscript out of bounds (or NA)", call. = FALSE)
    }
  }
  places
}

with_na <- function(x, places) {
  beware()
  there <- !is.na(places)
  if (!any(there)) return(lifted(rep(NA_real_, length(places))))
  places[!there] <- places[there][1L]
  taken <- bare_rule("take", x, list(position_tensor(places)), FALSE)
  bare_rule("chosen", lifted(there), taken, lift(NA_real_))
}

# The positions of x[i, j, ...] in each dim, from 1; NULL for a whole one.
dim_places <- function(x, given, dims) {
  lapply(seq_along(given), function(k) {
    i <- given[[k]]
    if (is.null(i)) return(NULL)
    if (is.character(i)) i <- match(i, attr(x, "r_dimnames")[[k]])
    # Of a vector R takes more than there are, for NA.
    if (is.logical(i) && length(i) > dims[k]) {
      stop("(subscript) logical subscript too long", call. = FALSE)
    }
    positions(i, dims[k])
  })
}

# As rules.take() wants positions: one, a range, or a tensor of them; from 0.
compact <- function(places) {
  n <- length(places)
  if (n == 1L) return(places - 1)
  if (n > 1L && places[n] - places[1L] == n - 1 && all(diff(places) == 1)) {
    return(list(places[1L] - 1, n))
  }
  position_tensor(places)
}

# From 0. (Of integers no range is checked, which a graph that is recorded could not know.)
position_tensor <- function(places) {
  as_torch_tensor(
    if (max(places, 0) <= .Machine$integer.max) as.integer(places - 1) else places - 1,
    dtype = "int64"
  )
}

linear_places <- function(axes, dims) {
  strides <- cumprod(c(1, dims[-length(dims)]))
  places <- 1
  for (k in seq_along(axes)) places <- c(outer(places, (axes[[k]] - 1) * strides[k], "+"))
  places
}
