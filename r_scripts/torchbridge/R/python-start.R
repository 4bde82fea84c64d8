# Starting Python, or joining the one that started R or that reticulate started. Everything else in
# this package reaches Python through native() alone.

# .Call() and .External() under names that R CMD check does not know: it would evaluate
# native(), and so start Python, to look at the first argument.
dot_call <- .Call
dot_external <- .External

# The .Call entries of the native core, Python running.
native <- function() {
  if (is.null(the$native)) start_python()
  the$native
}

# torchbridge.for_r.<name>(x, ...) in Python; x arrives there as it is. An error blames
# the function that called this one.
api <- function(name, x, ...) {
  entries <- native()
  value <- dot_call(entries$api, name, x, list(...))
  if (inherits(value, "integer64") && !requireNamespace("bit64", quietly = TRUE)) {
    # R would take its bits for a double.
    abort(
      sys.call(-1L), "`x` has integers beyond 2^53, for which R needs the package bit64.\n",
      "Install it with `install.packages(\"bit64\")`."
    )
  }
  value
}

#' Start Python
#'
#' Python starts by itself at the first call that needs it; call this to choose which
#' Python, or to see early that it works. In a process that Python itself started (through
#' rpy2), R joins that Python.
#'
#' @param python Path of the Python to use, or `NULL` for the one that
#'   [torchbridge][torchbridge-package] finds. Only before Python has started.
#' @return `NULL`, invisibly.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' start_python()
#' @export
start_python <- function(python = NULL) {
  if (!is.null(python)) check_string(python, "python")
  if (!is.null(the$native)) {
    if (!is.null(python)) refuse_choice(sys.call(), "Python is running")
    return(invisible(NULL))
  }
  if (is.null(getOption("torchbridge.native"))) start_in_r(python, sys.call())
  core <- getLoadedDLLs()[["_native"]]
  entries <- c(
    "call", "call_found", "getattr", "setattr", "import", "api", "is_live", "op", "op1", "op2",
    "index", "index_set", "numbers", "few_numbers", "watch_half", "watch_collection",
    "observe", "observed", "numeric_rule", "numeric_index"
  )
  the$native <- sapply(entries, simplify = FALSE, function(name) {
    getNativeSymbolInfo(paste0("tb_", name), core)$address
  })
  check_version()
  check_blas()
  invisible(NULL)
}

start_in_r <- function(python, call) {
  if (hosted_by_rpy2()) {
    abort(
      NULL, "R runs inside Python (rpy2), and that Python has not started torchbridge.\n",
      "Run `import torchbridge; torchbridge.start()` there first."
    )
  }
  if (has_reticulate_started()) {
    if (!is.null(python)) refuse_choice(call, "reticulate has started one")
    python <- reticulate::py_config()$python
    announce_other(python, ", which reticulate has started.")
  } else {
    choice <- choose_python(python)
    check_python_choice(choice)
    if (is.null(python)) announce_other(choice, " (from ", names(choice), ").")
    python <- absolute_path(unname(choice))
    if (embed_python(python)) return(invisible())
    # reticulate heeds this variable before everything else.
    before <- Sys.getenv("RETICULATE_PYTHON", NA)
    Sys.setenv(RETICULATE_PYTHON = python)
    on.exit(
      if (is.na(before)) {
        Sys.unsetenv("RETICULATE_PYTHON")
      } else {
        Sys.setenv(RETICULATE_PYTHON = before)
      }
    )
  }
  host <- tryCatch(
    import_host(),
    error = function(condition) {
      no_torchbridge(python, condition, reticulate::py_available(initialize = FALSE))
    }
  )
  reticulate::py_to_r(host$attach_to_r())
}

# A Python that runs stays for as long as R does.
no_torchbridge <- function(python, condition, running) {
  abort(
    NULL, "Python at ", python, " can't load torchbridge:\n", conditionMessage(condition), "\n",
    how_to_go_on(python, if (running) "restart R and " else "")
  )
}

# reticulate puts the working directory first on Python's path, and then goes on importing: not
# what lies there, and neither do we.
import_host <- function() {
  start_reticulate()
  reticulate::py_run_string(import_from_elsewhere, local = TRUE, convert = FALSE)
  reticulate::import("torchbridge.process.host", convert = FALSE)
}

