#' Dtypes and devices
#'
#' Each `torch_<dtype>()` gives the dtype of that name: `torch_float()` is float32,
#' `torch_double()` float64, `torch_half()` float16, `torch_long()` int64, `torch_int()` int32,
#' `torch_short()` int16. `torch_device()` names a device.
#'
#' @param type `"cpu"`, `"cuda"`, `"cuda:1"`, `"mps"`, ...
#' @param index Number of the device, from 0 as in PyTorch; `NULL` for the current one.
#' @return A dtype or device; `cuda_is_available()` a logical, `cuda_device_count()` an integer.
#' @name torch_dtype
#' @aliases torch_float torch_float32 torch_float64 torch_double torch_float16 torch_half
#'   torch_bfloat16 torch_uint8 torch_int8 torch_int16 torch_short torch_int32 torch_int
#'   torch_int64 torch_long torch_bool torch_cfloat torch_complex64 torch_cdouble torch_complex128
NULL

pytorch <- function() {
  if (is.null(the$torch)) the$torch <- py_import("torch")
  the$torch
}

dtype_getter <- function(name) {
  force(name)
  function() pytorch()[[name]]
}

#' @rawNamespace exportPattern("^(torch|nnf|linalg|fft|special)_")
NULL
torch_float <- dtype_getter("float32")
torch_float32 <- dtype_getter("float32")
torch_double <- dtype_getter("float64")
torch_float64 <- dtype_getter("float64")
torch_half <- dtype_getter("float16")
torch_float16 <- dtype_getter("float16")
torch_bfloat16 <- dtype_getter("bfloat16")
torch_uint8 <- dtype_getter("uint8")
torch_int8 <- dtype_getter("int8")
torch_short <- dtype_getter("int16")
torch_int16 <- dtype_getter("int16")
torch_int <- dtype_getter("int32")
torch_int32 <- dtype_getter("int32")
torch_long <- dtype_getter("int64")
torch_int64 <- dtype_getter("int64")
torch_bool <- dtype_getter("bool")
torch_cfloat <- dtype_getter("complex64")
torch_complex64 <- dtype_getter("complex64")
torch_cdouble <- dtype_getter("complex128")
torch_complex128 <- dtype_getter("complex128")

#' @rdname torch_dtype
#' @export
torch_device <- function(type, index = NULL) {
  if (is.null(index)) pytorch()$device(type) else pytorch()$device(type, as.integer(index))
}

#' @rdname torch_dtype
#' @export
cuda_is_available <- function() pytorch()$cuda$is_available()

#' @rdname torch_dtype
#' @export
cuda_device_count <- function() pytorch()$cuda$device_count()

#' @export
Ops.python_object <- function(e1, e2) {
  if (!.Generic %in% c("==", "!=")) {
    stop("`", .Generic, "` is not for Python objects; use their methods", call. = FALSE)
  }
  same <- api("same", e1, e2)
  if (.Generic == "==") same else !same
}

#' Seed PyTorch's random numbers
#'
#' Sets PyTorch's own generators, on the CPU and every GPU. R's `set.seed()` is another stream.
#' @param seed A whole number.
#' @return `NULL`, invisibly.
#' @export
torch_manual_seed <- function(seed) {
  if (!is.numeric(seed) || length(seed) != 1L || is.na(seed) || seed != trunc(seed)) {
    stop("`seed` must be one whole number", call. = FALSE)
  }
  api("manual_seed", NULL, seed)
  invisible(NULL)
}
