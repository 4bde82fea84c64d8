# A source package of one R file.
make_package <- function(name, namespace, code, ...) {
  folder <- file.path(tempfile("source-"), name)
  dir.create(file.path(folder, "R"), recursive = TRUE)
  write.dcf(
    data.frame(
      Package = name, Version = "1.0", Title = "A Package", Description = "It has one file.",
      License = "MIT", Author = "A", Maintainer = "A <a@b.c>", ...
    ),
    file.path(folder, "DESCRIPTION")
  )
  writeLines(namespace, file.path(folder, "NAMESPACE"))
  writeLines(code, file.path(folder, "R", "code.R"))
  folder
}

# What R keeps of an installed package, which is enough to be told by.
make_installed <- function(library, description = "Package: torch\nVersion: 0.17.0") {
  dir.create(file.path(library, "torch"), recursive = TRUE)
  writeLines(description, file.path(library, "torch", "DESCRIPTION"))
}

test_that("a package that imports torch runs on the stand-in, and one call removes it", {
  skip_without_python()
  folder <- tempfile("library-")
  on.exit(unlink(folder, recursive = TRUE))
  library <- file.path(folder, "of mine")
  expect_identical(stand_in_for_torch(library), file.path(normalizePath(library), "torch"))
  code <- c(
    "net <- torch::nn_module('net',",
    "  initialize = function() self$fc <- torch::nn_linear(2, 1),",
    "  forward = function(x) self$fc(x)",
    ")",
    "#' an optimizer made when the package is built",
    "opt <- torch::optimizer(",
    "  'half', initialize = function(params) super$initialize(params, list()),",
    "  step = function(closure = NULL) torch::with_no_grad(",
    "    for (p in self$param_groups[[1]]$params) p$mul_(0.5)",
    "  )",
    ")",
    "describe.torch_tensor <- function(x) paste('a tensor of', x$numel())",
    "describe <- function(x) UseMethod('describe')",
    "as_array.mine <- function(x) 'mine'",
    "twice <- function(x) torch_mul(x, 2)"
  )
  namespace <- c(
    "importFrom(torch, torch_mul, as_array)", "export(net, opt, twice, describe)",
    "S3method(describe, torch_tensor)", "S3method(as_array, mine)"
  )
  imports <- make_package("onTorch", namespace, code, Imports = "torch (>= 0.16.2)")
  depends <- make_package(
    "allOfTorch", "import(torch)\nexport(f)", "f <- function(m) rowSums(as_array(torch_add(m, 1)))",
    Depends = "torch"
  )
  for (package in c(imports, depends)) {
    call_python(
      "install.install_package", package, library, as.list(c(library, .libPaths()))
    )
  }
  run <- run_r(c(
    sprintf(".libPaths(c(%s, .libPaths()))", deparse(library)),
    "library(onTorch)",
    "stopifnot(!'torch' %in% .packages(), packageVersion('torch') >= '0.16.2')",
    "stopifnot(torch::torch_is_installed())",
    "x <- torch::torch_tensor(c(1, 2))",
    "stopifnot(identical(torch::as_array(twice(x)), c(2, 4)), describe(x) == 'a tensor of 2')",
    "stopifnot(torch::as_array(structure(1, class = 'mine')) == 'mine')",
    "n <- net()",
    "before <- torch::as_array(n$fc$weight)",
    "opt(n$parameters)$step()",
    "stopifnot(identical(torch::as_array(n$fc$weight), before / 2))",
    "stopifnot(identical(torch::nn_linear, torchbridge::nn_linear))",
    "stopifnot(torch:::get_parameter_count(n) == 3, torch:::is_torch_tensor(x))",
    "stopifnot(identical(torch:::torch_diff(x, n = 1)$item(), 1))",
    "stopifnot(identical(torch:::abort, torchbridge:::abort))",
    "stopifnot(grepl('torchbridge', format(citation('torch'), style = 'text')))",
    # What is no torch's is not there, so that import(torch) masks nothing.
    "inner <- getNamespaceExports('torch')",
    "stopifnot(!any(c('mlp', 'grad', 'rowSums', 'dnorm', 'tidy') %in% inner))",
    "stopifnot(c('nn_linear', 'as_array', 'dataset', '%>%', 'slc', 'loop') %in% inner)",
    "library(allOfTorch)",
    "stopifnot('torch' %in% .packages(), f(matrix(1:4, 2)) == c(6, 8))",
    # The two names are one package: nothing is overwritten, nothing announced.
    "library(torchbridge)",
    "stopifnot(identical(find('torch_add'), c('package:torchbridge', 'package:torch')))"
  ))
  expect_identical(run$status, 0L, info = output(run))
  expect_match(output(run), "torch: this is torchbridge 0.1.0 in its place", fixed = TRUE)
  expect_false(any(grepl("overwritten|replacing|masked|loaded beside", run$out)))

  expect_identical(
    remove_stand_in_for_torch(library), file.path(normalizePath(library), "torch")
  )
  expect_false(dir.exists(file.path(library, "torch")))
  expect_null(remove_stand_in_for_torch(library))
})

