# Starting, joining and leaving Python: each test runs a process of its own.

skip_without_python()

# The folder of a virtual environment that has nothing.
bare_environment <- function() {
  base <- system2(find_python(),
    c("-c", shQuote("import sys; print(sys._base_executable)")),
    stdout = TRUE
  )
  folder <- tempfile("venv")
  arguments <- c("-m", "venv", "--without-pip", shQuote(folder))
  skip_if_not(system2(base, arguments, stdout = FALSE, stderr = FALSE) == 0L, "python -m venv")
  folder
}

with_package <- function(...) c("suppressPackageStartupMessages(library(torchbridge))", ...)

test_that("library(torchbridge) starts no Python and loads no reticulate", {
  run <- run_r(with_package(
    "stopifnot(!isNamespaceLoaded('reticulate'))",
    "stopifnot(is.null(getLoadedDLLs()[['_native']]))",
    "cat('fine')"
  ))
  expect_identical(run, list(status = 0L, out = "fine"))
})

test_that("start_python() works once and does nothing the second time", {
  run <- run_r(with_package(
    "stopifnot(is.null(start_python()), is.null(start_python()))",
    "stopifnot(!withVisible(start_python())$visible)",
    "tryCatch(start_python('/other/python'), error = function(e) {",
    "  print(conditionCall(e))",
    "  cat(conditionMessage(e))",
    "})"
  ))
  expect_identical(run, list(status = 0L, out = c(
    "start_python(\"/other/python\")",
    "`python` can't be chosen any more: Python is running. Restart R to choose another."
  )))
})

test_that("start_python() uses the Python that is named", {
  python <- find_python()
  run <- run_r(
    with_package(
      paste0("start_python(", deparse(python), ")"),
      "cat(py_import('sys')$executable)"
    ),
    env = c(TORCHBRIDGE_PYTHON = "/no/such/python", RETICULATE_PYTHON = "/nor/this")
  )
  expect_identical(run, list(status = 0L, out = python))
})

test_that("TORCHBRIDGE_PYTHON goes before RETICULATE_PYTHON, which stays as it was, and says so", {
  python <- find_python()
  run <- run_r(
    with_package(
      "x <- as_torch_tensor(1)",
      "cat(py_import('sys')$executable, Sys.getenv('RETICULATE_PYTHON'))"
    ),
    env = c(TORCHBRIDGE_PYTHON = python, RETICULATE_PYTHON = "/no/such/python")
  )
  expect_identical(run, list(status = 0L, out = c(
    paste0(
      "torchbridge: Python is ", python, " (from the environment variable TORCHBRIDGE_PYTHON), ",
      "and not /no/such/python (from the environment variable RETICULATE_PYTHON)."
    ),
    paste(python, "/no/such/python")
  )))
})

test_that("library() says which Python was chosen, and reticulate starts that one", {
  skip_unless_reticulate_starts()
  python <- find_python()
  run <- run_r(
    c("library(torchbridge)", "cat(reticulate::import('sys')$executable)"),
    env = c(TORCHBRIDGE_PYTHON = python, RETICULATE_PYTHON_FALLBACK = "/no/such/python")
  )
  says <- paste0("torchbridge: Python is ", python, " (from the environment variable ")
  expect_identical(run$status, 0L)
  expect_identical(run$out, c(paste0(says, "TORCHBRIDGE_PYTHON)."), python))
})

