skip_without_python()

dtype_of <- function(x) sub("torch.", "", x$dtype$`__repr__`(), fixed = TRUE)
round_trip <- function(x, ...) to_r(as_torch_tensor(x, ...))
error_of <- function(code) tryCatch(code, error = identity)
bits <- function(x) writeBin(x, raw())

# ---- each type ----

test_that("each R type has its dtype", {
  dtype <- function(x) sub("<python_object> ", "", dtype_of(as_torch_tensor(x)))
  expect_identical(dtype(1.5), "float64")
  expect_identical(dtype(1L), "int32")
  expect_identical(dtype(TRUE), "bool")
  expect_identical(dtype(1i), "complex128")
  expect_identical(dtype(as.raw(1)), "uint8")
  expect_identical(dtype(factor("a")), "int64")
  expect_identical(dtype(as.Date("2026-01-01")), "float64")
  expect_identical(dtype(as.POSIXct(0, origin = "1970-01-01")), "float64")
  expect_identical(dtype(as.difftime(1, units = "hours")), "float64")
  skip_if_not_installed("bit64")
  expect_identical(dtype(bit64::as.integer64(1)), "int64")
})

test_that("vectors come back identical", {
  expect_identical(round_trip(c(1.5, -2, 1e300)), c(1.5, -2, 1e300))
  expect_identical(round_trip(c(1L, -2L, .Machine$integer.max)), c(1L, -2L, .Machine$integer.max))
  expect_identical(round_trip(c(TRUE, FALSE)), c(TRUE, FALSE))
  expect_identical(round_trip(c(1 + 2i, -3i)), c(1 + 2i, -3i))
  expect_identical(round_trip(as.raw(0:255)), as.raw(0:255))
})

test_that("NA, NaN, infinities and negative zero keep their bits", {
  x <- c(NA, NaN, Inf, -Inf, -0, 0, 5e-324)
  expect_identical(bits(round_trip(x)), bits(x))
  z <- complex(real = x, imaginary = rev(x))
  expect_identical(bits(round_trip(z)), bits(z))
})

test_that("empty vectors and arrays come back identical", {
  expect_identical(round_trip(double()), double())
  expect_identical(round_trip(integer()), integer())
  expect_identical(round_trip(logical()), logical())
  expect_identical(round_trip(complex()), complex())
  expect_identical(round_trip(raw()), raw())
  expect_identical(round_trip(matrix(0, 0, 3)), matrix(0, 0, 3))
  expect_identical(round_trip(array(0L, c(2, 0, 3))), array(0L, c(2, 0, 3)))
})

test_that("arrays of any rank keep shape and elements", {
  for (rank in 1:5) {
    shape <- c(2L, 3L, 1L, 4L, 2L)[seq_len(rank)]
    x <- array(as.double(seq_len(prod(shape))), shape)
    tensor <- as_torch_tensor(x)
    expect_identical(dim(tensor), shape)
    expect_true(tensor$is_contiguous())
    back <- if (rank == 1L) as.vector(x) else x
    expect_identical(to_r(tensor), back)
    expect_identical(as.array(tensor), back)
    last <- tensor
    for (size in shape) last <- last$select(1, size)
    expect_identical(last$item(), x[length(x)])
  }
  x <- array(rnorm(24), 2:4)
  tensor <- as_torch_tensor(x)
  expect_identical(to_r(tensor$select(1, 2)), x[2, , ])
  expect_identical(to_r(tensor$select(2, 1)), x[, 1, ])
  expect_identical(to_r(tensor$select(3, 4)), x[, , 4])
  expect_identical(to_r(tensor$permute(3, 1, 2)), aperm(x, c(3, 1, 2)))
  expect_identical(to_r(tensor$flatten()), as.vector(aperm(x)))
})

test_that("a tensor of no dimensions is a vector of length 1", {
  x <- torch_eval("torch.tensor(2.5)")
  expect_identical(to_r(x), 2.5)
  expect_identical(as.array(x), 2.5)
  expect_identical(as.matrix(x), matrix(2.5))
  expect_identical(dim(x), integer())
  expect_identical(length(x), 1L)
})

test_that("names and dimnames stay in R", {
  x <- matrix(1:4, 2, dimnames = list(c("a", "b"), NULL))
  expect_identical(round_trip(x), unname(x))
  expect_identical(round_trip(c(a = 1, b = 2)), c(1, 2))
})

