skip_without_python()

builtins <- py_import("builtins")
py <- function(code, ...) builtins$eval(code, c(list(.unused = 1), list(...)))
# How an R value arrives in Python.
arrives <- function(x) py("repr")(x)
type_of <- function(x) py("lambda x: type(x).__name__")(x)
error_of <- function(code) tryCatch(code, error = identity)

# ---- modules and attributes ----

test_that("py_import() gives modules", {
  torch <- py_import("torch")
  expect_s3_class(torch, "python_object", exact = TRUE)
  expect_s3_class(py_import("torch.nn"), "python_object", exact = TRUE)
  expect_identical(torch$`__name__`, "torch")
  expect_identical(torch[["__name__"]], "torch")

  error <- error_of(py_import("no_such_module"))
  expect_s3_class(
    error, c("ModuleNotFoundError", "ImportError", "python_error", "error", "condition"),
    exact = TRUE
  )
  expect_identical(conditionCall(error), quote(py_import("no_such_module")))
  expect_match(conditionMessage(error), "No module named 'no_such_module'", fixed = TRUE)
})

test_that("attributes are read and set", {
  x <- py_import("types")$SimpleNamespace(a = 1L)
  expect_identical(x$a, 1L)
  x$a <- "new"
  x[["b"]] <- c(1.5, 2)
  expect_identical(x$a, "new")
  expect_identical(x[["b"]], c(1.5, 2))
  y <- x
  y$a <- NULL
  expect_null(x$a)

  expect_error(x$nothing, "no attribute 'nothing'", class = "AttributeError")
  expect_identical(conditionCall(error_of(x$nothing)), quote(x$nothing))
  expect_error(x[[1]], "not subscriptable", class = "TypeError")
  tensor <- torch_eval("torch.ones(2)")
  tensor$requires_grad <- TRUE
  expect_true(tensor$requires_grad)
})

test_that("completion offers the public attributes", {
  names <- utils::.DollarNames(py_import("torch"), "^ones")
  expect_identical(names, c("ones", "ones_like"))
  expect_false(any(startsWith(utils::.DollarNames(as_torch_tensor(1), ""), "_")))
})

test_that("objects print as Python's repr()", {
  expect_identical(
    capture.output(print(py_import("fractions")$Fraction(1L, 3L))),
    "<python_object> Fraction(1, 3)"
  )
  expect_identical(format(py("len")), "<python_object> <built-in function len>")
  expect_identical(
    capture.output(str(list(py_import("torch")$float32))),
    c("List of 1", " $ : Float")
  )
  expect_error(format(py_import("torch"), width = 3), "Unknown argument: `width`", fixed = TRUE)
})

# ---- calls ----

test_that("arguments are positional or by name", {
  f <- py("lambda *a, **k: repr((a, sorted(k.items())))")
  expect_identical(f(), "((), [])")
  expect_identical(f(1, "a", b = 2L), "((1.0, 'a'), [('b', 2)])")
  expect_identical(f(b = 2L, 1), "((1.0,), [('b', 2)])")
  expect_identical(f(NULL), "((None,), [])")
  many <- as.list(1:40)
  expect_identical(do.call(f, many), paste0("((", paste(1:40, collapse = ", "), "), [])"))
  torch <- py_import("torch")
  expect_identical(to_r(torch$ones(2L, 3L, dtype = torch$int32)), matrix(1L, 2, 3))
})

test_that("callables are R functions with attributes", {
  ones <- py_import("torch")$ones
  expect_true(is.function(ones))
  expect_identical(ones$`__name__`, "ones")
  expect_identical(lapply(list(1L, 2L), function(n) to_r(ones(n))), list(1, c(1, 1)))
  add_one <- py_import("functools")$partial(py_import("operator")$add, 1L)
  expect_identical(add_one(2L), 3L)
  expect_identical(add_one$args, 1L)
})

# ---- arguments: R to Python ----

test_that("scalars arrive as Python scalars", {
  expect_identical(arrives(NULL), "None")
  expect_identical(arrives(1), "1.0")
  expect_identical(arrives(1L), "1")
  expect_identical(arrives(TRUE), "True")
  expect_identical(arrives("a"), "'a'")
  expect_identical(arrives(1 + 2i), "(1+2j)")
  expect_identical(arrives(as.raw(65:66)), "b'AB'")
  expect_identical(arrives("\u00e9\ud55c"), "'\u00e9\ud55c'")
  latin1 <- "\xe9"
  Encoding(latin1) <- "latin1"
  expect_identical(arrives(latin1), "'\u00e9'")
})

