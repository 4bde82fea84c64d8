# Checks of arguments: each names the argument and says what would be right.

check_string <- function(x, name, null = FALSE) {
  if (null && is.null(x)) return(invisible())
  if (!is.character(x) || length(x) != 1L || is.na(x)) {
    stop("`", name, "` must be one string", if (null) " or NULL", call. = FALSE)
  }
}

check_flag <- function(x, name) {
  if (!is.logical(x) || length(x) != 1L || is.na(x)) stop("`", name, "` must be TRUE or FALSE", call. = FALSE)
}

# A method of a base generic must take `...`, but a misspelt argument must not vanish in it.
check_no_dots <- function(...) {
  if (...length()) {
    names <- names(list(...))
    shown <- if (is.null(names)) "" else paste0(": ", paste(names[nzchar(names)], collapse = ", "))
    stop("unused argument", if (...length() > 1L) "s", shown, call. = FALSE)
  }
}