test_that("factors keep levels, order and NA's absence", {
  x <- factor(c("b", "a", "b"), levels = c("a", "b", "never"))
  tensor <- as_torch_tensor(x)
  expect_identical(as.array(tensor), c(2L, 1L, 2L))
  expect_identical(levels(tensor), c("a", "b", "never"))
  expect_identical(to_r(tensor), x)

  ordered <- factor(c("lo", "hi"), levels = c("lo", "hi"), ordered = TRUE)
  expect_identical(round_trip(ordered), ordered)
  expect_identical(round_trip(factor(character())), factor(character()))
  expect_identical(round_trip(factor("only")), factor("only"))

  expect_null(levels(tensor$add(0L)))
  expect_null(levels(as_torch_tensor(1:2)))
  expect_identical(to_r(tensor$add(0L)), c(2L, 1L, 2L))
})

test_that("a factor with NA needs a policy", {
  x <- factor(c("a", NA, "b"))
  expect_error(as_torch_tensor(x), "`na`: x has NA")
  masked <- as_torch_tensor(x, na = "mask")
  expect_identical(to_r(masked$mask), c(TRUE, FALSE, TRUE))
  expect_identical(as.array(masked$value), c(1L, 0L, 2L))
})

test_that("dates and times keep class, time zone and unit", {
  date <- as.Date("2026-03-29") + c(0, 0.5, NA)
  expect_identical(round_trip(date), date)

  seoul <- as.POSIXct("2026-03-29 02:30:00.25", tz = "Asia/Seoul") + c(0, 86400)
  expect_identical(round_trip(seoul), seoul)
  utc <- as.POSIXct(c(0, NA), origin = "1970-01-01", tz = "UTC")
  expect_identical(round_trip(utc), utc)
  local <- .POSIXct(c(1e9, 2e9))
  expect_identical(round_trip(local), local)

  for (units in c("secs", "mins", "hours", "days", "weeks")) {
    span <- as.difftime(c(1.5, -2), units = units)
    expect_identical(round_trip(span), span)
  }
  expect_identical(as.array(as_torch_tensor(date)), as.double(date))
  # Integer dates are dates as well.
  expect_equal(round_trip(structure(1:2, class = "Date")), structure(c(1, 2), class = "Date"))
})

test_that("integer64 is exact, and never read as a double", {
  skip_if_not_installed("bit64")
  wide <- bit64::as.integer64(c("9007199254740993", "-9223372036854775807"))
  tensor <- as_torch_tensor(wide)
  expect_identical(as.character(to_r(tensor)), as.character(wide))
  expect_identical(to_r(tensor), wide)
  expect_identical(as.array(tensor), wide)
  expect_warning(numbers <- as.numeric(tensor), "precision")
  expect_identical(numbers, c(9007199254740992, -9223372036854775807))

  # Values that fit are simpler types.
  expect_identical(round_trip(bit64::as.integer64(c(1, -5))), c(1L, -5L))
  expect_identical(round_trip(bit64::as.integer64("3000000000")), 3e9)
  expect_identical(round_trip(bit64::as.integer64(double())), integer())
  expect_error(as_torch_tensor(bit64::NA_integer64_), "`na`: x has NA")
  expect_identical(
    to_r(as_torch_tensor(bit64::as.integer64(c("7", NA)), na = -1)), c(7L, -1L)
  )
})

test_that("integer64 prints and converts without bit64 attached or loaded before", {
  skip_if_not_installed("bit64")
  run <- run_r(c(
    "suppressPackageStartupMessages(library(torchbridge))",
    "x <- py_import('torch')$tensor(9007199254740992)$long()$add(1L)",
    "x",
    "stopifnot(!isNamespaceLoaded('bit64'))",
    "to_r(x)"
  ))
  expect_identical(run$status, 0L)
  expect_identical(run$out, c(
    "torch_tensor", "9007199254740993", "[ CPULongType{} ]",
    "integer64", "[1] 9007199254740993"
  ))
})

