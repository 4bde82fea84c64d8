# install_torch(): what it would run, what it looks for first, and what is said without Python.

skip_without_python()

steps <- function(..., place = "/e", base = "/usr/bin/python3", half = "/h.tar.gz", uv = "",
                  backend = NULL, index = NULL, reinstall = FALSE) {
  torchbridge:::install_steps(place, base, half, uv, backend, index, reinstall, quote(f()))
}
words <- function(text) strsplit(text, " ", fixed = TRUE)[[1L]]
pinned <- torchbridge:::rpy2_for_this_r()

test_that("pip makes an environment and installs PyTorch, then the Python half that is carried", {
  pip <- words("/e/bin/python -m pip --disable-pip-version-check install")
  expect_identical(steps(), list(
    words("/usr/bin/python3 -m venv /e"),
    c(pip, "torch>=2.6"),
    c(pip, "/h.tar.gz", pinned)
  ))
  # Where the environment is there, it stays. An index is asked for PyTorch alone.
  expect_identical(steps(base = NULL, index = "https://mirror/cpu"), list(
    c(pip, "torch>=2.6", "--index-url", "https://mirror/cpu"),
    c(pip, "/h.tar.gz", pinned)
  ))
  expect_identical(steps(base = NULL, reinstall = TRUE), list(
    c(pip, "--upgrade", "torch>=2.6"),
    c(pip, "/h.tar.gz", pinned),
    c(pip, words("--force-reinstall --no-deps --no-cache-dir /h.tar.gz"),
      if (is.null(pinned)) "rpy2-rinterface" else pinned)
  ))
})

test_that("uv chooses PyTorch by the driver, or by name", {
  uv <- words("/bin/uv pip install --python /e/bin/python")
  anew <- words("--reinstall-package torchbridge --refresh-package torchbridge")
  expect_identical(steps(uv = "/bin/uv"), list(
    words("/bin/uv venv --seed --python /usr/bin/python3 /e"),
    c(uv, words("torch>=2.6 --torch-backend auto")),
    c(uv, "/h.tar.gz", pinned, words("--torch-backend auto"), anew)
  ))
  named <- steps(uv = "/bin/uv", base = NULL, backend = "cu126")
  expect_identical(named[[1L]], c(uv, words("torch>=2.6 --torch-backend cu126")))
  expect_error(steps(backend = "cpu"), "`backend` needs uv, .*, or `index`")
})

test_that("rpy2's interface is that which this R has the functions for", {
  expect_identical(torchbridge:::rpy2_for_this_r(as.numeric_version("4.2.2")),
                   "rpy2-rinterface==3.6.5")
  expect_null(torchbridge:::rpy2_for_this_r(as.numeric_version("4.5.0")))
})

test_that("what compiling takes is looked for, each by its name", {
  expect_identical(
    torchbridge:::missing_tools("no-such-compiler", tempfile(), tempfile()),
    c("a C compiler", "R's headers (R.h)", "R's shared library (libR)")
  )
  expect_identical(torchbridge:::lacking(find_python()), NULL)
  expect_identical(torchbridge:::lacking("/no/such/python"), "is no Python that runs")
  old <- tempfile()
  on.exit(unlink(old))
  writeLines(c("#!/bin/sh", "printf '3.9\\nFalse\\nTrue\\nTrue\\nTrue\\n'"), old)
  Sys.chmod(old)
  expect_identical(torchbridge:::lacking(old), "is Python 3.9, and 3.10 or later is needed")
  expect_error(torchbridge:::base_python(old, "", quote(f())), "`python` .*3.10 or later is needed")
  writeLines(c("#!/bin/sh", "printf '3.12\\nTrue\\nFalse\\nTrue\\nTrue\\n'"), old)
  expect_identical(torchbridge:::lacking(old), "has no headers (Python.h)")
})

test_that("an R that can't tell its compiler, for want of make, has none", {
  script <- tempfile()
  on.exit(unlink(script))
  writeLines(c("#!/bin/sh", "exit 127"), script)
  Sys.chmod(script)
  expect_identical(torchbridge:::c_compiler(script), "")
  expect_true(nzchar(torchbridge:::c_compiler()))
})

test_that("wrong arguments are told before anything is looked for", {
  expect_error(install_torch(backend = "GPU!"), "`backend` must be a name such as \"cpu\"")
  expect_error(install_torch(index = 1), "`index` must be a single string")
  expect_error(install_torch(reinstall = NA), "`reinstall` must be")
})

# An R with this package alone: no Python of ours, and none that is chosen.
bare_r <- function(code, home = tempfile("home")) {
  library <- tempfile("library")
  dir.create(library)
  dir.create(home, showWarnings = FALSE)
  file.copy(system.file(package = "torchbridge"), library, recursive = TRUE)
  unlink(file.path(library, "torchbridge", "python.txt"))
  run <- run_r(
    c(paste0(".libPaths(c(", deparse(library), ", .libPaths()))"), code),
    env = c(
      HOME = home, R_USER_CONFIG_DIR = home, TORCHBRIDGE_PYTHON = "", RETICULATE_PYTHON = "",
      VIRTUAL_ENV = "", RETICULATE_PYTHON_FALLBACK = "", PATH = "/usr/bin:/bin"
    )
  )
  unlink(library, recursive = TRUE)
  run
}

test_that("without Python library() says nothing, and the first call that needs it says one line", {
  run <- bare_r(c("library(torchbridge)", "cat('quiet\\n')", "torch_tensor(1)"))
  expect_identical(run$out[1L], "quiet")
  expect_identical(run$status, 1L)
  expect_identical(
    run$out[2L],
    paste(
      "Error: Python with PyTorch and torchbridge is not here yet. To install it:",
      "torchbridge::install_torch()"
    )
  )
})

test_that("what install_torch() made is chosen from then on, while it is there", {
  home <- tempfile("home")
  dir.create(file.path(home, "R", "torchbridge"), recursive = TRUE)
  on.exit(unlink(home, recursive = TRUE))
  writeLines(find_python(), file.path(home, "R", "torchbridge", "python.txt"))
  run <- bare_r(c("library(torchbridge)", "cat(as.numeric(torch_tensor(2)))"), home)
  expect_identical(run$out, c(
    paste0("torchbridge: Python is ", find_python(), " (from `install_torch()`)."), "2"
  ))
  writeLines("/gone/bin/python", file.path(home, "R", "torchbridge", "python.txt"))
  run <- bare_r("torchbridge::torch_tensor(2)", home)
  expect_match(run$out[1L], "torchbridge::install_torch()", fixed = TRUE)
})