test_that("what reticulate was told is followed, or refused before anything starts", {
  skip_unless_reticulate_starts()
  bare <- bare_environment()
  on.exit(unlink(bare, recursive = TRUE))
  other <- file.path(bare, "bin", "python")
  told <- paste0("reticulate::use_python(", deparse(other), ", required = TRUE)")
  run <- run_r(c(told, with_package(
    "cat(try(as_torch_tensor(1), silent = TRUE))", "stopifnot(!reticulate::py_available())",
    paste0("suppressWarnings(start_python(", deparse(find_python()), "))"),
    "cat(to_r(as_torch_tensor(3)))"
  )))
  expect_identical(run$status, 0L)
  expect_match(
    output(run), paste0(other, " (from `reticulate::use_python()`) has no torchbridge"),
    fixed = TRUE
  )
  expect_identical(run$out[length(run$out)], "3")

  run <- run_r(with_package("as_torch_tensor(1)"), env = c(RETICULATE_PYTHON = bare))
  expect_match(
    output(run), paste0(other, " (from the environment variable RETICULATE_PYTHON) has no torch"),
    fixed = TRUE
  )

  # Once it has torchbridge it is used, and said, after library() too.
  packages <- Sys.glob(file.path(bare, "lib", "python*", "site-packages"))
  ours <- run_python("import sys; print(*sys.path[1:], sep = '\\n')")$out
  writeLines(ours, file.path(packages, "ours.pth"))
  run <- run_r(c("library(torchbridge)", told, "cat(to_r(as_torch_tensor(3)))"))
  expect_identical(run$status, 0L)
  expect_identical(run$out[-1L], c(
    paste0("torchbridge: Python is ", other, " (from `reticulate::use_python()`)."), "3"
  ))
})

test_that("reticulate before 1.33 starts a Python that has no module imp", {
  skip_if(utils::packageVersion("reticulate") >= "1.33", "reticulate asks without it")
  # Python 3.12, to reticulate: it answers only where that module stands on the path.
  folder <- file.path(dirname(find_python()), "torchbridge-test-python")
  skip_if_not(file.access(dirname(folder), 2L) == 0L, "a virtual environment to write to")
  on.exit(unlink(folder))
  writeLines(c(
    "#!/bin/sh",
    "case \"$PYTHONPATH\" in",
    paste0("  */imp*) exec '", find_python(), "' \"$@\" ;;"),
    "  *) exit 1 ;;",
    "esac"
  ), folder)
  Sys.chmod(folder)
  run <- run_r(with_package(
    paste0("start_python(", deparse(folder), ")"),
    "cat(to_r(as_torch_tensor(3)), any(grepl('/imp$', unlist(py_import('sys')$path))), '')",
    "cat(grepl('/imp', py_import('os')$getenv('PYTHONPATH')), '')",
    "cat(nzchar(Sys.getenv('PYTHONPATH')), '')",
    "cat(getwd() %in% unlist(py_import('sys')$path))"
  ), env = c(PYTHONPATH = ""))
  expect_identical(run, list(status = 0L, out = "3 FALSE FALSE FALSE FALSE"))
})

test_that("reticulate's question finds packages and files, and says what is missing", {
  place <- system.file("imp", package = "torchbridge", mustWork = TRUE)
  run <- run_python(c(
    paste0("import sys; sys.path.insert(0, '", place, "')"),
    "import imp, os, json",
    "print(imp.find_module('json')[1] == os.path.dirname(json.__file__))",
    "print(imp.find_module('this')[1].endswith('this.py'))",
    "try:",
    "    imp.find_module('no_such_module')",
    "except ImportError as error:",
    "    print(error)"
  ))
  expect_identical(run, list(
    status = 0L, out = c("True", "True", "No module named 'no_such_module'")
  ))
})

test_that("a Python that reticulate started is joined", {
  skip_unless_reticulate_starts()
  python <- find_python()
  run <- run_r(
    with_package(
      "invisible(reticulate::import('sys'))",
      "cat(to_r(as_torch_tensor(3)))",
      "tryCatch(start_python('/other'), error = function(e) cat('', conditionMessage(e)))"
    ),
    env = c(RETICULATE_PYTHON = python, TORCHBRIDGE_PYTHON = "/no/such/python")
  )
  expect_identical(run$status, 0L)
  expect_match(output(run), "^3 `python` can't be chosen any more: Python is running")
})

test_that("a Python that is not there is named, with where its name comes from", {
  run <- run_r(with_package("as_torch_tensor(1)"), env = c(TORCHBRIDGE_PYTHON = "/no/such/python"))
  expect_identical(run$status, 1L)
  expect_identical(run$out[1:2], c(
    paste(
      "Error: There is no Python at /no/such/python",
      "(from the environment variable TORCHBRIDGE_PYTHON)."
    ),
    "Name another with `start_python(\"/path/to/python\")`."
  ))
})