test_that("NA arrives as None, in doubles as NaN", {
  expect_identical(arrives(NA), "None")
  expect_identical(arrives(NA_integer_), "None")
  expect_identical(arrives(NA_character_), "None")
  expect_identical(arrives(NA_real_), "nan")
  expect_identical(arrives(c(1L, NA)), "[1, None]")
  expect_identical(arrives(c("a", NA)), "['a', None]")
  expect_identical(arrives(c(1, NA)), "[1.0, nan]")
  # R's very NA, there and back.
  expect_identical(py("lambda x: x")(NA_real_), NA_real_)
})

test_that("vectors and lists arrive as lists, named lists as dicts", {
  expect_identical(arrives(c(1, 2)), "[1.0, 2.0]")
  expect_identical(arrives(double()), "[]")
  expect_identical(arrives(list(1, "a", NULL)), "[1.0, 'a', None]")
  expect_identical(arrives(list(a = 1L, b = list(2L))), "{'a': 1, 'b': [2]}")
  expect_warning(
    expect_identical(arrives(list(a = 1, 2)), "[1.0, 2.0]"), "names of a list are left out",
    class = "torchbridge_lossy"
  )
})

test_that("named vectors, tables and dimnames arrive with their names", {
  skip_if_not(can_import("pandas"), "pandas")
  same <- py("lambda x: x")
  named <- list(
    c(a = 1L, b = 2L), c(a = 1.5, b = NA), c(a = TRUE, b = NA), c(a = "x", b = "y"),
    c(a = 1i, b = 2i), c(a = as.raw(1), b = as.raw(2)), c(a = 1, 2), c(a = 1, a = 2),
    stats::setNames(1:2, c(NA, "b")), stats::setNames(factor(c("u", "v")), c("a", "b")),
    stats::setNames(as.Date(c("2026-01-02", NA)), c("a", "b")),
    stats::setNames(double(), character()),
    cbind(a = 1:2, b = 3:4), matrix(1:2, 2, dimnames = list(c("1", "2"), "a"))
  )
  for (x in named) expect_identical(same(x), x)
  expect_identical(type_of(c(a = 1, b = 2)), "Series")
  expect_identical(py("lambda x: list(x.index)")(table(c("v", "u", "v"))), c("u", "v"))
  expect_identical(same(table(c("v", "u", "v"))), c(u = 1L, v = 2L))
  expect_identical(py("lambda x: x['b']")(c(a = 1, b = 2)), 2)
  x <- matrix(c(1, 2, 3, 4), 2, dimnames = list(rows = c("r", "s"), cols = c("a", "b")))
  expect_warning(expect_identical(same(x), x), "row names", class = "torchbridge_lossy")
  object <- py("type('Object', (), {})")()
  object$x <- c(a = 1, b = 2)
  expect_identical(object$x, c(a = 1, b = 2))
})

test_that("what a conversion loses is a warning of the call, each time and once", {
  same <- py("lambda x: x")
  for (i in 1:2) {
    told <- list()
    value <- withCallingHandlers(same(list(c(a = 1), c(a = 2))), torchbridge_lossy = function(w) {
      told[[length(told) + 1L]] <<- w
      invokeRestart("muffleWarning")
    })
    expect_identical(value, c(1, 2))
    expect_length(told, 1L)
    expect_identical(conditionMessage(told[[1L]]), paste(
      "the name 'a' is left out: one value is a Python scalar"
    ))
    expect_identical(conditionCall(told[[1L]])[[1L]], quote(same))
  }
  # Of a call that a handler, an error or warn = 2 ends nothing is left for the next one.
  expect_identical(tryCatch(same(c(a = 1)), warning = class)[1L], "torchbridge_lossy")
  fails <- py("lambda x: 1 / 0")
  suppressWarnings(expect_error(fails(c(a = 1)), class = "ZeroDivisionError"))
  expect_silent(same(1))
})

test_that("a Series is a named vector", {
  skip_if_not(can_import("pandas"), "pandas")
  pandas <- py_import("pandas")
  expect_identical(pandas$Series(c(2, 1), list("b", "a")), c(b = 2, a = 1))
  counts <- py("lambda x: __import__('pandas').Series(x).value_counts()")
  expect_identical(counts(c("b", "a", "b")), c(b = 2L, a = 1L))
  expect_identical(pandas$Series(c(2, 1)), c(2, 1))
})