test_that("sparse matrices come back identical", {
  skip_if_not_installed("Matrix")
  x <- Matrix::sparseMatrix(i = c(1, 3, 2), j = c(1, 2, 3), x = c(1.5, -2, 4), dims = c(3, 4))
  tensor <- as_torch_tensor(x)
  expect_identical(dim(tensor), c(3L, 4L))
  expect_identical(to_r(tensor), x)
  expect_identical(as.array(tensor), as.matrix(x))
  expect_identical(as.matrix(tensor), as.matrix(x))
  expect_identical(as.numeric(tensor), as.vector(as.matrix(x)))
  for (y in list(Matrix::Diagonal(3), Matrix::crossprod(x), x > 2, as(3:1, "pMatrix"))) {
    expect_identical(as.array(as_torch_tensor(y)), unname(as.matrix(y)))
    expect_identical(as.array(torch_tensor(y)$to_dense()) > 0, unname(as.matrix(y)) > 0)
  }
  wrong <- x
  wrong@p <- c(0L, 9L, 2L, 3L, 3L)
  expect_error(as_torch_tensor(wrong), "`x`: its slot p does not rise from 0: this dgCMatrix is")
  expect_identical(to_r(torch_eval("torch.eye(2).to_sparse_coo()")), as(diag(2), "dgCMatrix"))
})

# ---- tensors of Python's making ----

test_that("each dtype has its R type", {
  as <- function(dtype) to_r(torch_eval(paste0("torch.tensor([0, 1]).to(torch.", dtype, ")")))
  for (dtype in c("float16", "bfloat16", "float32", "float64")) expect_identical(as(dtype), c(0, 1))
  for (dtype in c("int8", "int16", "int32", "int64", "uint16", "uint32", "uint64")) {
    expect_identical(as(dtype), 0:1)
  }
  expect_identical(as("bool"), c(FALSE, TRUE))
  expect_identical(as("uint8"), as.raw(0:1))
  expect_identical(as("complex64"), c(0i, 1 + 0i))
  expect_identical(as("complex128"), c(0i, 1 + 0i))
})

test_that("INT_MIN is a number in Python and no NA in R", {
  expect_identical(to_r(torch_eval("torch.tensor([-2**31], dtype=torch.int32)")), -2^31)
})

test_that("layouts other than contiguous, gradients and conjugates are handled", {
  expect_identical(to_r(torch_eval("torch.arange(6.).reshape(2, 3).t()")), matrix(0:5 + 0, 3))
  expect_identical(to_r(torch_eval("torch.arange(10.)[::3]")), c(0, 3, 6, 9))
  expect_identical(to_r(torch_eval("torch.ones(2).expand(3, 2)")), matrix(1, 3, 2))
  expect_identical(to_r(torch_eval("torch.ones(2, requires_grad=True) * 2")), c(2, 2))
  expect_identical(to_r(torch_eval("torch.tensor([1 + 2j]).conj()")), 1 - 2i)
  expect_error(to_r(torch_eval("torch.empty(2, device='meta')")), "meta")
})

# ---- arguments ----

test_that("dtype converts in the same pass", {
  expect_identical(to_r(as_torch_tensor(c(1.25, -2), "float32")), c(1.25, -2))
  expect_identical(to_r(as_torch_tensor(0.1, "float32")), 0.100000001490116119384765625)
  expect_identical(to_r(as_torch_tensor(c(1, 0), "bool")), c(TRUE, FALSE))
  expect_identical(to_r(as_torch_tensor(1:2, "float64")), c(1, 2))
  expect_identical(to_r(as_torch_tensor(c(TRUE, FALSE), "int8")), c(1L, 0L))
  expect_identical(to_r(as_torch_tensor(c(1, 2), "complex64")), c(1 + 0i, 2 + 0i))
  torch <- py_import("torch")
  expect_identical(to_r(as_torch_tensor(3, dtype = torch$int16)), 3L)
  expect_error(as_torch_tensor(1, "float33"), "`dtype`: expected", class = "ValueError")
  expect_error(as_torch_tensor(1, torch), "`dtype`", class = "ValueError")
})

test_that("what a dtype cannot hold is an error", {
  expect_error(as_torch_tensor(300, "uint8"), "do not fit uint8", class = "ValueError")
  expect_error(as_torch_tensor(-1L, "uint8"), "do not fit uint8", class = "ValueError")
  expect_error(as_torch_tensor(2^31, "int32"), "do not fit int32", class = "ValueError")
  expect_error(as_torch_tensor(NaN, "int32"), "NaN", class = "ValueError")
  expect_error(as_torch_tensor(Inf, "int64"), "Inf", class = "ValueError")
  expect_error(as_torch_tensor(1i, "float32"), "complex", class = "ValueError")
})

test_that("device is heeded or refused", {
  on_cpu <- as_torch_tensor(1, device = "cpu")
  expect_identical(on_cpu$device$type, "cpu")
  on_meta <- as_torch_tensor(c(1, 2), device = "meta")
  expect_true(on_meta$is_meta)
  expect_identical(dim(on_meta), 2L)
  expect_identical(dim(as_torch_tensor(1, device = on_meta$device)), 1L)
  expect_error(as_torch_tensor(1, device = "nowhere"), "`device`", class = "python_error")
})

