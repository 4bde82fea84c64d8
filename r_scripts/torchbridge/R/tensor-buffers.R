# Tests: test-tensor-members.R.

#' The bytes of a tensor
#'
#' `torch_tensor_from_buffer()` takes the memory of an R vector as it is: the tensor shares it, and
#' `dtype` says what its bytes mean. Changing the tensor changes the vector.
#' `buffer_from_torch_tensor()` copies a tensor's bytes into a raw vector.
#'
#' @param buffer A raw vector, or a vector of numbers.
#' @param shape Sizes.
#' @param dtype A dtype, or its name; `"float"` is float32.
#' @param tensor A tensor.
#' @return A tensor; a raw vector, row by row.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' bytes <- buffer_from_torch_tensor(torch_tensor(c(1, 2)))
#' torch_tensor_from_buffer(bytes, shape = 2)
#' @export
torch_tensor_from_buffer <- function(buffer, shape, dtype = "float") {
  if (!is.atomic(buffer) || is.character(buffer) || is.object(buffer) || is.null(buffer)) {
    abort(sys.call(), "`buffer` must be a raw vector or numbers, not ", friendly_type(buffer), ".")
  }
  if (is.character(dtype)) dtype <- pytorch()[[dtype]]
  shared <- as_torch_tensor(buffer, share = TRUE)
  call_python("members.from_buffer", shared, as.list(as.integer(shape)), dtype)
}

#' @rdname torch_tensor_from_buffer
#' @export
buffer_from_torch_tensor <- function(tensor) {
  check_tensor(tensor, "tensor")
  call_python("members.to_buffer", tensor)
}
