# TorchScript: graphs of functions and modules, without R. Python's side is bridge/rtorch/jit.py.

#' Functions and modules as TorchScript
#'
#' What a function or module computes for an example is recorded as a graph of PyTorch's operators.
#' The graph has no R in it: C++ and Python programs run what `jit_save()` writes. TorchScript is
#' PyTorch's older way; [torch_compile()], [torch_export()] are the newer ones, and these functions
#' are here as long as PyTorch has it.
#'
#' A trace knows one way through the code only: an `if` goes the way that the example went.
#'
#' @section Modules:
#' A traced module has the parameters, buffers and submodules of the original, the very tensors, and
#' the methods that were traced. With `respect_mode = TRUE` the forward is traced twice, for
#' training and for evaluation, and the traced module takes the one of its mode; a program other
#' than R finds them as `trainforward` and `evalforward`. `$graph` is the graph, `$graph_for(...)`
#' that which is run for some input.
#'
#' @section Values:
#' Arguments and results are tensors, lists of them, unnamed or named (PyTorch's dicts; with
#' `strict = FALSE` where they are results), and tuples, which `jit_tuple()` marks. A tuple comes
#' back as a list. A list of parts of several kinds, such as the tensor and the list that an
#' `nn_lstm()` gives, is a tuple without the mark.
#'
#' @section Files:
#' `jit_load()` reads what `jit_save()` or Python's `torch.jit.save()` has written; the code that
#' is in such a file runs when the module is called. Files whose code would run when they are read
#' are refused. `jit_save_for_mobile()` adds what PyTorch's interpreter for phones reads.
#'
#' @param func A function of R's, or a module.
#' @param mod A module.
#' @param ... `jit_trace()`: an example of each argument, without names. `jit_trace_module()`: for
#'   each method, by its name, an example or a list of one for each argument. Else not used.
#' @param strict Is a result that is a list or dict refused?
#' @param respect_mode Is the forward traced for both modes, training and evaluation?
#' @param obj What to save; a raw vector for `jit_unserialize()`.
#' @param path Name of a file.
#' @param source Definitions of functions in TorchScript, which is a part of Python.
#' @param x `jit_tuple()`: a list; `jit_scalar()`: a number, text or logical.
#' @return `jit_trace()`: a function of class `script_function`, or a module of class
#'   `script_module`, as `jit_trace_module()`, `jit_load()` and `jit_unserialize()` give.
#'   `jit_compile()`: an object whose `$name` are the functions. `jit_serialize()`: a raw vector.
#'   `jit_save()`, `jit_save_for_mobile()`: `obj`, invisibly.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' traced <- jit_trace(function(x) torch_relu(x) * 2, torch_ones(3))
#' traced(torch_tensor(c(-1, 0, 1)))
#' traced$graph
#' unit <- jit_compile("def double(x): return x + x")
#' unit$double(torch_ones(2))
#' @export
jit_trace <- function(func, ..., strict = TRUE, respect_mode = TRUE) {
  call <- sys.call()
  if (inherits(func, "nn_module_generator")) {
    abort(call, "You must initialize the nn_module before tracing: call it.")
  }
  check_no_names(..., call = call)
  if (is_nn_module(func)) {
    return(trace_methods(func, list(forward = list(...)), strict, respect_mode, call))
  }
  if (!is.function(func)) {
    abort(call, "jit_trace needs a function or nn_module: `func` is ", friendly_type(func), ".")
  }
  check_flag(strict, "strict")
  examples <- list(...)
  fun <- function(...) to_jit(do.call(func, named_as_examples(list(...), examples)))
  script_function(call_python("jit.trace", fun, lapply(list(...), to_jit), strict, call = call))
}

#' @rdname jit_trace
#' @export
jit_trace_module <- function(mod, ..., strict = TRUE, respect_mode = TRUE) {
  call <- sys.call()
  check_module(mod, "mod")
  inputs <- rlang::list2(...)
  check_named_list(inputs, "...")
  if (length(inputs) == 0L) abort(call, "`...` must have an example for each method to trace.")
  inputs <- lapply(inputs, function(x) if (is.list(x) && !inherits(x, "jit_tuple")) x else list(x))
  trace_methods(mod, inputs, strict, respect_mode, call)
}

trace_methods <- function(module, inputs, strict, respect_mode, call) {
  check_flag(strict, "strict", call)
  check_flag(respect_mode, "respect_mode", call)
  taken <- intersect(names(inputs), c("trainforward", "evalforward"))
  if (length(taken) > 0L) {
    abort(call, "`", taken[1L], "` is the name of what is traced of `forward`.")
  }
  methods <- lapply(names(inputs), function(name) {
    method <- if (name == "forward") module else module[[name]]
    if (!is.function(method)) abort(call, "`", name, "` is no method of the module.")
    function(...) to_jit(do.call(method, named_as_examples(list(...), inputs[[name]])))
  })
  names(methods) <- names(inputs)
  inputs <- lapply(inputs, unname)
  modes <- list()
  if (respect_mode && "forward" %in% names(inputs)) {
    again <- function(x) {
      c(x[names(x) != "forward"], list(trainforward = x$forward, evalforward = x$forward))
    }
    methods <- again(methods)
    inputs <- again(inputs)
    modes <- list(trainforward = TRUE, evalforward = FALSE)
  }
  inputs <- lapply(inputs, function(args) unname(lapply(args, to_jit)))
  call_python(
    "jit.trace_module", module, class(module)[1L], methods, inputs, modes, strict, call = call
  )
}

