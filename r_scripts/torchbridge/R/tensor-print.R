# Tensors printed as R users of torch know them: bridge/rtorch/printing.py makes the lines.

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
  about <- api("printing.describe", object, 10)
  values <- utils::head(as.vector(about$values), 10L)
  text <- if (is.numeric(values)) format(values, trim = TRUE, digits = 3L) else values
  more <- if (length(values) > 0L && length(object) > length(values)) "..."
  cat(" ", paste(c("torch_tensor", about$footer, text, more), collapse = " "), "\n", sep = "")
}

check_lines <- function(n, call = sys.call(-1L)) {
  if (!is.numeric(n) || length(n) != 1L || is.na(n)) {
    abort(call, "`n` must be a number of lines, or -1 for all, not ", friendly_type(n), ".")
  }
}

tensor_lines <- function(x, n) {
  if (!is_live(x)) return(gone_text(x))
  api("printing.lines", x, if (n < 0) Inf else max(n, 1), getOption("width"))
}

# NULL for a nested tensor, which has none: Python's text says what is in it.
shape_shown <- function(x) tryCatch(dim(x), TypeError = function(condition) NULL)