test_that("a tensor on a GPU comes back identical", {
  skip_if_not(py_import("torch")$cuda$is_available(), "a GPU")
  x <- matrix(rnorm(6), 2)
  tensor <- as_torch_tensor(x, device = "cuda")
  expect_true(tensor$is_cuda)
  expect_identical(to_r(tensor), x)
  expect_identical(as.array(tensor), x)
  expect_match(format(tensor), "CUDADoubleType{2,3}", fixed = TRUE)
})

test_that("NA follows the policy", {
  expect_error(as_torch_tensor(c(1L, NA)), "`na`: x has NA, and int32 cannot hold it")
  expect_error(as_torch_tensor(c(TRUE, NA)), "`na`: x has NA, and bool cannot hold it")
  expect_error(as_torch_tensor(c(1, NA), "int64"), "`na`: x has NA, and int64 cannot hold it")
  expect_match(conditionMessage(error_of(as_torch_tensor(NA))), "na = \"mask\"", fixed = TRUE)

  expect_identical(bits(to_r(as_torch_tensor(NA_real_))), bits(NA_real_))
  expect_identical(to_r(as_torch_tensor(c(1L, NA), "float32")), c(1, NaN))
  expect_identical(to_r(as_torch_tensor(c(1L, NA), na = -9)), c(1L, -9L))
  expect_identical(to_r(as_torch_tensor(c(1, NA, NaN), na = 0)), c(1, 0, NaN))
  expect_identical(to_r(as_torch_tensor(c(1, NA), na = NaN)), c(1, NaN))
  expect_identical(to_r(as_torch_tensor(c(TRUE, NA), na = FALSE)), c(TRUE, FALSE))
  expect_error(as_torch_tensor(c(1L, NA), na = 0.5), "`na`: 0.5 is not a value of int32")

  masked <- as_torch_tensor(matrix(c(1, NA, NaN, 4), 2), na = "mask")
  expect_identical(names(masked), c("value", "mask"))
  expect_identical(to_r(masked$value), matrix(c(1, 0, NaN, 4), 2))
  expect_identical(to_r(masked$mask), matrix(c(TRUE, FALSE, TRUE, TRUE), 2))
  expect_identical(to_r(as_torch_tensor(1:2, na = "mask")$mask), c(TRUE, TRUE))
})

test_that("a tensor is copied or moved", {
  x <- as_torch_tensor(c(1, 2))
  y <- as_torch_tensor(x)
  y$add_(1)
  expect_identical(to_r(x), c(1, 2))
  expect_identical(to_r(as_torch_tensor(x, "int32")), 1:2)
  shared <- as_torch_tensor(x, share = TRUE)
  shared$add_(1)
  expect_identical(to_r(x), c(2, 3))
})

# ---- copies and shared memory ----

test_that("a copy is independent of its source", {
  x <- c(1, 2, 3)
  tensor <- as_torch_tensor(x)
  tensor$zero_()
  expect_identical(x, c(1, 2, 3))
  back <- to_r(tensor)
  tensor$add_(1)
  expect_identical(back, c(0, 0, 0))
})

test_that("a tensor that shares R's memory writes into it, and R copies before it writes", {
  x <- matrix(c(1, 2, 3, 4, 5, 6), 2)
  tensor <- as_torch_tensor(x, share = TRUE)
  expect_identical(dim(tensor), c(2L, 3L))
  expect_identical(tensor$stride(), c(1, 2))
  expect_identical(to_r(tensor), x + 0)
  tensor$mul_(10)
  expect_identical(x, matrix(c(10, 20, 30, 40, 50, 60), 2))
  x[1, 1] <- -1
  expect_identical(tensor$select(1, 1)$select(1, 1)$item(), 10)
  rm(x)
  gc()
  expect_identical(to_r(tensor), matrix(c(10, 20, 30, 40, 50, 60), 2))
})

test_that("an R vector that shares a tensor's memory follows it, and R copies before it writes", {
  tensor <- as_torch_tensor(c(1, 2, 3))
  x <- to_r(tensor, share = TRUE)
  expect_identical(x, c(1, 2, 3))
  tensor$add_(1)
  expect_identical(x, c(2, 3, 4))
  y <- x
  y[1] <- 100
  expect_identical(as.numeric(tensor), c(2, 3, 4))
  expect_identical(x, c(2, 3, 4))
  rm(tensor)
  gc()
  expect_identical(sum(x), 9)
})

