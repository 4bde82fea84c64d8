# Data with a class beside tensors. R chooses an operator's method only where both operands have
# the same one, so `series - p[1]` finds none. Where a differentiated function may meet such data,
# its overlays have operators that look at either operand; elsewhere R's own stay, which are faster.
# Tests: test-autodiff-data.R.

# The numbers of classed data as R computes with them: time series, spans of time in their unit,
# dates in days and times in seconds, 64-bit integers, and data frames as matrices.
plain_data <- function(x) {
  if (is.data.frame(x)) {
    numbers <- vapply(x, function(column) {
      (is.numeric(column) || is.logical(column)) && !is.factor(column)
    }, NA)
    if (!all(numbers)) {
      stop("a tensor and a data frame with a column `", names(x)[!numbers][1L], "` of ",
        friendly_type(x[[which(!numbers)[1L]]]), " can't be computed with; use numbers",
        call. = FALSE
      )
    }
    columns <- lapply(x, function(column) as.vector(numbers_of_column(column)))
    return(base::matrix(unlist(columns, use.names = FALSE), nrow(x)))
  }
  numbers_of_column(x)
}

numbers_of_column <- function(x) {
  if (!is.object(x)) return(x)
  if (inherits(x, "integer64")) return(base::array(as_double_64(x), shape_of(x)))
  if (inherits(x, "POSIXlt")) x <- as.POSIXct(x)
  if (isS4(x) && inherits(x, "Matrix")) return(methods::as(x, "matrix"))
  dims <- dim(x)
  x <- as.vector(unclass(x))
  attributes(x) <- if (!is.null(dims)) list(dim = dims)
  x
}

as_double_64 <- function(x) {
  if (!requireNamespace("bit64", quietly = TRUE)) {
    stop("an integer64 needs the package bit64 to be numbers", call. = FALSE)
  }
  bit64::as.double.integer64(x)
}

data_classes <- c(
  "ts", "difftime", "Date", "POSIXct", "POSIXlt", "data.frame", "integer64", "factor", "Matrix"
)

# What makes such data; a function that calls one of these may meet them.
data_makers <- c(
  "ts", "as.ts", "difftime", "as.difftime", "as.Date", "as.POSIXct", "as.POSIXlt", "ISOdate",
  "ISOdatetime", "strptime", "Sys.time", "Sys.Date", "data.frame", "as.data.frame", "as.integer64",
  "window", "lag", "embed", "time", "subset", "merge", "split", "expand.grid", "readRDS", "Matrix"
)

holds_data <- function(x, depth = 3L) {
  if (is.object(x)) return(inherits(x, data_classes))
  if (!is.list(x) || depth == 0L || length(x) == 0L || length(x) > 1000L) return(FALSE)
  for (part in x) if (holds_data(part, depth - 1L)) return(TRUE)
  FALSE
}

# From now on, everything that the function reaches may meet such data.
expect_data <- function(reach) {
  if (isTRUE(reach$data)) return()
  reach$data <- TRUE
  for (pair in reach$pairs) list2env(data_operators, pair$behind)
}

# An operator of either operand's class.
operator_of_data <- function(name) {
  own <- get(name, envir = baseenv())
  function(e1, e2) {
    if (missing(e2)) return(own(e1))
    if (is.object(e1) && is.object(e2)) {
      if (is_tensor(e1)) {
        if (inherits(e2, data_classes)) return(own(e1, operand_of(e2, name, 2L)))
      } else if (is_tensor(e2) && inherits(e1, data_classes)) {
        return(own(operand_of(e1, name, 1L), e2))
      }
    }
    own(e1, e2)
  }
}

# As R has it, a date may be moved and compared, and a factor compared only.
operand_of <- function(x, operator, place) {
  class <- intersect(c("Date", "POSIXct", "POSIXlt", "factor"), class(x))
  if (length(class) > 0L) {
    moved <- operator == "+" || operator == "-" && place == 1L
    compared <- operator %in% of_truth
    if (class[1L] == "factor" || !moved && !compared) {
      stop("`", operator, "` is not defined for ", friendly_type(x), call. = FALSE)
    }
  }
  plain_data(x)
}

data_operators <- local({
  names <- c("+", "-", "*", "/", "^", "%%", "%/%", "==", "!=", "<", ">", "<=", ">=", "&", "|")
  made <- lapply(names, operator_of_data)
  names(made) <- names
  made
})

# R's solve() looks at its first argument only.
data_constructs <- list(
  solve = function(a, b, ...) {
    if (missing(b)) return(base::solve(a, ...))
    if (!is_tensor(b) || is_tensor(a) || inherits(a, "torch_qr")) return(base::solve(a, b, ...))
    if (inherits(a, "qr")) return(qr_constructs$qr.coef(a, b))
    rule("solve", as_operand(a), b)
  }
)
