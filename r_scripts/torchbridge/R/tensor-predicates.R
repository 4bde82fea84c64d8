# Tests: test-tensor-synonyms.R.

#' What is it?
#'
#' @param x Anything.
#' @return `TRUE` or `FALSE`. `is_undefined_tensor()` is `TRUE` for `NULL`, which stands here for
#'   a tensor that is not there (a gradient that was not computed).
#' @seealso [is_nn_module()], [is_nn_parameter()], [is_nn_buffer()].
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' is_torch_dtype(torch_float())
#' is_torch_device("cpu")
#' @name torch_is
NULL

is_of_class <- function(x, class) {
  inherits(x, c("python_object", "nn_module")) && call_python("contexts.is_of_class", x, class)
}

#' @rdname torch_is
#' @export
is_torch_dtype <- function(x) is_of_class(x, "dtype")

#' @rdname torch_is
#' @export
is_torch_device <- function(x) is_of_class(x, "device")

#' @rdname torch_is
#' @export
is_torch_layout <- function(x) is_of_class(x, "layout")

#' @rdname torch_is
#' @export
is_torch_memory_format <- function(x) is_of_class(x, "memory_format")

#' @rdname torch_is
#' @export
is_torch_qscheme <- function(x) is_of_class(x, "qscheme")

#' @rdname torch_is
#' @export
is_undefined_tensor <- function(x) is.null(x)

#' @rdname torch_is
#' @export
is_optimizer <- function(x) inherits(x, "torch_optimizer")

#' @rdname torch_is
#' @export
is_dataloader <- function(x) inherits(x, "dataloader")