test_that("after a wrong choice a right one still works", {
  python <- find_python()
  run <- run_r(with_package(
    "fails <- function(python) inherits(try(start_python(python), silent = TRUE), 'try-error')",
    "stopifnot(fails('/no/such/python'), fails(tempdir()), fails(R.home('NEWS')))",
    paste0("start_python(", deparse(python), ")"),
    "cat(to_r(as_torch_tensor(3)))"
  ))
  expect_identical(run, list(status = 0L, out = "3"))
})

test_that("an R package and a Python package that do not belong together give a warning", {
  run <- run_r(with_package(
    "utils::assignInNamespace('api', function(name, x, ...) '9.9.9', 'torchbridge')",
    "start_python()"
  ))
  expect_identical(run$status, 0L)
  expect_match(output(run), "The R package torchbridge is version [0-9.]+, Python's is 9[.]9[.]9")
  expect_match(output(run), "python -m torchbridge install-r", fixed = TRUE)
})

test_that("a Python without torchbridge is a clear error", {
  folder <- bare_environment()
  on.exit(unlink(folder, recursive = TRUE))
  python <- file.path(folder, "bin", "python")
  run <- run_r(with_package("as_torch_tensor(1)"), env = c(TORCHBRIDGE_PYTHON = python))
  expect_identical(run$status, 1L)
  says <- function(...) expect_match(output(run), paste0(...), fixed = TRUE)
  says("Error: Python at ", python, " can't load torchbridge")
  says("No module named 'torchbridge'")
  says(python, " -m pip install torchbridge")
  says("restart R and choose another Python")
})

test_that("R's exit code is kept", {
  use <- "x <- as_torch_tensor(c(1, 2)); y <- to_r(x, share = TRUE); f <- py_import('torch')$add"
  expect_identical(run_r(with_package(use))$status, 0L)
  expect_identical(run_r(with_package(use, "quit(status = 7)"))$status, 7L)
  expect_identical(run_r(with_package(use, "stop('bye')"))$status, 1L)
  failed <- run_r(with_package("as_torch_tensor('a')"))
  expect_identical(failed$status, 1L)
  expect_match(output(failed), "Error in as_torch_tensor(\"a\")", fixed = TRUE)
})

test_that("a tensor from a file starts Python when it is first used", {
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(as_torch_tensor(1), file)
  run <- run_r(with_package(
    paste0("x <- readRDS(", deparse(file), ")"),
    "stopifnot(!isNamespaceLoaded('reticulate'))",
    "to_r(x)"
  ))
  expect_identical(run$status, 0L)
  expect_identical(run$out[1], "[1] 1")
})

# ---- Ctrl-C ----

test_that("Ctrl-C ends Python code and R code, however nested, and all works afterwards", {
  skip_on_os("windows")
  run <- run_r(with_package(
    "call_it <- py_import('builtins')$eval('lambda f: f()', list(a = 1))",
    "sleep <- py_import('time')$sleep",
    "x <- as_torch_tensor(1)",
    "interrupted <- function(name, code) {",
    "  system(sprintf('(sleep 0.5; kill -INT %d) &', Sys.getpid()))",
    "  result <- tryCatch(code, interrupt = function(condition) 'interrupted')",
    "  usable <- identical(to_r(x$add(1)), 2) && identical(call_it(function() 'yes'), 'yes')",
    "  Sys.sleep(0.1)",
    "  cat(name, ': ', result, if (usable) ', works', '\n', sep = '')",
    "}",
    "interrupted('Python', sleep(30))",
    "interrupted('reticulate', reticulate::import('time')$sleep(30))",
    "interrupted('R', Sys.sleep(30))",
    "interrupted('R from Python', call_it(function() Sys.sleep(30)))",
    "interrupted('a busy R from Python', call_it(function() repeat NULL))",
    "interrupted('Python from R from Python', call_it(function() sleep(30)))",
    "scope <- py_import('types')$ModuleType('scope')",
    "exec <- py_import('builtins')$eval('lambda c, s: exec(c, s.__dict__)', list(a = 1))",
    "done <- exec('",
    "import time",
    "def wait():",
    "    try:",
    "        time.sleep(30)",
    "    except KeyboardInterrupt:",
    "        return \"seen\"",
    "', scope)",
    "interrupted('Python that handles it', scope$wait())"
  ))
  expect_identical(run, list(status = 0L, out = c(
    "Python: interrupted, works",
    "reticulate: interrupted, works",
    "R: interrupted, works",
    "R from Python: interrupted, works",
    "a busy R from Python: interrupted, works",
    "Python from R from Python: interrupted, works",
    "Python that handles it: seen, works"
  )))
})

