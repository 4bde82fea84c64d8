# Tests: test-tensor-operators.R, test-tensor-synonyms.R.

#' Dtypes and devices
#'
#' Each `torch_<dtype>()` gives the dtype of that name: `torch_float()` is float32,
#' `torch_double()` float64, `torch_half()` float16, `torch_long()` int64, `torch_int()` int32,
#' `torch_short()` int16. `torch_device()` names a device. `torch_strided()` and
#' `torch_sparse_coo()` are layouts, `torch_contiguous_format()`, `torch_channels_last_format()`
#' and `torch_preserve_format()` memory formats (`x$contiguous(memory_format = )`).
#' `torch_q*()` are dtypes of quantized tensors, `torch_per_*()` schemes of quantization,
#' `torch_reduction_*()` the numbers of `"none"`, `"mean"` and `"sum"` in PyTorch's core.
#'
#' @param type `"cpu"`, `"cuda"`, `"cuda:1"`, `"mps"`, ...
#' @param index Number of the device, from 0 as in PyTorch; `NULL` for the current one.
#' @return A dtype, layout, memory format or device; `cuda_is_available()` a logical,
#'   `cuda_device_count()` an integer.
#' @name torch_dtype
#' @aliases torch_float torch_float32 torch_float64 torch_double torch_float16 torch_half
#'   torch_bfloat16 torch_uint8 torch_int8 torch_int16 torch_short torch_int32 torch_int
#'   torch_int64 torch_long torch_bool torch_cfloat torch_complex64 torch_cdouble torch_complex128
#'   torch_chalf torch_cfloat32 torch_cfloat64 torch_cfloat128 torch_float8_e4m3fn
#'   torch_float8_e5m2 torch_quint8 torch_qint8 torch_qint32 torch_per_channel_affine
#'   torch_per_channel_symmetric torch_per_tensor_affine torch_per_tensor_symmetric
#'   torch_reduction_none torch_reduction_mean torch_reduction_sum
#'   torch_strided torch_sparse_coo torch_contiguous_format torch_channels_last_format
#'   torch_preserve_format
NULL

pytorch <- function() {
  if (is.null(the$torch)) the$torch <- py_import("torch")
  the$torch
}

constant <- function(name) {
  force(name)
  function() pytorch()[[name]]
}

#' @rawNamespace exportPattern("^(torch|nnf|linalg|fft|special)_")
NULL
torch_float <- constant("float32")
torch_float32 <- constant("float32")
torch_double <- constant("float64")
torch_float64 <- constant("float64")
torch_half <- constant("float16")
torch_float16 <- constant("float16")
torch_bfloat16 <- constant("bfloat16")
torch_uint8 <- constant("uint8")
torch_int8 <- constant("int8")
torch_short <- constant("int16")
torch_int16 <- constant("int16")
torch_int <- constant("int32")
torch_int32 <- constant("int32")
torch_long <- constant("int64")
torch_int64 <- constant("int64")
torch_bool <- constant("bool")
torch_cfloat <- constant("complex64")
torch_complex64 <- constant("complex64")
torch_cdouble <- constant("complex128")
torch_complex128 <- constant("complex128")

torch_chalf <- constant("complex32")
torch_cfloat32 <- constant("complex32")
torch_cfloat64 <- constant("complex64")
torch_cfloat128 <- constant("complex128")
torch_float8_e4m3fn <- constant("float8_e4m3fn")
torch_float8_e5m2 <- constant("float8_e5m2")
torch_quint8 <- constant("quint8")
torch_qint8 <- constant("qint8")
torch_qint32 <- constant("qint32")
torch_per_channel_affine <- constant("per_channel_affine")
torch_per_channel_symmetric <- constant("per_channel_symmetric")
torch_per_tensor_affine <- constant("per_tensor_affine")
torch_per_tensor_symmetric <- constant("per_tensor_symmetric")

# How a loss of many elements becomes one number, as ATen counts it.
torch_reduction_none <- function() 0
torch_reduction_mean <- function() 1
torch_reduction_sum <- function() 2

torch_strided <- constant("strided")
torch_sparse_coo <- constant("sparse_coo")
torch_contiguous_format <- constant("contiguous_format")
torch_channels_last_format <- constant("channels_last")
torch_preserve_format <- constant("preserve_format")

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

same_objects <- function(x, y) api("same", x, y)

#' Seed PyTorch's random numbers
#'
#' Sets PyTorch's own generators, on the CPU and every GPU. R's `set.seed()` is another stream.
#'
#' `options(torch.old_seed_behavior = TRUE)` gives, from the next `torch_manual_seed()` on, the
#' numbers that R's torch gives with that option: what takes a generator (`$uniform_()`,
#' `torch_bernoulli()`, the first weights of layers, ...) draws from a stream of its own.
#' @param seed A whole number.
#' @return `NULL`, invisibly.
#' @export
torch_manual_seed <- function(seed) {
  if (!is.numeric(seed) || length(seed) != 1L || is.na(seed) || seed != trunc(seed)) {
    stop("`seed` must be one whole number", call. = FALSE)
  }
  old <- isTRUE(getOption("torch.old_seed_behavior"))
  call_python("seeds.manual_seed", NULL, seed, old)
  invisible(NULL)
}

#' Facts and settings of PyTorch
#'
#' What a dtype can hold, which dtype two dtypes give together, the dtype of R's doubles, the
#' number of threads, random number generators.
#'
#' @param dtype,from_,to,type1,type2 Dtypes such as [torch_float()].
#' @param num_threads A whole number from 1.
#' @param recheck Not used: it is always looked.
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
torch_promote_types <- function(type1, type2) pytorch()$promote_types(type1, type2)

#' @rdname torch_settings
#' @export
torch_can_cast <- function(from_, to) pytorch()$can_cast(from_, to)

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
torch_is_installed <- function(recheck = TRUE) !inherits(try(pytorch(), silent = TRUE), "try-error")

#' @rdname torch_settings
#' @export
cuda_current_device <- function() pytorch()$cuda$current_device()

#' @rdname torch_settings
#' @export
cuda_synchronize <- function(device = NULL) invisible(pytorch()$cuda$synchronize(device))

#' @rdname torch_settings
#' @export
cuda_empty_cache <- function() invisible(pytorch()$cuda$empty_cache())
