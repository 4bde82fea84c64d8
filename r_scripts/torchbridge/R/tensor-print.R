# Tensors printed as R users of torch know them: the values in libtorch's layout, then
# device, type and shape.

#' @rdname tensor_methods
#' @export
print.torch_tensor <- function(x, n = 30, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  check_lines(n)
  cat(tensor_lines(x, n), sep = "\n")
  invisible(x)
}

#' @rdname tensor_methods
#' @export
format.torch_tensor <- function(x, n = 30, ...) {
  check_no_dots(...)
  check_lines(n)
  paste(tensor_lines(x, n), collapse = "\n")
}

#' @rdname tensor_methods
#' @importFrom utils str
#' @export
str.torch_tensor <- function(object, ...) {
  if (is_asleep()) return(cat(" ", asleep_text(object), "\n", sep = ""))
  if (!is_live(object)) {
    cat(" ", gone_text(object), "\n", sep = "")
    return(invisible())
  }
  shape <- shape_shown(object)
  if (is.null(shape)) {
    cat(" torch_tensor ", gsub("\\s+", " ", api("objects.text", object)), "\n", sep = "")
    return(invisible())
  }
  about <- api("describe", object, as.list(pmin(shape, 10)), 10)
  values <- utils::head(as.vector(about$values), 10L)
  text <- if (is.numeric(values)) format(values, trim = TRUE, digits = 3L) else values
  more <- if (length(values) > 0L && length(object) > length(values)) "..."
  cat(" ", paste(c("torch_tensor", footer(about), text, more), collapse = " "), "\n", sep = "")
}

check_lines <- function(n, call = sys.call(-1L)) {
  if (!is.numeric(n) || length(n) != 1L || is.na(n)) {
    abort(call, "`n` must be a number of lines, or -1 for all, not ", friendly_type(n), ".")
  }
}

tensor_lines <- function(x, n) {
  if (!is_live(x)) return(gone_text(x))
  n <- if (n < 0) Inf else max(n, 1)
  width <- getOption("width")
  shape <- shape_shown(x)
  if (is.null(shape)) return(c("torch_tensor", api("objects.text", x)))
  # One line more than is shown tells whether there is more.
  part <- part_shown(shape, n + 1, width)
  about <- api("describe", x, as.list(part), min(n + 1, length(x)))
  body <- body_lines(about, part, width)
  c(
    "torch_tensor",
    utils::head(body, n),
    if (length(body) > n) "... [the output was truncated (use n=-1 to disable)]",
    footer(about)
  )
}

# NULL for a nested tensor, which has none: Python's text says what is in it.
shape_shown <- function(x) tryCatch(dim(x), TypeError = function(condition) NULL)

# How much of each dim the first lines can show: of a large tensor only that is copied.
part_shown <- function(shape, lines, width) {
  rank <- length(shape)
  if (rank == 0L || !is.finite(lines)) return(shape)
  part <- pmin(shape, lines)
  if (rank == 1L) return(part)
  # Every block of columns, and every slice, begins with a line of its own.
  blocks <- ceiling(lines / (part[rank - 1L] + 1))
  part[rank] <- min(shape[rank], blocks * width)
  for (dim in rev(seq_len(rank - 2L))) {
    part[dim] <- min(shape[dim], blocks)
    blocks <- ceiling(blocks / max(part[dim], 1))
  }
  part
}

footer <- function(about) {
  paste0(
    "[ ", about$type, "{", paste(about$shape, collapse = ","), "} ]",
    if (!is.null(about$grad_fn)) {
      paste0("[ grad_fn = <", about$grad_fn, "> ]")
    } else if (about$requires_grad) {
      "[ requires_grad = TRUE ]"
    }
  )
}

