# What a fit keeps of the environments of its formulas and functions. R keeps the whole frame of
# the function that called torch_fit(), and saveRDS() would write all that was in it. The verbs need
# what the formula names: so a fit keeps that, in a small environment whose parent is the global
# one, or the namespace.

# An environment in which the expressions find what they find in `env`. What `data` has is not kept.
kept_scope <- function(env, expressions, data = NULL) {
  keeper <- new_keeper()
  scope <- small_scope(env, keeper)
  if (!is.environment(scope)) return(env)
  for (expression in expressions) keep_names(expression, env, scope, keeper, names(data))
  scope
}

# The scope of a formula, with what its call names where it was made: what `data` is computed of,
# and arguments that are the name of a plain value. So update() and step() find them from anywhere.
call_scope <- function(scope, asked, env) {
  given <- c(as.list(asked)[-1L], asked$...)
  given <- given[!names(given) %in% c("", "...", "formula", "weights", "subset", "offset")]
  keeper <- new_keeper()
  found <- if (identical(scope, topenv(scope))) new.env(parent = scope) else scope
  for (name in names(given)) {
    part <- given[[name]]
    from <- place_of_argument(part, env)
    if (is_looked_up(part)) part <- part[[2L]]
    if (name == "data") {
      keep_names(part, from, found, keeper)
    } else if (is.symbol(part) && is_plain_value(get0(as.character(part), from))) {
      keep_one(as.character(part), from, found, keeper, "any")
    }
  }
  if (length(found) > 0L) found else scope
}

is_plain_value <- function(x) {
  if (inherits(x, c("model_description", "family"))) return(TRUE)
  is.atomic(x) || is.list(x) && all(vapply(unclass(x), is_plain_value, NA))
}

# An argument of a kept call, to be found where it was: evalq(data, <environment>).
looked_up <- function(argument, env) {
  if (!is.language(argument)) return(argument)
  is_there <- vapply(unique(all.names(argument)), exists, NA, envir = env, inherits = FALSE)
  if (any(is_there)) call("evalq", argument, env) else argument
}

place_of_argument <- function(argument, env) if (is_looked_up(argument)) argument[[3L]] else env

is_looked_up <- function(x) {
  is.call(x) && length(x) == 3L && identical(x[[1L]], quote(evalq)) && is.environment(x[[3L]])
}

# A function with no more around it than it names. One that looks things up by their names as text,
# or assigns in its environment, keeps all of it.
kept_function <- function(f, keeper = new_keeper()) {
  # (What has a class, such as a module, is more than its code.)
  if (typeof(f) != "closure" || is.object(f)) return(f)
  env <- environment(f)
  code <- c(list(body(f)), Filter(Negate(is_missing_argument), as.list(formals(f))))
  looks_up <- c(
    "get", "get0", "mget", "exists", "eval", "evalq", "assign", "<<-", "environment", "local",
    "parent.env", "parent.frame", "as.environment", "sys.function", "match.fun", "do.call"
  )
  if (any(looks_up %in% unlist(lapply(code, all.names)))) return(f)
  scope <- small_scope(env, keeper)
  if (!is.environment(scope)) return(f)
  for (expression in code) keep_names(expression, env, scope, keeper)
  attributes <- attributes(f)
  environment(f) <- scope
  attributes(f) <- attributes[names(attributes) != "srcref"]
  f
}

# The same of the formulas, quosures and functions in a list, however nested (a recipe's steps).
kept_list <- function(x) {
  env <- attr(x, ".Environment")
  if (is.environment(env)) {
    environment(x) <- kept_scope(env, list(x))
  } else if (is.function(x)) {
    x <- kept_function(x)
  } else if (is.call(x)) {
    # A function written in a call has the text of its whole file beside it.
    if ("function" %in% all.names(x, unique = TRUE)) x <- utils::removeSource(x)
  } else if (is.list(x) && !is.data.frame(x)) {
    for (i in seq_along(x)) {
      value <- .subset2(x, i)
      if (is.symbol(value)) next
      if (is.list(value) || is.function(value) || is.language(value)) {
        attributes <- attributes(x)
        x <- unclass(x)
        x[[i]] <- kept_list(value)
        attributes(x) <- attributes
      }
    }
  }
  x
}

is_missing_argument <- function(x) identical(x, substitute())

# The pairs of an environment and what stands for it.
new_keeper <- function() {
  keeper <- new.env(parent = emptyenv())
  keeper$pairs <- list()
  keeper
}

# The small environment that stands for `env`, one for each; NULL where env is no frame.
small_scope <- function(env, keeper) {
  if (is.null(env)) return(NULL)
  top <- topenv(env)
  if (identical(env, top)) return(NULL)
  for (pair in keeper$pairs) if (identical(pair$env, env)) return(pair$scope)
  scope <- new.env(parent = top)
  keeper$pairs[[length(keeper$pairs) + 1L]] <- list(env = env, scope = scope)
  scope
}

keep_names <- function(expression, env, scope, keeper, but = NULL) {
  if (is.symbol(expression)) {
    name <- as.character(expression)
    if (nzchar(name) && !name %in% but) keep_one(name, env, scope, keeper, "any")
    return(invisible())
  }
  if (identical(env, topenv(env))) return(invisible())
  variables <- all.vars(expression)
  variables <- variables[!variables %in% but]
  for (name in variables) keep_one(name, env, scope, keeper, "any")
  called <- unique(all.names(expression))
  for (name in called[!called %in% variables]) keep_one(name, env, scope, keeper, "function")
}

keep_one <- function(name, env, scope, keeper, mode) {
  top <- topenv(env)
  while (!identical(env, top) && !identical(env, emptyenv())) {
    there <- exists(name, env, inherits = FALSE)
    # An argument that was not given, or fails, is nothing that a formula found.
    if (there && mode != "any") {
      there <- tryCatch(exists(name, env, mode = mode, inherits = FALSE), error = function(e) FALSE)
    }
    if (there && !exists(name, scope, inherits = FALSE)) {
      value <- tryCatch(get(name, env, inherits = FALSE), error = function(e) NULL)
      if (!is.null(value)) {
        assign(name, value, scope) # before its own names: a function may name itself
        if (is.function(value)) assign(name, kept_function(value, keeper), scope)
      }
    }
    if (there) return(invisible())
    env <- parent.env(env)
  }
}