test_that("arrays, frames, factors and dates arrive as NumPy's and pandas'", {
  skip_if_not(can_import("pandas"), "pandas")
  expect_identical(type_of(matrix(1:4, 2)), "ndarray")
  expect_identical(py("lambda x: x.tolist()")(matrix(1:4, 2)), list(c(1L, 3L), c(2L, 4L)))
  expect_identical(type_of(data.frame(a = 1:2)), "DataFrame")
  expect_identical(type_of(factor("a")), "Categorical")
  expect_identical(arrives(as.Date("2026-01-02")), "datetime.date(2026, 1, 2)")
  expect_identical(
    arrives(as.POSIXct(0, origin = "1970-01-01", tz = "UTC")),
    "Timestamp('1970-01-01 00:00:00+0000', tz='UTC')"
  )
})

test_that("tensors and Python objects arrive as themselves", {
  tensor <- as_torch_tensor(c(1, 2))
  expect_identical(type_of(tensor), "Tensor")
  py("lambda x: x.zero_()")(tensor)
  expect_identical(to_r(tensor), c(0, 0))
  expect_true(py("lambda x, y: x is y")(py_import("torch"), py_import("torch")))
  expect_true(py("lambda f: f is len")(py("len")))
  expect_identical(to_r(py("lambda l: l[0] + l[1]['b']")(list(tensor, list(b = tensor)))), c(0, 0))
})

# ---- results: Python to R ----

test_that("scalars, strings and bytes come back as R vectors", {
  expect_null(py("None"))
  expect_identical(py("True"), TRUE)
  expect_identical(py("3"), 3L)
  expect_identical(py("2.5"), 2.5)
  expect_identical(py("2**40"), 2^40)
  expect_identical(py("1+2j"), 1 + 2i)
  expect_identical(py("'\\u00e9\\ud55c'"), "\u00e9\ud55c")
  expect_identical(py("b'AB'"), as.raw(65:66))
  expect_error(py("2**70"), "64 bits", class = "OverflowError")
  expect_error(py("'a\\0b'"), "NUL", class = "ValueError")
  skip_if_not_installed("bit64")
  expect_identical(py("2**60"), bit64::as.integer64(2^60))
})

test_that("lists of like scalars come back as vectors, others as lists", {
  expect_identical(py("[1, 2]"), 1:2)
  expect_identical(py("(1, 2)"), 1:2)
  expect_identical(py("[1, 2.5]"), c(1, 2.5))
  expect_identical(py("[1, None]"), c(1L, NA))
  expect_identical(py("[True, None]"), c(TRUE, NA))
  expect_identical(py("['a', None]"), c("a", NA))
  expect_identical(py("[0.5, None]"), c(0.5, NA))
  expect_identical(py("[1, 'a']"), list(1L, "a"))
  expect_identical(py("[True, 1]"), list(TRUE, 1L))
  expect_identical(py("[[1, 2], [3]]"), list(1:2, 3L))
  expect_identical(py("[]"), list())
  expect_identical(py("{'a': 1, 'b': [None, 2.5]}"), list(a = 1L, b = c(NA, 2.5)))
  expect_identical(py("{1: 'x'}"), list(`1` = "x"))
  expect_identical(py("range(3)"), 0:2)
})

test_that("NumPy's and pandas' values come back as R's", {
  skip_if_not(can_import("pandas"), "pandas")
  np <- py_import("numpy")
  pd <- py_import("pandas")
  expect_identical(np$arange(3L), 0:2)
  expect_identical(np$eye(2L), diag(2))
  expect_identical(np$float32(1.5), 1.5)
  expect_identical(np$array(c("a", "b")), c("a", "b"))
  frame <- data.frame(x = c(1.5, NA), s = c("a", NA), f = factor(c("u", "v")))
  expect_identical(py("lambda x: x")(frame), frame)
  expect_identical(pd$DataFrame(list(a = 1:2)), data.frame(a = 1:2))
  expect_identical(pd$Series(c(1.5, 2)), c(1.5, 2))
})

test_that("other objects stay Python's", {
  expect_s3_class(py("object()"), "python_object")
  expect_s3_class(py("iter([1])"), "python_object")
  expect_s3_class(py("slice(1)"), "python_object")
  expect_s3_class(torch_eval("[torch.ones(1)]")[[1]], "torch_tensor")
})

# ---- callbacks ----

test_that("R functions are callables in Python", {
  calls <- 0
  square <- function(x) {
    calls <<- calls + 1
    x^2
  }
  expect_identical(builtins$list(builtins$map(square, c(1, 2, 3))), c(1, 4, 9))
  expect_identical(calls, 3)
  expect_identical(py("lambda f: f(1, b=2)")(function(a, b) a - b), -1L)
  expect_identical(builtins$sorted(c("bb", "a"), key = nchar), c("a", "bb"))
  twice <- function(x) x$mul(2)
  expect_identical(to_r(py("lambda f, x: f(f(x))")(twice, as_torch_tensor(1))), 4)
})

