# Python code, iteration, contexts and help. Python's side is bridge/values: main_module.py and
# objects.py there.

#' Run Python code
#'
#' `py_run()` runs Python code in Python's main module and gives that module: `$` reads and sets
#' its variables. They stay for later calls, which may be of other code.
#'
#' Code that begins with spaces on every line is moved to the left. Errors are R errors of the
#' exception's class, whose traceback shows the lines. While a file runs, its folder is the first
#' that `import` looks into.
#'
#' Functions that ask who called them, such as `eval()`, `globals()` or the `query()` of a pandas
#' frame, find the main module as their caller.
#'
#' @param code Python code: one string, or a vector of lines.
#' @param file Path of a Python file to run instead. One string for `code` that ends in `.py` and
#'   is the path of a file means that file.
#' @param convert Do the variables become R values when they are read? See [py_import()].
#' @return The main module, invisibly: a Python object.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' py <- py_run("
#'   from fractions import Fraction
#'   def half(x):
#'       return Fraction(x) / 2
#' ")
#' py$half(3L)
#' py$limit <- 10L
#' py_run("squares = [i ** 2 for i in range(limit)]")$squares
#' @export
py_run <- function(code = NULL, file = NULL, convert = TRUE) {
  if (is.null(code) == is.null(file)) {
    abort(sys.call(), "Give Python code as `code`, or the path of a Python file as `file`.")
  }
  check_flag(convert, "convert")
  if (is.null(file) && is_string(code) && grepl("^[^\n]+[.]py$", code) && file.exists(code)) {
    file <- code
  }
  if (is.null(file)) {
    if (!is.character(code) || anyNA(code)) {
      abort(sys.call(), "`code` must be Python code as text, not ", friendly_type(code), ".")
    }
    code <- paste(code, collapse = "\n")
  } else {
    check_string(file, "file")
    if (!utils::file_test("-f", file)) abort(sys.call(), "`file`: there is no file ", file, ".")
    code <- NULL
  }
  main <- call_python("main.run", code, file)
  invisible(if (convert) main else unconverted(main))
}

#' Python's iteration, contexts and help
#'
#' `py_iterate()` calls an R function on each item that a Python object gives, one at a time: a
#' generator, a reader of a large file. `with()` evaluates R code within a Python context
#' manager, as Python's `with` does: what it opened is closed, whatever happens. `py_doc()` shows
#' what Python's `help()` shows.
#'
#' `for` and `lapply()` take `as.list(x)`, which holds all items; with the package coro
#' `coro::loop(for (item in x) ...)` takes them one at a time, too.
#'
#' @param x A Python object that can be iterated over; of `py_doc()` any Python object.
#' @param f A function of one item.
#' @param data A context manager of Python's, such as an open file.
#' @param expr R code.
#' @param as A name for what the context manager gives: a variable that `expr` sees (and that
#'   stays, as Python's does).
#' @param ... Not used.
#' @return `py_iterate()`: a list of what `f` gave. `with()`: the value of `expr`; `NULL` where the
#'   context manager took care of an error. `py_doc()`: the text, invisibly.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' numbers <- py_run("numbers = (i ** 2 for i in range(4))")$numbers
#' unlist(py_iterate(numbers, sqrt))
#'
#' tempfile <- py_import("tempfile")
#' with(tempfile$TemporaryDirectory(), as = folder, {
#'   writeLines("gone afterwards", file.path(folder, "note.txt"))
#'   list.files(folder)
#' })
#' py_doc(py_import("math")$sqrt)
#' @export
py_iterate <- function(x, f = identity) {
  check_python_object(x, "x")
  f <- match.fun(f)
  items <- api("objects.iterator", x)
  if (inherits(x, "python_unconverted")) class(items) <- unconverted_class
  results <- list()
  while (!is.null(step <- ask(items, "advance"))) {
    results[length(results) + 1L] <- list(f(step$value))
  }
  results
}

#' @rdname py_iterate
#' @export
with.python_object <- function(data, expr, as = NULL, ...) {
  check_no_dots(...)
  as <- if (missing(as)) attr(data, "as", exact = TRUE) else as.character(substitute(as))
  entered <- ask(data, "enter")
  inside <- TRUE
  on.exit(if (inside) api("objects.leave", data, NULL, NULL, NULL))
  if (length(as) == 1L) assign(as, entered, envir = parent.frame())
  tryCatch(expr, error = function(condition) {
    inside <<- FALSE
    taken_care_of <- api(
      "objects.leave", data, conditionMessage(condition), class(condition), condition$exception
    )
    if (!taken_care_of) stop(condition)
    invisible()
  })
}

#' @rdname py_iterate
#' @export
py_doc <- function(x) {
  check_python_object(x, "x")
  text <- api("objects.documentation", x)
  if (interactive()) {
    page <- tempfile(fileext = ".txt")
    on.exit(unlink(page))
    writeLines(text, page, useBytes = TRUE)
    file.show(page, encoding = "UTF-8")
  } else {
    cat(text, sep = "\n")
  }
  invisible(text)
}

#' @rawNamespace S3method(coro::as_iterator,python_object)
as_iterator.python_object <- function(x) { # nolint: object_name_linter.
  items <- api("objects.iterator", x)
  if (inherits(x, "python_unconverted")) class(items) <- unconverted_class
  function() {
    step <- ask(items, "advance")
    if (is.null(step)) coro::exhausted() else step$value
  }
}

check_python_object <- function(x, name, call = sys.call(-1L)) {
  if (!is_python(x)) {
    abort(call, "`", name, "` must be a Python object, not ", friendly_type(x), ".")
  }
}
