skip_without_python()

py <- py_run("
  from typing import NamedTuple

  class Torchbridge_Point(NamedTuple):
      x: float
      y: object
      def norm(self, power=2):
          return (self.x ** power + self.y ** power) ** (1 / power)
      @property
      def sum(self):
          return self.x + self.y

  class Torchbridge_Plain(NamedTuple):
      x: float
      y: object
")

test_that("a named tuple is a named list of its fields", {
  expect_identical(py$Torchbridge_Plain(1, list(2, "b")), list(x = 1, y = list(2, "b")))
  expect_identical(
    names(py_import("os")$uname()), c("sysname", "nodename", "release", "version", "machine")
  )
})

test_that("results of C code have all their fields", {
  file <- tempfile()
  on.exit(unlink(file))
  writeLines("text", file)
  status <- py_import("os")$stat(file)
  expect_identical(status$st_size, 5L)
  expect_equal(status$st_mtime, as.numeric(file.mtime(file)), tolerance = 1e-12)
  time <- py_import("time")$gmtime(0)
  expect_identical(time[c("tm_year", "tm_yday")], list(tm_year = 1970L, tm_yday = 1L))
  expect_identical(time$tm_zone, "GMT")
})

test_that("a result with more than its fields is their list, and has the rest", {
  point <- py$Torchbridge_Point(3, 4)
  expect_true(is.list(point))
  expect_identical(names(point), c("x", "y"))
  expect_length(point, 2L)
  expect_identical(c(point$x, point[["y"]], point[[2]]), c(3, 4, 4))
  expect_identical(unlist(point), c(x = 3, y = 4))
  expect_identical(point[2], list(y = 4))
  expect_identical(point$sum, 7)
  expect_identical(point[["sum"]], 7)
  expect_identical(point$norm(), 5)
  expect_identical(point$norm(power = 1L), 7)
  expect_null(point$no)
  expect_identical(utils::.DollarNames(point, "^[xn]"), c("x", "norm"))
  expect_identical(capture.output(print(point)), c(
    "$x", "[1] 3", "", "$y", "[1] 4", "", "Also there: $norm, $sum"
  ))
  expect_identical(capture.output(str(point)), c("List of 2", " $ x: num 3", " $ y: num 4"))
  # Python gets the very object.
  expect_true(py_import("builtins")$isinstance(point, py$Torchbridge_Point))
})

test_that("a changed result is a list", {
  point <- py$Torchbridge_Point(3, 4)
  changed <- point
  changed$x <- 5
  expect_identical(changed, list(x = 5, y = 4))
  changed <- point
  changed[["y"]] <- 6
  expect_identical(changed, list(x = 3, y = 6))
  changed <- point
  changed["x"] <- 7
  expect_identical(changed, list(x = 7, y = 4))
  expect_identical(point$x, 3)
})

test_that("a dict with methods of its own has them", {
  counts <- py_import("collections")$Counter("abca")
  expect_identical(unlist(counts), c(a = 2L, b = 1L, c = 1L))
  expect_identical(counts$most_common(1L), list(list("a", 2L)))
  plain <- py_run("
    from collections import OrderedDict, defaultdict
    from types import MappingProxyType
    dicts = [OrderedDict(a=1), defaultdict(list, a=1), MappingProxyType({'a': 1})]
  ")$dicts
  expect_identical(plain, rep(list(list(a = 1L)), 3))
})

test_that("SciPy's results", {
  skip_if_not(can_import("scipy"), "scipy")
  stats <- py_import("scipy.stats")
  x <- c(1, 2, 3, 4)
  y <- c(2, 3, 4, 6)
  ours <- stats$ttest_ind(x, y)
  theirs <- t.test(x, y, var.equal = TRUE)
  expect_equal(ours$statistic, theirs$statistic[["t"]], tolerance = 1e-12)
  expect_equal(ours$pvalue, theirs$p.value, tolerance = 1e-12)
  expect_identical(ours$df, 6)
  interval <- ours$confidence_interval(0.95)
  expect_equal(c(interval$low, interval$high), as.vector(theirs$conf.int), tolerance = 1e-10)
  line <- stats$linregress(x, y)
  errors <- coef(summary(lm(y ~ x)))[, "Std. Error"]
  expect_equal(c(line$intercept_stderr, line$stderr), unname(errors), tolerance = 1e-12)
  expect_identical(py_import("numpy")$linalg$eigh(diag(c(1, 2)))$eigenvalues, c(1, 2))
})