test_that("an R error in a callback reaches the user once, as it was raised", {
  call_it <- py("lambda f: f()")
  error <- error_of(call_it(function() stop("my own message")))
  expect_identical(class(error), c("simpleError", "error", "condition"))
  expect_identical(conditionMessage(error), "my own message")

  custom <- structure(
    class = c("my_class", "error", "condition"),
    list(message = "custom", call = NULL, data = 42)
  )
  error <- error_of(call_it(function() stop(custom)))
  expect_identical(error, custom)

  # Also where the code of the callback is in the call itself, or an argument is empty.
  expect_error(builtins$list(builtins$map(function(x) x[, 1], list(1))), "incorrect number of dim")
  expect_error(do.call(call_it, list(function() sqrt("a"))), "non-numeric argument")
})

test_that("a handler in R sees the error of nested callbacks once", {
  seen <- character()
  call_it <- py("lambda f: f()")
  see <- function(condition) seen <<- c(seen, conditionMessage(condition))
  deep <- function() call_it(function() stop("deep"))
  expect_error(withCallingHandlers(call_it(deep), error = see), "deep")
  expect_identical(seen, "deep")
})

test_that("Python can catch an R error, and its traceback names R's calls", {
  catch <- builtins$dict()
  code <- paste(
    "def catch(f):",
    "    try:",
    "        f()",
    "    except Exception as error:",
    "        return type(error).__name__, error.message, list(error.classes), str(error)",
    sep = "\n"
  )
  scope <- py_import("types")$ModuleType("scope")
  py("lambda code, scope: exec(code, scope.__dict__)")(code, scope)
  inner <- function() stop("from R")
  caught <- scope$catch(function() inner())
  expect_identical(caught[[1]], "RError")
  expect_identical(caught[[2]], "from R")
  expect_identical(caught[[3]], c("simpleError", "error", "condition"))
  expect_match(caught[[4]], "inner()", fixed = TRUE)
})

test_that("a Python exception that crosses R comes out as itself", {
  raise <- function() py("[][0]")
  error <- error_of(py("lambda f: f()")(raise))
  classes <- c("IndexError", "LookupError", "python_error", "error", "condition")
  expect_s3_class(error, classes, exact = TRUE)
})

# ---- errors ----

test_that("exceptions are conditions of their class, with call and traceback", {
  error <- error_of(builtins$int("x"))
  expect_s3_class(
    error, c("ValueError", "value_error", "python_error", "error", "condition"), exact = TRUE
  )
  expect_identical(conditionCall(error), quote(builtins$int("x")))
  expect_match(conditionMessage(error), "invalid literal for int()", fixed = TRUE)
  expect_match(paste(error$traceback, collapse = "\n"), "ValueError: invalid literal", fixed = TRUE)

  getitem <- py_import("operator")$getitem
  expect_error(getitem(list(a = 1), "b"), "KeyError: 'b'", fixed = TRUE, class = "KeyError")
  expect_identical(tryCatch(getitem(list(a = 1), "b"), KeyError = function(e) "caught"), "caught")
  expect_error(py("1 +"), "SyntaxError", class = "SyntaxError")
  expect_error(torch_eval("torch.ones(2) @ torch.ones(3)"), "size", class = "RuntimeError")
})

test_that("infinite recursion between the languages is an error", {
  f <- function() py("lambda f: f()")(f)
  expect_error(f())
  expect_identical(py("1 + 1"), 2L)
})

# ---- handles ----

test_that("handles from a file have their objects again, where those have a name in torch", {
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  torch <- py_import("torch")
  saveRDS(list(tensor = as_torch_tensor(1), callable = torch$add, dtype = torch$int8), file)
  old <- readRDS(file)
  expect_identical(to_r(old$tensor), 1)
  expect_identical(as.numeric(old$callable(old$tensor, 2)), 3)
  expect_identical(format(old$dtype), "Char")
})

test_that("other handles of another session say so", {
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(list(object = py("object()"), callable = py("lambda x: x")), file)
  old <- readRDS(file)
  expect_identical(capture.output(print(old$object)), "<python_object from another R session>")
  expect_identical(capture.output(print(old$callable)), "<python_callable from another R session>")
  expect_identical(capture.output(str(old$object)), " <python_object from another R session>")
  message <- "from another R session"
  for (f in list(to_r, as_torch_tensor)) expect_error(f(old$object), message)
  expect_error(old$object$add, message)
  expect_error(old$object$add <- 1, message)
  expect_error(old$callable(1), message)
  expect_error(py("lambda x: x")(old$object), message, class = "ValueError")
  expect_error(utils::.DollarNames(old$object, ""), message)
})
