skip_without_python()

printed <- function(x, ...) capture.output(print(x, ...))
# What is printed of an R value between "torch_tensor" and the footer.
body <- function(x, ...) {
  lines <- printed(if (inherits(x, "torch_tensor")) x else as_torch_tensor(x), ...)
  expect_identical(lines[1], "torch_tensor")
  expect_match(lines[length(lines)], "^\\[ ")
  lines[-c(1, length(lines))]
}
footer_of <- function(x) {
  lines <- printed(x)
  lines[length(lines)]
}

test_that("a matrix is printed by rows, with room for a sign", {
  expect_identical(printed(as_torch_tensor(matrix(c(1.5, -0.25, 3, 22), 2))), c(
    "torch_tensor",
    "  1.5000   3.0000",
    " -0.2500  22.0000",
    "[ CPUDoubleType{2,2} ]"
  ))
  expect_identical(body(matrix(1:4, 2)), c(" 1  3", " 2  4"))
})

test_that("a vector is printed one value a line, a scalar with six digits", {
  expect_identical(body(c(1, -2)), c(" 1", "-2"))
  expect_identical(body(c(0.5, -2)), c(" 0.5000", "-2.0000"))
  expect_identical(body(torch_eval("torch.tensor(0.69314718)")), "0.693147")
  expect_identical(body(torch_eval("torch.tensor(4268.52)")), "4268.52")
  expect_identical(body(torch_eval("torch.tensor(3.)")), "3")
  expect_identical(body(torch_eval("torch.tensor(-2)")), "-2")
  expect_identical(body(torch_eval("torch.tensor(2.)**40")), "1.09951e+12")
})

test_that("an array is printed slice by slice, the last leading dim fastest", {
  expect_identical(body(array(1:8, c(2, 2, 2))), c(
    "(1,.,.) = ", "  1  5", "  3  7", "",
    "(2,.,.) = ", "  2  6", "  4  8"
  ))
  x <- array(seq_len(8) / 2, c(2, 2, 1, 2))
  expect_identical(body(x), c(
    "(1,1,.,.) = ", "  0.5000  2.5000", "",
    "(1,2,.,.) = ", "  1.5000  3.5000", "",
    "(2,1,.,.) = ", "  1.0000  3.0000", "",
    "(2,2,.,.) = ", "  2.0000  4.0000"
  ))
})

test_that("empty tensors print their shape only", {
  expect_identical(printed(as_torch_tensor(double())), c("torch_tensor", "[ CPUDoubleType{0} ]"))
  expect_identical(body(matrix(0, 0, 3)), character())
  expect_identical(body(array(0, c(2, 0, 3))), character())
})

test_that("logical, raw and complex values are printed as libtorch does", {
  expect_identical(body(c(TRUE, FALSE)), c(" 1", " 0"))
  expect_identical(body(as.raw(c(7, 255))), c("   7", " 255"))
  expect_identical(body(c(1 + 2i, -3 - 1i)), c(" 1+2i", "-3-1i"))
  expect_identical(
    body(c(1.5 + 2i, NA, complex(real = NaN, imaginary = -Inf))),
    c(" 1.5000+2.0000i", "             NA", "       NaN-Infi")
  )
})

test_that("NA, NaN, infinities and negative zero are R's", {
  expect_identical(
    body(c(NA, NaN, Inf, -Inf, 1.5, -0)),
    c("     NA", "    NaN", "    Inf", "   -Inf", " 1.5000", "-0.0000")
  )
  expect_identical(body(c(NaN, 1, -0)), c(" NaN", "   1", "  -0"))
})

test_that("large and small numbers follow libtorch's rules", {
  expect_identical(body(c(1e10, 1)), c(" 1.0000e+10", " 1.0000e+00"))
  expect_identical(body(c(1e-10, 1)), c(" 1.0000e-10", " 1.0000e+00"))
  expect_identical(body(c(123456789, 1)), c(" 123456789", "         1"))
  expect_identical(body(c(0.0012, 0.0034)), c("0.001 *", " 1.2000", " 3.4000"))
  expect_identical(body(c(123456.7, -234567.8)), c("100000 *", " 1.2346", "-2.3457"))
  expect_identical(body(c(0.5, 0.00004)), c(" 0.5000", " 0.0000"))
  expect_identical(body(array(0.002, c(1, 1, 1))), c("(1,.,.) = ", " 0.001 *", "  2.0000"))
  expect_identical(body(torch_eval("torch.tensor([2**62, -1])")), c(
    " 4611686018427387904", "                  -1"
  ))
  # Beyond integer64: -2^63 is its NA.
  expect_identical(body(torch_eval("torch.tensor([-2**63])")), "-9223372036854775808")
  expect_identical(
    body(torch_eval("torch.tensor([1, 2**63 + 1], dtype=torch.uint64)")),
    c("                   1", " 9223372036854775809")
  )
})

