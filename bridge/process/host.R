# The R side of the native core, loaded into an environment of its own in both
# hosts. Errors, warnings and interrupts of an R function that Python called end here.

# Runs a call of f. An error or interrupt is reported to the core (errors.c) and ends here,
# whatever handlers there are further out; they see it where Python lets it pass. All else is
# theirs: warnings, messages, signals, restarts.
call_function <- function(f, call, outermost) {
  where <- own <- environment()
  if (identical(f, call_by_name)) {
    # By name, so that tracebacks and sys.call() show it.
    where <- call[[2L]]
    call <- as.call(c(as.name(call[[3L]]), as.list(call)[-(1:3)]))
  }
  delayedAssign("leave", return(NULL))
  ended <- function(condition, calls) {
    .Call(native_caught, condition, calls)
    leave
  }
  # Warnings first: a handler sees the errors of those before it.
  withCallingHandlers(
    eval(call, where),
    warning = function(condition) {
      # Before, the handlers of R code that waits for Python have their turn.
      if (identical(getOption("torchbridge.host"), "python") && outermost) {
        give_warning(readable(conditionMessage(condition)))
        invokeRestart("muffleWarning")
      }
    },
    error = function(condition) ended(condition, calls_since(own)),
    interrupt = function(condition) ended(condition, NULL)
  )
}

# The calls from this frame on, where Python called R: what led there is in the tracebacks of those
# further out. sys.calls() would go through all frames for each of them, at every crossing: it takes
# minutes where R and Python call each other hundreds of times.
calls_since <- function(frame) {
  last <- sys.nframe() - 1L
  first <- last
  while (first > 1L && !identical(sys.frame(first), frame)) first <- first - 1L
  # (A finalizer that R runs between two calls may have none.)
  Filter(Negate(is.null), lapply(seq.int(first, length.out = max(0L, last - first + 1L)), sys.call))
}

# Runs what the core has prepared, likewise.
protected <- function() {
  failed <- function(condition) caught(condition, NULL)
  withCallingHandlers(.Call(native_run), error = failed, interrupt = failed)
}

caught <- function(condition, calls) {
  .Call(native_caught, condition, calls)
  invokeRestart("abort")
}

# The message of the error that has just passed these handlers by: the last one's, or "" where
# that is an earlier error's (then it was Ctrl-C). A time limit may come before the handlers stand,
# with a call of this file's; C's stack runs out with no call.
uncaught_message <- function() {
  text <- sub("\n+$", "", sub("\nCalls: .*", "", geterrmessage()))
  limit <- limit_in(text)
  own <- "(withCallingHandlers|protected|call_function|uncaught_message|eval)\\("
  message <- if (nzchar(limit)) {
    limit
  } else if (!grepl(" : ", text, fixed = TRUE)) {
    text
  } else if (grepl(paste0("^[^\n]*", own), text)) {
    sub("^.*? :[ \n]+", "", text, perl = TRUE)
  } else {
    ""
  }
  # It is told once.
  if (nzchar(message)) try(stop(" : ", call. = FALSE), silent = TRUE)
  readable(message)
}

# ---- time limits where R would lose them (limits.c) ----

# What R says of a limit, in the session's language; "" where the text is about something else.
limit_in <- function(text) {
  limits <- c(
    "reached session elapsed time limit", "reached elapsed time limit",
    "reached session CPU time limit", "reached CPU time limit"
  )
  limits <- gettext(limits, domain = "R")
  c(limits[vapply(limits, grepl, NA, x = text, fixed = TRUE)], "")[1L]
}

# What R does meanwhile with an error at its top level, and did before.
at_top_level <- as.call(list(function() {
  lost_limit <<- limit_in(geterrmessage())
  if (nzchar(lost_limit)) .Call(native_limit) else eval(former_option, globalenv())
}))
former_option <- NULL
lost_limit <- ""

watch_limits <- function() {
  former_option <<- getOption("error")
  options(error = at_top_level)
}

unwatch_limits <- function() {
  if (identical(getOption("error"), at_top_level)) options(error = former_option)
}

raise_limit <- function() stop(lost_limit, call. = FALSE)

# In a Python-hosted process R's warnings become Python's; host.py sets this.
give_warning <- function(message) NULL

