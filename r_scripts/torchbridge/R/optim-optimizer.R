#' Optimizers
#'
#' The optimizers of PyTorch, each by a function of its own: [optim_sgd()], [optim_adam()],
#' [optim_adamw()], [optim_rmsprop()], [optim_lbfgs()] and others. Arguments and defaults are
#' PyTorch's; whole numbers may be given as doubles.
#'
#' @section What an optimizer has:
#' * `$step()` changes the parameters by their gradients. `$step(closure)` calls `closure`, a
#'   function that clears the gradients, computes the loss, calls `$backward()` on it and
#'   gives it; L-BFGS calls it several times. The result is that of `closure`, invisibly.
#' * `$zero_grad(set_to_none = TRUE)` clears the gradients.
#' * `$param_groups`: a list of groups, each a list of `params` and options. Options can be
#'   set: `optimizer$param_groups[[1]]$lr <- 0.01`.
#' * `$add_param_group(list(params = , lr = ))` adds tensors.
#' * `$state_dict()` and `$load_state_dict(state_dict)`: what the optimizer needs to go on
#'   later, as a list of `state` (by number of the parameter, from 1) and `param_groups`.
#'
#' Other names are those of the Python object.
#'
#' @param x A `torch_optimizer`.
#' @param name Name of an element.
#' @param value New value, for `param_groups`.
#' @param ... Not used (`print()` ignores the arguments of [print.default()]).
#' @return An object of class `torch_optimizer`; see [optimizers] for what it has.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' w <- py_import("torch")$zeros(1L, requires_grad = TRUE)
#' optimizer <- optim_sgd(list(w), lr = 0.1)
#' for (i in 1:20) {
#'   optimizer$zero_grad()
#'   w$sub(2L)$pow(2L)$sum()$backward()
#'   optimizer$step()
#' }
#' w
#' @name optimizers
NULL

new_optimizer <- function(name, match, frame) {
  call <- sys.call(-1L)
  options <- given_arguments(match, frame, call)
  params <- options$params
  options$params <- NULL
  x <- call_python("optim.optimizer", optimizers[[name]], params, options, call = call)
  as_optimizer(x, name)
}

as_optimizer <- function(x, name = NULL) {
  if (is.null(name)) {
    class <- call_python("optim.class_name", x)
    name <- names(optimizers)[match(class, optimizers)]
  }
  class(x) <- c(name[!is.na(name)], "torch_optimizer", "python_object")
  x
}

#' @rdname optimizers
#' @export
`$.torch_optimizer` <- function(x, name) {
  switch(name,
    step = function(closure = NULL) {
      if (!is.null(closure) && !is.function(closure)) {
        abort(sys.call(), "`closure` must be a function, not ", friendly_type(closure), ".")
      }
      invisible(dot_call(native()$call, python_function("optim.step"), list(x, closure)))
    },
    zero_grad = function(set_to_none = TRUE) {
      check_flag(set_to_none, "set_to_none")
      dot_call(native()$call, python_function("optim.zero_grad"), list(x, set_to_none))
      invisible()
    },
    param_groups = dot_call(native()$call, python_function("optim.param_groups"), list(x)),
    add_param_group = function(param_group) {
      if (!is.list(param_group)) {
        abort(sys.call(), "`param_group` must be a list with an element `params`.")
      }
      group <- params_for_python(list(param_group), sys.call())[[1L]]
      dot_call(native()$call, python_function("optim.add_param_group"), list(x, group))
      invisible(x)
    },
    state_dict = function() dot_call(native()$call, python_function("optim.state_dict"), list(x)),
    load_state_dict = function(state_dict) {
      dot_call(native()$call, python_function("optim.load_state_dict"), list(x, state_dict))
      invisible(x)
    },
    dot_call(native()$getattr, x, name)
  )
}

#' @rdname optimizers
#' @export
`$<-.torch_optimizer` <- function(x, name, value) { # nolint: object_name_linter.
  if (name != "param_groups") {
    abort(sys.call(), "`", name, "` can't be set: only options in `param_groups` can.")
  }
  call_python("optim.set_param_groups", x, value, call = NULL)
  x
}

#' @rdname optimizers
#' @export
`[[.torch_optimizer` <- `$.torch_optimizer`

#' @rdname optimizers
#' @export
`[[<-.torch_optimizer` <- `$<-.torch_optimizer`

#' @rdname optimizers
#' @export
print.torch_optimizer <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  cat(format(x), sep = "\n")
  invisible(x)
}

#' @rdname optimizers
#' @export
format.torch_optimizer <- function(x, ...) {
  check_no_dots(...)
  if (!is_live(x)) return(gone_text(x))
  groups <- x$param_groups
  lines <- vapply(groups, function(group) {
    sizes <- vapply(group$params, length, 0)
    options <- group[names(group) != "params"]
    options <- paste(names(options), vapply(options, option_text, ""), sep = " = ")
    # strwrap() must not break an option: it has no space while lines are made.
    paste0(
      counted(length(sizes), "tensor"), ", ", counted(sum(sizes), "value"), ": ",
      paste(gsub(" ", "\r", options), collapse = ", ")
    )
  }, "")
  if (length(groups) > 1L) lines <- paste0("[[", seq_along(groups), "]] ", lines)
  lines <- strwrap(lines, getOption("width"), indent = 2L, exdent = 4L)
  c(paste0("<", class(x)[1L], ">"), gsub("\r", " ", lines))
}

counted <- function(n, what) paste0(format(n, big.mark = ","), " ", what, if (n != 1) "s")

option_text <- function(x) {
  if (is.null(x)) return("NULL")
  if (is_tensor(x)) x <- as.numeric(x)
  text <- vapply(as.list(x), function(value) {
    if (is.null(value)) "NULL" else format(value, digits = 7L)
  }, "")
  if (length(text) == 1L) text else paste0("(", paste(text, collapse = ", "), ")")
}
