# nn_module(): classes of modules written in R. What an instance is, is in nn-wrapper.R; what
# its members are, in nn-members.R.

#' Write a module
#'
#' `nn_module()` gives a function that makes modules of a new class. A module is a
#' PyTorch `nn.Module`: parameters, optimizers, `$to()`, saved states and Python code
#' work on it as on any other. Its methods are R functions.
#'
#' @section Inside the methods:
#' `self` is the module. What is assigned to it becomes what it is: a module (`nn_linear()`,
#' one of your own, one from Python) a submodule, an [nn_parameter()] a parameter, an
#' [nn_buffer()] a buffer, everything else a field of R. `private` holds what is listed
#' there, `super$initialize()`, `super$forward()` and other `super$...` are the methods of the
#' parent class. Modules have reference semantics: a method changes the very module.
#'
#' A list of modules is a field like any other: PyTorch does not see what is in it. Use
#' [nn_module_list()].
#'
#' @section Members of every module:
#' * `net(x)` calls `forward`, and the hooks where there are any.
#' * `$parameters`, `$buffers`, `$children`: named lists.
#' * `$named_parameters(recursive = TRUE)`, `$named_buffers(recursive = TRUE)`: the same;
#'   `FALSE` leaves out submodules.
#' * `$modules`, `$named_modules()`: the module and all below it, a list without and with names.
#' * `$state_dict()`, `$load_state_dict(state_dict, strict = TRUE)`: named lists of tensors;
#'   loading also takes R arrays.
#' * `$train(mode = TRUE)`, `$eval()`, `$training`: the mode, and what it is.
#' * `$to(device =, dtype =)`, `$cuda()`, `$cpu()`, `$float()`, `$double()`, `$half()`,
#'   `$bfloat16()`: move or convert all parameters and buffers, in place.
#' * `$requires_grad_(requires_grad = TRUE)`, `$zero_grad(set_to_none = FALSE)`: of all
#'   parameters.
#' * `$apply(fn)`: calls `fn` with every submodule, then with the module.
#' * `$add_module(name, module)`, `$register_parameter(name, param)`,
#'   `$register_buffer(name, tensor, persistent = TRUE)`: under a name that is computed.
#' * `$clone()`: a copy with parameters of its own.
#'
#' Methods that change the module return it invisibly. Everything else that Python's
#' module has is there under its Python name (`$register_forward_hook()`,
#' `$get_submodule()`, ...), counting from 0 as Python does.
#'
#' @section From Python:
#' A Python function gets an `nn.Module`: it can call it, train it, put it into another
#' module. R fields and methods are its attributes. Modules of Python classes are used
#' from R as those of R classes are, and can be inherited from: `inherit =
#' py_import("mypackage")$Net`.
#'
#' @param classname Name of the class, or `NULL`; or several: the first is that of the class, and
#'   modules inherit from all (`c("my_loss", "nn_loss")`).
#' @param inherit The class to inherit from: another function made by `nn_module()`, a
#'   layer such as [nn_linear], or a Python class of modules.
#' @param ... Methods and fields by name. `initialize` makes the module from the arguments
#'   of the function returned; `forward` computes.
#' @param private A list of functions and values that only methods see, as `private$...`.
#' @param active A list of functions that act as fields: called without arguments to give
#'   the value, with one to set it.
#' @param parent_env The environment in which the methods look up everything else.
#' @return A function of class `nn_module_generator`. Its arguments are those of
#'   `initialize`; it returns a module, which is a function of class `nn_module`.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' two_layers <- nn_module(
#'   "two_layers",
#'   initialize = function(inputs, hidden) {
#'     self$first <- nn_linear(inputs, hidden)
#'     self$second <- nn_linear(hidden, 1)
#'   },
#'   forward = function(x) {
#'     hidden <- self$first(x)
#'     self$second(hidden$tanh())
#'   }
#' )
#' net <- two_layers(3, 8)
#' net
#' net(as_torch_tensor(matrix(0, 5, 3), dtype = "float32"))
#' names(net$parameters)
#' @export
nn_module <- function(classname = NULL, inherit = nn_Module, ..., private = NULL,
                      active = NULL, parent_env = parent.frame()) {
  if (!is.null(classname) && !is_names(classname)) {
    abort(sys.call(), "`classname` must be a name, or several, not ", friendly_type(classname), ".")
  }
  members <- list(...)
  check_module_members(members, "...")
  private <- as.list(private)
  check_module_members(private, "private")
  active <- as.list(active)
  check_module_members(active, "active")
  for (name in names(active)) {
    if (!is.function(active[[name]])) {
      abort(
        sys.call(), "`active$", name, "` must be a function, not ",
        friendly_type(active[[name]]), "."
      )
    }
  }
  if (!is.environment(parent_env)) {
    abort(sys.call(), "`parent_env` must be an environment, not ", friendly_type(parent_env), ".")
  }
  both <- intersect(names(members), names(active))
  if (length(both) > 0L) {
    abort(sys.call(), "`", both[1L], "` is both among the members and in `active`.")
  }
  for (name in intersect(names(members), c("initialize", "forward"))) {
    if (!is.function(members[[name]])) {
      abort(
        sys.call(), "`", name, "` must be a function, not ", friendly_type(members[[name]]), "."
      )
    }
  }
  parent <- definition_of(inherit, sys.call())
  functions <- vapply(members, is_plain_function, NA)
  new_module_generator(new_module_definition(
    name = classname, parent = parent, methods = members[functions], fields = members[!functions],
    private = private, active = active, env = parent_env
  ))
}

