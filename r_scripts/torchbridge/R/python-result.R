# Results of Python's that are a list of items and more: bridge/values/any_value.py makes them.

#' @export
`$.python_result` <- function(x, name) {
  items <- unclass(x)
  if (name %in% names(items) || !name %in% attr(x, "more")) return(items[[name]])
  dot_call(native()$getattr, attr(x, "python"), name)
}

#' @export
`[[.python_result` <- function(x, ...) {
  if (...length() == 1L && is_string(..1)) eval(call("$", x, ..1)) else unclass(x)[[...]]
}

# A changed copy is a list, for it is no longer what Python gave.
#' @export
`$<-.python_result` <- function(x, name, value) { # nolint: object_name_linter.
  x <- items_of(x)
  x[[name]] <- value
  x
}

#' @export
`[[<-.python_result` <- function(x, ..., value) {
  x <- items_of(x)
  x[[...]] <- value
  x
}

#' @export
`[<-.python_result` <- function(x, ..., value) {
  x <- items_of(x)
  x[...] <- value
  x
}

#' @export
print.python_result <- function(x, ...) {
  print(items_of(x), ...)
  cat("Also there: ", paste0("$", attr(x, "more"), collapse = ", "), "\n", sep = "")
  invisible(x)
}

#' @export
str.python_result <- function(object, ...) str(items_of(object), ...)

#' @export
as.list.python_result <- function(x, ...) items_of(x)

#' @export
.DollarNames.python_result <- function(x, pattern = "") { # nolint: object_name_linter.
  grep(pattern, c(names(x), attr(x, "more")), value = TRUE)
}

items_of <- function(x) {
  attributes(x) <- list(names = names(x))
  x
}
