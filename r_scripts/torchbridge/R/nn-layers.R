# PyTorch's layers and losses: functions that make modules of its classes. gen-layers.R has their
# names, arguments and help pages, written from PyTorch itself (`make document`).

# A function that makes layers of a class of torch.nn, with the arguments of `signature`.
# It can be inherited from, as what nn_module() gives.
layer <- function(class, name, signature) {
  generator <- signature
  body(generator) <- bquote(
    dot_call(
      native()$call, python_handle("make", "layers"), c(.(class), supplied_arguments(.(class)))
    )
  )
  environment(generator) <- topenv()
  definition <- new_module_definition(name, python = class, signature = signature)
  structure(
    generator,
    class = c(module_classes(definition), "nn_module_generator"), definition = definition
  )
}

# The arguments that the caller was given for a class of torch.nn, by name. Python has its own
# defaults for the others. `...` is what PyTorch has besides R's torch; of another class it is what
# came.
supplied_arguments <- function(class) {
  frame <- parent.frame()
  call <- sys.call(sys.parent())
  generator <- sys.function(sys.parent())
  matched <- match.call(generator, call, expand.dots = FALSE, envir = parent.frame(2L))
  further <- if (is.character(class)) further_arguments[[class]]
  given <- list()
  for (name in names(formals(generator))) {
    if (name == "...") {
      dots <- eval(quote(rlang::list2(...)), frame)
      if (!is.null(further)) dots <- matched_further(dots, further, generator, call)
      given <- c(given, dots)
    } else if (name %in% names(matched)) {
      given[python_spelling(name)] <- list(eval(as.name(name), frame))
    } else if (is.symbol(formals(generator)[[name]]) && !name %in% further) {
      abort(call, "`", name, "` is missing.")
    }
  }
  given
}

# A name that R cannot begin with an underscore begins with a dot.
python_spelling <- function(name) sub("^\\.", "_", name)

for (name in names(layer_classes)) {
  assign(name, layer(layer_classes[[name]], name, signature = get(name)))
}
rm(name)

container_classes <- c(
  nn_sequential = "Sequential", nn_module_list = "ModuleList", nn_module_dict = "ModuleDict",
  nn_parameter_list = "ParameterList", nn_parameter_dict = "ParameterDict"
)

# A function that makes containers, from which nn_module() can inherit as from a layer.
container <- function(make, name) {
  definition <- new_module_definition(name, python = container_classes[[name]], signature = make)
  structure(
    make,
    class = c(module_classes(definition), "nn_module_generator"), definition = definition
  )
}

for (name in names(container_classes)) assign(name, container(get(name), name))
rm(name)
