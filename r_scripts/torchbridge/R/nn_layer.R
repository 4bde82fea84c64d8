# How the layers in nn_layers.R are made from their Python classes.

# A function that makes layers of a class of torch.nn, with the arguments of `signature`.
# It can be inherited from, as what nn_module() gives.
layer <- function(class, name, signature) {
  generator <- signature
  body(generator) <- bquote(dot_call(native()$call, layer_maker(), c(.(class), supplied_arguments())))
  environment(generator) <- topenv()
  structure(
    generator,
    class = c(name, "nn_module_generator"),
    definition = new_module_definition(name, python = class, signature = signature)
  )
}

layer_maker <- function() python_handle("make", "layers")

# The arguments that the caller was given, by name; `...` as it came. Python has its own
# defaults for the others.
supplied_arguments <- function() {
  frame <- parent.frame()
  formals <- formals(sys.function(sys.parent()))
  given <- list()
  for (name in names(formals)) {
    if (name == "...") {
      given <- c(given, eval(quote(list(...)), frame))
    } else if (!eval(call("missing", as.name(name)), frame)) {
      given[python_spelling(name)] <- list(frame[[name]])
    } else if (identical(formals[[name]], quote(expr = ))) {
      abort(sys.call(sys.parent()), "`", name, "` is missing.")
    }
  }
  given
}

# A name that R cannot begin with an underscore begins with a dot.
python_spelling <- function(name) sub("^\\.", "_", name)
