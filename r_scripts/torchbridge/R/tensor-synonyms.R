# Names that scripts written for R's torch package use for what has another name here.

#' Other names
#'
#' Functions under the names that they have in R's torch package: `torch_fft_*()` are [fft_fft()]
#' and its kin, `torch_scaled_dot_product_attention()` is [nnf_scaled_dot_product_attention()],
#' `call_torch_function()` is any function of PyTorch by its R name.
#'
#' @param ... Arguments of the function, as in its own page.
#' @param name Such as `"torch_add"` or `"nnf_relu"`.
#' @param quiet `TRUE` calls without the warning that such functions may change with PyTorch.
#' @return What the function gives.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' torch_fft_fft(torch_ones(4))
#' call_torch_function("torch_add", 1, torch_ones(2))
#' @name torch_names
NULL

for (name in paste0("fft_", c("fft", "ifft", "rfft", "irfft", "fftfreq"))) {
  torch_name <- paste0("torch_", name)
  assign(torch_name, operator_function(torch_name, operator_arguments[[name]]))
}
rm(name, torch_name)

#' @rdname torch_names
#' @usage NULL
#' @aliases torch_fft_fft torch_fft_ifft torch_fft_rfft torch_fft_irfft torch_fft_fftfreq
torch_scaled_dot_product_attention <- # nolint: object_length_linter.
  nnf_scaled_dot_product_attention

#' @rdname torch_names
#' @export
call_torch_function <- function(name, ..., quiet = FALSE) {
  check_string(name, "name")
  check_flag(quiet, "quiet")
  if (!startsWith(name, "torch_")) {
    abort_as("value_error", sys.call(), "`name` must begin with \"torch_\", not \"", name, "\".")
  }
  if (!quiet) {
    warning(
      "`call_torch_function()` allows access to unexported functions, please use with caution: ",
      "a new PyTorch may have others. `quiet = TRUE` calls without this warning."
    )
  }
  do.call(call_operator, c(list(name), rlang::list2(...)), quote = TRUE)
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
  structure(
    pairlist(start, if (identical(as.numeric(end), Inf)) -1 else end, step), class = "slice"
  )
}

#' @export
print.slice <- function(x, ...) {
  cat("<slice>\n")
  invisible(x)
}
