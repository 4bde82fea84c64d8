# R's functions that make text of numbers, inside a differentiated function: of the numbers that
# tensors hold, so that what a user's function tells on its way reads as it does without tensors.
# Tests: test-autodiff-text.R.

text_constructs <- list(
  cat = function(..., file = "", sep = " ", fill = FALSE, labels = NULL, append = FALSE) {
    parts <- lapply(list(...), plain_part)
    do.call(base::cat, c(parts, list(
      file = file, sep = sep, fill = fill, labels = labels, append = append
    )), quote = TRUE)
  },
  sprintf = function(fmt, ...) do.call(base::sprintf, c(list(fmt), lapply(list(...), plain_part))),
  gettextf = function(fmt, ...) {
    do.call(base::gettextf, c(list(fmt), lapply(list(...), plain_part)))
  },
  formatC = function(x, ...) base::formatC(plain_part(x), ...),
  prettyNum = function(x, ...) base::prettyNum(plain_part(x), ...)
)

#' @export
as.character.torch_numeric <- function(x, ...) as.character(as.vector(plain_values(x)), ...)

#' @export
format.torch_numeric <- function(x, ...) format(plain_part(x), ...)
