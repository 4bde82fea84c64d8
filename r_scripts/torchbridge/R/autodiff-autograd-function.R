#' Differentiable functions written in R
#'
#' `autograd_function()` makes a function whose value and whose gradient are both given by R
#' code: PyTorch records it as one node, and calls `backward` when gradients flow through it.
#'
#' @section The context:
#' The first argument of both functions carries what one call needs:
#' * `ctx$save_for_backward(a = x, b = 2)` keeps tensors and other values for `backward`;
#'   changing a saved tensor in place is then an error instead of a wrong gradient.
#' * `ctx$saved_variables`: a list of what was saved, by name.
#' * `ctx$needs_input_grad`: for each argument of `forward`, by name, whether its gradient
#'   matters. Always `FALSE` for what is no tensor.
#' * `ctx$name <- value` keeps a value that is none of the function's tensors.
#' * `ctx$mark_dirty(x)`: `forward` changes `x` in place and returns it.
#' * `ctx$mark_non_differentiable(y)`: no gradient flows through this result.
#' * `ctx$set_materialize_grads(FALSE)`: `backward` gets `NULL`, not zeros, for results that
#'   the final result does not depend on.
#'
#' @section Threads:
#' R runs on one thread, so PyTorch is told to run backward passes on it, also those of GPU
#' tensors, from the first call of such a function (or the first hook) on. A backward pass
#' that another thread of Python starts is an error where it meets R code.
#'
#' @param forward A function of `ctx` and further arguments, tensors or not, that gives a
#'   tensor or a list of tensors. Gradients are not recorded while it runs.
#' @param backward A function of `ctx` and the gradients of the results of `forward` (as many
#'   arguments as results) that gives the gradients of the arguments: a list with their names,
#'   where a missing one or `NULL` stands for zero, and what is given for an argument that is no
#'   tensor is left out; or, where a single argument is a tensor, just its gradient.
#' @return A function of the arguments of `forward` without `ctx`.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' square <- autograd_function(
#'   forward = function(ctx, x) {
#'     ctx$save_for_backward(x = x)
#'     x$pow(2L)
#'   },
#'   backward = function(ctx, grad_output) {
#'     list(x = grad_output$mul(ctx$saved_variables$x)$mul(2L))
#'   }
#' )
#' x <- py_import("torch")$tensor(3, requires_grad = TRUE)
#' square(x)$backward()
#' x$grad
#' @export
autograd_function <- function(forward, backward) {
  check_takes_context(forward, "forward")
  check_takes_context(backward, "backward")
  parameters <- names(formals(args(backward)))
  takes_one <- length(parameters) == 2L && !"..." %in% parameters
  run_backward <- function(ctx, ...) {
    context <- as_context(ctx)
    # Of several outputs, one argument gets the list of their gradients.
    listed <- takes_one && ...length() > 1L
    in_order(if (listed) backward(context, list(...)) else backward(context, ...), context)
  }
  function(...) {
    arguments <- match_arguments(forward, list(...), sys.call())
    tensors <- vapply(arguments, is_tensor, NA)
    # `backward` may ask for every argument, also for one that was left at its default.
    names <- c(names(arguments), setdiff(argument_names(forward), names(arguments)))
    call_python(
      "autograd.apply", forward_of(forward, arguments, tensors), run_backward,
      as.list(names), as.list(which(unname(tensors)) - 1L), unname(arguments[tensors]),
      call = sys.call()
    )
  }
}

check_takes_context <- function(f, name, call = sys.call(-1L)) {
  if (!is.function(f)) abort(call, "`", name, "` must be a function, not ", friendly_type(f), ".")
  if (length(formals(args(f))) == 0L) {
    abort(call, "`", name, "` must take the context as its first argument: function(ctx, ...).")
  }
}

# The arguments of a call of `forward`, by its names, without the context.
match_arguments <- function(forward, arguments, call) {
  # Bare values in a call would be code if they are language: numbers stand for them here.
  numbers <- structure(as.list(seq_along(arguments)), names = names(arguments))
  places <- as.call(c(quote(forward), 0L, numbers))
  matched <- tryCatch(
    as.list(match.call(forward, places))[-1L],
    error = function(condition) {
      abort(call, gsub("( = )?\\d+L?\\b", "", conditionMessage(condition)))
    }
  )
  places <- unlist(matched)
  places <- places[places != 0L]
  found <- arguments[places]
  names(found) <- if (is.null(names(places))) character(length(places)) else names(places)
  found
}