test_that("a matrix wider than the console is printed in blocks of columns", {
  before <- options(width = 30)
  on.exit(options(before))
  expect_identical(body(matrix(1:40 + 0.5, 2)[, 1:7]), c(
    "Columns 1 to 3",
    "  1.5000   3.5000   5.5000",
    "  2.5000   4.5000   6.5000",
    "",
    "Columns 4 to 6",
    "  7.5000   9.5000  11.5000",
    "  8.5000  10.5000  12.5000",
    "",
    "Columns 7 to 7",
    " 13.5000",
    " 14.5000"
  ))
  expect_identical(
    body(array(1:12 + 100, c(1, 1, 12))),
    c("(1,.,.) = ", " Columns 1 to 5", "  101  102  103  104  105", "",
      " Columns 6 to 10", "  106  107  108  109  110", "",
      " Columns 11 to 12", "  111  112")
  )
})

test_that("n limits the lines, and -1 does not", {
  cut <- "... [the output was truncated (use n=-1 to disable)]"
  expect_identical(body(1:100), c(sprintf(" %2d", 1:30), cut))
  expect_identical(body(1:100, n = 2), c(" 1", " 2", cut))
  expect_identical(body(1:30), sprintf(" %2d", 1:30))
  expect_identical(body(1:100, n = -1), sprintf(" %3d", 1:100))
  expect_identical(body(matrix(1:80, 40), n = 1), c("  1  41", cut))
  expect_error(print(as_torch_tensor(1), n = "all"), "`n` must be a number of lines")
})

test_that("the lines shown do not depend on how much of the tensor is looked at", {
  before <- options(width = 40)
  on.exit(options(before))
  for (shape in list(c(1, 500), c(3, 300), c(40, 40), c(7, 1, 90), c(2, 3, 40, 5), c(50, 1, 1))) {
    x <- array(100000L + seq_len(prod(shape)), shape)
    all <- body(x, n = -1)
    for (n in c(1, 5, 30)) {
      shown <- body(x, n = n)
      expect_identical(utils::head(shown, n), utils::head(all, n))
      expect_identical(length(shown), as.integer(min(n, length(all))) + (length(all) > n))
    }
  }
})

test_that("printing a large tensor looks at little of it", {
  x <- torch_eval("torch.zeros(1, 1).expand(2**20, 2**20)")
  expect_identical(length(body(x)), 31L)
  sparse <- torch_eval(paste(
    "torch.sparse_coo_tensor([[0, 5], [3, 2**20]], [1., -2.5], (2**21, 2**21),",
    "check_invariants=True)"
  ))
  expect_identical(body(sparse), c("(1,4)        1.0000", "(6,1048577) -2.5000"))
})

test_that("the footer says device, type, shape and gradient", {
  expect_identical(footer_of(as_torch_tensor(1, "float32")), "[ CPUFloatType{1} ]")
  types <- c(
    float16 = "Half", bfloat16 = "BFloat16", float32 = "Float", float64 = "Double", bool = "Bool",
    uint8 = "Byte", int8 = "Char", int16 = "Short", int32 = "Int", int64 = "Long",
    uint16 = "UInt16", uint32 = "UInt32", uint64 = "UInt64",
    complex64 = "ComplexFloat", complex128 = "ComplexDouble", float8_e5m2 = "Float8_e5m2"
  )
  for (name in names(types)) {
    x <- torch_eval(paste0("torch.zeros(2).to(torch.", name, ")"))
    expect_identical(footer_of(x), paste0("[ CPU", types[[name]], "Type{2} ]"))
  }
  expect_identical(
    footer_of(torch_eval("torch.ones(2, 2, requires_grad=True)")),
    "[ CPUFloatType{2,2} ][ requires_grad = TRUE ]"
  )
  expect_identical(
    footer_of(torch_eval("torch.ones(2, requires_grad=True).sum()")),
    "[ CPUFloatType{} ][ grad_fn = <SumBackward0> ]"
  )
  expect_identical(
    printed(torch_eval("torch.empty(2, 3, device='meta')")),
    c("torch_tensor", "[ METAFloatType{2,3} ]")
  )
  expect_identical(footer_of(torch_eval("torch.eye(2).to_sparse()")), "[ SparseCPUFloatType{2,2} ]")
})