check_module_members <- function(members, argument, call = sys.call(-1L)) {
  if (length(members) == 0L) return(invisible())
  names <- names(members)
  if (is.null(names) || !all(nzchar(names))) {
    abort(call, "Every member in `", argument, "` must have a name.")
  }
  repeated <- anyDuplicated(names)
  if (repeated) abort(call, "`", names[repeated], "` is there twice in `", argument, "`.")
  taken <- intersect(names, c("self", "private", "super"))
  if (length(taken) > 0L) {
    abort(call, "A member cannot be called `", taken[1L], "`: methods find it under that name.")
  }
}

# A method, and not a module, what makes one, or a Python callable, which are functions too.
is_names <- function(x) is.character(x) && length(x) > 0L && !anyNA(x)

is_plain_function <- function(x) is.function(x) && !inherits(x, c("python_object", "nn_module"))

# ---- generators ----

new_module_generator <- function(definition) {
  initialize <- initializer_of(definition)
  generator <- function() make_module(sys.function(), sys.call(), parent.frame())
  formals(generator) <- formals(if (is.null(initialize)) definition$signature else initialize)
  environment(generator) <- topenv()
  structure(
    generator,
    class = c(module_classes(definition), "nn_module_generator"), definition = definition
  )
}

make_module <- function(generator, call, where) {
  if (!collections$watched) watch_collections()
  definition <- attr(generator, "definition")
  half <- new_half(definition)
  call_python("modules.create", python_class(definition), half$access, call = call)
  initialize <- half$initialize
  if (!is.null(initialize)) {
    # Evaluated where the user called, so that arguments stay lazy and `...` is theirs. The
    # name is what tracebacks show.
    class <- if (is.null(definition$name)) "nn_module" else definition$name[1L]
    name <- paste0(class, "$initialize")
    scope <- new.env(parent = where)
    assign(name, initialize, envir = scope)
    call[[1L]] <- as.name(name)
    eval(call, scope)
  }
  half$face
}

#' @rdname nn_module
#' @format NULL
#' @usage NULL
#' @export
nn_Module <- new_module_generator( # nolint: object_name_linter. R torch's name.
  new_module_definition(NULL, python = "Module", signature = function() NULL)
)

#' @export
print.nn_module_generator <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  cat(generator_text(x), "\n", sep = "")
  invisible(x)
}

generator_text <- function(x) {
  arguments <- sub("^function ?", "", deparse(args(unclass(x)), width.cutoff = 500L)[1L])
  paste0("<nn_module generator> ", attr(x, "definition")$name[1L], trimws(arguments))
}
