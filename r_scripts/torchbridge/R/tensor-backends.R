# Tests: test-tensor-synonyms.R.

#' What PyTorch has here
#'
#' @param device A CUDA device, counted from 0; `NULL` for the current one.
#' @param state What `cuda_get_rng_state()` gave, a tensor.
#' @param num_threads A whole number from 1.
#' @param enabled,context,stacks,max_entries What `torch.cuda.memory._record_memory_history()` of
#'   PyTorch takes.
#' @param filepath File for the snapshot, a pickle for PyTorch's viewer.
#' @param threshold_call_gc,cache_enabled,cache_max_size_mb,cache_min_block_size Settings of R
#'   torch's own allocator, which is not here: memory is PyTorch's, and the collector's rules are
#'   torchbridge's. Not used.
#' @param check_writable,verbose Not used.
#' @param version,type,libtorch,liblantern Of the files of R's torch, which are not used here.
#' @param ... Not used.
#' @return `backends_*_is_available()`: `TRUE` or `FALSE`. `backends_cudnn_version()` and
#'   `cuda_runtime_version()`: a [numeric_version()], or `NULL` where there is none.
#'   `cuda_get_device_capability()`: two whole numbers. `cuda_memory_stats()`: counts and bytes, as
#'   a list: `$allocated_bytes$all$current`; `cuda_memory_summary()` prints it.
#'   `cuda_memory_snapshot()`: a raw vector, the pickle that `cuda_dump_memory_snapshot()` writes.
#'   `torch_install_path()`: where PyTorch is.
#'   `cpu_cache_flush()`, `set_cpu_allocator_config()`: nothing, as there is no cache of R's.
#'   `install_torch_from_file()`: as [install_torch()] without arguments.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' backends_mkldnn_is_available()
#' cuda_runtime_version()
#' @name torch_backends
NULL

#' @rdname torch_backends
#' @export
backends_cudnn_is_available <- function() pytorch()$backends$cudnn$is_available()

#' @rdname torch_backends
#' @export
backends_cudnn_version <- function() {
  version <- pytorch()$backends$cudnn$version()
  # One number, such as 90100 for 9.1.0.
  if (!is.null(version)) numeric_version(paste(version %/% 10000, version %/% 100 %% 100,
                                               version %% 100, sep = "."))
}

#' @rdname torch_backends
#' @export
backends_mkl_is_available <- function() pytorch()$backends$mkl$is_available()

#' @rdname torch_backends
#' @export
backends_mkldnn_is_available <- function() pytorch()$backends$mkldnn$is_available()

#' @rdname torch_backends
#' @export
backends_mps_is_available <- function() pytorch()$backends$mps$is_available()

#' @rdname torch_backends
#' @export
backends_openmp_is_available <- function() pytorch()$backends$openmp$is_available()

#' @rdname torch_backends
#' @export
cuda_runtime_version <- function() {
  version <- pytorch()$version$cuda
  if (!is.null(version)) numeric_version(version)
}

#' @rdname torch_backends
#' @export
cuda_get_device_capability <- function(device = cuda_current_device()) {
  n <- cuda_device_count()
  if (is.numeric(device) && (device < 0 || device >= n)) {
    abort_as(
      "value_error", sys.call(), "device must be an integer between 0 and the number of devices ",
      "minus 1; there are ", n, "."
    )
  }
  found <- as.integer(unlist(pytorch()$cuda$get_device_capability(device)))
  stats::setNames(found, c("Major", "Minor"))
}

#' @rdname torch_backends
#' @export
cuda_memory_stats <- function(device = cuda_current_device()) {
  if (!cuda_is_available()) abort_as("runtime_error", sys.call(), "CUDA is not available.")
  torch_empty(1, device = torch_device("cuda", device)) # what was never used has no statistics
  memory_stats_as_list(pytorch()$cuda$memory_stats(device))
}

