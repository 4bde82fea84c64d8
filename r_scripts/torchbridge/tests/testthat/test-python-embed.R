# Python that R starts by itself; each test runs a process of its own.

skip_without_python()

starts <- function(...) {
  run_r(c(
    "suppressPackageStartupMessages(library(torchbridge))",
    "x <- torch_tensor(c(1, 2))",
    ...
  ))
}

skip_unless_embedded <- function() {
  skip_if(is.null(python_libraries(find_python())), "this Python has no library of its own")
}

test_that("the first tensor loads neither reticulate nor Matrix, and Python is whole", {
  skip_unless_embedded()
  run <- starts(
    "stopifnot(!isNamespaceLoaded('reticulate'), !isNamespaceLoaded('Matrix'))",
    "sys <- py_import('sys')",
    "same <- function(x, y) stopifnot(identical(normalizePath(x), normalizePath(y)))",
    "same(dirname(sys$executable), dirname(torchbridge:::find_python()))",
    "same(strsplit(Sys.getenv('PATH'), ':')[[1]][1], dirname(sys$executable))",
    "stopifnot(identical(sys$path[[1]], ''))",
    "py_run('import threading; there = []; t = threading.Thread(target=lambda: there.append(1))')",
    "py_run('t.start(); t.join(); print(len(there))')",
    "py_run('print(\"told\", flush=True)')",
    "cat(as.numeric(x$sum()))"
  )
  expect_identical(run, list(status = 0L, out = c("1", "told", "3")))
})

test_that("reticulate that is loaded later joins, and R ends as ever", {
  skip_unless_embedded()
  skip_unless_reticulate_starts()
  run <- starts(
    "py_run('kept = 5')",
    "suppressPackageStartupMessages(library(reticulate))",
    "stopifnot(py_available(), identical(py$kept, 5L))",
    "stopifnot(identical(py_config()$python, py_import('sys')$executable))",
    "torch <- import('torch')",
    "stopifnot(torch$equal(r_to_py(x), torch$tensor(c(1, 2))))",
    "py_run_string('def call(f): return f(2)')",
    "cat(py$call(function(x) x * 3), as.numeric(x$sum()))"
  )
  expect_identical(run, list(status = 0L, out = "6 3"))
})

test_that("Ctrl-C is answered as before once reticulate has joined", {
  skip_unless_embedded()
  skip_unless_reticulate_starts()
  run <- starts(
    "invisible(loadNamespace('reticulate'))",
    "py_run('import os, signal, time')",
    "py_run('def wait(): os.kill(os.getpid(), signal.SIGINT); time.sleep(60)')",
    "wait <- py_import('__main__')$wait",
    "cat(tryCatch(wait(), interrupt = function(condition) 'interrupted'))",
    "cat('', as.numeric(x$sum()))"
  )
  expect_identical(run, list(status = 0L, out = "interrupted 3"))
})

test_that("where reticulate is loaded it starts Python, and says which", {
  run <- run_r(c(
    "invisible(loadNamespace('reticulate'))",
    "suppressPackageStartupMessages(library(torchbridge))",
    "x <- torch_tensor(1)",
    "cat(reticulate::py_available(), is.null(getLoadedDLLs()[['_native']]))"
  ))
  skip_unless_reticulate_starts()
  expect_identical(run$status, 0L)
  expect_match(run$out[length(run$out)], "TRUE FALSE", fixed = TRUE)
})

test_that("a Python without a library or without torchbridge has none of its own", {
  program <- tempfile()
  writeLines(c("#!/bin/sh", "echo /no/such/library"), program)
  Sys.chmod(program, "755")
  expect_null(python_libraries(program))
  writeLines(c("#!/bin/sh", "exit 3"), program)
  expect_null(python_libraries(program))
  found <- python_libraries(find_python())
  if (!is.null(found)) expect_true(all(file.exists(unlist(found))))
})

test_that("what fails in Python's start is R's error, with what to do", {
  skip_unless_embedded()
  folder <- tempfile()
  dir.create(folder)
  writeLines("raise ImportError('broken here')", file.path(folder, "ctypes.py"))
  run <- run_r(
    c(
      "suppressPackageStartupMessages(library(torchbridge))",
      "cat(tryCatch(torch_tensor(1), error = conditionMessage))"
    ),
    env = c(PYTHONPATH = folder)
  )
  expect_identical(run$status, 0L)
  expect_match(output(run), "can't load torchbridge:\nImportError: broken here\n", fixed = TRUE)
  expect_match(output(run), "restart R and choose another Python", fixed = TRUE)
})