test_that("R's own torch is neither replaced unasked nor removed", {
  library <- tempfile("library-")
  on.exit(unlink(library, recursive = TRUE))
  make_installed(library)
  expect_error(stand_in_for_torch(library), "R's own torch is installed in .*`replace = TRUE`")
  expect_error(remove_stand_in_for_torch(library), "is R's own, not the stand-in.*remove.packages")
  expect_identical(dir(library, recursive = TRUE), "torch/DESCRIPTION")
})

test_that("with replace = TRUE the stand-in takes the place of R's own torch", {
  skip_without_python()
  library <- tempfile("library-")
  on.exit(unlink(library, recursive = TRUE))
  make_installed(library)
  expect_false(is_stand_in(file.path(library, "torch")))
  stand_in_for_torch(library, replace = TRUE)
  expect_true(is_stand_in(file.path(library, "torch")))
  # A stand-in is made anew without asking.
  unlink(file.path(library, "torch", "R"), recursive = TRUE)
  expect_silent(stand_in_for_torch(library))
  expect_true(dir.exists(file.path(library, "torch", "R")))
})

test_that("arguments are checked by name", {
  file <- tempfile()
  on.exit(unlink(file))
  writeLines("x", file)
  expect_error(stand_in_for_torch(1), "`library` must be a single string, not a number.")
  expect_error(stand_in_for_torch(""), "`library` must be the path of a folder, not \"\".")
  expect_error(stand_in_for_torch(file), "`library` must be a folder; .* is a file.")
  expect_error(remove_stand_in_for_torch(file), "`library` must be a folder; .* is a file.")
  expect_error(stand_in_for_torch(tempdir(), replace = 1), "`replace` must be `TRUE` or `FALSE`")
})

test_that("torchbridge is not loaded beside R's own torch", {
  library <- tempfile("library-")
  on.exit(unlink(library, recursive = TRUE))
  dir.create(library)
  other <- make_package("torch", "export(f)", "f <- function() 1")
  install <- sprintf(
    "tools::Rcmd(c('INSTALL', '--no-test-load', '--library=%s', '%s'), FALSE, FALSE)",
    library, other
  )
  run <- run_r(c(
    install, sprintf(".libPaths(c('%s', .libPaths()))", library),
    "loadNamespace('torch')",
    "refused <- tryCatch(loadNamespace('torchbridge'), error = identity)",
    "message('first: ', conditionMessage(refused))",
    "unloadNamespace('torch')",
    "loadNamespace('torchbridge')",
    "tryCatch(loadNamespace('torch'), warning = function(w) message('then: ', conditionMessage(w)))"
  ))
  expect_identical(run$status, 0L)
  expect_match(output(run), "first: .*R's torch is loaded. R's torch and torchbridge have classes")
  expect_match(output(run), "then: R's torch was loaded beside torchbridge")
})