# What Python's RError says: list(message, calls, classes).
describe_condition <- function(condition, calls) {
  # What called a notebook's cell (notebook.R) is not the user's.
  cell <- which(vapply(calls, function(call) identical(call[[1L]], quote(in_cell)), NA))
  calls <- utils::tail(calls, length(calls) - max(cell, 0L))
  calls <- Filter(is_shown, calls)
  if (length(calls) == 0L) calls <- Filter(Negate(is.null), list(conditionCall(condition)))
  list(
    readable(paste(conditionMessage(condition), collapse = "\n")),
    readable(vapply(calls, one_line, "")),
    class(condition)
  )
}

# In UTF-8; what is no text in its encoding is escaped, so that messages always arrive.
readable <- function(text) {
  known <- Encoding(text) != "bytes"
  text[known] <- enc2utf8(text[known])
  iconv(text, "UTF-8", "UTF-8", sub = "byte")
}

# Leaves out what this file and R's own machinery put on the stack.
is_shown <- function(call) {
  machinery <- c(
    "call_function", "caught", "ended", "in_cell", "withCallingHandlers", "tryCatch", "tryCatchList",
    "tryCatchOne", "doTryCatch", ".handleSimpleError", "eval", "withVisible", "h", "list", "stop"
  )
  called <- call[[1L]]
  if (is.symbol(called)) !as.character(called) %in% machinery else !is.function(called)
}

one_line <- function(call) {
  text <- deparse(without_data(call), width.cutoff = 80L, nlines = 2L)
  if (length(text) > 1L) paste(text[1L], "...") else text
}

# Data that do.call() put into a call would print for pages: here it is "...".
# (No variable may hold a part: of x[, 1] one part is the missing argument.)
without_data <- function(call) {
  if (identical(call[[1L]], quote(`function`))) return(call)
  for (i in seq_along(call)) {
    if (is.call(call[[i]])) {
      call[[i]] <- without_data(call[[i]])
    } else if (!is.symbol(call[[i]]) && !is_constant(call[[i]])) {
      call[[i]] <- quote(...)
    }
  }
  call
}

is_constant <- function(x) is.null(x) || (is.atomic(x) && length(x) <= 1L)

signal_condition <- function(condition) stop(condition)

# A Python exception as an R condition; the call is the R function that asked. When it
# reaches Python again, the exception itself is raised there.
signal_python_error <- function(message, classes, traceback, exception) {
  call <- sys.call(-1L)
  if (identical(call[[1L]], quote(api))) { # the R package's own way in
    call <- sys.call(-2L)
    message <- in_r_words(message)
  } else if (identical(call[[1L]], quote(`$.python_object`))) {
    call[[1L]] <- quote(`$`)
  }
  stop(structure(
    class = c(classes, "python_error", "error", "condition"),
    list(message = message, call = call, traceback = traceback, exception = exception)
  ))
}

# What Python has warned of while R waited: list(message, classes) each, the same ones once.
signal_notes <- function(notes) {
  call <- sys.call(-1L)
  if (identical(call[[1L]], quote(api))) call <- sys.call(-2L)
  for (note in unique(notes)) {
    warning(structure(
      class = c(note[[2L]], "warning", "condition"), list(message = note[[1L]], call = call)
    ))
  }
}

# Messages of torchbridge's own functions, as R writes arguments.
in_r_words <- function(message) {
  message <- sub("^(x|dtype|device|share|na): ", "`\\1`: ", message)
  message <- gsub("\\b(share|na)=", "\\1 = ", message)
  message <- gsub("= True\\b", "= TRUE", message)
  message <- gsub("= False\\b", "= FALSE", message)
  gsub("= '(\\w+)'", "= \"\\1\"", message)
}

# A Python callable as an R function: one that R looked up gets vectors as lists, as Python's
# functions want sizes and the like; a callback, which Python gave to an R function, as arrays.
#
# None is nothing to show.
wrap_callable <- function(handle) as_callable(handle, function(...) {
  if (identical(native_call, gone)) return(call_again(handle, list(...)))
  if (is.null(value <- .Call(native_call, handle, list(...)))) invisible() else value
})
wrap_callback <- function(handle) as_callable(handle, function(...) {
  if (identical(native_call_back, gone)) return(call_again(handle, list(...)))
  if (is.null(value <- .Call(native_call_back, handle, list(...)))) invisible() else value
})
as_callable <- function(handle, wrapped) {
  attributes(wrapped) <- list(class = callable_class, torchbridge_handle = handle)
  wrapped
}
callable_class <- c("python_callable", "python_object")

