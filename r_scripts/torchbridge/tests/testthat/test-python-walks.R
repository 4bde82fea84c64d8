# How often the walks of docs/ARCHITECTURE.md enter Python. Tests beside those of python-call.R.

# The entries that an expression makes; operators, which call the core directly, are one each.
entries_of <- function(expression) {
  namespace <- asNamespace("torchbridge")
  made <- character()
  known <- names(native_entries())
  counting <- function(.NAME, ...) { # nolint: object_name_linter. As of .Call.
    is_it <- vapply(native_entries(), identical, NA, .NAME)
    made <<- c(made, known[is_it])
    .Call(.NAME, ...)
  }
  before <- namespace$dot_call
  on.exit(replace_binding("dot_call", before, namespace))
  replace_binding("dot_call", counting, namespace)
  force(expression)
  made
}

replace_binding <- function(name, value, namespace) {
  unlockBinding(name, namespace)
  assign(name, value, envir = namespace)
  lockBinding(name, namespace)
}

native_entries <- function() asNamespace("torchbridge")$native()

test_that("a matrix and a data frame enter Python once each way", {
  m <- matrix(as.double(1:6), 2)
  expect_identical(entries_of(t <- as_torch_tensor(m)), "api")
  expect_identical(entries_of(back <- to_r(t)), "api")
  expect_identical(back, m)
  expect_identical(entries_of(as.array(t)), "api")
  frame <- data.frame(x = c(1, NA), f = factor(c("a", "b")))
  expect_identical(entries_of(p <- as_py_frame(frame)), "api")
  expect_identical(entries_of(back <- as.data.frame(p)), "api")
  expect_identical(back, frame)
})

test_that("a fit enters Python once, and once for the frame, each column and the response", {
  skip_if_not_installed("MASS")
  fit <- function() torch_fit(medv ~ ., MASS::Boston, mlp(4), epochs = 1, verbose = FALSE)
  fit() # Python's functions are looked up at their first use
  expect_identical(entries_of(fit()), rep(c("api", "call"), c(15, 1)))
})

test_that("a gradient that is replayed enters Python once; where R runs it, each verb does", {
  f <- function(x) sum(x^3)
  grad(f, c(1, 2))
  # What is replayed takes R's numbers and gives them.
  entries <- entries_of(expect_identical(grad(f, c(1, 2)), c(3, 12)))
  expect_identical(entries, "numbers")
  old <- options(torchbridge.trace = FALSE)
  on.exit(options(old))
  grad(f, c(1, 2))
  # Where R runs f: x, its parts, the gradient and the result, and within it x^3 and sum().
  entries <- entries_of(expect_identical(grad(f, c(1, 2)), c(3, 12)))
  expect_identical(entries, c(rep("call", 4), "api"))
})

test_that("readRDS() enters nothing before what it read is used", {
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  net <- nn_linear(2, 1)
  expect_identical(entries_of(saveRDS(net, file)), character())
  expect_identical(entries_of(again <- readRDS(file)), character())
  expect_identical(as.array(again$weight), as.array(net$weight))
})
