#' Compile R code on tensors
#'
#' Runs an R function or module once on tensors that record what is done to them, and gives
#' the graph of PyTorch operators that comes out. Calling it runs no R: a training loop in
#' Python, or one over many small steps, pays nothing for R. The graph is differentiable and
#' shares the parameters of the modules in it, so training one trains the other.
#'
#' What R decides while it runs is decided once: the mode (`train()`/`eval()`) of modules, `if`
#' on R values, the number of turns of a loop. Branching on the value of a tensor is an error;
#' `torch_where()` chooses element by element. Where the code reads a size (`dim()`,
#' `length()`), the graph holds for the sizes of `example` only.
#'
#' @param f A function of tensors, or an `nn_module`.
#' @param example A tensor, or a list of tensors, to call `f` with. Their dtypes, devices and
#'   number of dims count.
#' @param backend `NULL`, or a backend of PyTorch's own compiler to compile the graph with,
#'   such as `"inductor"` (which needs a C++ compiler and some seconds).
#' @return An `nn_module`.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' f <- torch_compile(function(x) mean((x - 2)^2), torch_randn(5))
#' f(torch_tensor(c(1, 2, 3)))
#' @export
torch_compile <- function(f, example, backend = NULL) {
  if (!is.function(f)) {
    abort(sys.call(), "`f` must be a function or an nn_module, not ", friendly_type(f), ".")
  }
  if (!is.null(backend)) check_string(backend, "backend")
  api("trace", NULL, f, example, backend)
}