test_that("shared vectors work as R's own", {
  x <- to_r(as_torch_tensor(matrix(rnorm(12), 4), share = TRUE), share = TRUE)
  y <- x + 0
  expect_identical(dim(x), c(4L, 3L))
  expect_identical(colMeans(x), colMeans(y))
  expect_identical(crossprod(x), crossprod(y))
  expect_identical(x[2:3, -1], y[2:3, -1])
  expect_identical(unserialize(serialize(x, NULL)), y)
  expect_identical(sort(x), sort(y))
  expect_identical(coef(lm(x[, 1] ~ x[, 2])), coef(lm(y[, 1] ~ y[, 2])), ignore_attr = TRUE)

  narrow <- to_r(torch_eval("torch.tensor([1.5, -0.0, float('nan')])"), share = TRUE)
  expect_identical(narrow, c(1.5, -0, NaN))
  expect_identical(to_r(torch_eval("torch.tensor([True, False])"), share = TRUE), c(TRUE, FALSE))
})

test_that("what cannot be shared is an error", {
  expect_error(as_torch_tensor(TRUE, share = TRUE), "share = TRUE: R keeps a logical as int32")
  expect_error(as_torch_tensor(factor("a"), share = TRUE), "factor")
  expect_error(as_torch_tensor(1, "float32", share = TRUE), "share = TRUE")
  expect_error(as_torch_tensor(1, device = "meta", share = TRUE), "share = TRUE")
  expect_error(as_torch_tensor(c(1, NA), share = TRUE, na = 0), "share = TRUE")
  expect_error(to_r(as_torch_tensor(matrix(1:6, 2)), share = TRUE), "column-major")
})

# ---- base R's verbs ----

test_that("as.matrix() gives a matrix", {
  expect_identical(as.matrix(as_torch_tensor(matrix(1:6, 2))), matrix(1:6, 2))
  expect_identical(as.matrix(as_torch_tensor(1:3)), matrix(1:3))
  cube <- array(as.double(1:8), c(2, 2, 2)) # one column, as R's own
  expect_identical(as.matrix(as_torch_tensor(cube)), as.matrix(cube))
})

test_that("as.numeric(), as.integer() and as.logical() give plain vectors, column-major", {
  x <- as_torch_tensor(matrix(c(0L, 1L, 2L, 3L), 2))
  expect_identical(as.numeric(x), c(0, 1, 2, 3))
  expect_identical(as.double(x), c(0, 1, 2, 3))
  expect_identical(as.integer(x), 0:3)
  expect_identical(as.logical(x), c(FALSE, TRUE, TRUE, TRUE))
  expect_identical(as.integer(as_torch_tensor(c(1.9, -1.9))), c(1L, -1L))
  expect_identical(as.numeric(as_torch_tensor(TRUE)), 1)
  expect_identical(as.integer(as_torch_tensor(as.raw(7))), 7L)
  expect_identical(as.integer(as_torch_tensor(factor(c("b", "a")))), 2:1)
  expect_identical(as.numeric(as_torch_tensor(as.Date("1970-01-02"))), 1)
})

test_that("dim() and length() give the shape and the number of elements", {
  expect_identical(dim(as_torch_tensor(matrix(0, 2, 3))), c(2L, 3L))
  expect_identical(dim(as_torch_tensor(1:3)), 3L)
  expect_identical(length(as_torch_tensor(array(0, 2:4))), 24L)
  expect_identical(length(as_torch_tensor(double())), 0L)
  expect_identical(nrow(as_torch_tensor(matrix(0, 2, 3))), 2L)
  huge <- torch_eval("torch.empty(2**31, 3, device='meta')")
  expect_identical(dim(huge), c(2^31, 3))
  expect_identical(length(huge), 3 * 2^31)
})

test_that("the methods reject unknown arguments", {
  x <- as_torch_tensor(1)
  expect_error(as.array(x, drop = TRUE), "Unknown argument: `drop`", fixed = TRUE)
  expect_error(as.matrix(x, byrow = TRUE), "Unknown argument: `byrow`", fixed = TRUE)
  expect_error(as.numeric(x, digits = 1), "Unknown argument: `digits`", fixed = TRUE)
  expect_error(as.integer(x, 1), "Unknown argument: one without a name", fixed = TRUE)
  expect_error(as.logical(x, a = 1, b = 2), "Unknown arguments: `a`, `b`", fixed = TRUE)
})

