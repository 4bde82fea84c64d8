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
#' * `$zero_grad(set_to_none = FALSE)` sets the gradients to zero, or to `NULL`.
#' * `$param_groups`: a list of groups, each a list of `params` and options. Options can be
#'   set and added: `optimizer$param_groups[[1]]$lr <- 0.01`. Options that only PyTorch has, such as
#'   `foreach`, are among them where they were set.
#' * `$add_param_group(list(params = , lr = ))` adds tensors.
#' * `$state_dict()` and `$load_state_dict(state_dict)`: what the optimizer needs to go on
#'   later, as a list of `param_groups` and `state` (by number of the parameter, from 1). Loading
#'   copies the tensors, unless `.refer_to_state_dict = TRUE`.
#' * `$state$get(parameter)` is what the optimizer keeps for a parameter, `$state$set(parameter,
#'   value)` replaces it, `$state$map` is all of it, by number of the parameter.
#'
#' The functions `optim_*()` are of class `torch_optimizer_generator`; [optimizer()] makes such
#' functions for optimizers of one's own.
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
  options <- given_arguments(match, frame, call, further_options[[name]])
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
  if (is.environment(x)) return(get0(name, envir = x, inherits = FALSE)) # one that R wrote
  switch(name,
    step = function(closure = NULL) {
      if (!is.null(closure) && !is.function(closure)) {
        abort(sys.call(), "`closure` must be a function, not ", friendly_type(closure), ".")
      }
      invisible(dot_call(entries$call, entries$step, list(x, closure)))
    },
    zero_grad = function(set_to_none = FALSE) {
      if (!missing(set_to_none)) check_flag(set_to_none, "set_to_none")
      dot_call(entries$call, entries$zero_grad, list(x, set_to_none))
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
    state_dict = function() {
      state <- dot_call(native()$call, python_function("optim.state_dict"), list(x))
      if (inherits(x, "optim_ignite")) ignite_state(state, class(x)[1L]) else state
    },
    load_state_dict = function(state_dict, ..., .refer_to_state_dict = FALSE) {
      check_no_dots(...)
      check_flag(.refer_to_state_dict, ".refer_to_state_dict")
      if (inherits(x, "optim_ignite")) check_ignite_state(state_dict, x$state_dict(), sys.call())
      dot_call(
        native()$call, python_function("optim.load_state_dict"),
        list(x, state_dict, .refer_to_state_dict)
      )
      invisible(x)
    },
    state = structure(list(optimizer = x), class = "optimizer_state"),
    clone = function(deep = FALSE) {
      abort(sys.call(), "OptimizerIgnite cannot be deep cloned, nor can other optimizers.")
    },
    dot_call(native()$getattr, x, name)
  )
}

# What PyTorch's optimizers keep, by R torch's verbs; other names are those of the Python object.
#' @export
`$.optimizer_state` <- function(x, name) {
  optimizer <- .subset2(x, "optimizer")
  switch(name,
    get = function(key) call_python("optim.state_of", optimizer, key, call = sys.call()),
    set = function(key, value) {
      call_python("optim.set_state", optimizer, key, value, call = sys.call())
      invisible()
    },
    map = optimizer$state_dict()$state,
    keys = function() names(optimizer$state_dict()$state),
    dot_call(native()$getattr, dot_call(native()$getattr, optimizer, "state"), name)
  )
}

#' @export
print.optimizer_state <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  print(x$map, ...)
  invisible(x)
}

#' @rdname optimizers
#' @export
`$<-.torch_optimizer` <- function(x, name, value) { # nolint: object_name_linter.
  if (is.environment(x)) {
    assign(name, value, envir = x)
    return(x)
  }
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
  if (!is.environment(x) && !is_live(x)) return(gone_text(x))
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
  if (is.function(x) || is.environment(x)) return(friendly_type(x))
  if (is_tensor(x)) x <- as.numeric(x)
  text <- vapply(as.list(x), function(value) {
    if (is.null(value)) "NULL" else format(value, digits = 7L)
  }, "")
  if (length(text) == 1L) text else paste0("(", paste(text, collapse = ", "), ")")
}
