# Modules that hold modules: nn_sequential, nn_module_list, nn_module_dict; and parameters.
# nn-layers.R makes generators of these functions, from which nn_module() can inherit.

#' Containers of modules
#'
#' `nn_sequential()` calls its modules one after the other. `nn_module_list()` and
#' `nn_module_dict()` hold modules for your own `forward`, so that PyTorch sees their
#' parameters; `nn_parameter_list()` and `nn_parameter_dict()` do that for parameters.
#'
#' `x[[1]]` is the first module, `x[[-1]]` the last, `x[[i]] <- module` replaces one or adds
#' one after the last, `x[1:2]` is a container of some; `x$name` and `x[["name"]]` find one
#' by name. `length()`, `names()` and `as.list()` work, and so does `lapply()`. All but the
#' dicts have `$append(module)`, `$extend(list)` and `$insert(i, module)`.
#'
#' @param ... Modules, with or without names; `!!!list` puts in those of a list.
#' @param modules A list of modules.
#' @param dict A named list of modules.
#' @param parameters A list of tensors, for `nn_parameter_dict()` a named one.
#' @return A module.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' net <- nn_sequential(nn_linear(4, 8), nn_relu(), nn_linear(8, 1))
#' net[[1]]
#' length(net)
#' @export
nn_sequential <- function(...) {
  modules <- rlang::list2(...)
  check_modules(modules, "nn_sequential", sys.call())
  names <- names(modules)
  if (is.null(names)) names <- character(length(modules))
  call_python("module_members.sequential", unname(modules), as.list(names))
}

#' @rdname nn_sequential
#' @export
nn_module_list <- function(modules = list()) {
  if (!is.list(modules)) {
    abort(sys.call(), "`modules` must be a list of modules, not ", friendly_type(modules), ".")
  }
  check_modules(modules, "modules", sys.call())
  call_python("module_members.container", "ModuleList", unname(modules))
}

#' @rdname nn_sequential
#' @export
nn_module_dict <- function(dict = list()) {
  check_named_list(dict, "dict")
  check_modules(dict, "dict", sys.call())
  call_python("module_members.container", "ModuleDict", dict)
}

#' @rdname nn_sequential
#' @export
nn_parameter_list <- function(parameters = list()) {
  if (!is.list(parameters)) {
    abort(
      sys.call(), "`parameters` must be a list of tensors, not ", friendly_type(parameters), "."
    )
  }
  for (x in parameters) check_tensor(x, "parameters")
  call_python("module_members.container", "ParameterList", unname(parameters))
}

#' @rdname nn_sequential
#' @export
nn_parameter_dict <- function(parameters = list()) {
  check_named_list(parameters, "parameters")
  for (x in parameters) check_tensor(x, "parameters")
  call_python("module_members.container", "ParameterDict", parameters)
}

#' A network without its head
#'
#' @param x A module, or what a package has a method for.
#' @param head_size How many of its last submodules are left out.
#' @return An [nn_sequential()] of the others, under the names that they have: the very modules.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' net <- nn_sequential(nn_linear(4, 8), nn_relu(), nn_linear(8, 3))
#' nn_prune_head(net, 1)
#' @export
nn_prune_head <- function(x, head_size = 1L) UseMethod("nn_prune_head")

#' @export
nn_prune_head.default <- function(x, head_size = 1L) {
  check_module(x, "x")
  check_count(head_size, "head_size", 1L)
  parts <- x$children
  if (head_size >= length(parts)) {
    abort(
      sys.call(), "`head_size` must be below the number of submodules of `x` (", length(parts), ")."
    )
  }
  parts <- parts[seq_len(length(parts) - head_size)]
  if (inherits(x, "nn_sequential")) parts <- unname(parts)
  nn_sequential(!!!parts)
}

check_modules <- function(modules, argument, call) {
  for (i in seq_along(modules)) {
    x <- modules[[i]]
    if (is_nn_module(x)) next
    what <- if (inherits(x, "nn_module_generator")) {
      paste0("but must be initialized: call it, `", class(x)[1L], "()`.")
    } else {
      paste0("but got object of type ", friendly_type(x), ".")
    }
    abort(call, "Element ", i, " of `", argument, "` must be an nn_module, ", what)
  }
}

check_named_list <- function(x, name, call = sys.call(-1L)) {
  names <- names(x)
  if (is.list(x) && length(x) == 0L) return(invisible())
  if (!is.list(x) || is.null(names) || !all(nzchar(names)) || anyDuplicated(names)) {
    abort(call, "`", name, "` must be a list in which every element has a name of its own.")
  }
}

# ---- containers as R lists ----

#' @export
length.nn_sequential <- function(x) call_python("module_members.size", x)
#' @export
length.nn_module_list <- length.nn_sequential
#' @export
length.nn_module_dict <- length.nn_sequential
#' @export
length.nn_parameter_list <- length.nn_sequential
#' @export
length.nn_parameter_dict <- length.nn_sequential

#' @export
as.list.nn_sequential <- function(x, ...) {
  check_no_dots(...)
  call_python("module_members.items", x)
}
#' @export
as.list.nn_module_list <- as.list.nn_sequential
#' @export
as.list.nn_module_dict <- as.list.nn_sequential
#' @export
as.list.nn_parameter_list <- as.list.nn_sequential
#' @export
as.list.nn_parameter_dict <- as.list.nn_sequential

#' @export
`[.nn_sequential` <- function(x, i) {
  n <- length(x)
  places <- if (is.logical(i) || all(i < 0)) seq_len(n)[i] else i
  if (!is.numeric(i) && !is.logical(i) || anyNA(places) || any(places > n)) {
    abort(sys.call(), "`i` must be places from 1 to ", n, ".")
  }
  call_python("module_members.subset", x, as.list(places))
}
#' @export
`[.nn_module_list` <- `[.nn_sequential`
#' @export
`[.nn_parameter_list` <- `[.nn_sequential`
