skip_without_python()

weight <- function(...) nn_parameter(tensor(array(9, c(...))))

test_that("initialisers have the arguments and defaults of torch.nn.init", {
  python <- py_import("torch.nn.init")
  defaults <- python_names(
    "import inspect",
    "def defaults(f):",
    "    found = inspect.signature(f).parameters.items()",
    "    return {n: p.default for n, p in found if p.default is not p.empty}"
  )$defaults
  names <- grep("^nn_init_.*_$", getNamespaceExports("torchbridge"), value = TRUE)
  expect_length(names, 14)
  for (name in names) {
    ours <- formals(asNamespace("torchbridge")[[name]])
    ours <- ours[!vapply(ours, is.symbol, NA)]
    theirs <- defaults(python[[sub("^nn_init_", "", name)]])
    expect_identical(names(ours), names(theirs), label = name)
    expect_equal(lapply(ours, eval), lapply(theirs, identity), label = name)
  }
})

test_that("constants are constants", {
  x <- weight(2, 3)
  expect_identical(nn_init_constant_(x, 2), x)
  expect_equal(as.array(x), matrix(2, 2, 3))
  expect_equal(as.array(nn_init_ones_(x)), matrix(1, 2, 3))
  expect_equal(as.array(nn_init_zeros_(x)), matrix(0, 2, 3))
  expect_equal(as.array(nn_init_eye_(x)), diag(1, 2, 3))
  expect_equal(as.array(nn_init_dirac_(weight(2, 2, 1))), array(diag(2), c(2, 2, 1)))
  expect_invisible(nn_init_zeros_(x))
  expect_true(x$requires_grad)
})

test_that("random values have the variance of their formula", {
  py_import("torch")$manual_seed(1L)
  x <- weight(400, 300)
  values <- function(x) as.vector(as.array(x))
  expect_equal(sd(values(nn_init_normal_(x, 1, 3))), 3, tolerance = 0.02)
  expect_equal(range(values(nn_init_uniform_(x, -2, 5))), c(-2, 5), tolerance = 1e-3)
  expect_lte(max(abs(values(nn_init_trunc_normal_(x)))), 2)
  expect_equal(var(values(nn_init_xavier_uniform_(x))), 2 / 700, tolerance = 0.02)
  expect_equal(var(values(nn_init_xavier_normal_(x, gain = 2))), 8 / 700, tolerance = 0.02)
  expect_equal(
    var(values(nn_init_kaiming_normal_(x, nonlinearity = "relu"))), 2 / 300,
    tolerance = 0.02
  )
  expect_equal(
    var(values(nn_init_kaiming_uniform_(x, mode = "fan_out", nonlinearity = "relu"))), 2 / 400,
    tolerance = 0.02
  )
  q <- as.array(nn_init_orthogonal_(x))
  expect_equal(crossprod(q), diag(300), tolerance = 1e-10)
  expect_equal(mean(values(nn_init_sparse_(x, 0.25)) == 0), 0.25)
})

test_that("gains are those of the activations", {
  expect_equal(nn_init_calculate_gain("relu"), sqrt(2))
  expect_equal(nn_init_calculate_gain("leaky_relu", 0.2), sqrt(2 / 1.04))
  expect_equal(nn_init_calculate_gain("tanh"), 5 / 3)
  expect_error(nn_init_calculate_gain(3), "`nonlinearity` must be a single string")
})

test_that("bad input is refused", {
  expect_error(nn_init_zeros_(3), "`tensor` must be a tensor, not a number")
  expect_identical(conditionCall(error_of(nn_init_zeros_(3))), quote(nn_init_zeros_(3)))
  expect_error(nn_init_kaiming_normal_(weight(2, 2), mode = "fan"), "fan")
})
