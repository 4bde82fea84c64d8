# rtorch-arguments.txt: the functions of R's torch 0.17 by their arguments, "a b c: f g". What is
# otherwise here stands in docs/R-TORCH.md, too.

rows <- strsplit(readLines("rtorch-arguments.txt"), ": ?")
theirs <- unlist(lapply(rows, function(row) {
  names <- strsplit(row[2L], " ", fixed = TRUE)[[1L]]
  stats::setNames(rep(list(strsplit(row[1L], " ", fixed = TRUE)[[1L]]), length(names)), names)
}), recursive = FALSE)

test_that("every function of R's torch is here but one that needs its own CUDA kernel", {
  no_functions <- c("OptimizerIgnite", "jit_ops", "nn_utils_weight_norm")
  others <- c(no_functions, "%>%", "as_iterator", "loop", "yield") # of magrittr and coro
  expect_identical(length(theirs) + length(others), 758L)
  missing <- setdiff(c(names(theirs), others), getNamespaceExports("torchbridge"))
  expect_identical(missing, "contrib_sort_vertices")
})

test_that("arguments have R torch's names and order; PyTorch's own come last", {
  ours <- lapply(names(theirs), function(name) {
    if (exists(name, asNamespace("torchbridge"))) {
      as.character(names(formals(args(getExportedValue("torchbridge", name)))))
    }
  })
  names(ours) <- names(theirs)
  ours$contrib_sort_vertices <- theirs$contrib_sort_vertices
  same <- mapply(function(a, b) identical(utils::head(a, length(b)), b), ours, theirs)
  expect_identical(names(ours)[!same], character())
  further <- unique(unlist(mapply(function(a, b) utils::tail(a, -length(b)), ours, theirs)))
  listed <- c(
    "...", "abbreviated", "align_to_window", "antialias", "backend", "beta", "bias", "correction",
    "device", "driver", "dtype", "environment", "eps", "error_if_nonfinite", "generator", "index",
    "is_causal", "label_smoothing", "left", "log_target", "memory_format", "module",
    "padding_side", "python", "stable", "three_phase", "upper", "verbose", "weight", "weights_only"
  )
  expect_identical(setdiff(further, listed), character())
})

test_that("layers and optimizers have R torch's arguments and no others but `...`", {
  layers <- setdiff(grep("^nn_", names(theirs), value = TRUE), c("nn_prune_head", "nn_buffer"))
  layers <- layers[!grepl("_loss$|^nn_(init|utils)_|_(dict|list)$", layers)]
  layers <- c(layers, grep("^optim_", names(theirs), value = TRUE))
  ours <- lapply(layers, function(x) names(formals(getExportedValue("torchbridge", x))))
  further <- unlist(Map(setdiff, ours, theirs[layers]))
  expect_identical(unique(further), "...")
  # Nor a default that R's torch has not.
  for (softmax in list(nn_softmax, nn_log_softmax, nn_softmin)) {
    expect_identical(formals(softmax), formals(function(dim) NULL))
  }
})