argument_names <- function(forward) setdiff(names(formals(args(forward)))[-1L], "...")

# `forward` as Python calls it: with the context and the tensors.
forward_of <- function(forward, arguments, tensors) {
  function(ctx, ...) {
    arguments[tensors] <- list(...)
    do.call("forward", c(list(as_context(ctx)), arguments), quote = TRUE)
  }
}

# What `backward` gave, one gradient for each argument of `forward`.
in_order <- function(gradients, context) {
  names <- dot_call(native()$call, python_function("autograd.argument_names"), list(context))
  tensors <- dot_call(native()$call, python_function("autograd.tensor_arguments"), list(context))
  wrong <- function(...) abort(quote(backward()), "`backward` must give ", ...)
  if (is_tensor(gradients) && length(tensors) == 1L) gradients <- list(gradients)
  wanted <- paste("gradients named", in_words(names[tensors]))
  if (!is.list(gradients)) wrong("a list of ", wanted, ", not ", friendly_type(gradients), ".")
  result <- vector("list", length(names))
  if (!is.null(names(gradients))) {
    unknown <- setdiff(names(gradients), names)
    if (length(unknown) > 0L) {
      wrong("gradients of the arguments of `forward`; it has none named ", in_words(unknown), ".")
    }
    places <- match(names(gradients), names)
  } else if (length(gradients) == length(names)) {
    places <- seq_along(names)
  } else if (length(gradients) == length(tensors)) {
    places <- tensors
  } else {
    wrong("a list of ", wanted, ", not ", length(gradients), " of them.")
  }
  # What stands for an argument that is no tensor may be anything, as in R's torch.
  for (i in which(places %in% tensors)) {
    if (!is.null(gradients[[i]]) && !is_tensor(gradients[[i]])) {
      wrong("tensors or NULL; element ", i, " is ", friendly_type(gradients[[i]]), ".")
    }
    if (!is.null(gradients[[i]])) result[[places[i]]] <- gradients[[i]]
  }
  result
}

in_words <- function(names) paste0("`", names, "`", collapse = ", ")

# ---- the context ----

as_context <- function(handle) {
  class(handle) <- c("autograd_context", "python_object")
  handle
}

#' @export
`$.autograd_context` <- function(x, name) {
  switch(name,
    save_for_backward = function(...) save_for_backward(x, list(...)),
    saved_variables = saved_variables(x),
    needs_input_grad = needs_input_grad(x),
    mark_dirty = ,
    mark_non_differentiable = ,
    set_materialize_grads = dot_call(native()$getattr, x, name),
    unwrap(dot_call(native()$call, python_function("autograd.value"), list(x, name)))
  )
}

#' @export
`$<-.autograd_context` <- function(x, name, value) { # nolint: object_name_linter.
  dot_call(native()$call, python_function("autograd.set_value"), list(x, name, wrap(value)))
  x
}

#' @export
`[[.autograd_context` <- `$.autograd_context`

#' @export
`[[<-.autograd_context` <- `$<-.autograd_context`

save_for_backward <- function(context, values) {
  names <- names(values)
  if (is.null(names)) names <- character(length(values))
  dot_call(
    native()$call, python_function("autograd.save"),
    list(context, as.list(names), unname(lapply(values, wrap)))
  )
  invisible()
}

saved_variables <- function(context) {
  values <- dot_call(native()$call, python_function("autograd.saved"), list(context))
  names <- dot_call(native()$call, python_function("autograd.saved_names"), list(context))
  values <- lapply(values, unwrap)
  if (any(nzchar(names))) names(values) <- names
  values
}

needs_input_grad <- function(context) {
  needs <- dot_call(native()$call, python_function("autograd.needs_input_grad"), list(context))
  names <- dot_call(native()$call, python_function("autograd.argument_names"), list(context))
  structure(as.list(needs), names = as.character(names))
}

# Python keeps R's own values inside functions, and tensors as they are. (Nothing else may
# be in the function's environment: the context in it would never be freed.)
wrap <- function(value) {
  if (is_tensor(value)) value else function() value
}

unwrap <- function(value) {
  if (is.function(value)) value() else value
}
