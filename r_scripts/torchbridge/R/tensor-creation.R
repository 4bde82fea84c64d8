#' Make a tensor
#'
#' `torch_tensor()` makes a tensor of R values with the dtypes that R users of torch know:
#' double is float32, integer int64, logical bool. ([as_torch_tensor()] keeps R's own
#' precision.) A list of equally long vectors is stacked by rows. `torch_arange()` includes
#' both ends, as `seq()` does.
#'
#' @param data A vector, matrix, array, factor (codes from 1), list or tensor; `NULL` is an empty
#'   tensor of bools.
#' @param dtype A dtype such as [torch_float64()] or `"float64"`; `NULL` for the default.
#' @param device A device such as `"cuda"`; `NULL` for the CPU.
#' @param requires_grad `TRUE` to record operations on the tensor for its gradient.
#' @param pin_memory `TRUE`: in memory that a GPU reads without a copy; needs one.
#' @return A `torch_tensor` of the shape of `data`; a vector is one-dimensional.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' torch_tensor(matrix(1:6, 2))
#' torch_tensor(c(1, 2), requires_grad = TRUE)
#' torch_arange(1, 5)
#' @export
torch_tensor <- hot(function(data, dtype = NULL, device = NULL, requires_grad = FALSE,
                             pin_memory = FALSE) {
  # First, for it is the commonest and has the least to do.
  if (is.null(dtype) && is.null(device) && missing(pin_memory)) {
    made <- .Call(few_numbers, data, requires_grad)
    if (!is.null(made)) return(made)
  }
  check_flag(requires_grad, "requires_grad")
  if (is.object(data)) data <- r_values(data)
  if (is.data.frame(data)) {
    abort(
      sys.call(), "`data` must not be a data frame, whose columns may differ in type: write ",
      "as.matrix(data), or frame_tensors(data) to encode its columns."
    )
  }
  check_flag(pin_memory, "pin_memory")
  if (is.null(data)) data <- logical()
  tensor <- api("torch_tensor", data, dtype, device, requires_grad)
  if (pin_memory) tensor$pin_memory() else tensor
})

#' @rdname torch_tensor
#' @param start,end First and last value; a single one is the last, and 1 the first.
#' @param layout Must be `NULL` or [torch_strided()].
#' @param step Distance between values.
#' @export
torch_arange <- function(
  start, end, step = 1L, dtype = NULL, layout = NULL, device = NULL, requires_grad = FALSE
) {
  check_flag(requires_grad, "requires_grad")
  if (!is.null(layout) && layout != torch_strided()) {
    abort(sys.call(), "`layout` must be NULL or torch_strided().")
  }
  if (missing(end)) {
    end <- start
    start <- 1L
  }
  api("torch_arange", NULL, start, end, step, dtype, device, requires_grad)
}

#' The Python object behind a tensor
#'
#' `python(x)` is the way to PyTorch as Python has it: its methods take Python's arguments,
#' with dims and indices from 0.
#'
#' @param x A tensor, module or other Python object.
#' @return A `python_object`; see [py_import()].
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' x <- torch_tensor(matrix(1:6, 2))
#' python(x)$sum(dim = 0L) # the columns' sums
#' x$sum(dim = 1)          # the same
#' @export
python <- function(x) {
  if (!is_python(x)) {
    abort(sys.call(), "`x` must be a tensor or another Python object, not ", friendly_type(x), ".")
  }
  api("python", x)
}