# One value a line; a matrix by rows; an array slice by slice over its last two dims.
body_lines <- function(about, part, width) {
  values <- about$values
  if (length(values) == 0L) return(character())
  if (!is.null(about$index)) return(sparse_lines(values, about$index))
  rank <- length(part)
  if (rank == 0L) return(format_scalar(values))
  cells <- format_cells(values)
  if (rank == 1L) return(c(cells$scale, cells$text))
  dim(cells$text) <- part
  if (rank == 2L) return(matrix_lines(cells$text, cells$scale, width))
  leading <- part[seq_len(rank - 2L)]
  slices <- lapply(seq_len(prod(leading)), function(k) {
    # The last of the leading dims runs fastest, as in PyTorch.
    index <- rev(arrayInd(k, rev(leading)))
    slice <- do.call(`[`, c(list(cells$text), as.list(index), TRUE, TRUE, drop = FALSE))
    dim(slice) <- part[rank - 1:0]
    rows <- matrix_lines(slice, cells$scale, width - 1L)
    rows[nzchar(rows)] <- paste0(" ", rows[nzchar(rows)])
    c(if (k > 1L) "", paste0("(", paste(index, collapse = ","), ",.,.) = "), rows)
  })
  unlist(slices)
}

# Rows of a matrix, in blocks of columns where they are wider than the console.
matrix_lines <- function(text, scale, width) {
  fitting <- max(width %/% (nchar(text[1L]) + 1L), 1L)
  starts <- seq(1L, ncol(text), by = fitting)
  blocks <- lapply(starts, function(start) {
    columns <- start:min(start + fitting - 1L, ncol(text))
    rows <- apply(text[, columns, drop = FALSE], 1L, paste, collapse = " ")
    title <- if (length(starts) > 1L) paste("Columns", start, "to", columns[length(columns)])
    c(if (start > 1L) "", title, scale, rows)
  })
  unlist(blocks)
}

# The stored entries of a sparse tensor, one a line: (row,column) value.
sparse_lines <- function(values, index) {
  cells <- format_cells(values)
  place <- paste0("(", apply(index, 1L, paste, collapse = ","), ")")
  c(cells$scale, paste(formatC(place, width = -max(nchar(place))), cells$text))
}

format_scalar <- function(x) {
  cells <- format_numbers(x)
  if (is.double(x) && cells$decimals) return(six_digits(x))
  cells$text
}

six_digits <- function(x) formatC(x, digits = 6L, width = 1L, format = "g")

# Cells of one width with room for a sign, and the line with their common factor.
format_cells <- function(x) {
  numbers <- format_numbers(x)
  width <- max(nchar(sub("^-", "", numbers$text))) + 1L
  list(
    text = formatC(numbers$text, width = width),
    scale = if (numbers$scale != 1) paste(six_digits(numbers$scale), "*")
  )
}

# libtorch's rules: whole numbers without decimals; others with four, those of one
# magnitude that is large or small under a common factor, those of very different
# magnitude in scientific form.
format_numbers <- function(x) {
  if (is.complex(x)) return(format_complex(x))
  if (!is.double(x)) {
    text <- if (is.character(x)) x else as.character(as.integer(x))
    return(list(text = text, scale = 1, decimals = FALSE))
  }
  finite <- abs(x[is.finite(x)])
  if (length(finite) == 0L) finite <- 1
  high <- magnitude(max(finite))
  spread <- high - magnitude(min(finite))
  whole <- all(finite == trunc(finite))
  scientific <- if (whole) high > 9 else spread > 4
  scale <- if (!whole && !scientific && (high > 5 || high < 0)) 10^(high - 1) else 1
  text <- formatC(x / scale,
    digits = if (whole && !scientific) 0L else 4L,
    format = if (scientific) "e" else "f"
  )
  text[!is.finite(x)] <- paste(x[!is.finite(x)])
  list(text = text, scale = scale, decimals = !whole || scientific)
}

format_complex <- function(x) {
  numbers <- format_numbers(c(Re(x), Im(x)))
  real <- numbers$text[seq_along(x)]
  imaginary <- numbers$text[length(x) + seq_along(x)]
  sign <- ifelse(startsWith(imaginary, "-"), "", "+")
  numbers$text <- ifelse(is.na(x) & !is.nan(x), "NA", paste0(real, sign, imaginary, "i"))
  numbers
}

# Digits before the decimal point; 0 and below for numbers less than 1.
magnitude <- function(x) if (x > 0) floor(log10(x)) + 1 else 1