# ---- errors ----

test_that("what is no tensor is refused with a way out", {
  refused <- function(x, message) expect_error(as_torch_tensor(x), message, class = "TypeError")
  refused("a", "`x`: text is not a tensor: encode it first, e.g. factor\\(x\\)")
  refused(c(NA_character_, "b"), "`x`: text is not a tensor")
  refused(list(1), "`x`: an R list is not a tensor")
  refused(iris, "`x`: column 'Species' is no plain vector.*frame_tensors\\(x\\)")
  refused(NULL, "`x`: NULL has no elements")
  refused(mean, "`x`: an R function")
  refused(quote(a), "`x`: an R object of type 'symbol'")
  refused(globalenv(), "`x`: an R object of type 'environment'")
  refused(y ~ x, "`x`")
  expect_error(to_r(py_import("torch")), "`x`: R has no value for a Python module", fixed = TRUE)
})

test_that("an error of Python is an R condition with class, call and traceback", {
  error <- error_of(as_torch_tensor("a"))
  expect_s3_class(
    error, c("TypeError", "type_error", "python_error", "error", "condition"), exact = TRUE
  )
  expect_identical(conditionCall(error), quote(as_torch_tensor("a")))
  expect_type(error$traceback, "character")
  expect_match(error$traceback[1], "Traceback (most recent call last)", fixed = TRUE)
  expect_match(error$traceback[length(error$traceback)], "TypeError: x: text is not a tensor")
  expect_s3_class(error$exception, "python_object")

  torch <- py_import("torch")
  expect_identical(conditionCall(error_of(to_r(torch))), quote(to_r(torch)))
  meta <- torch_eval("torch.empty(2, device='meta')")
  expect_identical(conditionCall(error_of(as.array(meta))), quote(as.array.torch_tensor(meta)))
})

test_that("a failed conversion changes nothing and holds nothing", {
  x <- c(1, NA, 3)
  before <- live_objects()
  for (i in 1:20) {
    expect_error(as_torch_tensor(x, "int32"))
    expect_error(as_torch_tensor(x, share = TRUE, na = 0))
    expect_error(as_torch_tensor(list(x)))
  }
  expect_identical(live_objects(), before)
  expect_identical(x, c(1, NA, 3))
})

# ---- the table of types ----

test_that("a new type is one row: tensors, frames and files keep it", {
  types <- py_import("torchbridge.arrays.type_table")
  types$add(types$TypeRow("yearmon"))
  types$add(types$TypeRow("hms"))
  on.exit(for (name in c("yearmon", "hms")) types$remove(name))
  new <- list(
    structure(c(2024, NA, 2024.5), class = "yearmon"),
    structure(c(60, NA, 3.5), units = "secs", class = c("hms", "difftime"))
  )
  file <- tempfile()
  on.exit(unlink(file), add = TRUE)
  for (x in new) {
    y <- as_torch_tensor(x)
    expect_identical(to_r(y), x)
    expect_identical(to_r(as_torch_tensor(x, share = TRUE), share = TRUE), x)
    saveRDS(y, file)
    expect_identical(to_r(readRDS(file)), x)
    torch_save(y, file)
    expect_identical(to_r(torch_load(file)), x)
    frame <- data.frame(n = 1:3)
    frame$x <- x
    for (kind in c("pandas", "arrow")) {
      expect_identical(as.data.frame(as_py_frame(frame, kind)), frame)
    }
    expect_identical(as.data.frame(frame_tensors(frame)), frame)
  }
})

test_that("without its row a class is dropped, with a warning from frames", {
  x <- structure(1, class = "yearmon")
  expect_identical(to_r(as_torch_tensor(x)), 1)
  frame <- structure(list(x = x), class = "data.frame", row.names = 1L)
  expect_warning(as_py_frame(frame), "class yearmon is dropped", class = "torchbridge_lossy")
})

test_that("as.matrix() of more dims is R's, and integer64 arrays say so", {
  values <- array(1:8, c(2, 2, 2))
  expect_identical(as.matrix(torch_tensor(values)), as.matrix(values))
  expect_identical(as.matrix(torch_tensor(1:3)), as.matrix(1:3))
  skip_if_not_installed("bit64")
  expect_identical(class(bit64::as.integer64(torch_tensor(values))), c("integer64", "array"))
  expect_identical(class(bit64::as.integer64(torch_tensor(1:3))), "integer64")
})
