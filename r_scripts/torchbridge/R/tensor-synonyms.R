# Names that scripts written for R's torch package use for what has another name here.

#' Other names
#'
#' Functions under the names that they have in R's torch package: `torch_fft_*()` are [fft_fft()]
#' and its kin, `torch_scaled_dot_product_attention()` is [nnf_scaled_dot_product_attention()],
#' `optim_ignite_*()` are [optim_adam()] and others. `clone_module()` is `$clone()`, a copy with
#' parameters of its own, `nn_prune_head()` an [nn_sequential()] without its last layers,
#' `call_torch_function()` any function of PyTorch by its R name.
#'
#' @param ... Arguments of the function, as in its own page.
#' @param module,x A module.
#' @param deep Not used: the copy always has parameters of its own.
#' @param head_size How many layers to leave out.
#' @param name Such as `"torch_add"` or `"nnf_relu"`.
#' @param quiet Not used.
#' @return What the function gives.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' torch_fft_fft(torch_ones(4))
#' nn_prune_head(nn_sequential(nn_linear(2, 3), nn_relu()), 1)
#' call_torch_function("torch_add", 1, torch_ones(2))
#' @name torch_names
NULL

for (name in c("fft", "ifft", "rfft", "irfft", "fftfreq")) {
  name <- paste0("torch_fft_", name)
  assign(name, operator_function(name))
}
rm(name)

#' @rdname torch_names
#' @usage NULL
#' @aliases torch_fft_fft torch_fft_ifft torch_fft_rfft torch_fft_irfft torch_fft_fftfreq
torch_scaled_dot_product_attention <- # nolint: object_length_linter.
  nnf_scaled_dot_product_attention

#' @rdname torch_names
#' @usage NULL
#' @export
optim_ignite_adam <- optim_adam

#' @rdname torch_names
#' @usage NULL
#' @export
optim_ignite_adamw <- optim_adamw

#' @rdname torch_names
#' @usage NULL
#' @export
optim_ignite_adagrad <- optim_adagrad

#' @rdname torch_names
#' @usage NULL
#' @export
optim_ignite_rmsprop <- optim_rmsprop

#' @rdname torch_names
#' @usage NULL
#' @export
optim_ignite_sgd <- optim_sgd

#' @rdname torch_names
#' @export
clone_module <- function(module, deep = FALSE) {
  check_module(module, "module")
  check_flag(deep, "deep")
  module$clone()
}

#' @rdname torch_names
#' @export
nn_prune_head <- function(x, head_size) {
  if (!inherits(x, "nn_sequential")) {
    abort(sys.call(), "`x` must be an nn_sequential(), not ", friendly_type(x), ".")
  }
  check_count(head_size, "head_size", 1L)
  layers <- as.list(x)
  if (head_size >= length(layers)) {
    abort(sys.call(), "`head_size` must be below the number of layers (", length(layers), ").")
  }
  do.call(nn_sequential, layers[seq_len(length(layers) - head_size)])
}

#' @rdname torch_names
#' @export
call_torch_function <- function(name, ..., quiet = FALSE) {
  check_string(name, "name")
  check_flag(quiet, "quiet")
  call_operator(name, ...)
}

call_operator <- hot(function(name, ...) .External(op, name, ...))

#' Slices as values
#'
#' `x[slc(1, 10, step = 2), ]` is `x[1:10:2, ]`, for places that are computed.
#'
#' @param start,end First and last place, from 1; negative ones from the end, `Inf` is the last.
#' @param step Distance between places, at least 1.
#' @return What `[` of a tensor takes for a range.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' x <- torch_arange(1, 10)
#' x[slc(2, Inf, 3)]
#' @export
slc <- function(start, end, step = 1) {
  pairlist(start, if (identical(as.numeric(end), Inf)) -1 else end, step)
}
