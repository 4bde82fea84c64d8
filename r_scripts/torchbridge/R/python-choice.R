# Which Python. It is chosen when this package is loaded, so that reticulate starts the same one
# where it is used first; what reticulate was told to use is followed, or the user hears why not.
# Tests: test-python-start.R.

# At load: what reticulate starts where nobody tells it otherwise. A python3 that merely is on PATH
# is no choice of anybody's: there reticulate goes on looking as it does alone.
suggest_python <- function() {
  if (hosted_by_rpy2()) return(invisible())
  choice <- python_choices()
  if (length(choice) > 0L && names(choice)[1L] != "PATH" && is_executable(choice[[1L]])) {
    Sys.setenv(RETICULATE_PYTHON_FALLBACK = absolute_path(path.expand(choice[[1L]])))
  }
}

# At library(): says what was chosen, or has started already. Whether use_python() was called is not
# asked here, as reticulate takes most of a second to answer.
announce_python <- function() {
  if (hosted_by_rpy2()) return(invisible())
  if (has_reticulate_started()) {
    python <- reticulate::py_config()$python
    packageStartupMessage("torchbridge: Python is ", python, ", which reticulate has started.")
    return(invisible())
  }
  choice <- tryCatch(choose_python(asking = FALSE), error = function(condition) NULL)
  # A python3 that merely is on PATH may have nothing of ours, and asking it takes time.
  if (is.null(choice) || names(choice) == "PATH") return(invisible())
  the$announced <- choice[[1L]]
  unless <- if (isNamespaceLoaded("reticulate") && !grepl("RETICULATE", names(choice))) {
    ", unless reticulate was told another"
  }
  packageStartupMessage(
    "torchbridge: Python is ", choice, " (from ", names(choice), ")", unless, "."
  )
}

# Where it becomes another one after all.
announce_other <- function(python, ...) {
  if (!is.null(the$announced) && !same_python(python, the$announced)) {
    message("torchbridge: Python is ", python, ...)
  }
}

has_reticulate_started <- function() {
  isNamespaceLoaded("reticulate") && reticulate::py_available(initialize = FALSE)
}

find_python <- function(python = NULL) unname(choose_python(python))

# The path of the Python to start, its name what says so. `asking`: whether reticulate is asked.
choose_python <- function(python = NULL, asking = TRUE) {
  choices <- python_choices(python, if (is.null(python)) told_to_reticulate(asking))
  if (length(choices) == 0L) {
    abort(NULL, no_python_yet)
  }
  # Not normalised: the python of a virtual environment is a link, and the link is what counts.
  choices[] <- path.expand(choices)
  chosen <- choices[1L]
  if (!is_executable(chosen)) {
    abort(
      NULL, "There is no Python at ", chosen, " (from ", names(chosen), ").\n",
      "Name another with `start_python(\"/path/to/python\")`."
    )
  }
  chosen
}

python_choices <- function(python = NULL, told = NULL) {
  configured <- system.file("python.txt", package = "torchbridge")
  installed <- installed_python()
  environment <- Sys.getenv("VIRTUAL_ENV")
  choices <- c(
    "the argument `python`" = python,
    "the environment variable TORCHBRIDGE_PYTHON" = Sys.getenv("TORCHBRIDGE_PYTHON"),
    told,
    "`python -m torchbridge install-r`" = if (nzchar(configured)) readLines(configured, n = 1L),
    "`install_torch()`" = installed,
    "the environment variable VIRTUAL_ENV" =
      if (nzchar(environment)) file.path(environment, "bin", "python")
  )
  choices <- choices[nzchar(choices)]
  if (length(choices) > 0L) return(choices)
  # R asks a process of its own for it.
  last <- Sys.which("python3")
  if (nzchar(last)) c("PATH" = unname(last))
}

# What install_torch() made, while it is there.
installed_python <- function() {
  file <- choice_file()
  python <- if (file.exists(file)) readLines(file, n = 1L)
  if (length(python) == 1L && is_executable(path.expand(python))) python
}

# What reticulate was told to use: a path, its name who told; NULL where nobody did. In reticulate's
# own order, which it is asked for where it can have been told.
told_to_reticulate <- function(asking = TRUE) {
  variable <- Sys.getenv("RETICULATE_PYTHON")
  if (nzchar(variable) && variable != "managed") {
    if (dir.exists(variable)) variable <- file.path(variable, "bin", "python")
    return(c("the environment variable RETICULATE_PYTHON" = variable))
  }
  named <- nzchar(Sys.getenv("RETICULATE_PYTHON_ENV"))
  if (!asking || !(named || isNamespaceLoaded("reticulate"))) return(NULL)
  config <- tryCatch(
    suppressWarnings(reticulate::py_discover_config()),
    error = function(condition) NULL
  )
  if (named) {
    c("the environment variable RETICULATE_PYTHON_ENV" = config$python)
  } else if (any(grepl("^use_python(\\(\\))? function$", config$forced))) {
    c("`reticulate::use_python()`" = config$python)
  }
}

is_executable <- function(path) utils::file_test("-x", path) && !utils::file_test("-d", path)

# Before anything starts: a Python that reticulate was told to use may have no torchbridge, and one
# that was told to us may not be the one that reticulate was told.
check_python_choice <- function(choice) {
  from <- names(choice)
  if (from %in% c("PATH", "the environment variable VIRTUAL_ENV") && !has_torchbridge(choice)) {
    abort(NULL, no_python_yet)
  }
  if (grepl("reticulate|RETICULATE", from) && !has_torchbridge(choice)) {
    abort(
      NULL, "Python at ", choice, " (from ", from, ") has no torchbridge.\n", how_to_go_on(choice)
    )
  }
  if (!grepl("TORCHBRIDGE_PYTHON", from)) return(invisible())
  told <- told_to_reticulate()
  if (!is.null(told) && !same_python(told, choice)) {
    message(
      "torchbridge: Python is ", choice, " (from ", from, "), and not ", told, " (from ",
      names(told), ")."
    )
  }
}

# Asked in a process of its own, where it is not known; the working directory does not count.
has_torchbridge <- function(python) {
  ours <- python_choices()[c("`python -m torchbridge install-r`", "`install_torch()`")]
  if (same_python(python, c(ours[!is.na(ours)], "")[[1L]])) return(TRUE)
  code <- paste0(
    "import sys, importlib.util; sys.path = [entry for entry in sys.path if entry]; ",
    "sys.exit(importlib.util.find_spec('torchbridge') is None)"
  )
  system2(python, c("-c", shQuote(code)), stdout = FALSE, stderr = FALSE) == 0L
}

how_to_go_on <- function(python, before = "") {
  paste0(
    "Install it there with `", python, " -m pip install torchbridge`, or ", before,
    "choose another Python with `start_python(\"/path/to/python\")`."
  )
}

# Of one environment: the folder counts, not the name of the link in it.
same_python <- function(one, other) {
  folder <- function(path) normalizePath(dirname(path.expand(path)), mustWork = FALSE)
  identical(folder(one), folder(other))
}
