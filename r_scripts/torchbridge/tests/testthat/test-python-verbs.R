skip_without_python()

deque <- function(...) py_import("collections")$deque(list(...))

test_that("length() is Python's own", {
  expect_identical(length(deque(1, "a", TRUE)), 3L)
  expect_identical(length(deque()), 0L)
  expect_identical(length(py_import("math")), 1L) # a module has none
  expect_identical(length(py_import("builtins")$iter(list(1, 2))), 1L)
  expect_identical(length(py_import("builtins")$len), 1L)
})

test_that("names() are keys, columns, or public attributes", {
  environ <- py_import("os")$environ
  expect_true("PATH" %in% names(environ))
  expect_true(all(c("pi", "sqrt") %in% names(py_import("math"))))
  expect_false("__name__" %in% names(py_import("math")))
  skip_if_not(can_import("pandas"), "pandas")
  expect_identical(names(as_py_frame(mtcars)), names(mtcars))
})

test_that("x[i] is Python's item, from 0", {
  x <- deque(1, "a", TRUE)
  expect_identical(x[0L], 1)
  expect_identical(x[1], "a")
  expect_true(x[-1L])
  expect_identical(x[[0L]], 1)
  expect_identical(x[c(0, 2)], list(1, TRUE)) # none that Python has: each
  x[1L] <- c(1, 2)
  expect_identical(x[1L], c(1, 2))
  expect_error(x[3L], "index out of range", class = "IndexError")
  expect_identical(conditionCall(tryCatch(x[3L], error = identity)), quote(x[3L]))
  expect_error(py_import("math")[0L], "not subscriptable", class = "TypeError")
})

test_that("x[['key']] is the item, else the attribute, and so is x$key of a mapping", {
  maps <- py_import("collections")$ChainMap(list(a = 1, maps_too = "b"))
  expect_identical(maps[["a"]], 1)
  expect_identical(maps$maps_too, "b")
  expect_identical(maps["a"], 1)
  expect_identical(maps$maps, list(list(a = 1, maps_too = "b"))) # the attribute
  expect_error(maps[["no"]], "no", class = "KeyError")
  expect_error(maps$no, "no attribute 'no'", class = "AttributeError")
  expect_identical(maps[c("a", "maps_too")], list(a = 1, maps_too = "b"))

  maps[["b"]] <- 2L
  maps$c <- "new"
  expect_identical(as.list(maps)[c("b", "c")], list(b = 2L, c = "new"))
  expect_identical(py_import("math")[["pi"]], pi)

  skip_if_not(can_import("pandas"), "pandas")
  frame <- as_py_frame(data.frame(size = 1:2, v = c("a", "b"))) # frames have an attribute `size`
  expect_identical(frame[["size"]], 1:2)
  frame[["new one"]] <- c(0.5, 1.5)
  expect_identical(as.data.frame(frame)[["new one"]], c(0.5, 1.5))
  expect_identical(frame[c("size", "v")], data.frame(size = 1:2, v = c("a", "b")))
})

test_that("what is live stays Python's: a change arrives", {
  os <- py_import("os")
  os$environ[["TORCHBRIDGE_TEST_A"]] <- "1"
  os$environ$TORCHBRIDGE_TEST_B <- "2"
  on.exit(Sys.unsetenv(c("TORCHBRIDGE_TEST_A", "TORCHBRIDGE_TEST_B")))
  expect_identical(Sys.getenv(c("TORCHBRIDGE_TEST_A", "TORCHBRIDGE_TEST_B"), names = FALSE),
    c("1", "2"))
  expect_identical(os$environ$TORCHBRIDGE_TEST_A, "1")
  os$environ$clear # still what it was
  expect_identical(class(os$environ), "python_object")
})

test_that("lapply() and its kin have all that iteration gives", {
  expect_identical(as.list(deque(1, "a")), list(1, "a"))
  expect_identical(sapply(deque(1, "a", NULL), class), c("numeric", "character", "NULL"))
  expect_identical(unlist(deque(1, 2)), c(1, 2))
  expect_identical(rev(deque(1, "a")), list("a", 1))
  expect_identical(head(deque(1, "a", TRUE), 2L), list(1, "a"))
  expect_identical(tail(deque(1, "a", TRUE), 1L), list(TRUE))
  generator <- py_import("builtins")$iter(list("a", "b"))
  expect_identical(vapply(generator, toupper, ""), c("A", "B"))
  expect_identical(as.list(generator), list()) # it is used up
  expect_error(as.list(py_import("math")), "not iterable", class = "TypeError")
  expect_identical(as.list(py_import("collections")$ChainMap(list(a = 1))), list(a = 1))
})

