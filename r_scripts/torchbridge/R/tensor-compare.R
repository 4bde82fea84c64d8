# Comparisons of tensors, and what waldo and all.equal() ask for.

#' Comparisons of tensors, modules and Python objects
#'
#' `all.equal()` compares tensors by dtype, shape and values, and modules by class, options, fields,
#' methods, parameters, buffers and children, numbers within `tolerance`. So a clone is equal, and
#' another module of the same layers is not: `all.equal(nn_linear(2, 1), nn_linear(2, 1))` says
#' which parameters differ. `testthat::expect_equal()` (waldo) compares the same, and of tensors the
#' device, `requires_grad` and the name of `grad_fn` as well. Other Python objects (dtypes, devices,
#' data frames) are compared by their R values, or by Python's `==` where they have none.
#' @param target,current What is compared.
#' @param tolerance Of the values; by default 1.5e-8, and for narrower numbers what
#'   `torch.testing.assert_close()` takes for rounding: 1.3e-6 for float32 and complex64, 1e-3 for
#'   float16, 1.6e-2 for bfloat16.
#' @param ... For `all.equal()` of the values.
#' @param check.environment `FALSE` compares of modules the classes and the code alone, as of other
#'   functions.
#' @return `TRUE`, or the differences as text.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' all.equal(torch_tensor(c(1, 2)), torch_tensor(c(1, 3)))
#' net <- nn_linear(2, 1)
#' all.equal(net, net$clone(deep = TRUE))
#' @method all.equal torch_tensor
#' @export
all.equal.torch_tensor <- function(target, current, ..., tolerance = NULL) {
  if (!inherits(current, "torch_tensor")) return(not_one_class(target, current))
  if (!is_live(target) || !is_live(current)) return(NextMethod())
  parts <- c("dtype", "shape")
  target <- compared(target, parts)
  current <- compared(current, parts)
  all.equal(target, current, ..., tolerance = tolerance %||% rounding_of(target$dtype))
}

rounding_of <- function(dtype) {
  switch(dtype, Half = 1e-3, BFloat16 = 1.6e-2, Float = , ComplexFloat = 1.3e-6, 1.5e-8)
}

#' Comparisons by testthat and waldo
#'
#' See [all.equal.torch_tensor()].
#' @param x A tensor or module.
#' @param path Where it stands, as text.
#' @return A list of `object` and `path`, as `waldo::compare_proxy()` wants it.
#' @exportS3Method waldo::compare_proxy
#' @keywords internal
compare_proxy.torch_tensor <- function(x, path = "x") { # nolint: object_name_linter.
  list(object = compared(x), path = paste0("plain(", path, ")"))
}

# A tensor as R values: these parts of it, and its numbers.
compared <- function(x, parts = c("dtype", "device", "shape", "requires_grad", "grad_fn")) {
  c(call_python("members.same_parts", x)[parts], list(values = api("values", x$detach()$cpu())))
}

not_one_class <- function(target, current) {
  sprintf("target is %s, current is %s", class(target)[1L], class(current)[1L])
}