test_that("tensors R has no type for print without values", {
  expect_identical(
    printed(torch_eval("torch.zeros(3, dtype=torch.bits8)")),
    c("torch_tensor", "[ CPUBits8Type{3} ]")
  )
})

test_that("print() returns its tensor and takes the arguments of a list's print()", {
  x <- as_torch_tensor(1)
  capture.output(expect_invisible(result <- print(x)))
  expect_identical(result, x)
  expect_identical(capture.output(print(list(a = x), digits = 3)), c("$a", printed(x), ""))
  expect_error(print(x, nrow = 3), "Unknown argument: `nrow`", fixed = TRUE)
  expect_error(format(x, digits = 3), "Unknown argument: `digits`", fixed = TRUE)
})

test_that("format() gives what print() shows, as one string", {
  x <- as_torch_tensor(c(1, 2))
  expect_identical(format(x), "torch_tensor\n 1\n 2\n[ CPUDoubleType{2} ]")
  expect_identical(format(x, n = 1), paste(printed(x, n = 1), collapse = "\n"))
})

test_that("str() is one line", {
  expect_identical(
    capture.output(str(as_torch_tensor(matrix(c(1.5, 2, 3.25, 4), 2)))),
    " torch_tensor [ CPUDoubleType{2,2} ] 1.50 2.00 3.25 4.00"
  )
  expect_identical(
    capture.output(str(as_torch_tensor(1:100))),
    " torch_tensor [ CPUIntType{100} ] 1 2 3 4 5 6 7 8 9 10 ..."
  )
  expect_identical(
    capture.output(str(list(a = as_torch_tensor(TRUE), b = as_torch_tensor(double())))),
    c(
      "List of 2",
      " $ a: torch_tensor [ CPUBoolType{1} ] TRUE",
      " $ b: torch_tensor [ CPUDoubleType{0} ]"
    )
  )
  expect_identical(
    capture.output(str(torch_eval("torch.empty(3, device='meta')"))),
    " torch_tensor [ METAFloatType{3} ]"
  )
  expect_identical(
    capture.output(str(as_torch_tensor(array(1:12, c(2, 3, 2))))),
    " torch_tensor [ CPUIntType{2,3,2} ] 1 2 3 4 5 6 7 8 9 10 ..."
  )
})

test_that("nested and MKL-DNN tensors print, and what they cannot be is said in words", {
  torch <- py_import("torch")
  nested <- suppressWarnings(
    torch$nested$nested_tensor(list(torch_tensor(c(1, 2)), torch_tensor(3)))
  )
  expect_output(print(nested), "torch_tensor\nnested_tensor\\(\\[\n  tensor\\(\\[1., 2.\\]\\)")
  expect_output(str(nested), "torch_tensor nested_tensor\\(\\[ tensor\\(\\[1., 2.\\]\\)")
  for (verb in list(dim, to_r, as_array, as.numeric, as.matrix)) {
    expect_error(verb(nested), "`x`: a nested tensor holds tensors of several sizes")
  }
  expect_error(torch_save(nested, tempfile()), "nested: save `x\\$unbind\\(\\)`")
  x <- torch_tensor(matrix(c(1, 2, 3, 4), 2))
  expect_identical(format(x$to_mkldnn()), format(x))
  expect_identical(as_array(x$to_mkldnn()), as_array(x))
})

test_that("a tensor that stands in a trace is not saved, and nothing crashes", {
  torch <- py_import("torch")
  modes <- py_import("torch._subclasses.fake_tensor")
  fake <- modes$FakeTensorMode()$from_tensor(torch$ones(2L))
  expect_output(print(unserialize(serialize(fake, NULL))), "from another R session")
  expect_error(torch_save(fake, tempfile()), "is being traced: it has no values to save")
})
