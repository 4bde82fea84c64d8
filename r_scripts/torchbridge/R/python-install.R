# From R, first: install_torch() makes the Python that this package needs, with PyTorch and the
# Python half of torchbridge, which the package's source archive carries (`make dist`).
# Tests: test-python-install.R.

# What a call says that needs Python where there is none with torchbridge.
no_python_yet <- paste0(
  "Python with PyTorch and torchbridge is not here yet. To install it: ",
  "torchbridge::install_torch()"
)

#' Install PyTorch
#'
#' Once after `install.packages("torchbridge")`, and again after an update of it. Finds the Python
#' environment that torchbridge uses, or makes one, and installs into it PyTorch and the Python half
#' of torchbridge that this package carries; then checks it as `python -m torchbridge doctor` does.
#' The Python of the system is never written to. Where all of it is there already, nothing happens.
#'
#' The environment is a virtual environment: that which you name, or that which this package uses
#' already, or `r-torchbridge` where reticulate keeps its own (`~/.virtualenvs`). `uv` makes it and
#' fills it where it is installed, else the Python's own venv and pip.
#'
#' torchbridge's core and rpy2 are compiled for your R: that takes a C compiler, R's headers and
#' Python's. They are looked for before anything is downloaded.
#'
#' @param reinstall Install again what is there already? PyTorch is then updated, too.
#' @param ... Arguments of R torch's own `install_torch()` (`version`, `type`, ...), which has other
#'   files: not used.
#' @param .inform_restart Not used.
#' @param backend Which PyTorch: `"cpu"`, `"cu126"`, ... as `uv --torch-backend` takes them. `NULL`
#'   chooses: by the driver of this machine's GPU where there is `uv`; else PyTorch as Python's
#'   package index has it, which on Linux is that for NVIDIA's GPUs and CPUs, 3 GB large. A name
#'   needs `uv`, or `index`.
#' @param index Address of the package index that PyTorch is to come from, such as a mirror; what
#'   else is needed comes from the index that pip or uv is set to.
#' @param environment Folder of the virtual environment; made where there is none. `NULL`: see
#'   above.
#' @param python The Python to make an environment of, 3.10 or later; `NULL` looks on `PATH`.
#' @return The path of the environment's Python, invisibly.
#' @examplesIf interactive()
#' install_torch()
#' install_torch(backend = "cpu")
#' @export
install_torch <- function(reinstall = FALSE, ..., .inform_restart = TRUE, backend = NULL,
                          index = NULL, environment = NULL, python = NULL) {
  call <- sys.call()
  check_flag(reinstall, "reinstall")
  check_install_names(backend, index, environment, python, call)
  if (!is.null(the$native) || has_reticulate_started() || hosted_by_rpy2()) {
    return(running_torch(reinstall, call))
  }
  if (is.null(environment)) environment <- found_environment()
  place <- absolute_path(path.expand(environment))
  program <- file.path(place, "bin", "python")
  if (!reinstall && is_complete(program)) {
    keep_choice(program)
    message("PyTorch and torchbridge are in ", place, "; there is nothing to install.")
    return(invisible(program))
  }
  half <- python_half(call)
  uv <- unname(Sys.which("uv"))
  check_build_tools(call)
  base <- if (!is_executable(program)) base_python(python, uv, call)
  steps <- install_steps(place, base, half, uv, backend, index, reinstall, call)
  message(what_to_expect(place, uv, backend, index))
  for (step in steps) run_step(step, call)
  keep_choice(program)
  check_installed(program, call)
  message("torchbridge is ready: Python is ", program, ".")
  invisible(program)
}

check_install_names <- function(backend, index, environment, python, call) {
  given <- list(backend = backend, index = index, environment = environment, python = python)
  for (name in names(given)) if (!is.null(given[[name]])) check_string(given[[name]], name, call)
  if (!is.null(backend) && !grepl("^[a-z]+[0-9.]*$", backend)) {
    abort(call, "`backend` must be a name such as \"cpu\" or \"cu126\", not \"", backend, "\".")
  }
}

# Python runs: what it has can't be changed under it.
running_torch <- function(reinstall, call) {
  if (reinstall) abort(call, "Python is running with PyTorch: restart R, then install again.")
  message("PyTorch ", pytorch()$`__version__`, " is here; there is nothing to install.")
  invisible(python_of_session())
}

python_of_session <- function() py_import("sys")$executable

# --- which environment ---------------------------------------------------------------------------

# The one that torchbridge uses already, if it is an environment; else one of our own.
found_environment <- function() {
  chosen <- python_choices()
  chosen <- chosen[names(chosen) != "PATH" & vapply(chosen, is_in_environment, NA)]
  if (length(chosen) > 0L) return(dirname(dirname(path.expand(chosen[[1L]]))))
  folders <- Sys.getenv(c("RETICULATE_VIRTUALENV_ROOT", "WORKON_HOME"))
  folder <- c(folders[nzchar(folders)], "~/.virtualenvs")[[1L]]
  file.path(path.expand(folder), "r-torchbridge")
}