test_that("Ctrl-C ends Python code every time", {
  skip_on_os("windows")
  # reticulate 1.28's own handler aborts the process once in some twenty times.
  run <- run_r(with_package(
    "sleep <- py_import('time')$sleep",
    "for (i in 1:40) {",
    "  system(sprintf('(sleep 0.2; kill -INT %d) &', Sys.getpid()))",
    "  result <- tryCatch(sleep(30), interrupt = function(condition) 'interrupted')",
    "  stopifnot(identical(result, 'interrupted'))",
    "}",
    "cat('fine')"
  ))
  expect_identical(run, list(status = 0L, out = "fine"))
})

# ---- Python as the host ----

test_that("in a process of Python's the package joins, works and loads no reticulate", {
  skip_if_not(can_import("rpy2"), "rpy2")
  run <- run_python(c(
    "import sys",
    "import torchbridge",
    "torchbridge.start()",
    "import rpy2.robjects as ro",
    "ro.r('''",
    "suppressPackageStartupMessages(library(torchbridge))",
    "x <- as_torch_tensor(matrix(1:6, 2))",
    "stopifnot(identical(to_r(x), matrix(1:6, 2)))",
    "stopifnot(identical(to_r(x$t(), share = TRUE), matrix(1:6, 3, byrow = TRUE)))",
    "stopifnot(identical(py_import('torch')$ones(2L)$sum()$item(), 2))",
    "caught <- tryCatch(as_torch_tensor('a'), TypeError = conditionMessage)",
    "stopifnot(grepl('text is not a tensor', caught))",
    "refused <- tryCatch(start_python('/other'), error = conditionMessage)",
    "stopifnot(grepl('Python is running', refused))",
    "start_python()",
    "print(x)",
    "stopifnot(!isNamespaceLoaded('reticulate'))",
    "''')",
    "sys.exit(5)"
  ))
  expect_identical(run$status, 5L)
  expect_identical(run$out, c("torch_tensor", " 1  3  5", " 2  4  6", "[ CPUIntType{2,3} ]"))
})

test_that("a script that Python sources can use the package", {
  skip_if_not(can_import("rpy2"), "rpy2")
  script <- tempfile(fileext = ".R")
  on.exit(unlink(script))
  writeLines(c(
    "suppressPackageStartupMessages(library(torchbridge))",
    "double_it <- function(x) as_torch_tensor(x)$mul(2)",
    "shape <- function(tensor) dim(tensor)",
    "fail <- function() as_torch_tensor('a')"
  ), script)
  run <- run_python(c(
    "import torch, torchbridge as tb",
    paste0("script = tb.source('", script, "')"),
    "print(script.double_it([1.0, 2.0]).tolist())",
    "print(script.shape(tb.handle(torch.ones(2, 3))).tolist())",
    "try:",
    "    script.fail()",
    "except TypeError as error:",
    "    print('TypeError')"
  ))
  expect_identical(run, list(status = 0L, out = c("[2.0, 4.0]", "[2, 3]", "TypeError")))
})

test_that("plain rpy2 is refused, until Python starts torchbridge", {
  skip_if_not(can_import("rpy2"), "rpy2")
  run <- run_python(c(
    "import rpy2.rinterface_lib.callbacks as callbacks",
    "callbacks.consolewrite_warnerror = lambda text: None",
    "import rpy2.robjects as ro",
    "ro.r('suppressPackageStartupMessages(library(torchbridge))')",
    "try:",
    "    ro.r('as_torch_tensor(1)')",
    "except Exception as error:",
    "    print(str(error).strip())",
    "import torchbridge",
    "torchbridge.start()",
    "print(ro.r('!isNamespaceLoaded(\"reticulate\") && length(as_torch_tensor(1:3)) == 3L')[0])"
  ))
  expect_identical(run, list(status = 0L, out = c(
    "Error: R runs inside Python (rpy2), and that Python has not started torchbridge.",
    "Run `import torchbridge; torchbridge.start()` there first.",
    "True"
  )))
})
