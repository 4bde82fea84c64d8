error_of <- function(code) tryCatch(code, error = identity)

test_that("a wrong argument is named, with what is right and what was given", {
  dtype_message <- "`dtype` must be a name such as \"float32\", or NULL, not a number."
  expect_identical(conditionMessage(error_of(as_torch_tensor(1, dtype = 3))), dtype_message)
  expect_identical(
    conditionMessage(error_of(as_torch_tensor(1, device = c("cpu", "cuda")))),
    "`device` must be a name such as \"cuda\", or NULL, not a character vector."
  )
  expect_identical(
    conditionMessage(error_of(as_torch_tensor(1, share = NA))),
    "`share` must be `TRUE` or `FALSE`, not NA."
  )
  expect_identical(
    conditionMessage(error_of(as_torch_tensor(1, na = "omit"))),
    "`na` must be \"error\", \"mask\" or a number, not \"omit\"."
  )
  expect_identical(
    conditionMessage(error_of(as_torch_tensor(1, na = NA))),
    "`na` must be \"error\", \"mask\" or a number, not NA."
  )
  expect_identical(
    conditionMessage(error_of(as_torch_tensor(1, na = c(1, 2)))),
    "`na` must be \"error\", \"mask\" or a number, not a numeric vector."
  )
  expect_identical(
    conditionMessage(error_of(to_r("a"))),
    "`x` must be a tensor or a Python object, not a string."
  )
  expect_identical(
    conditionMessage(error_of(py_import(1:2))),
    "`module` must be a single string, not an integer vector."
  )
  expect_identical(
    conditionMessage(error_of(start_python(NA))),
    "`python` must be a single string, not NA."
  )
})

test_that("the call of the error is the user's", {
  expect_identical(
    conditionCall(error_of(as_torch_tensor(1, dtype = 3))),
    quote(as_torch_tensor(1, dtype = 3))
  )
  expect_identical(conditionCall(error_of(to_r("a"))), quote(to_r("a")))
  expect_identical(conditionCall(error_of(py_import(1))), quote(py_import(1)))
  expect_identical(conditionCall(error_of(start_python(NA))), quote(start_python(NA)))
})

test_that("unknown arguments are rejected", {
  expect_error(as_torch_tensor(1, dytpe = "int64"), "unused argument (dytpe", fixed = TRUE)
  expect_error(to_r(1, shared = TRUE), "unused argument")

  f <- function(...) check_no_dots(...)
  expect_silent(f())
  expect_error(f(a = 1), "^Unknown argument: `a`\\.$")
  expect_error(f(a = 1, 2), "^Unknown arguments: `a`, one without a name\\.$")
  expect_error(f(1), "^Unknown argument: one without a name\\.$")
  expect_identical(conditionCall(error_of(f(a = 1))), quote(f(a = 1)))

  g <- function(...) check_no_dots(..., except = "digits")
  expect_silent(g(digits = 3))
  expect_error(g(digits = 3, n = 1), "^Unknown argument: `n`\\.$")
})

test_that("values are named in words", {
  expect_identical(friendly_type(NULL), "NULL")
  expect_identical(friendly_type(NA_character_), "NA")
  expect_identical(friendly_type(3L), "a number")
  expect_identical(friendly_type("a"), "a string")
  expect_identical(friendly_type(TRUE), "TRUE")
  expect_identical(friendly_type(c(1, 2)), "a numeric vector")
  expect_identical(friendly_type(1:2), "an integer vector")
  expect_identical(friendly_type(matrix("a")), "a string")
  expect_identical(friendly_type(matrix(1, 2, 2)), "a numeric array")
  expect_identical(friendly_type(list()), "a list")
  expect_identical(friendly_type(mean), "a function")
  expect_identical(friendly_type(globalenv()), "an environment")
  expect_identical(friendly_type(Sys.Date()), "a <Date> object")
  expect_identical(friendly_type(mtcars), "a <data.frame> object")
})
