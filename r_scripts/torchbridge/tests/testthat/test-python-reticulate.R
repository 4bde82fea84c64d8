skip_without_python()

start_python()
torch <- reticulate::import("torch")

test_that("what reticulate imported stays reticulate's", {
  skip_unless_reticulate_starts()
  code <- c(
    "torch <- reticulate::import('torch')",
    "x <- torch$tensor(list(list(1, 2, 3), list(4, 5, 6)))",
    "cat(class(x), length(x), x$size(1L), x$sum(dim = 1L)$tolist(), x$argmax(dim = 1L)$tolist())",
    "cat('', x[1]$tolist(), torch$sum(x, dim = 1L)$tolist(), x$narrow(1L, 1L, 2L)$tolist()[[1]])",
    "cat('', class(reticulate::py_to_r(reticulate::r_to_py(x))), class(torch$int64))"
  )
  env <- c(RETICULATE_PYTHON = find_python())
  alone <- run_r(code, env)
  expect_match(output(alone), " 2 3 6 15 2 2 ", fixed = TRUE)
  # Loaded, attached, and once our own calls have begun.
  ours <- c("suppressPackageStartupMessages(library(torchbridge))", "start_python()")
  expect_identical(run_r(c(ours, code), env), alone)
})

test_that("our tensors go into reticulate's calls, and what comes back is reticulate's", {
  x <- as_torch_tensor(matrix(c(1, 2, 3, 4, 5, 6), 2))
  y <- torch$add(x, 1)
  expect_s3_class(y, c("torch.Tensor", "python.builtin.object"))
  expect_false(inherits(y, "python_object"))
  expect_identical(unlist(y$tolist()), c(2, 4, 6, 3, 5, 7))
  expect_true(torch$is_tensor(x))
  # The very tensor, not a copy.
  torch$Tensor$zero_(x)
  expect_identical(to_r(x), matrix(0, 2, 3))
  expect_identical(torch$stack(list(x, x))$dim(), 3L)
})

test_that("r_to_py() hands over the very object, and as_torch_tensor() asks for ours", {
  x <- as_torch_tensor(c(1, 2))
  python <- reticulate::r_to_py(x)
  expect_s3_class(python, "torch.Tensor")
  expect_s3_class(reticulate::py_to_r(python), "torch.Tensor")
  back <- as_torch_tensor(python, share = TRUE)
  expect_s3_class(back, c("torch_tensor", "python_object"), exact = TRUE)
  back$zero_()
  expect_identical(to_r(x), c(0, 0))
})

test_that("tensors and arrays of reticulate's become ours where that is asked for", {
  for (convert in c(TRUE, FALSE)) {
    theirs <- reticulate::import("torch", convert = convert)
    x <- theirs$tensor(list(list(1, 2), list(3, 4)))
    ours <- as_torch_tensor(x)
    expect_s3_class(ours, c("torch_tensor", "python_object"), exact = TRUE)
    expect_identical(to_r(ours), matrix(c(1, 3, 2, 4), 2))
    expect_identical(to_r(torch_tensor(x)[1]), c(1, 2))
    expect_identical(to_r(x), matrix(c(1, 3, 2, 4), 2))
    expect_true(as_torch_tensor(x, dtype = theirs$float64)$dtype == torch_float64())
    ours$zero_() # a copy
    expect_identical(to_r(x), matrix(c(1, 3, 2, 4), 2))
  }
  numpy <- reticulate::import("numpy", convert = FALSE)
  expect_identical(to_r(torch_tensor(numpy$arange(3L))), 0:2)
  expect_identical(to_r(numpy$arange(3L)), 0:2)
})

test_that("reticulate's objects are themselves in every call of ours", {
  x <- torch$ones(list(2L, 3L))
  expect_identical(to_r(torch_sum(x, dim = 1)), c(2, 2, 2))
  expect_identical(to_r(torch_tensor(c(1, 2, 3)) * x), matrix(c(1, 2, 3), 2, 3, byrow = TRUE))
  expect_identical(to_r(torch_stack(list(x, x))), array(1, c(2, 2, 3)))
  expect_identical(nn_linear(3, 1)(x)$shape, c(2L, 1L))
  expect_identical(python(x)$size(1L), 3L)
  third <- reticulate::import("fractions", convert = FALSE)$Fraction(1L, 3L)
  builtins <- py_import("builtins")
  expect_identical(builtins$repr(list(third, third)), "[Fraction(1, 3), Fraction(1, 3)]")
  # Functions, too: not an R function around them.
  length_of <- reticulate::import_builtins(convert = FALSE)$len
  expect_identical(builtins$repr(length_of), "<built-in function len>")
  file <- tempfile()
  on.exit(unlink(file))
  saveRDS(third, file)
  expect_error(builtins$repr(readRDS(file)), "previous session")
})

test_that("subclasses of tensors are tensors", {
  python <- reticulate::r_to_py(torch_eval("torch.nn.Parameter(torch.ones(2))"))
  expect_s3_class(python, "torch.nn.parameter.Parameter")
  expect_s3_class(as_torch_tensor(python), "torch_tensor")
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
  double_it <- reticulate::py_func(function(x) as_torch_tensor(x)$mul(2))
  expect_identical(to_r(double_it(as_torch_tensor(c(1, 2)))), c(2, 4))
  main <- reticulate::import_main()
  main$torchbridge_test <- as_torch_tensor(1:2)
  reticulate::py_run_string("torchbridge_test = torchbridge_test + 1")
  expect_identical(to_r(main$torchbridge_test), 2:3)
})

test_that("nothing is left behind by handing over", {
  x <- as_torch_tensor(c(1, 2))
  before <- live_objects()
  for (i in 1:50) as_torch_tensor(reticulate::r_to_py(x), share = TRUE)
  expect_identical(live_objects(), before)
})

test_that("frames in reticulate's calls are reticulate's, and whole by as_py_frame()", {
  x <- data.frame(
    n = c(1.5, NA), i = c(NA, 2L), l = c(TRUE, NA), s = c("a", NA), f = factor(c(NA, "b")),
    d = as.Date(c(NA, "2024-02-29")), t = as.POSIXct(c("2024-07-01", NA), tz = "UTC")
  )
  # Of reticulate's methods none is replaced.
  reticulate <- asNamespace("reticulate")
  methods <- c("r_to_py.data.frame", "py_to_r.pandas.core.frame.DataFrame")
  table <- reticulate$.__S3MethodsTable__.
  for (method in methods) expect_identical(table[[method]], reticulate[[method]])

  python <- reticulate::r_to_py(as_py_frame(x))
  expect_s3_class(python, "pandas.core.generic.NDFrame")
  expect_identical(as.data.frame(as_py_frame(python)), x)
  main <- reticulate::import_main(convert = FALSE)
  main$torchbridge_test <- as_py_frame(x)
  reticulate::py_run_string("torchbridge_test = torchbridge_test.iloc[::-1]")
  expect_identical(
    as.data.frame(as_py_frame(main$torchbridge_test)),
    as.data.frame(as_py_frame(x)$iloc$`__getitem__`(py_import("builtins")$slice(NULL, NULL, -1L)))
  )
  pyarrow <- reticulate::import("pyarrow", convert = FALSE)
  expect_identical(as.data.frame(as_py_frame(pyarrow$table(as_py_frame(x)), "arrow")), x)
  expect_identical(as.data.frame(frame_tensors(python)), x)
})
