skip_without_python()

error_of <- function(code) tryCatch(code, error = identity)

test_that("py_run() runs text in the main module, whose variables stay", {
  py <- py_run("
    torchbridge_x = 3
    def torchbridge_f(a, *, times=2):
        '''Doc of f.'''
        return a * times
  ")
  expect_identical(py$torchbridge_x, 3L)
  expect_identical(py$torchbridge_f(2, times = 5L), 10)
  py$torchbridge_x <- c(1, 2)
  expect_identical(py_run("torchbridge_y = torchbridge_x[0]")$torchbridge_y, 1)
  expect_identical(py_run(c("a = 1", "b = a + 1"))$b, 2L)
  expect_identical(py_import("__main__")$torchbridge_y, 1)
  expect_s3_class(py_run("t_ = (1, 2)", convert = FALSE)$t_, "python_unconverted")
  expect_invisible(py_run("pass"))
  expect_match(py_import("inspect")$getsource(py$torchbridge_f), "Doc of f", fixed = TRUE)
  expect_output(py_run("print('out')"), "out")
})

test_that("py_run() runs a file, with its folder to import from", {
  folder <- tempfile()
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  writeLines("value = 'of the neighbour'", file.path(folder, "torchbridge_neighbour.py"))
  script <- file.path(folder, "script.py")
  writeLines(c("# -*- coding: utf-8 -*-", "import torchbridge_neighbour as n", "name = __name__",
    "accent = '\u00e9'"), script, useBytes = TRUE)
  path <- py_import("sys")$path
  expect_identical(py_run(file = script)$n$value, "of the neighbour")
  expect_identical(py_run(script)$name, "__main__")
  expect_identical(py_run(script)$accent, "\u00e9")
  expect_identical(py_import("sys")$path, path)
})

test_that("errors of Python code name its lines", {
  error <- error_of(py_run("def boom():\n    raise ValueError('no good')\nboom()"))
  expect_s3_class(error, "ValueError")
  expect_identical(conditionMessage(error), "no good")
  expect_identical(conditionCall(error)[[1]], quote(py_run))
  expect_match(error$traceback[2], "^  File \"<R code [0-9]+>\", line 3, in <module>$")
  expect_identical(error$traceback[3], "    boom()")
  boom <- py_import("__main__")$boom
  expect_match(error_of(boom())$traceback[2], "in boom", fixed = TRUE) # nothing of ours above
  expect_s3_class(error_of(py_run("def (")), "SyntaxError")

  expect_error(py_run(), "Give Python code as `code`, or the path of a Python file as `file`")
  expect_error(py_run("a", file = "b"), "Give Python code as `code`")
  expect_error(py_run(1), "`code` must be Python code as text, not a number")
  expect_error(py_run(file = 1), "`file` must be a single string, not a number")
  expect_error(py_run(file = "no-such.py"), "`file`: there is no file no-such.py")
})

test_that("functions that look for their caller find the main module", {
  builtins <- py_import("builtins")
  py <- py_run("torchbridge_limit = 5")
  expect_identical(builtins$eval("torchbridge_limit + 1"), 6L)
  builtins$exec("torchbridge_limit = 4")
  expect_identical(py$torchbridge_limit, 4L)
  expect_identical(builtins$eval("x + 1", list(x = 2L)), 3L)
  expect_true("torchbridge_limit" %in% builtins$dir())
  expect_identical(builtins$globals()$torchbridge_limit, 4L)
  expect_identical(builtins$vars()$torchbridge_limit, 4L)
  expect_identical(py_import("inspect")$currentframe()$f_globals$torchbridge_limit, 4L)
  enum <- py_import("enum")$Enum("Torchbridge_Colour", "red green")
  expect_identical(enum$`__module__`, "__main__")
  expect_identical(enum[["green"]]$value, 2L)
  skip_if_not(can_import("pandas"), "pandas")
  expect_identical(
    as_py_frame(mtcars)$query("cyl == @torchbridge_limit"), mtcars[mtcars$cyl == 4, ]
  )
})

test_that("py_iterate() takes one item at a time", {
  py <- py_run("
    torchbridge_given = []
    def torchbridge_numbers():
        for i in range(4):
            torchbridge_given.append(i)
            yield i if i < 3 else None
  ")
  seen <- 0L
  expect_identical(py_iterate(py$torchbridge_numbers(), function(i) {
    seen <<- seen + 1L
    expect_length(py$torchbridge_given, seen)
    if (is.null(i)) NULL else i * 2L
  }), list(0L, 2L, 4L, NULL))
  expect_identical(py_iterate(py_import("collections")$deque(list("a", 1))), list("a", 1))
  expect_error(py_iterate(py$torchbridge_numbers(), function(i) stop("from R")), "^from R$")
  expect_error(py_iterate(py_import("math")), "not iterable", class = "TypeError")
  expect_error(py_iterate(1:3), "`x` must be a Python object, not an integer vector")
  skip_if_not_installed("coro")
  total <- 0L
  coro::loop(for (item in py_import("collections")$deque(list(1L, 2L))) total <- total + item)
  expect_identical(total, 3L)
})

test_that("with() is Python's with", {
  file <- tempfile()
  on.exit(unlink(file))
  opened <- py_import("builtins")$open(file, "w")
  expect_identical(with(opened, as = handle, handle$write("text")), 4L)
  expect_true(opened$closed)
  expect_identical(readLines(file, warn = FALSE), "text")
  expect_identical(with(py_import("builtins")$open(file), as = "h", h$read()), "text")
  expect_error(with(py_import("math"), 1), "context manager, and module is none",
    class = "TypeError")
})

test_that("an error within with() reaches the context manager, which may take care of it", {
  py <- py_run("
    import contextlib
    torchbridge_seen = []
    @contextlib.contextmanager
    def torchbridge_context(takes_care):
        try:
            yield 1
        except Exception as error:
            torchbridge_seen.append(type(error).__name__ + ': ' + str(error))
            if not takes_care:
                raise
        finally:
            torchbridge_seen.append('left')
  ")
  expect_error(with(py$torchbridge_context(FALSE), stop("from R")), "^from R$")
  expect_null(with(py$torchbridge_context(TRUE), stop("again")))
  expect_error(with(py$torchbridge_context(FALSE), py_run("1 / 0")), class = "ZeroDivisionError")
  leave <- function() with(py$torchbridge_context(FALSE), return("early"))
  expect_identical(leave(), "early")
  expect_identical(py$torchbridge_seen, c(
    "RError: from R", "left", "RError: again", "left", "ZeroDivisionError: division by zero",
    "left", "left"
  ))
})

test_that("py_doc() is Python's help", {
  expect_output(
    text <- py_doc(py_import("math")$sqrt), "Return the square root of x.", fixed = TRUE
  )
  expect_match(text, "sqrt(x, /)", fixed = TRUE)
  expect_error(py_doc("sqrt"), "`x` must be a Python object, not a string")
})