is_in_environment <- function(python) {
  file.exists(file.path(dirname(dirname(path.expand(python))), "pyvenv.cfg"))
}

# Where install_torch() writes which Python it has made, on one line: the package's own folder goes
# with each update.
choice_file <- function() file.path(tools::R_user_dir("torchbridge", "config"), "python.txt")

keep_choice <- function(python) {
  first <- python_choices()[1L]
  # Those who set a variable keep it.
  if (grepl("TORCHBRIDGE|RETICULATE", names(first)) && same_python(python, first)) {
    return(invisible())
  }
  configured <- system.file("python.txt", package = "torchbridge")
  file <- if (nzchar(configured)) configured else choice_file()
  if (file.exists(file) && identical(readLines(file, n = 1L), python)) return(invisible())
  dir.create(dirname(file), recursive = TRUE, showWarnings = FALSE)
  writeLines(python, file)
}

# Has it PyTorch, and this version of torchbridge?
is_complete <- function(python) {
  if (!is_executable(python)) return(FALSE)
  code <- paste0(
    "import importlib.metadata as m; m.version('torch'); print(m.version('torchbridge'))"
  )
  said <- suppressWarnings(
    system2(python, c("-I", "-c", shQuote(code)), stdout = TRUE, stderr = FALSE)
  )
  identical(as.vector(said), as.character(utils::packageVersion("torchbridge")))
}

# --- what must be there --------------------------------------------------------------------------

# The Python half that this package carries.
python_half <- function(call) {
  folder <- system.file("python", package = "torchbridge")
  found <- if (nzchar(folder)) list.files(folder, "^torchbridge-.*[.]tar[.]gz$", full.names = TRUE)
  if (length(found) == 1L) return(found)
  abort(
    call, "This torchbridge was installed from a folder, without its Python half.\n",
    "Install it from there: `pip install FOLDER`, then `python -m torchbridge install-r`."
  )
}

check_build_tools <- function(call) {
  missing <- missing_tools()
  if (length(missing) > 0L) {
    abort(call, "To compile torchbridge for this R, ", paste(missing, collapse = " and "),
          " must be there.\n", how_to_get_tools())
  }
}

missing_tools <- function(compiler = c_compiler(), include = R.home("include"),
                          library = R.home("lib")) {
  there <- c(
    "a C compiler" = nzchar(compiler) && nzchar(Sys.which(compiler)),
    "R's headers (R.h)" = file.exists(file.path(include, "R.h")),
    "R's shared library (libR)" =
      file.exists(file.path(library, paste0("libR", if (is_mac()) ".dylib" else ".so")))
  )
  names(there)[!there]
}

# That which R was built with, which it builds packages with. (Without `make` R can't tell.)
c_compiler <- function(r = file.path(R.home("bin"), "R")) {
  said <- suppressWarnings(tryCatch(
    system2(r, c("CMD", "config", "CC"), stdout = TRUE, stderr = FALSE),
    error = function(condition) character()
  ))
  strsplit(paste0(c(said, "")[[1L]], " "), " ", fixed = TRUE)[[1L]][[1L]]
}

is_mac <- function() identical(unname(Sys.info()["sysname"]), "Darwin")

how_to_get_tools <- function() {
  if (is_mac()) return("In a terminal: xcode-select --install")
  if (nzchar(Sys.which("dnf"))) return("In a terminal: sudo dnf install R-devel python3-devel gcc")
  paste(
    "On Debian and Ubuntu, in a terminal:",
    "sudo apt-get install r-base-dev python3-dev python3-venv"
  )
}

# A Python of the machine to make an environment of. uv brings one of its own where none will do.
base_python <- function(python, uv, call) {
  if (!is.null(python)) {
    lacks <- lacking(python)
    if (is.null(lacks)) return(python)
    abort(call, "`python` (", python, ") ", lacks, ".")
  }
  names <- c("python3", paste0("python3.", 14:10))
  found <- unname(Sys.which(names))
  found <- unique(found[nzchar(found)])
  lacks <- vapply(found, function(path) c(lacking(path), NA_character_)[[1L]], "")
  if (anyNA(lacks)) return(found[is.na(lacks)][[1L]])
  if (nzchar(uv)) return("3.12")
  why <- if (length(found) > 0L) paste0(" (", paste(found, lacks, collapse = "; "), ")")
  abort(call, "A Python from 3.10 on with its headers is needed", why, ".\n", how_to_get_tools())
}

