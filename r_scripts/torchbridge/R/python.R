# Starting Python, or joining the one that started R. Everything else in this package
# reaches Python through native() alone.

the <- new.env(parent = emptyenv())

# The .Call entries of the native core, Python running.
native <- function() {
  if (is.null(the$native)) start_python()
  the$native
}

# torchbridge.r_api.<name>(x, ...) in Python; x arrives there as it is.
api <- function(name, x, ...) .Call(native()$api, name, x, list(...))

#' Start Python
#'
#' Python starts by itself at the first call that needs it; call this to choose which
#' Python, or to see early that it works. In a process that Python itself started (through
#' rpy2), R joins that Python.
#'
#' @param python Path of the Python to use, or `NULL` for the one that
#'   [torchbridge][torchbridge-package] finds. Only before Python has started.
#' @return `NULL`, invisibly.
#' @examples
#' \dontrun{
#' start_python("~/venv/bin/python")
#' }
#' @export
start_python <- function(python = NULL) {
  check_string(python, "python", null = TRUE)
  if (!is.null(the$native)) {
    if (!is.null(python)) stop("`python` cannot be chosen any more: Python is running", call. = FALSE)
    return(invisible(NULL))
  }
  if (is.null(getOption("torchbridge.native"))) start_in_r(python)
  dll <- getLoadedDLLs()[["_native"]]
  entries <- c("call", "getattr", "setattr", "import", "api", "is_live")
  the$native <- lapply(
    stats::setNames(paste0("tb_", entries), entries),
    function(name) getNativeSymbolInfo(name, dll)$address
  )
  check_version()
  invisible(NULL)
}

start_in_r <- function(python) {
  if (hosted_by_rpy2()) {
    stop(
      "R runs inside Python (rpy2), and that Python has not started torchbridge: ",
      "run `import torchbridge; torchbridge.start()` there first",
      call. = FALSE
    )
  }
  if (reticulate::py_available(initialize = FALSE)) {
    if (!is.null(python)) stop("`python` cannot be chosen any more: reticulate has started one", call. = FALSE)
  } else {
    # reticulate heeds this variable before everything else.
    Sys.setenv(RETICULATE_PYTHON = find_python(python))
  }
  host <- tryCatch(
    reticulate::import("torchbridge.host", convert = FALSE),
    error = function(condition) {
      stop(
        "Python at ", Sys.getenv("RETICULATE_PYTHON", "(reticulate's choice)"),
        " could not load torchbridge: ", conditionMessage(condition),
        "\nInstall it there with `python -m pip install torchbridge`, or choose another Python: ",
        "start_python(\"/path/to/python\")",
        call. = FALSE
      )
    }
  )
  reticulate::py_to_r(host$attach_to_r())
}

# rpy2 says so in the environment, with the number of the process.
hosted_by_rpy2 <- function() {
  session <- Sys.getenv("R_SESSION_INITIALIZED")
  grepl("rpy2", session, fixed = TRUE) && grepl(paste0("PID=", Sys.getpid(), ":"), session, fixed = TRUE)
}

find_python <- function(python = NULL) {
  configured <- system.file("python.txt", package = "torchbridge")
  environment <- Sys.getenv("VIRTUAL_ENV")
  choices <- c(
    python,
    Sys.getenv("TORCHBRIDGE_PYTHON"),
    if (nzchar(configured)) readLines(configured, n = 1L),
    Sys.getenv("RETICULATE_PYTHON"),
    if (nzchar(environment)) file.path(environment, "bin", "python"),
    Sys.which("python3")
  )
  choices <- choices[nzchar(choices)]
  if (!length(choices)) {
    stop("no Python was found; install Python 3.10 or later, or name one: start_python(\"/path/to/python\")",
      call. = FALSE
    )
  }
  # Not normalised: the python of a virtual environment is a link, and the link is what counts.
  chosen <- path.expand(choices[[1L]])
  if (!file.exists(chosen)) stop("there is no Python at ", chosen, call. = FALSE)
  chosen
}

check_version <- function() {
  ours <- as.character(utils::packageVersion("torchbridge"))
  theirs <- api("version", NULL)
  if (!identical(ours, theirs)) {
    warning(
      "the R package torchbridge is version ", ours, " and Python's is ", theirs,
      "; bring them together with `python -m torchbridge install-r`",
      call. = FALSE
    )
  }
}