# An nn.Module as the R package's nn_module: its function and its R half (modules.py).
wrap_module <- function(handle, ...) {
  if (!isNamespaceLoaded("torchbridge")) return(wrap_callable(handle))
  getNamespace("torchbridge")$wrap_module(handle, ...)
}

# A Python result with more than its items (values/any_value.py): their list, which knows the rest.
new_result <- function(items, object, more) {
  if (isNamespaceLoaded("torchbridge")) {
    attributes(items) <- list(
      names = names(items), class = c("python_result", "list"), python = object, more = more
    )
  }
  items
}

# The R half of a module that readRDS() has read (frozen.py).
saved_half <- function(access) getNamespace("torchbridge")$saved_half(access)

# The functions of another file of these.
add_helpers <- function(file) {
  sys.source(file, environment(add_helpers))
  NULL
}

native_entry <- function(name) {
  getNativeSymbolInfo(paste0("tb_", name), getLoadedDLLs()[["_native"]])$address
}
native_call <- native_entry("call_found")
native_call_back <- native_entry("call_back")
# What becomes of it, and so of every wrapped callable, in readRDS().
gone <- unserialize(serialize(native_call, NULL))
# There the R package knows the way.
call_again <- function(handle, arguments) {
  if (!requireNamespace("torchbridge", quietly = TRUE)) {
    stop("this Python function is from another R session: its memory is gone; make it again")
  }
  getNamespace("torchbridge")$call_again(handle, arguments)
}
native_run <- native_entry("run")
native_caught <- native_entry("caught")
native_limit <- native_entry("limit")

# What Python prints (output.py).
write_to <- function(text, connection) {
  cat(text, file = if (connection == "stderr") stderr() else "")
}

set_warning_handler <- function(f) give_warning <<- f

# Seconds from UTC of instants (seconds since 1970) in a time zone; NULL for one that R has not.
zone_offsets <- function(seconds, zone) {
  if (zone %in% OlsonNames()) as.integer(as.POSIXlt(.POSIXct(seconds, zone), zone)$gmtoff)
}

# The zone in which R shows times that have none; UTC where it has no name that others know.
session_zone <- function() {
  set <- Sys.getenv("TZ")
  if (!identical(set, zone_for)) {
    zone <- sub("^:", "", if (nzchar(set)) set else system_zone())
    clocks <- function(...) format(.POSIXct(c(1.70e9, 1.72e9), ...), "%H:%M") # winter, summer
    known <- zone %in% OlsonNames() && identical(clocks(), clocks(zone)) &&
      !identical(clocks(), clocks("UTC"))
    zone_of_session <<- if (known) zone else "UTC"
    zone_for <<- set
  }
  zone_of_session
}
zone_of_session <- "UTC"
zone_for <- NULL

# Sys.timezone() asks the system's services, which print where they are not there.
system_zone <- function() {
  file <- normalizePath("/etc/localtime", mustWork = FALSE)
  if (grepl("/zoneinfo/", file)) return(sub(".*/zoneinfo/((posix|right)/)?", "", file))
  if (file.exists("/etc/timezone")) readLines("/etc/timezone", n = 1L, warn = FALSE) else ""
}

# options() is how the R package finds the core of a process that Python hosts.
set_host <- function(language, library) {
  options(torchbridge.host = language, torchbridge.native = library)
  NULL
}

# ---- scripts and packages ----

# Classes and generics belong to the workspace, as with source(): R finds a class again by the
# name of a package, which an environment of ours has not.
new_script <- function(file, text) {
  environment <- new.env(parent = globalenv())
  before <- ls(globalenv(), all.names = TRUE)
  if (is.null(text)) {
    sys.source(file, environment, keep.source = TRUE, toplevel.env = globalenv())
  } else {
    for (expression in parse(text = text, keep.source = TRUE, encoding = "UTF-8")) {
      eval(expression, environment)
    }
  }
  for (name in setdiff(ls(globalenv()), before)) { # the script's generics are its functions, too
    generic <- get(name, globalenv())
    if (is.function(generic) && isS4(generic)) assign(name, generic, environment)
  }
  environment
}

