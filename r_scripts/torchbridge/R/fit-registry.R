# What is known about each model: the rows of Python's registry, asked once a session.

# list(models, families), both by name.
model_registry <- function(again = FALSE) {
  if (again || is.null(the$registry)) {
    found <- call_python("registry.registry", call = NULL)
    found$models <- lapply(found$models, function(row) {
      vectors <- c("types", "options", "required")
      row[vectors] <- lapply(row[vectors], function(x) as.character(unlist(x)))
      row
    })
    the$registry <- found
  }
  the$registry
}

# The row of a model, or of its name: list(exact, response, takes_response, family, ...).
model_row <- function(model) {
  name <- if (is.list(model)) .subset2(model, "name") else model
  row <- .subset2(.subset2(the$registry, "models"), name)
  # Perhaps it came after R had asked.
  if (is.null(row)) row <- model_registry(again = TRUE)$models[[name]]
  row
}

# Is it fitted exactly, rather than trained?
is_exact_model <- function(model) .subset2(model_row(model), "exact")

# Is there a response beside its input?
takes_response <- function(model) model_row(model)$takes_response

# Is it an exact model whose baseline or thresholds are its intercept?
has_own_constant <- function(model) {
  !is.null(model) && is_exact_model(model) && takes_response(model) &&
    !"intercept" %in% model_row(model)$options
}

# Is it fitted exactly to columns alone: a mixture, clusters, components?
is_unsupervised <- function(model) is_exact_model(model) && !takes_response(model)

# Is what comes in to come out?
is_rebuilding <- function(model) identical(model_row(model)$response, "inputs")

# The names that `model` may be.
offered_models <- function() {
  names(Filter(function(row) row$offered, model_registry()$models))
}

# The family of an exact model: by its name, or as an option.
family_of <- function(model) {
  family <- model_row(model)$family
  if (is.null(family)) model$options$family else family
}

# R's function that describes a model, such as mlp(); NULL where there is none.
model_function <- function(name) {
  namespace <- topenv()
  found <- get0(name, envir = namespace, mode = "function", inherits = FALSE)
  if (is.function(found) && "new_model" %in% all.names(body(found))) found
}

# The names of a model's options: those of R's function, else Python's.
model_options <- function(model) {
  described <- model_function(model$name)
  if (is.null(described)) model_row(model)$options else names(formals(described))
}
