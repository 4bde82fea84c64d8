# Helpers of torch.nn.utils that R users of torch know.

#' Clip gradients
#'
#' `nn_utils_clip_grad_norm_()` scales all gradients together, so that their common norm is at
#' most `max_norm`; `nn_utils_clip_grad_value_()` cuts each value off at plus and minus
#' `clip_value`. Both work in place, between `$backward()` and the optimizer's step.
#'
#' @param parameters A parameter or a list of them, such as `net$parameters`.
#' @param max_norm The largest norm.
#' @param norm_type The p of the norm; `Inf` for the largest absolute value.
#' @param error_if_nonfinite Is a norm that is NaN or infinite an error?
#' @param clip_value The largest absolute value.
#' @return `nn_utils_clip_grad_norm_()`: the norm before clipping, a tensor, invisibly.
#'   `nn_utils_clip_grad_value_()`: nothing.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' net <- nn_linear(2, 1)
#' loss <- net(as_torch_tensor(matrix(100, 1, 2), dtype = "float32"))$sum()
#' loss$backward()
#' nn_utils_clip_grad_norm_(net$parameters, max_norm = 1)
#' net$weight$grad
#' @export
nn_utils_clip_grad_norm_ <- function(parameters, max_norm, norm_type = 2,
                                     error_if_nonfinite = FALSE) {
  parameters <- check_tensors(parameters, "parameters")
  check_flag(error_if_nonfinite, "error_if_nonfinite")
  invisible(call_python(
    "nn_utils.clip_grad_norm", parameters, max_norm, norm_type, error_if_nonfinite
  ))
}

#' @rdname nn_utils_clip_grad_norm_
#' @export
nn_utils_clip_grad_value_ <- function(parameters, clip_value) {
  parameters <- check_tensors(parameters, "parameters")
  call_python("nn_utils.clip_grad_value", parameters, clip_value)
  invisible()
}

#' Parameters as one vector
#'
#' @param parameters A list of tensors, such as `net$parameters`.
#' @param vec A tensor of one dim, as long as all parameters together.
#' @return `nn_utils_parameters_to_vector()`: a tensor of one dim.
#'   `nn_utils_vector_to_parameters()`: nothing; the parameters have the values.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' net <- nn_linear(2, 1)
#' values <- nn_utils_parameters_to_vector(net$parameters)
#' nn_utils_vector_to_parameters(values, net$parameters)
#' @export
nn_utils_parameters_to_vector <- function(parameters) {
  call_python("nn_utils.parameters_to_vector", check_tensors(parameters, "parameters"))
}

#' @rdname nn_utils_parameters_to_vector
#' @export
nn_utils_vector_to_parameters <- function(vec, parameters) {
  check_tensor(vec, "vec")
  call_python("nn_utils.vector_to_parameters", vec, check_tensors(parameters, "parameters"))
  invisible()
}

#' Sequences of different lengths
#'
#' Padded, they are one tensor; packed, recurrent layers skip the padding. All lengths are
#' numbers of places, and order means longest first.
#'
#' @param input A padded tensor: places x batch x ..., or batch x places x ... with
#'   `batch_first = TRUE`.
#' @param lengths Length of each sequence, a vector or a tensor on the CPU.
#' @param batch_first Is the batch the first dim?
#' @param enforce_sorted Is it an error if the sequences are not in order?
#' @param sequences A list of tensors, one a sequence, places x ...
#' @param sequence A packed sequence.
#' @param padding_value What comes after the end of a sequence.
#' @param padding_side `"right"`, or `"left"` for before its beginning.
#' @param total_length Number of places to pad to. `NULL`: the length of the longest.
#' @return `*_pack_*()`: a packed sequence, a Python object. `nn_utils_rnn_pad_sequence()`: a
#'   tensor. `nn_utils_rnn_pad_packed_sequence()`: a list of the padded tensor and the lengths.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' a <- as_torch_tensor(matrix(1, 3, 2), dtype = "float32")
#' b <- as_torch_tensor(matrix(2, 1, 2), dtype = "float32")
#' packed <- nn_utils_rnn_pack_sequence(list(a, b))
#' out <- nn_gru(2, 4)(packed)
#' nn_utils_rnn_pad_packed_sequence(out[[1]])[[2]]
#' @export
nn_utils_rnn_pack_padded_sequence <- function( # nolint: object_length_linter.
    input, lengths, batch_first = FALSE, enforce_sorted = TRUE) {
  check_tensor(input, "input")
  check_flag(batch_first, "batch_first")
  check_flag(enforce_sorted, "enforce_sorted")
  if (is.numeric(lengths)) lengths <- as.list(as.integer(lengths))
  call_python("nn_utils.pack_padded_sequence", input, lengths, batch_first, enforce_sorted)
}

# Its places are in R's numbers.
#' @export
`$.packed_sequence` <- function(x, name) {
  value <- `$.python_object`(x, name)
  if (name %in% c("sorted_indices", "unsorted_indices") && !is.null(value)) value + 1L else value
}

#' @rdname nn_utils_rnn_pack_padded_sequence
#' @export
nn_utils_rnn_pack_sequence <- function(sequences, enforce_sorted = TRUE) {
  check_flag(enforce_sorted, "enforce_sorted")
  call_python("nn_utils.pack_sequence", check_tensors(sequences, "sequences"), enforce_sorted)
}

#' @rdname nn_utils_rnn_pack_padded_sequence
#' @export
nn_utils_rnn_pad_packed_sequence <- function( # nolint: object_length_linter.
    sequence, batch_first = FALSE, padding_value = 0, total_length = NULL) {
  if (!inherits(sequence, "python_object")) {
    abort(sys.call(), "`sequence` must be a packed sequence, not ", friendly_type(sequence), ".")
  }
  check_flag(batch_first, "batch_first")
  if (!is.null(total_length)) total_length <- as.integer(total_length)
  call_python("nn_utils.pad_packed_sequence", sequence, batch_first, padding_value, total_length)
}

#' @rdname nn_utils_rnn_pack_padded_sequence
#' @export
nn_utils_rnn_pad_sequence <- function(sequences, batch_first = FALSE, padding_value = 0,
                                      padding_side = "right") {
  check_flag(batch_first, "batch_first")
  sequences <- check_tensors(sequences, "sequences")
  call_python("nn_utils.pad_sequence", sequences, batch_first, padding_value, padding_side)
}

# A tensor or a list of tensors, as an unnamed list.
check_tensors <- function(x, name, call = sys.call(-1L)) {
  if (inherits(x, "torch_tensor")) return(list(x))
  if (!is.list(x) || !all(vapply(x, inherits, NA, "torch_tensor"))) {
    abort(call, "`", name, "` must be a tensor or a list of tensors, not ", friendly_type(x), ".")
  }
  unname(x)
}
