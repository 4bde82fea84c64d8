# Tensors printed as R users of torch know them: values, then device, type and shape.

#' @rdname tensor_methods
#' @export
print.torch_tensor <- function(x, n = 30, ...) {
  check_no_dots(...)
  cat(format_tensor(x, n), sep = "\n")
  invisible(x)
}

#' @rdname tensor_methods
#' @export
format.torch_tensor <- function(x, n = 30, ...) {
  check_no_dots(...)
  paste(format_tensor(x, n), collapse = "\n")
}

#' @rdname tensor_methods
#' @rawNamespace S3method(utils::str,torch_tensor)
str.torch_tensor <- function(object, ...) {
  if (!is_live(object)) {
    cat(" torch_tensor of another session\n")
    return(invisible())
  }
  about <- api("describe", object, 10L)
  values <- utils::head(as.vector(about$values), 10L)
  more <- if (prod(about$shape) > length(values)) "..."
  cat(" torch_tensor ", footer(about), " ", paste(c(format_numbers(values), more), collapse = " "), "\n", sep = "")
}

format_tensor <- function(x, n) {
  if (!is_live(x)) return("<torch_tensor of another session>")
  most <- if (n < 0) .Machine$integer.max else max(as.integer(n), 1L)
  about <- api("describe", x, most)
  body <- if (is.null(about$values)) character() else format_body(about$values)
  cut <- length(body) > most || any(about$shape > most)
  c(
    "torch_tensor",
    if (cut) utils::head(body, most) else body,
    if (cut) "... [the output was cut (use n = -1 to see all)]",
    footer(about)
  )
}

footer <- function(about) {
  paste0(
    "[ ", about$type, "{", paste(unlist(about$shape), collapse = ","), "} ]",
    if (!is.null(about$grad_fn)) paste0("[ grad_fn = <", about$grad_fn, "> ]")
    else if (about$requires_grad) "[ requires_grad = TRUE ]"
  )
}

# A vector one value a line; a matrix by rows; an array slice by slice over its last two dims.
format_body <- function(values) {
  text <- formatC(format_numbers(values), width = 0L)
  text[] <- formatC(text, width = max(nchar(text), 0L))
  shape <- dim(values)
  if (length(values) == 0L) return(character())
  if (is.null(shape)) return(paste0(" ", text))
  dim(text) <- shape
  by_rows <- function(slice) apply(slice, 1L, function(row) paste0(" ", row, collapse = ""))
  rank <- length(shape)
  if (rank == 2L) return(by_rows(text))
  leading <- shape[seq_len(rank - 2L)]
  unlist(lapply(seq_len(prod(leading)), function(k) {
    # The last of the leading dims runs fastest, as in PyTorch.
    index <- rev(arrayInd(k, rev(leading)))
    slice <- do.call(`[`, c(list(text), as.list(index), TRUE, TRUE, drop = FALSE))
    dim(slice) <- shape[rank - 1:0]
    c(paste0("(", paste(index, collapse = ","), ",.,.) = "), by_rows(slice))
  }))
}

# Whole numbers without decimals, others with four; very large or small ones in scientific form.
format_numbers <- function(x) {
  if (is.logical(x)) return(ifelse(x, "1", "0"))
  if (is.raw(x)) return(as.character(as.integer(x)))
  if (!is.double(x) || inherits(x, "integer64")) return(format(x, trim = TRUE))
  finite <- abs(x[is.finite(x)])
  if (all(finite == trunc(finite) & finite < 1e8)) return(format(x, trim = TRUE, scientific = FALSE))
  wide <- any(finite >= 1e5) || any(finite > 0 & finite < 1e-4)
  ifelse(is.finite(x), formatC(x, digits = 4L, format = if (wide) "e" else "f"), as.character(x))
}
