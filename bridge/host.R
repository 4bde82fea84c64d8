# The R side of the native core, loaded into an environment of its own in both
# hosts. Errors, warnings and interrupts of an R function that Python called end here.

# Runs f(args...). Gives list(value), or list(NULL, interrupted, condition, calls).
call_function <- function(f, args) {
  calls <- NULL
  # The call says f(...), where do.call() would put the whole function into it.
  call <- as.call(c(quote(f), quoted(args)))
  where <- environment()
  if (identical(f, call_by_name)) { # by name, so that tracebacks and sys.call() show it
    where <- args[[1L]]
    call <- as.call(c(as.name(args[[2L]]), quoted(args[-(1:2)])))
  }
  tryCatch(
    list(withCallingHandlers(
      eval(call, where),
      error = function(condition) calls <<- as.list(sys.calls()),
      warning = function(condition) {
        if (identical(getOption("torchbridge.host"), "python")) {
          give_warning(conditionMessage(condition))
          invokeRestart("muffleWarning")
        }
      }
    )),
    error = function(condition) list(NULL, FALSE, condition, calls),
    interrupt = function(condition) list(NULL, TRUE, NULL, NULL)
  )
}

# Arguments for a call that is built: code among them stays code.
quoted <- function(args) {
  language <- vapply(args, is.language, NA)
  args[language] <- lapply(args[language], function(arg) call("quote", arg))
  args
}

# In a Python-hosted process R's warnings become Python's; host.py sets this.
give_warning <- function(message) NULL

# What Python's RError says: list(message, calls, classes).
describe_condition <- function(condition, calls) {
  # Data that do.call() put into a call would print for pages: show it as "...".
  short <- function(part) {
    if (is.call(part)) as.call(lapply(part, short))
    else if (is.symbol(part) || (is.atomic(part) && length(part) <= 1L)) part
    else quote(...)
  }
  one_line <- function(call) {
    text <- deparse(short(call), width.cutoff = 80L, nlines = 2L)
    if (length(text) > 1L) paste(text[1L], "...") else text
  }
  # Leave out what this file and R's own machinery put on the stack.
  machinery <- c(
    "call_function", "withCallingHandlers", "tryCatch", "tryCatchList",
    "tryCatchOne", "doTryCatch", ".handleSimpleError", "eval", "h", "list", "stop"
  )
  shown <- function(call) is.call(call[[1L]]) || (is.symbol(call[[1L]]) && !as.character(call[[1L]]) %in% machinery)
  calls <- Filter(shown, calls)
  if (!length(calls)) calls <- Filter(Negate(is.null), list(conditionCall(condition)))
  list(
    enc2utf8(as.character(conditionMessage(condition))[1L]),
    enc2utf8(vapply(calls, one_line, "")),
    class(condition)
  )
}

signal_condition <- function(condition) stop(condition)

# A Python exception as an R condition; the call is the R function that asked. When it
# reaches Python again, the exception itself is raised there.
signal_python_error <- function(message, classes, traceback, exception) {
  call <- sys.call(-1L)
  if (identical(call[[1L]], quote(api))) call <- sys.call(-2L) # the R package's own way in
  stop(structure(
    class = c(classes, "python_error", "error", "condition"),
    list(message = message, call = call, traceback = traceback, exception = exception)
  ))
}

# A Python callable as an R function.
wrap_callable <- function(handle) {
  structure(
    function(...) .Call(native_call, handle, list(...)),
    class = c("python_callable", "python_object"),
    torchbridge_handle = handle
  )
}

native_call <- getNativeSymbolInfo("tb_call", getLoadedDLLs()[["_native"]])$address

set_warning_handler <- function(f) give_warning <<- f

# options() is how the R package finds the core of a process that Python hosts.
set_host <- function(language, library) {
  options(torchbridge.host = language, torchbridge.native = library)
  NULL
}

put_value <- function(environment, value) {
  assign("value", value, envir = environment)
  NULL
}

new_script <- function(file) {
  environment <- new.env(parent = globalenv())
  sys.source(file, environment, keep.source = TRUE)
  environment
}

script_names <- function(environment) sort(ls(environment))
# A function of a script; call_function() knows this one and calls by name itself.
call_by_name <- function(environment, name, ...) NULL
script_get <- function(environment, name) get(name, envir = environment, inherits = FALSE)

new_dgCMatrix <- function(p, i, x, dim) {
  if (!requireNamespace("Matrix", quietly = TRUE)) {
    stop("a sparse tensor needs R's package Matrix: install.packages(\"Matrix\")", call. = FALSE)
  }
  methods::new("dgCMatrix", p = p, i = i, x = x, Dim = as.integer(dim))
}

plain_text <- function(x) as.vector(unclass(x))

# ---- data frames, column by column ----

frame_names <- function(x) as.list(names(x))
frame_rows <- function(x) nrow(x)

# Row names that say something; automatic ones (1, 2, 3, ...) do not.
frame_row_names <- function(x) {
  if (.row_names_info(x) > 0L) as.list(row.names(x)) else NULL
}

new_frame <- function(columns, names, rows, row_names) {
  columns <- as.list(columns)
  attributes(columns) <- list(
    names = as.character(names),
    row.names = if (is.null(row_names)) .set_row_names(rows) else as.character(row_names),
    class = "data.frame"
  )
  columns
}

# pandas' codes count from 0, with -1 for a missing value.
new_factor <- function(codes, levels, ordered) {
  codes[codes < 0L] <- NA_integer_
  structure(codes + 1L,
    levels = as.character(levels),
    class = if (ordered) c("ordered", "factor") else "factor"
  )
}

put_na <- function(x, missing) {
  x[missing] <- NA
  x
}

all_na <- function(n) rep(NA, n)

with_dim <- function(x, dim) {
  dim(x) <- as.integer(dim)
  x
}
