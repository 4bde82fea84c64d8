# Tests: test-tensor-synonyms.R.

#' What PyTorch has here
#'
#' @param device A CUDA device; `NULL` for the current one.
#' @param abbreviated Only the main lines?
#' @param state What `cuda_get_rng_state()` gave, a tensor.
#' @param num_threads A whole number from 1.
#' @param ... Not used.
#' @return `backends_*_is_available()`: `TRUE` or `FALSE`. `backends_cudnn_version()` and
#'   `cuda_runtime_version()`: a [numeric_version()], or `NULL` where there is none.
#'   `cuda_get_device_capability()`: two numbers. `cuda_memory_stats()`: a named list of numbers,
#'   in bytes. `cuda_memory_summary()`: text. `install_torch()`: nothing; PyTorch comes with
#'   torchbridge's Python package, and it is an error that says how where it does not.
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
cuda_get_device_capability <- function(device = NULL) {
  pytorch()$cuda$get_device_capability(device)
}

#' @rdname torch_backends
#' @export
cuda_memory_stats <- function(device = NULL) pytorch()$cuda$memory_stats(device)

#' @rdname torch_backends
#' @export
cuda_memory_summary <- function(device = NULL, abbreviated = FALSE) {
  check_flag(abbreviated, "abbreviated")
  pytorch()$cuda$memory_summary(device, abbreviated)
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
install_torch <- function(...) {
  pytorch()
  message("PyTorch ", pytorch()$`__version__`, " is here; there is nothing to install.")
  invisible()
}
