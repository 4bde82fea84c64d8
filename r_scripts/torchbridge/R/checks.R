# Checks of arguments: each names the argument, says what would be right and what
# was given, and blames the call of the user, not that of the check.

abort <- function(call, ...) stop(simpleError(paste0(...), call))

# An error that R's torch package has with a class of its own, such as "value_error".
abort_as <- function(class, call, ...) {
  stop(structure(
    class = c(class, "simpleError", "error", "condition"),
    list(message = paste0(...), call = call)
  ))
}

check_string <- function(x, name, call = sys.call(-1L)) {
  if (!is_string(x)) {
    abort(call, "`", name, "` must be a single string, not ", friendly_type(x), ".")
  }
}

check_flag <- function(x, name, call = sys.call(-1L)) {
  if (!is.logical(x) || length(x) != 1L || is.na(x)) {
    abort(call, "`", name, "` must be `TRUE` or `FALSE`, not ", friendly_type(x), ".")
  }
}

# A dtype or device: Python checks the name itself.
check_name <- function(x, name, example, call = sys.call(-1L)) {
  if (!is.null(x) && !is_string(x) && !is_python(x)) {
    abort(
      call, "`", name, "` must be a name such as \"", example, "\", or NULL, not ",
      friendly_type(x), "."
    )
  }
}

check_na_policy <- function(na, call = sys.call(-1L)) {
  is_number <- (is.numeric(na) || is.logical(na) || is.complex(na)) &&
    length(na) == 1L && (!is.na(na) || is.nan(na))
  if (!is_number && !(is_string(na) && na %in% c("error", "mask"))) {
    given <- if (is_string(na)) paste0("\"", na, "\"") else friendly_type(na)
    abort(call, "`na` must be \"error\", \"mask\" or a number, not ", given, ".")
  }
}

# A method must take `...`, but a misspelt argument must not vanish in it. print() of a
# list passes on what it was given, so methods of print() let its arguments through.
check_no_dots <- function(..., except = character(), call = sys.call(-1L)) {
  if (...length() == 0L) return(invisible())
  names <- ...names()
  if (is.null(names)) names <- character(...length())
  unknown <- !names %in% except
  if (any(unknown)) {
    shown <- ifelse(nzchar(names), paste0("`", names, "`"), "one without a name")[unknown]
    plural <- if (sum(unknown) > 1L) "s"
    abort(call, "Unknown argument", plural, ": ", paste(shown, collapse = ", "), ".")
  }
}

is_string <- function(x) is.character(x) && length(x) == 1L && !is.na(x)

# What x is, in words: "a number", "an integer vector", "a <Date> object".
friendly_type <- function(x) {
  if (is.null(x)) return("NULL")
  if (is.object(x)) return(paste0("a <", class(x)[1L], "> object"))
  if (is.function(x)) return("a function")
  if (is.call(x)) return("a call")
  if (!is.atomic(x)) return(if (is.environment(x)) "an environment" else paste("a", typeof(x)))
  if (length(x) == 1L && is.na(x)) return("NA")
  if (length(x) == 1L && is.numeric(x)) return("a number")
  if (length(x) == 1L && is.logical(x)) return(as.character(x))
  if (length(x) == 1L && is.character(x)) return("a string")
  type <- if (is.double(x)) "numeric" else typeof(x)
  paste(if (type == "integer") "an" else "a", type, if (is.null(dim(x))) "vector" else "array")
}

# `...` by the names of `further`, matched as R matches arguments: by name, by its beginning, by
# place.
matched_further <- function(dots, further, generator, call) {
  if (length(dots) == 0L) return(dots)
  names <- names(dots)
  if (is.null(names)) names <- character(length(dots))
  named <- nzchar(names)
  twice <- anyDuplicated(names[named])
  if (twice) abort(call, "`", names[named][twice], "` is given twice.")
  found <- further[pmatch(names[named], further)]
  left <- setdiff(further, found)
  if (anyNA(found) || sum(!named) > length(left)) {
    known <- c(setdiff(names(formals(generator)), "..."), further)
    unused <- c(names[named][is.na(found)], "one without a name")[1L]
    abort(
      call, "unused argument (", unused, "). There are ", paste0("`", known, "`", collapse = ", "),
      "."
    )
  }
  names[named] <- found
  names[!named] <- left[seq_len(sum(!named))]
  stats::setNames(dots, names)
}
