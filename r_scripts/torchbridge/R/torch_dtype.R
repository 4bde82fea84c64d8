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

#' Facts and settings of PyTorch
#'
#' What a dtype can hold, which dtype two dtypes give together, the dtype of R's doubles, the
#' number of threads, random number generators.
#'
#' @param dtype,from,to,dtype1,dtype2 Dtypes such as [torch_float()].
#' @param num_threads A whole number from 1.
#' @param device A device, such as `"cuda"`; `NULL` for the current CUDA device.
#' @return `torch_finfo()` and `torch_iinfo()`: an object with `$eps`, `$min`, `$max`, `$bits` and
#'   others. `torch_get_default_dtype()`, `torch_promote_types()`: a dtype. `torch_can_cast()`,
#'   `torch_is_installed()`: `TRUE` or `FALSE`. `torch_get_num_threads()`,
#'   `cuda_current_device()`: a whole number (devices count from 0). `torch_generator()`: a
#'   generator with `$manual_seed(seed)`, for the argument `generator` of random functions.
#'   `torch_set_num_threads()`, `cuda_synchronize()`, `cuda_empty_cache()`: `NULL`, invisibly.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' torch_finfo(torch_float())$eps
#' torch_promote_types(torch_int(), torch_float())
#' torch_rand(2, generator = torch_generator()$manual_seed(1L))
#' @name torch_settings
NULL

#' @rdname torch_settings
#' @export
torch_finfo <- function(dtype) pytorch()$finfo(dtype)

#' @rdname torch_settings
#' @export
torch_iinfo <- function(dtype) pytorch()$iinfo(dtype)

#' @rdname torch_settings
#' @export
torch_promote_types <- function(dtype1, dtype2) pytorch()$promote_types(dtype1, dtype2)

#' @rdname torch_settings
#' @export
torch_can_cast <- function(from, to) pytorch()$can_cast(from, to)

#' @rdname torch_settings
#' @export
torch_get_default_dtype <- function() pytorch()$get_default_dtype()

#' @rdname torch_settings
#' @export
torch_generator <- function() pytorch()$Generator()

#' @rdname torch_settings
#' @export
torch_get_num_threads <- function() pytorch()$get_num_threads()

#' @rdname torch_settings
#' @export
torch_set_num_threads <- function(num_threads) {
  check_count(num_threads, "num_threads", 1L)
  invisible(pytorch()$set_num_threads(as.integer(num_threads)))
}

#' @rdname torch_settings
#' @export
torch_is_installed <- function() !inherits(try(pytorch(), silent = TRUE), "try-error")

#' @rdname torch_settings
#' @export
cuda_current_device <- function() pytorch()$cuda$current_device()

#' @rdname torch_settings
#' @export
cuda_synchronize <- function(device = NULL) invisible(pytorch()$cuda$synchronize(device))

#' @rdname torch_settings
#' @export
cuda_empty_cache <- function() invisible(pytorch()$cuda$empty_cache())
