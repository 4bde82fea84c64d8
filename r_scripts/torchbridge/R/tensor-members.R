# Members of tensors that R code gives; all others are PyTorch's, or stand in
# `bridge/rtorch/tensor_members.py`.

# name -> a function of the tensor that gives the member.
members <- new.env(parent = emptyenv())

# Their NULL or tensor is not to be printed.
quiet <- function(key) {
  force(key)
  function(x) function(...) invisible(call_operator(key, x, ...))
}

for (name in c("backward", "retain_grad", "set_grad_", "set_data")) {
  assign(name, quiet(paste0("$", name)), envir = members)
}
rm(name)

members$register_hook <- function(x) function(hook) register_hook(x, hook)

# nn_parameter and nn_buffer stay what they are.
keeping_class <- function(key) {
  force(key)
  function(x) {
    function(...) {
      result <- call_operator(key, x, ...)
      if (inherits(x, c("nn_parameter", "nn_buffer"))) attributes(result) <- attributes(x)
      result
    }
  }
}
members$detach <- keeping_class("$detach")
members$clone <- keeping_class("$clone")

members$storage <- function(x) {
  function() {
    storage <- call_operator("$untyped_storage", x)
    class(storage) <- c("torch_storage", class(storage))
    storage
  }
}

members$grad_fn <- function(x) {
  as_node(dot_call(native()$getattr, x, "grad_fn"))
}

as_node <- function(node) {
  if (!is.null(node)) class(node) <- c("autograd_node", class(node))
  node
}

members$names <- function(x) NULL

# In R's torch a tensor is its external pointer, and packages ask whether that is a NULL one.
members$ptr <- function(x) x

#' @export
print.autograd_node <- function(x, ...) {
  cat(if (is_live(x)) call_python("members.grad_fn_name", x) else gone_text(x), "\n", sep = "")
  invisible(x)
}

# PyTorch has pairs there, of a node and which of its outputs; R's torch has the nodes.
#' @export
`$.autograd_node` <- function(x, name) {
  if (name == "next_functions") {
    pairs <- dot_call(native()$getattr, x, name)
    # What asks for no gradient has no node: Python's None, in a pair of None and 0.
    return(lapply(pairs, function(pair) if (is_python(pair[[1L]])) as_node(pair[[1L]])))
  }
  NextMethod()
}

#' @export
`$.torch_storage` <- function(x, name) {
  if (name == "data_ptr") return(function() call_python("members.storage_address", x))
  dot_call(native()$getattr, x, name)
}

# R's integers where they fit, else doubles or integer64 itself.
#' @exportS3Method bit64::as.integer64
as.integer64.torch_tensor <- function(x, ...) { # nolint: object_name_linter.
  values <- api("values", x)
  result <- bit64::as.integer64(values)
  if (is.null(dim(values))) return(result)
  structure(result, dim = dim(values), class = c("integer64", "array"))
}
