skip_without_python()

builtins <- py_import("builtins", convert = FALSE)
kind <- function(x) py_import("builtins")$type(x)$`__name__`

test_that("None as a result is nothing to show", {
  for (builtins in list(py_import("builtins"), py_import("builtins", convert = FALSE))) {
    expect_invisible(builtins$setattr(builtins, "torchbridge_test", 1L))
    expect_visible(builtins$getattr(builtins, "torchbridge_test"))
    expect_invisible(builtins$delattr(builtins, "torchbridge_test"))
  }
})

test_that("convert = FALSE leaves results Python's, and theirs", {
  expect_s3_class(builtins, c("python_unconverted", "python_object"), exact = TRUE)
  key <- builtins$tuple(list(1L, "a"))
  expect_s3_class(key, c("python_unconverted", "python_object"), exact = TRUE)
  expect_identical(format(key), "<python_object> (1, 'a')")
  expect_identical(kind(key), "tuple")
  expect_identical(to_r(key), list(1L, "a"))
  expect_identical(kind(key[1L]), "str")
  expect_identical(length(key), 2L)
  expect_s3_class(key$count, "python_callable")
  expect_s3_class(key$count("a"), "python_unconverted")
  expect_identical(to_r(key$count("a")), 1L)
  expect_null(builtins$print(end = "")) # None is NULL
  expect_error(py_import("math", convert = NA), "`convert` must be `TRUE` or `FALSE`")
})

test_that("dicts take keys of any kind", {
  table <- builtins$dict(list(a = 1L))
  table[3L] <- "three"
  table[builtins$tuple(c(1L, 2L))] <- c(0.5, 1)
  table$b <- TRUE
  table[["c"]] <- NULL
  expect_identical(format(table),
    "<python_object> {'a': 1, 3: 'three', (1, 2): [0.5, 1.0], 'b': True, 'c': None}")
  expect_identical(to_r(table[3L]), "three")
  expect_identical(to_r(table$a), 1L)
  expect_identical(names(table), c("a", "3", "(1, 2)", "b", "c"))
  expect_identical(to_r(table)[["(1, 2)"]], c(0.5, 1))
  expect_identical(lapply(as.list(table)[c("a", "b")], to_r), list(a = 1L, b = TRUE))
  expect_error(table[["no"]], "'no'", class = "KeyError")
  expect_identical(conditionCall(tryCatch(table$no, error = identity)), quote(table$no))
})

test_that("sets, objects without an R value", {
  set <- builtins$set(c("a", "b", "a"))
  expect_identical(length(set), 2L)
  expect_identical(sort(to_r(set)), c("a", "b"))
  expect_error(to_r(builtins$object()), "`x`: R has no value for a Python object")
  expect_error(to_r(3), "`x` must be a tensor or a Python object, not a number")
})

test_that("NumPy's arrays compute as Python's", {
  skip_if_not(can_import("numpy"), "numpy")
  a <- py_import("numpy", convert = FALSE)$arange(6L)$reshape(2L, 3L)
  m <- matrix(0:5, 2, byrow = TRUE)
  expect_identical(to_r(a), m)
  expect_identical(to_r(a[, 0L]), m[, 1])
  expect_identical(to_r(a[1L, 2L]), 5L)
  expect_identical(to_r(a[0L]), m[1, ])
  expect_identical(to_r(a * a + 1L), m * m + 1L)
  expect_identical(to_r(2L * a - a %/% 2L), 2L * m - m %/% 2L)
  expect_identical(a > 2L, m > 2L)
  expect_identical(a == a, m == m)
  expect_identical(a != 2L, m != 2L)
  expect_identical(as.numeric(a), as.numeric(m))
  expect_identical(as.matrix(a), m)
  expect_identical(lapply(as.list(a), to_r), list(m[1, ], m[2, ]))
  a[0L, ] <- c(7L, 8L, 9L)
  expect_identical(to_r(a)[1, ], 7:9)
  # What a call gets is the object itself.
  expect_identical(py_import("numpy")$shape(a), c(2L, 3L))
})

test_that("a number alone is a scalar, and an array() of one number an array", {
  skip_if_not(can_import("numpy"), "numpy")
  np <- py_import("numpy")
  expect_identical(np$ndim(1), 0L)
  expect_identical(np$ndim(array(1)), 1L)
  expect_identical(np$ndim(matrix(1)), 2L)
  expect_identical(np$float64(1.5), 1.5)
  expect_identical(np$array(1.5), 1.5)
  expect_identical(np$ones(1L), 1)
  expect_identical(np$ones(c(1L, 1L)), matrix(1))
})

test_that("iteration and contexts stay Python's, too", {
  expect_identical(
    lapply(py_iterate(builtins$range(3L)), class),
    rep(list(c("python_unconverted", "python_object")), 3)
  )
  tempfile <- py_import("tempfile", convert = FALSE)
  expect_identical(with(tempfile$TemporaryDirectory(), as = folder, kind(folder)), "str")
})
