# TorchScript's operators by their own names. Python's side is bridge/rtorch/jit.py.

#' TorchScript's operators
#'
#' `jit_ops$aten$matmul(a, b)` calls the operator `aten::matmul`. All of an operator's arguments go
#' by position, and what R would count from 1 counts from 0, as TorchScript counts. Numbers and
#' texts are [jit_scalar()], or plain.
#'
#' @format An object whose `$name` are namespaces, whose `$name` are functions: of tensors, lists,
#'   [jit_tuple()] and [jit_scalar()]. Printing one shows its arguments.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' jit_ops$aten$matmul(torch_ones(5, 4), torch_ones(4, 5))
#' jit_ops$aten$split(torch_arange(1, 4), jit_scalar(2L), jit_scalar(0L))
#' jit_ops$aten$relu
#' @export
jit_ops <- structure(list(), class = "torch_ops")

#' @export
`$.torch_ops` <- function(x, name) {
  if (is.function(x)) return(NULL)
  if (length(x) == 0L) return(structure(list(name), class = "torch_ops"))
  namespace <- x[[1L]]
  structure(
    function(...) call_python("jit.operator", namespace, name, lapply(list(...), to_jit)),
    class = "torch_ops", opname = paste0(namespace, "::", name)
  )
}

#' @export
print.torch_ops <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  if (is.function(x)) {
    parts <- strsplit(attr(x, "opname"), "::", fixed = TRUE)[[1L]]
    cat(unlist(call_python("jit.operator_schemas", parts[1L], parts[2L])), sep = "\n")
  } else if (length(x) == 1L) {
    cat("<torch_ops>: Handle to namespace ", x[[1L]], "\n")
  } else {
    cat("Object of class <torch_ops>\n")
  }
  invisible(x)
}

#' @exportS3Method utils::.DollarNames torch_ops
.DollarNames.torch_ops <- function(x, pattern = "") { # nolint: object_name_linter.
  if (is.function(x)) return(character())
  known <- strsplit(unlist(call_python("jit.operator_names")), "::", fixed = TRUE)
  spaces <- vapply(known, `[[`, "", 1L)
  names <- vapply(known, `[[`, "", 2L)
  found <- if (length(x) == 0L) unique(spaces) else names[spaces == x[[1L]]]
  grep(pattern, found, value = TRUE)
}
