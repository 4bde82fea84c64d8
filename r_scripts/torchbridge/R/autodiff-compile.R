#' Compile R code on tensors
#'
#' Runs an R function or module once on tensors that record what is done to them, and gives
#' the graph of PyTorch operators that comes out. Calling it runs no R: a training loop in
#' Python, or one over many small steps, pays nothing for R. The graph is differentiable and
#' shares the parameters of the modules in it, so training one trains the other.
#'
#' `$train()` and `$eval()` of a compiled module change to the graph of that mode, which is traced
#' when it is first asked for. Of a compiled function they are an error where its graph depends on
#' the mode that the modules in it had.
#'
#' What R decides while it runs is decided once: `if` on R values, the number of turns of a loop.
#' Branching on the value of a tensor is an error; `torch_where()` chooses element by
#' element. Where the code reads a size (`dim()`, `length()`), the graph holds for the sizes of
#' `example` only.
#'
#' With numbers for `example` (a vector, an array, or a named list of them) `f` is a function of
#' R's numbers, as [grad()] takes it: it runs by R's rules (see [as_torch_numeric()]), and what
#' comes out is a function of numbers like it, whose evaluation and derivatives call no R.
#' Parameters with names are found by them, in whatever order they come.
#'
#' @param f A function of tensors, an `nn_module`, or a function of numbers.
#' @param example A tensor, or a list of tensors, to call `f` with. Their dtypes, devices and
#'   number of dims count. Or numbers, whose shape counts.
#' @param ... With numbers for `example`: further arguments of `f`, which become part of the graph.
#' @param backend `NULL`, or a backend of PyTorch's own compiler to compile the graph with,
#'   such as `"inductor"` (which needs a C++ compiler and some seconds).
#' @return An `nn_module`; with numbers for `example` a function (class `torch_compiled`) of `x`,
#'   which [grad()], [hessian()], [torch_objective()], [torch_optim()] and the like take as `func`.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' f <- torch_compile(function(x) mean((x - 2)^2), torch_randn(5))
#' f(torch_tensor(c(1, 2, 3)))
#'
#' nll <- torch_compile(function(p, y) -sum(dnorm(y, p[1], p[2], log = TRUE)), c(0, 1), y = 1:5)
#' grad(nll, c(3, 2))
#' @export
torch_compile <- function(f, example, ..., backend = NULL) {
  if (!is.function(f)) {
    abort(sys.call(), "`f` must be a function or an nn_module, not ", friendly_type(f), ".")
  }
  if (!is.null(backend)) check_string(backend, "backend")
  if (is_parameters(example)) return(compile_numeric(f, example, ..., backend = backend))
  check_no_dots(...)
  call_python("tracing.trace", f, example, backend)
}

# Numbers, or a named list of them; tensors are for the other kind.
is_parameters <- function(x) {
  numbers <- function(v) is.numeric(v) && !is_tensor(v) && !is.factor(v)
  numbers(x) || (is.list(x) && !is.null(names(x)) && length(x) > 0L && all(vapply(x, numbers, NA)))
}

compile_numeric <- function(f, example, ..., backend) {
  call <- sys.call(-1L)
  if (inherits(f, "torch_compiled") || is_nn_module(f)) {
    abort(call, "`f` must be an R function where `example` is numbers.")
  }
  target <- differentiable(f, example, ..., call = call)
  # What data becomes is kept by the first run, so that the graph holds it as it is.
  call_python("derivatives.value_of", target$f, target$x, call = call)
  graph <- call_python("tracing.trace_values", target$f, target$x, backend, call = call)
  evaluate <- function(x) {
    call <- sys.call()
    f <- graph_at(check_parameters(x, "x", call), graph, example, call)
    plain_values(call_python("derivatives.value_of", f, flat_tensor(x), call = call))
  }
  structure(evaluate, class = c("torch_compiled", "function"), graph = graph, skeleton = example)
}

# The graph of a compiled function, for parameters in the order that `x` has: those with names
# are found by them, as in the function that was compiled.
graph_at <- function(x, graph, example, call) {
  places <- unlist(places_like(x, example, call), use.names = FALSE)
  if (!is.unsorted(places)) graph else call_python("derivatives.in_order", graph, as.list(places))
}

as_compiled <- "shape of the example that `func` was compiled with."

# Where x has what is in the places of the example, in its shape.
places_like <- function(x, example, call) {
  places <- like_numbers(seq_len(sum(lengths(as_parts(x)))), x)
  if (is.list(example)) {
    if (!is.list(x)) abort(call, "`x` must be a list, the ", as_compiled)
    at <- by_names(seq_along(x), names(x), names(example), call)
    x <- x[at]
    places <- places[at]
  } else if (is.list(x)) {
    abort(call, "`x` must be numbers, not a list, the ", as_compiled)
  }
  if (!identical(shapes_of(x), shapes_of(example))) {
    abort(call, "`x` must have the ", as_compiled)
  }
  Map(places_in_part, as_parts(places), as_parts(x), as_parts(example), list(call))
}

places_in_part <- function(places, x, example, call) {
  given <- dimnames_of(x)
  known <- dimnames_of(example)
  if (!is.null(given) && !is.null(known) && !identical(given, known)) {
    abort(call, "`x` must have the dimnames of the example that `func` was compiled with.")
  }
  by_names(as.integer(places), r_names(x), r_names(example), call)
}

by_names <- function(places, given, known, call) {
  if (is.null(given) || is.null(known) || identical(given, known)) return(places)
  if (anyDuplicated(given) > 0L || !setequal(given, known)) {
    abort(
      call, "`x` must have the names of the example that `func` was compiled with (",
      in_words(known), "), not ", in_words(given), "."
    )
  }
  places[match(known, given)]
}

#' @export
print.torch_compiled <- function(x, ...) {
  shapes <- vapply(shapes_of(attr(x, "skeleton")), paste, "", collapse = "x")
  cat("<torch_compiled> a graph of PyTorch operators, of numbers of shape ", sep = "")
  cat(paste(shapes, collapse = ", "), "\n", sep = "")
  invisible(x)
}