#' @rdname jit_trace
#' @export
jit_compile <- function(source) {
  check_string(source, "source")
  structure(list(unit = call_python("jit.compiled", source)), class = "script_unit")
}

#' @rdname jit_trace
#' @export
jit_save <- function(obj, path, ...) {
  check_no_dots(...)
  check_scripted(obj, "obj")
  check_string(path, "path")
  call_python("jit.save", scripted(obj), path.expand(path), FALSE)
  invisible(obj)
}

#' @rdname jit_trace
#' @export
jit_save_for_mobile <- function(obj, path, ...) {
  check_no_dots(...)
  check_scripted(obj, "obj")
  check_string(path, "path")
  call_python("jit.save", scripted(obj), path.expand(path), TRUE)
  invisible(obj)
}

#' @rdname jit_trace
#' @export
jit_load <- function(path, ...) {
  check_no_dots(...)
  check_string(path, "path")
  call_python("jit.load", path.expand(path))
}

#' @rdname jit_trace
#' @export
jit_serialize <- function(obj) {
  check_scripted(obj, "obj", "script_module")
  call_python("jit.dumps", obj)
}

#' @rdname jit_trace
#' @export
jit_unserialize <- function(obj) {
  if (!is.raw(obj)) abort(sys.call(), "`obj` must be a raw vector, not ", friendly_type(obj), ".")
  call_python("jit.loads", obj)
}

#' @rdname jit_trace
#' @export
jit_tuple <- function(x) {
  if (!is.list(x)) abort(sys.call(), "`x` must be a list, not ", friendly_type(x), ".")
  structure(x, class = "jit_tuple")
}

#' @rdname jit_trace
#' @export
jit_scalar <- function(x) {
  if (!is.atomic(x) || length(x) != 1L) {
    abort(sys.call(), "`x` must be one number, text or logical, not ", friendly_type(x), ".")
  }
  structure(x, class = "jit_scalar")
}

# ---- what crosses ----

# A value as bridge/rtorch/jit.py takes it: tuples are marked.
to_jit <- function(x) {
  if (inherits(x, "jit_tuple")) return(list(`__tuple__` = lapply(unname(unclass(x)), to_jit)))
  if (inherits(x, "jit_scalar")) return(unclass(x))
  if (is.list(x) && !is.object(x)) lapply(x, to_jit) else x
}

# Of the values of a trace, a tuple has lost its names.
named_as_examples <- function(values, examples) {
  for (i in seq_along(values)) {
    if (inherits(examples[[i]], "jit_tuple")) names(values[[i]]) <- names(examples[[i]])
  }
  values
}

scripted <- function(x) if (inherits(x, "script_function")) attr(x, "scripted") else x

check_scripted <- function(x, name, classes = c("script_function", "script_module"),
                           call = sys.call(-1L)) {
  if (!inherits(x, classes)) {
    abort(
      call, "`", name, "` must be what `jit_trace()` gives for a ",
      if (length(classes) > 1L) "function or a ", "module, not ", friendly_type(x), "."
    )
  }
}

# ---- classes ----

script_function <- function(scripted) {
  structure(
    function(...) call_python("jit.call", scripted, unname(lapply(list(...), to_jit))),
    class = "script_function", scripted = scripted
  )
}

# The function that stands for a script module (nn-wrapper.R).
utils::globalVariables("handle") # of the half, which is its environment (nn-wrapper.R)
face_of_script <- function(...) {
  call_python("jit.call_module", handle, unname(lapply(list(...), to_jit)))
}

script_graph <- function(text) structure(list(text = text), class = "script_graph")

#' @export
print.script_graph <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  cat(x$text)
  invisible(x)
}

#' @export
print.script_function <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  cat("<script_function>\n")
  invisible(x)
}

#' @export
`$.script_function` <- function(x, name) {
  switch(name,
    graph = script_graph(call_python("jit.graph", scripted(x))),
    save = function(path) jit_save(x, path),
    save_for_mobile = function(path) jit_save_for_mobile(x, path)
  )
}

#' @export
`$.script_unit` <- function(x, name) {
  found <- call_python("jit.function_of", .subset2(x, "unit"), name)
  if (!is.null(found)) script_function(found)
}

#' @export
print.script_unit <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  cat("<script_unit>\n")
  invisible(x)
}

#' @export
`$.script_module` <- function(x, name) {
  switch(name,
    graph = return(script_graph(call_python("jit.graph", x))),
    graph_for = return(function(...) {
      script_graph(call_python("jit.graph_for", x, lapply(list(...), to_jit)))
    })
  )
  if (name %in% c("register_parameter", "register_buffer", "register_module", "add_module")) {
    return(function(...) {
      abort(sys.call(), "A script module takes nothing new: add it to the module, and trace that.")
    })
  }
  member <- module_members[[name]]
  if (!is.null(member)) return(member(x))
  method <- call_python("jit.method_of", x, name)
  if (is.null(method)) call_python("jit.attribute", x, name) else script_function(method)
}

#' @export
`[[.script_module` <- function(x, name) {
  if (is.numeric(name)) `[[.nn_module`(x, name) else `$.script_module`(x, name)
}