# Why an environment for torchbridge can't be made of it, or NULL.
lacking <- function(python) {
  code <- paste(
    "import os, sys, sysconfig as s",
    "print('.'.join(map(str, sys.version_info[:2])))",
    "print(sys.version_info >= (3, 10))",
    "print(os.path.isfile(os.path.join(s.get_path('include'), 'Python.h')))",
    "import importlib.util; print(importlib.util.find_spec('ensurepip') is not None)",
    "print(bool(s.get_config_var('Py_ENABLE_SHARED') or s.get_config_var('PYTHONFRAMEWORK')))",
    sep = "\n"
  )
  said <- suppressWarnings(
    tryCatch(
      system2(path.expand(python), c("-I", "-c", shQuote(code)), stdout = TRUE, stderr = FALSE),
      error = function(condition) character()
    )
  )
  if (length(said) != 5L) return("is no Python that runs")
  reasons <- c(
    paste0("is Python ", said[[1L]], ", and 3.10 or later is needed"),
    "has no headers (Python.h)", "has no ensurepip", "has no shared library"
  )
  wrong <- reasons[said[-1L] != "True"]
  if (length(wrong) > 0L) wrong[[1L]]
}

# --- installing ----------------------------------------------------------------------------------

# The commands, each a program and its arguments. `base`: the Python to make the environment of,
# NULL where there is one.
install_steps <- function(place, base, half, uv, backend, index, reinstall, call) {
  program <- file.path(place, "bin", "python")
  with_uv <- nzchar(uv)
  if (is.null(index) && !is.null(backend) && !with_uv) {
    abort(
      call, "`backend` needs uv, which is not on PATH, or `index`, the address of a package index ",
      "that has this PyTorch."
    )
  }
  make <- if (is.null(base)) {
    NULL
  } else if (with_uv) {
    list(c(uv, "venv", "--seed", "--python", base, place))
  } else {
    list(c(base, "-m", "venv", place))
  }
  install <- if (with_uv) {
    c(uv, "pip", "install", "--python", program)
  } else {
    c(program, "-m", "pip", "--disable-pip-version-check", "install")
  }
  chosen <- if (with_uv && is.null(index)) {
    c("--torch-backend", if (is.null(backend)) "auto" else backend)
  }
  # PyTorch alone from the index that is named: what else there is comes from the usual one.
  torch <- c(install, if (reinstall) "--upgrade", "torch>=2.6", chosen,
             if (!is.null(index)) c("--index-url", index))
  rpy2 <- rpy2_for_this_r()
  ours <- c(install, half, rpy2, chosen)
  # What is compiled for R is compiled anew, for the R of now.
  if (with_uv) {
    again <- c("torchbridge", if (reinstall) "rpy2-rinterface")
    ours <- c(ours, rbind("--reinstall-package", again), rbind("--refresh-package", again))
  }
  anew <- if (reinstall && !with_uv) {
    list(c(install, "--force-reinstall", "--no-deps", "--no-cache-dir", half,
           if (is.null(rpy2)) "rpy2-rinterface" else rpy2))
  }
  c(make, list(torch, ours), anew)
}

# rpy2-rinterface from 3.6.6 on needs functions that R has from 4.5 on.
rpy2_for_this_r <- function(version = getRversion()) {
  if (version < "4.5.0") "rpy2-rinterface==3.6.5"
}

what_to_expect <- function(place, uv, backend, index) {
  small <- identical(backend, "cpu") || is_mac() ||
    (nzchar(uv) && is.null(backend) && is.null(index) && !nzchar(Sys.which("nvidia-smi")))
  paste0(
    "Installing PyTorch and torchbridge into ", place, ".\n",
    if (small) {
      "About 0.5 GB is downloaded, and some minutes are needed, two of them to compile."
    } else {
      paste(
        "Up to 4 GB are downloaded (PyTorch with CUDA), which takes 10 minutes or more on a usual",
        "line.\nPyTorch for CPUs alone is 0.2 GB: `backend = \"cpu\"`, with uv."
      )
    }
  )
}

run_step <- function(step, call) {
  message("> ", paste(step, collapse = " "))
  # The R that runs is the R to compile for; it needs its own variables, and rpy2 its faster form.
  environment <- c(paste0("R_HOME=", shQuote(R.home())), "RPY2_CFFI_MODE=API", "PYTHONPATH=")
  status <- system2(step[[1L]], shQuote(step[-1L]), env = environment)
  if (status != 0L) {
    abort(
      call, "This command failed, for the reason that it gives above:\n",
      paste(shQuote(step), collapse = " "),
      "\nWhat was installed by then stays; install_torch() goes on from there."
    )
  }
}

check_installed <- function(python, call) {
  environment <- c(
    paste0("R_HOME=", shQuote(R.home())),
    paste0("R_LIBS=", shQuote(paste(.libPaths(), collapse = .Platform$path.sep)))
  )
  said <- suppressWarnings(
    system2(python, c("-I", "-m", "torchbridge", "doctor"), stdout = TRUE, stderr = TRUE,
            env = environment)
  )
  status <- attr(said, "status")
  if (!is.null(status) && status != 0L) {
    # R cuts long messages: what is wrong stands at the end of the report.
    wrong <- said[cumsum(startsWith(said, "problems:")) > 0L]
    if (length(wrong) == 0L) wrong <- utils::tail(said, 5L)
    abort(call, "Installed, but not all is well:\n", paste(wrong, collapse = "\n"))
  }
}