# PyTorch's flat names, "allocated_bytes.all.current", as R torch's lists in lists.
memory_stats_as_list <- function(values) {
  counts <- c("num_alloc_retries", "num_ooms", "max_split_size")
  events <- c("oversize_allocations", "oversize_segments")
  pools <- c("allocation", "segment", "active", "inactive_split")
  at <- function(names, parts, of) {
    sapply(names, simplify = FALSE, function(name) {
      sapply(parts, simplify = FALSE, function(part) of(paste(name, part, sep = ".")))
    })
  }
  value <- function(name) values[[name]]
  metrics <- c("current", "peak", "allocated", "freed")
  by_metric <- function(name) at(name, metrics, value)[[1L]]
  result <- c(
    sapply(counts, value, simplify = FALSE),
    at(events, metrics, value),
    at(c(pools, "allocated_bytes", "reserved_bytes", "active_bytes", "inactive_split_bytes"),
       c("all", "small_pool", "large_pool"), by_metric)
  )
  structure(result, class = "cuda_memory_stats")
}

#' @export
print.cuda_memory_stats <- function(x, ...) {
  utils::str(unclass(x))
  invisible(x)
}

#' @rdname torch_backends
#' @export
cuda_memory_summary <- function(device = cuda_current_device()) print(cuda_memory_stats(device))

#' @rdname torch_backends
#' @export
cuda_record_memory_history <- function(enabled, context = "all", stacks = "all", max_entries = 1) {
  record <- pytorch()$cuda$memory$`_record_memory_history`
  invisible(record(enabled, context, stacks, as.integer(max_entries)))
}

#' @rdname torch_backends
#' @export
cuda_memory_snapshot <- function() {
  py_import("pickle")$dumps(pytorch()$cuda$memory$`_snapshot`())
}

#' @rdname torch_backends
#' @export
cuda_dump_memory_snapshot <- function(filepath) {
  check_string(filepath, "filepath")
  invisible(pytorch()$cuda$memory$`_dump_snapshot`(filepath))
}

#' @rdname torch_backends
#' @export
backends_mps_synchronize <- function() invisible(pytorch()$mps$synchronize())

#' @rdname torch_backends
#' @export
cpu_cache_flush <- function() invisible()

#' @rdname torch_backends
#' @export
set_cpu_allocator_config <- function(threshold_call_gc = NULL, cache_enabled = NULL,
                                     cache_max_size_mb = NULL, cache_min_block_size = NULL) {
  invisible()
}

#' @rdname torch_backends
#' @export
cuda_get_rng_state <- function(device = NULL) {
  pytorch()$cuda$get_rng_state(if (is.null(device)) "cuda" else device)
}

#' @rdname torch_backends
#' @export
cuda_set_rng_state <- function(state, device = NULL) {
  check_tensor(state, "state")
  invisible(pytorch()$cuda$set_rng_state(state, if (is.null(device)) "cuda" else device))
}

#' @rdname torch_backends
#' @export
torch_get_num_interop_threads <- function() pytorch()$get_num_interop_threads()

#' @rdname torch_backends
#' @export
torch_set_num_interop_threads <- function(num_threads) {
  check_count(num_threads, "num_threads", 1L)
  invisible(pytorch()$set_num_interop_threads(as.integer(num_threads)))
}

#' @rdname torch_backends
#' @export
torch_install_path <- function(check_writable = FALSE) dirname(pytorch()$`__file__`)

#' @rdname torch_backends
#' @export
install_torch_sitrep <- function(verbose = TRUE) {
  pytorch()
  message("PyTorch ", pytorch()$`__version__`, " in ", torch_install_path(), ".")
  invisible(TRUE)
}

#' @rdname torch_backends
#' @export
install_torch_from_file <- function(version = NA, type = NA, libtorch = NULL, liblantern = NULL,
                                    ...) {
  install_torch()
}

#' @rdname torch_backends
#' @export
get_install_libs_url <- function(version = NA, type = NA) {
  abort(
    sys.call(), "PyTorch comes from Python's package index here: torchbridge::install_torch() ",
    "installs it."
  )
}