import_from_elsewhere <- paste(
  "def start():",
  "    import os, sys",
  "    path = sys.path[:]",
  "    here = os.getcwd() if os.path.isdir('.') else None",
  "    sys.path[:] = [entry for entry in path if os.path.isabs(entry) and entry != here]",
  "    try:",
  "        import torchbridge.process.host",
  "    finally:",
  "        sys.path[:] = path",
  "start()",
  sep = "\n"
)

# reticulate before 1.33 asks a Python about itself with the module imp, which is gone from Python
# 3.12 on: there a module of that name stands on the path meanwhile.
start_reticulate <- function() {
  # A warning that the script failed comes before the error, which says all.
  about_failure <- function(condition) {
    if (grepl("config.py", conditionMessage(condition), fixed = TRUE)) {
      invokeRestart("muffleWarning")
    }
  }
  tryCatch(
    withCallingHandlers(away_from_here(reticulate::py_config()), warning = about_failure),
    error = function(condition) {
      started <- reticulate::py_available(initialize = FALSE)
      if (started || utils::packageVersion("reticulate") >= "1.33") stop(condition)
      start_without_imp()
    }
  )
}

start_without_imp <- function() {
  folder <- system.file("imp", package = "torchbridge", mustWork = TRUE)
  given <- Sys.getenv("PYTHONPATH", NA)
  # An empty one is none: joined, it would be the working directory.
  path <- paste(c(folder, if (!given %in% c(NA, "")) given), collapse = .Platform$path.sep)
  Sys.setenv(PYTHONPATH = path)
  on.exit(if (is.na(given)) Sys.unsetenv("PYTHONPATH") else Sys.setenv(PYTHONPATH = given))
  away_from_here(reticulate::py_config())
  reticulate::py_run_string(paste(
    "def clear(folder):",
    "    import os, sys",
    "    sys.path[:] = [entry for entry in sys.path if entry != folder]",
    "    path = os.environ.get('PYTHONPATH', '').split(os.pathsep)",
    "    os.environ['PYTHONPATH'] = os.pathsep.join(entry for entry in path if entry != folder)",
    paste0("clear(", encodeString(folder, quote = "\""), ")"),
    sep = "\n"
  ), local = TRUE, convert = FALSE)
}

# The value of an expression, with R's own folder as the working directory. What the user's
# PYTHONPATH says of the working directory keeps its meaning.
away_from_here <- function(code) {
  here <- getwd()
  if (is.null(here)) return(code)
  on.exit(setwd(here))
  given <- Sys.getenv("PYTHONPATH")
  parts <- strsplit(paste0(given, .Platform$path.sep), .Platform$path.sep, fixed = TRUE)[[1L]]
  if (nzchar(given) && !all(startsWith(parts, "/"))) {
    Sys.setenv(PYTHONPATH = paste(absolute_path(parts), collapse = .Platform$path.sep))
    on.exit(Sys.setenv(PYTHONPATH = given), add = TRUE)
  }
  setwd(R.home())
  code
}

absolute_path <- function(path) {
  relative <- !startsWith(path, "/")
  path[relative] <- sub("/$", "", file.path(getwd(), path[relative]))
  path
}

refuse_choice <- function(call, why) {
  abort(call, "`python` can't be chosen any more: ", why, ". Restart R to choose another.")
}

# rpy2 says so in the environment, with the number of the process.
hosted_by_rpy2 <- function() {
  parts <- strsplit(Sys.getenv("PYTHON_SESSION_INITIALIZED"), ":", fixed = TRUE)[[1L]]
  paste0("current_pid=", Sys.getpid()) %in% parts
}

check_version <- function() {
  ours <- as.character(utils::packageVersion("torchbridge"))
  theirs <- api("version", NULL)
  if (!identical(ours, theirs)) {
    warning(
      "The R package torchbridge is version ", ours, ", Python's is ", theirs, ".\n",
      "Bring them together: ", if (nzchar(system.file("python", package = "torchbridge"))) {
        "restart R, then torchbridge::install_torch()."
      } else {
        "`python -m torchbridge install-r`."
      },
      call. = FALSE
    )
  }
}

# reticulate may have imported PyTorch before there was anybody to look after its BLAS.
check_blas <- function() {
  plain <- call_python("own_blas.plain_blas")
  if (is.null(plain)) return(invisible())
  warning(
    "PyTorch was imported before torchbridge started: it multiplies matrices with R's BLAS,\n",
    plain, ", which may take twenty times as long. Call start_python() before\n",
    "reticulate::import(\"torch\"), or install OpenBLAS for R.",
    call. = FALSE
  )
}
