# Classes of modules: what nn_module() and the layers keep about one.
# Tests: test-nn-module.R.

# One class. `env` is where its methods look things up; `python` is the Python class it
# stands for or builds on: a name in torch.nn or a class; the classes of modules are all of `name`.
new_module_definition <- function(name, parent = NULL, methods = list(), fields = list(),
                           private = list(), active = list(), env = NULL,
                           python = parent$python, signature = parent$signature) {
  list2env(
    list(
      name = name, parent = parent, methods = methods, fields = fields, private = private,
      active = active, env = env, python = python, signature = signature, class = NULL
    ),
    parent = emptyenv()
  )
}

definition_of <- function(inherit, call) {
  if (inherits(inherit, "nn_module_generator")) return(attr(inherit, "definition"))
  if (inherits(inherit, "python_callable")) {
    return(new_module_definition(NULL, python = inherit, signature = function(...) NULL))
  }
  abort(
    call, "`inherit` must be what `nn_module()` gives, a layer such as `nn_linear`, or a Python ",
    "class, not ", if (is_nn_module(inherit)) "a module: leave out the parentheses" else
      friendly_type(inherit), "."
  )
}

# Parents first, without those that are written in Python.
module_lineage <- function(definition) {
  chain <- list()
  while (!is.null(definition)) {
    if (!is.null(definition$env)) chain <- c(list(definition), chain)
    definition <- definition$parent
  }
  chain
}

# The S3 classes of its modules.
module_classes <- function(definition) {
  names <- character()
  while (!is.null(definition)) {
    names <- c(names, definition$name, base_classes(definition))
    definition <- definition$parent
  }
  c(names, "nn_module")
}

# Those that R torch's layers have besides their own: nn_conv_nd, nn_loss, ...
base_classes <- function(definition) {
  if (is.null(definition$env) && is.character(definition$python)) {
    layer_bases[[definition$python]]
  }
}

# The nearest `initialize`, or NULL.
initializer_of <- function(definition) {
  for (level in rev(module_lineage(definition))) {
    if (!is.null(level$methods$initialize)) return(level$methods$initialize)
  }
}

# The Python class of an R class, made once a session.
python_class <- function(definition) {
  known <- definition$class
  if (!is.null(known) && dot_call(native()$is_live, known)) return(known)
  levels <- module_lineage(definition)
  methods <- unique(unlist(lapply(levels, function(level) names(level$methods))))
  name <- if (is.null(definition$name)) "nn_module" else definition$name[1L]
  definition$class <- call_python(
    "modules.class_of", name, definition$python, as.list(methods), "forward" %in% methods
  )
}