names_in <- function(environment) sort(ls(environment))
value_of <- function(environment, name) get(name, envir = environment, inherits = FALSE)
# A function of a script or package; call_function() knows this one and calls by name itself.
call_by_name <- function(environment, name, ...) NULL

package_environment <- function(name, attached) {
  if (!nzchar(system.file(package = name))) return(NULL)
  if (attached) library(name, character.only = TRUE)
  loadNamespace(name)
}
package_names <- function(name) {
  if (name == "base") return(sort(ls(baseenv())))
  sort(union(getNamespaceExports(name), ls(getNamespaceInfo(name, "lazydata"))))
}
package_value <- function(package, name) getExportedValue(package, name)

# Arguments and R's text of their defaults; NULL where there is none.
arguments_of <- function(environment, name) formals_of(get(name, envir = environment))
formals_of <- function(f) {
  lapply(formals(args(f)), function(default) {
    if (!identical(default, quote(expr = ))) paste(deparse(default, 500L), collapse = "\n")
  })
}

# The names that arguments may have: also those of a generic's method for an object of these classes,
# and of its default method.
known_arguments <- function(environment, name, classes) {
  f <- get(name, envir = environment)
  known <- names(formals(args(f)))
  if ("..." %in% known && utils::isS3stdGeneric(f)) {
    for (class in c(unlist(classes), "default")) {
      method <- utils::getS3method(name, class, optional = TRUE, envir = environment)
      if (!is.null(method)) known <- union(known, names(formals(method)))
    }
  }
  as.character(known)
}

# The text of a help page, or NULL.
help_text <- function(topic, package) {
  text <- NULL
  old <- options(useFancyQuotes = FALSE, pager = function(files, ...) {
    text <<- readLines(files[1L], encoding = "UTF-8")
  })
  on.exit(options(old))
  page <- utils::help((topic), (package), help_type = "text")
  if (length(page)) print(page)
  if (!is.null(text)) readable(paste(gsub("_\b", "", text, fixed = TRUE), collapse = "\n"))
}

new_sparse <- function(class, p, i, x, dim) {
  if (!requireNamespace("Matrix", quietly = TRUE)) {
    stop("a sparse matrix needs R's package Matrix: install.packages(\"Matrix\")", call. = FALSE)
  }
  methods::new(class, p = p, i = i, x = x, Dim = as.integer(dim))
}

# A sparse matrix of any class of Matrix as a dgCMatrix or lgCMatrix.
general_columns <- function(x) {
  loadNamespace("Matrix")
  methods::validObject(x) # Matrix's conversions trust it
  x <- methods::as(methods::as(x, "CsparseMatrix"), "generalMatrix")
  if (methods::is(x, "nMatrix")) methods::as(x, "lMatrix") else x
}

# The same, and a dense matrix of Matrix as R's own.
sparse_or_plain <- function(x) {
  loadNamespace("Matrix")
  if (!methods::is(x, "denseMatrix")) return(general_columns(x))
  methods::validObject(x)
  methods::as(x, "matrix")
}

plain_text <- function(x) as.vector(unclass(x))

# A Python object that reticulate holds, left where Python takes it (reticulate_objects.py).
leave_object <- function(x) reticulate::import("torchbridge.for_r", convert = FALSE)$put(x)

# ---- data frames, column by column ----

frame_names <- function(x) as.list(names(x))
frame_rows <- function(x) nrow(x)

# Where the Arrow stream of an object of the packages arrow and nanoarrow lies: an address, and what
# holds what is there. `room` is an address with room for one.
arrow_stream <- function(x, room) {
  of <- function(package, name) getExportedValue(package, name)
  if (inherits(x, "nanoarrow_array")) x <- of("nanoarrow", "as_nanoarrow_array_stream")(x)
  if (inherits(x, "nanoarrow_array_stream")) {
    return(list(of("nanoarrow", "nanoarrow_pointer_addr_dbl")(x), x))
  }
  of("arrow", "as_record_batch_reader")(x)$export_to_c(room)
  list(room, x)
}

all_na <- function(n) rep(NA, n)

with_dim <- function(x, dim) {
  dim(x) <- as.integer(dim)
  x
}

has_inner_names <- function(x) {
  any(vapply(x, function(part) is.atomic(part) && !is.null(names(part)), NA))
}

with_attribute <- function(x, name, value) {
  attr(x, name) <- value
  x
}
