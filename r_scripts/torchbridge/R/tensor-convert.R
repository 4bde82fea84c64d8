#' R vectors and tensors
#'
#' `as_torch_tensor()` gives the tensor of an R vector, matrix or array, `to_r()` the R
#' value of a tensor. Both copy; `share = TRUE` gives the same memory instead.
#'
#' | R | tensor | back |
#' |---|---|---|
#' | double | float64 | double (every float dtype) |
#' | integer | int32 | integer (int8, int16, int32, uint16) |
#' | logical | bool | logical |
#' | complex, raw | complex128, uint8 | complex, raw |
#' | `bit64::integer64` | int64 | integer if all values fit, else double if exact, else integer64 |
#' | factor | int64, codes from 1, with `levels()` | factor |
#' | Date, POSIXct, difftime | float64 | the same |
#' | sparse matrix of Matrix | sparse CSC (bool of logical ones) | dgCMatrix |
#' | dense matrix of Matrix | float64, bool | matrix |
#' | data frame of numbers and logicals | a row a row, a column a column | matrix |
#'
#' A matrix or array keeps its shape and element `[i, j, k]` its value; the tensor is
#' contiguous (row-major). Back, a tensor of one dimension is a plain vector, one of none a
#' vector of length 1. What a factor or date means besides its numbers is kept with that
#' very tensor: the result of an operation on it is plain numbers.
#'
#' The columns of a data frame take the dtype that holds them all; [frame_tensors()] encodes
#' factors, text and dates as well.
#'
#' @param x For `as_torch_tensor()` an R vector, matrix, array or data frame of numbers; or a
#'   tensor, to copy or move it, or a tensor or NumPy array that reticulate holds. For `to_r()` a
#'   tensor or array in Python, a frame or column of pandas, polars, pyarrow or DuckDB, or any
#'   Python object that has an R value, such as one of [py_import()] with `convert = FALSE`.
#' @param dtype Name of a dtype, such as `"float32"`, `"int64"`, `"bool"`, or one of Python's
#'   (`torch$float32`). `NULL`: by the type of `x`, as in the table.
#' @param device Name of a device, such as `"cuda"` or `"cuda:1"`, or one of Python's
#'   (`x$device`). `NULL`: the CPU.
#' @param share `TRUE`: the same memory, at once. A shared tensor (of a double, complex, raw or
#'   integer vector) is column-major; in-place operations on it write into R's vector, while
#'   R's own assignments copy first and leave it alone. A shared R vector needs a CPU tensor
#'   laid out as R does (1-d, or column-major) and shows later in-place changes of it; int64
#'   is then integer64, and narrower types are widened as R reads them.
#' @param na What becomes of NA. `"error"`: an error where the dtype cannot hold it (floats
#'   can: float64 keeps NA itself, narrower floats hold NaN). `"mask"`: a list of `value` and
#'   `mask`, the mask `TRUE` where there is a value and `value` 0 elsewhere. A number: to put
#'   in its place.
#' @return `as_torch_tensor()`: a `torch_tensor`, or the list for `na = "mask"`. `to_r()`: an
#'   R vector, array, factor, Date, POSIXct, difftime or matrix of Matrix, of a frame a data frame;
#'   of other Python objects what a call would give: see [py_import()].
#' @seealso [tensor_methods] for `as.array()`, `as.numeric()` and others.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' x <- as_torch_tensor(matrix(1:6, 2))
#' x
#' to_r(x)
#' to_r(as_torch_tensor(factor(c("b", "a", "b"))))
#' as_torch_tensor(c(1L, NA), na = -1)
#' @export
as_torch_tensor <- function(x, dtype = NULL, device = NULL, share = FALSE, na = "error") {
  check_name(dtype, "dtype", "float32")
  check_name(device, "device", "cuda")
  check_flag(share, "share")
  check_na_policy(na)
  if (is.object(x)) x <- r_values(x)
  api("as_torch_tensor", x, dtype, device, share, na)
}

#' @rdname as_torch_tensor
#' @export
to_r <- function(x, share = FALSE) {
  if (!is_python(x)) {
    abort(sys.call(), "`x` must be a tensor or a Python object, not ", friendly_type(x), ".")
  }
  check_flag(share, "share")
  value <- api("to_r", x, share)
  if (inherits(value, "python_object") && !is.function(value)) {
    abort(sys.call(), "`x`: R has no value for a Python ", python_type(x), ".")
  }
  value
}

#' Tensors as R values
#'
#' Base R's verbs on a `torch_tensor`. They copy, also from a GPU, and give plain numbers;
#' [to_r()] also restores factors, dates and times.
#'
#' @param x,object A `torch_tensor`.
#' @param n Number of lines of values to print; `-1` for all.
#' @param ... Not used (`print()` ignores the arguments of [print.default()]).
#' @return `as.array()` and `as_array()`: an array, or a plain vector for a tensor of at most one
#'   dimension.
#'   `as.matrix()`: a matrix, one column wide for a vector. `as.numeric()`, `as.integer()`,
#'   `as.logical()`, `as.complex()`: a vector, column-major. `dim()`: the shape (`integer(0)`
#'   for a tensor of no dimensions). `length()`: the number of elements. `levels()`: those of
#'   the factor the tensor was made from.
#' @name tensor_methods
NULL

#' @rdname tensor_methods
#' @export
as.array.torch_tensor <- function(x, ...) {
  check_no_dots(...)
  api("values", x)
}

#' @rdname tensor_methods
#' @export
as_array <- function(x) UseMethod("as_array")

#' @rdname tensor_methods
#' @export
as_array.torch_tensor <- function(x) api("values", x)

#' @rdname tensor_methods
#' @export
as.matrix.torch_tensor <- function(x, ...) {
  check_no_dots(..., except = "device") # packages say that the CPU is to have it, as R always has
  values <- api("values", x)
  as.matrix(values)
}

#' @rdname tensor_methods
#' @export
as.double.torch_tensor <- function(x, ...) {
  check_no_dots(...)
  as.double(api("values", x))
}

#' @rdname tensor_methods
#' @export
as.integer.torch_tensor <- function(x, ...) {
  check_no_dots(...)
  as.integer(api("values", x))
}

#' @rdname tensor_methods
#' @export
as.complex.torch_tensor <- function(x, ...) {
  check_no_dots(...)
  as.complex(api("values", x))
}

#' @rdname tensor_methods
#' @export
as.logical.torch_tensor <- function(x, ...) {
  check_no_dots(...)
  as.logical(api("values", x))
}

#' @rdname tensor_methods
#' @export
dim.torch_tensor <- function(x) {
  shape <- api("shape", x)
  if (length(shape) == 0L) integer() else shape
}

#' @rdname tensor_methods
#' @export
length.torch_tensor <- function(x) api("numel", x)

#' @rdname tensor_methods
#' @export
levels.torch_tensor <- function(x) api("levels", x)
