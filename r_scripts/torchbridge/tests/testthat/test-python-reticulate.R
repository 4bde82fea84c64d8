skip_without_python()

start_python()
torch <- reticulate::import("torch")

test_that("tensors pass through ordinary reticulate calls", {
  x <- as_torch_tensor(matrix(c(1, 2, 3, 4, 5, 6), 2))
  y <- torch$add(x, 1)
  expect_s3_class(y, c("torch_tensor", "python_object"), exact = TRUE)
  expect_identical(to_r(y), matrix(c(2, 3, 4, 5, 6, 7), 2))
  expect_true(torch$is_tensor(x))
  expect_identical(dim(torch$ones(c(2L, 3L))), c(2L, 3L))
  # The very tensor, not a copy.
  torch$Tensor$zero_(x)
  expect_identical(to_r(x), matrix(0, 2, 3))
  expect_identical(dim(torch$stack(list(x, x))), c(2L, 2L, 3L))
})

test_that("r_to_py() and py_to_r() hand over the very object", {
  x <- as_torch_tensor(c(1, 2))
  python <- reticulate::r_to_py(x)
  expect_s3_class(python, "torch.Tensor")
  back <- reticulate::py_to_r(python)
  expect_s3_class(back, c("torch_tensor", "python_object"), exact = TRUE)
  back$zero_()
  expect_identical(to_r(x), c(0, 0))

  unconverted <- reticulate::import("torch", convert = FALSE)$arange(3L)
  expect_identical(to_r(reticulate::py_to_r(unconverted)), 0:2)
})

test_that("subclasses of tensors are tensors", {
  python <- reticulate::r_to_py(torch_eval("torch.nn.Parameter(torch.ones(2))"))
  expect_s3_class(python, "torch.nn.parameter.Parameter")
  expect_s3_class(reticulate::py_to_r(python), "torch_tensor")
})

test_that("Python objects and callables pass to reticulate as themselves", {
  third <- py_import("fractions")$Fraction(1L, 3L)
  python <- reticulate::r_to_py(third)
  expect_s3_class(python, "fractions.Fraction")
  expect_identical(reticulate::py_to_r(python$denominator), 3L)
  expect_identical(reticulate::py_id(reticulate::r_to_py(third)), reticulate::py_id(python))

  builtins <- reticulate::import_builtins()
  expect_true(builtins$callable(py_import("torch")$add))
  expect_identical(builtins$len(reticulate::r_to_py(list(third, third))), 2L)
})

test_that("tensors reach R functions and Python variables through reticulate", {
  double_it <- reticulate::py_func(function(x) x$mul(2))
  expect_identical(to_r(double_it(as_torch_tensor(c(1, 2)))), c(2, 4))
  main <- reticulate::import_main()
  main$torchbridge_test <- as_torch_tensor(1:2)
  reticulate::py_run_string("torchbridge_test = torchbridge_test + 1")
  expect_identical(to_r(main$torchbridge_test), 2:3)
})

test_that("nothing is left behind by handing over", {
  x <- as_torch_tensor(c(1, 2))
  before <- live_objects()
  for (i in 1:50) reticulate::py_to_r(reticulate::r_to_py(x))
  expect_identical(live_objects(), before)
})

test_that("data frames cross reticulate whole, with NA of every type", {
  x <- data.frame(
    n = c(1.5, NA), i = c(NA, 2L), l = c(TRUE, NA), s = c("a", NA), f = factor(c(NA, "b")),
    d = as.Date(c(NA, "2024-02-29")), t = as.POSIXct(c("2024-07-01", NA), tz = "UTC")
  )
  python <- reticulate::r_to_py(x)
  expect_identical(reticulate::py_to_r(python$shape), list(2L, 7L))
  expect_identical(reticulate::py_to_r(python), x)
  builtins <- reticulate::import_builtins()
  expect_identical(builtins$len(x), 2L)
  pandas <- reticulate::import("pandas")
  expect_identical(pandas$concat(list(x, x), ignore_index = TRUE), rbind(x, x))
  pyarrow <- reticulate::import("pyarrow", convert = FALSE)
  expect_identical(reticulate::py_to_r(pyarrow$table(python)), x)
})