test_that("objects are text, numbers and truth values as Python has them", {
  half <- py_import("fractions")$Fraction(1L, 2L)
  expect_identical(as.character(half), "1/2")
  expect_identical(paste("x =", half), "x = 1/2")
  expect_identical(as.numeric(half), 0.5)
  expect_identical(as.integer(half + 2L), 2L)
  expect_true(as.logical(half))
  expect_false(as.logical(deque()))
  expect_error(as.numeric(deque()), "float", class = "TypeError")
})

test_that("operators are Python's", {
  fraction <- py_import("fractions")$Fraction
  third <- fraction(1L, 3L)
  expect_identical(as.character(third + fraction(1L, 6L)), "1/2")
  expect_identical(as.character(1L - third), "2/3")
  expect_identical(as.character(-third), "-1/3")
  expect_identical(third^2L == fraction(1L, 9L), TRUE)
  expect_identical(fraction(7L, 2L) %/% 1L, 3L)
  expect_identical(as.character(fraction(7L, 2L) %% 1L), "1/2")
  expect_identical(third < 0.5, TRUE)
  expect_identical(0.5 < third, FALSE)
  expect_identical(third != third, FALSE)
  expect_identical(third == "a third", FALSE)
  expect_false(!third)
  expect_error(third + "a", "unsupported operand", class = "TypeError")
})

test_that("a long object is one line in str()", {
  expect_identical(
    capture.output(str(list(do.call(deque, as.list(1:100)))))[2],
    " $ : <python_object> deque([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 ..."
  )
})

test_that("tensors keep R's own defaults: they are arrays, not objects with elements", {
  for (x in list(torch_tensor(c(3, 1, 2)), as_torch_numeric(c(3, 1, 2)))) {
    expect_null(names(x))
    expect_s3_class(unlist(x), class(x), exact = TRUE)
    expect_identical(as.numeric(to_r(rev(x)$detach())), c(2, 1, 3))
    expect_identical(as.numeric(to_r(head(x, 2)$detach())), c(3, 1))
    expect_identical(as.numeric(to_r(tail(x, 2)$detach())), c(1, 2))
  }
})

test_that("head() and tail() of sparse tensors", {
  skip_without_python()
  values <- matrix(c(0, 3, 0, 4, 0, 5), 3)
  x <- torch_tensor(values)$to_sparse()
  expect_identical(as.array(head(x, 2)$to_dense()), head(values, 2))
  expect_identical(as.array(tail(x, 1)$to_dense()), tail(values, 1, keepnums = FALSE))
  expect_identical(as.array(head(x, -1)$to_dense()), head(values, -1))
})

test_that("str() of a data frame of Python's is its size and columns", {
  expect_output(
    str(as_py_frame(cars)), "^ <python_object> data frame \\[50 x 2\\]: speed, dist$"
  )
})

test_that("str() takes an object whose text has several lines", {
  optimizer <- optim_sgd(nn_linear(1, 1)$parameters, lr = 0.1)
  expect_length(capture.output(str(optimizer)), 1L)
})

test_that("all.equal() compares Python objects by R values, or by Python's ==", {
  skip_without_python()
  expect_true(all.equal(as_py_frame(cars), as_py_frame(cars)))
  expect_match(all.equal(as_py_frame(cars), as_py_frame(cars * 3)), "difference: 2", all = FALSE)
  expect_true(all.equal(torch_float(), torch_float32()))
  expect_match(all.equal(torch_float(), torch_double()), "are not equal$")
  expect_true(all.equal(torch_device("cpu"), torch_device("cpu")))
  expect_match(all.equal(torch_device("cpu"), torch_device("cuda")), "are not equal$")
  expect_match(all.equal(torch_device("cpu"), torch_float()), "are not equal$")
  expect_identical(all.equal(torch_float(), 1), "target is torch_dtype, current is numeric")
})
