# The functions that a differentiated function reaches. Each closure of the user's that it calls,
# however it comes by it, gets an environment of its own in front of the one it has: an overlay. It
# holds R's constructs as tensors need them (autodiff-constructs.R), and what in the user's own
# environments is a function, or a list of functions, as these are with overlays of their own. A
# package's functions stay as they are.

# `tape`: on which the data are observed that it reads (autodiff-observed.R).
with_constructs <- function(func, tape = NULL) {
  if (!is_users(func)) {
    # The function itself may be a package's, but not ours.
    if (typeof(func) != "closure" || is_ours(environment(func))) return(func)
  }
  if (is_prepared(func)) return(func)
  reach <- list2env(
    list(
      pairs = list(), home = topenv(environment(func)), tape = tape, root = environment(func)
    ),
    parent = emptyenv()
  )
  prepared(func, reach)
}

prepared <- function(f, reach) {
  enclosing <- environment(f)
  reading <- read_function(f)
  overlay <- overlay_of(enclosing, reach)
  reveal(reading, overlay, enclosing, reach)
  if (!is.null(reading$rewritten)) {
    kept <- attributes(f)
    f <- reading$rewritten
    attributes(f) <- kept[names(kept) != "srcref"]
  }
  environment(f) <- overlay
  f
}

# Functions, and those in lists, ready to run on tensors.
reached <- function(value, reach) {
  if (is.function(value)) {
    if (is_users(value, reach$home) && !is_prepared(value)) prepared(value, reach) else value
  } else if (holds_functions(value)) {
    for (i in seq_along(value)) {
      part <- .subset2(value, i)
      if (is.function(part) || is.list(part)) {
        kept <- attributes(value)
        value <- unclass(value)
        value[[i]] <- reached(part, reach)
        attributes(value) <- kept
      }
    }
    value
  } else {
    value
  }
}

# `value`, as code that runs in `frame` reaches it.
reached_in <- function(value, frame) {
  reach <- get0(".tb_reached", envir = frame)
  if (is.null(reach)) value else reach(value)
}

# What a prepared function gets besides its parameters: functions among it are the user's, too.
with_users_functions <- function(arguments, func) {
  frame <- environment(func)
  if (is.null(frame)) return(arguments)
  here <- get0(".tb_here", envir = frame)
  if (!is.null(here) && holds_data(arguments)) expect_data(here$reach)
  lapply(arguments, reached_in, frame)
}

# Code that is to be evaluated where `frame` sees it, likewise.
ready_code <- function(code, frame) {
  here <- get0(".tb_here", envir = frame)
  if (is.symbol(code) || is.null(here)) return(code)
  if (is.expression(code)) return(as.expression(lapply(code, ready_code, frame)))
  reading <- read_expression(code)
  reveal(reading, here$overlay, here$enclosing, here$reach)
  reading$code
}

is_prepared <- function(f) !is.null(get0(".tb_reached", envir = environment(f)))

# What our own functions of tensors run in: with_constructs() is to leave them.
mark_prepared <- function(frame) assign(".tb_reached", identity, envir = frame)

# A closure is a package's where its environment is a namespace; any other is the user's. So is one
# of the package `home`, that of the differentiated function.
is_users <- function(f, home = NULL) {
  if (typeof(f) != "closure" || inherits(f, classes_of_ours)) return(FALSE)
  env <- environment(f)
  !is_packages(env) || is_home(env, home)
}

is_packages <- function(env) {
  isNamespace(env) || identical(env, baseenv()) || identical(env, emptyenv()) ||
    startsWith(attr(env, "name") %||% "", "package:") || is_of_masks(env)
}

is_home <- function(env, home) identical(env, home) && isNamespace(env) && !is_ours(env)

# R's own, or this package's.
is_ours <- function(env) {
  for (space in list(topenv(), asNamespace("stats"), .BaseNamespaceEnv, baseenv())) {
    if (identical(env, space)) return(TRUE)
  }
  FALSE
}

classes_of_ours <- c(
  "nn_module", "nn_module_generator", "torch_compiled", "python_object", "standardGeneric"
)

holds_functions <- function(x, depth = 3L) {
  if (!is.list(x) || is.data.frame(x) || length(x) == 0L || length(x) > 1000L) return(FALSE)
  for (part in unclass(x)) {
    if (is.function(part) || depth > 1L && holds_functions(part, depth - 1L)) return(TRUE)
  }
  FALSE
}

# ---- overlays ----

overlay_of <- function(enclosing, reach) {
  for (pair in reach$pairs) if (identical(pair$enclosing, enclosing)) return(pair$overlay)
  # Variables by a construct's name (a data frame `df`) stand before it: calls go past them.
  behind <- list2env(unmasked_constructs(enclosing), parent = enclosing)
  if (isTRUE(reach$data)) list2env(data_operators, behind)
  front <- if (!is.null(reach$tape)) {
    list2env(taped_functions(enclosing, behind, reach$tape), parent = behind)
  }
  overlay <- new.env(parent = front %||% behind)
  overlay$.tb_here <- list(
    overlay = overlay, enclosing = enclosing, reach = reach, behind = behind
  )
  overlay$.tb_reached <- function(value) reached(value, reach)
  overlay$.tb_assigned <- assigned
  overlay$.tb_elements <- elements
  here <- list(enclosing = enclosing, overlay = overlay, behind = behind)
  reach$pairs <- c(list(here), reach$pairs)
  overlay
}

# What the code names in the user's environments, bound in the overlay where it is a function or a
# list of some.
reveal <- function(reading, overlay, enclosing, reach) {
  names <- reading$names
  behind <- overlay$.tb_here$behind
  observed <- observes(reach, enclosing)
  if ("[<-" %in% names || "[[<-" %in% names) list2env(assigning_constructs, behind)
  names <- names[!names %in% names(overlay)]
  if (!isTRUE(reach$data) && any(data_makers %in% reading$heads)) expect_data(reach)
  for (env in users_environments(enclosing, reach$home)) {
    there <- names(env)
    here <- names[names %in% there]
    dotted <- there[grepl(".", there, fixed = TRUE)]
    if (length(dotted) > 0L) {
      methods <- lapply(reading$prefixes, function(p) dotted[startsWith(dotted, p)])
      here <- unique(c(here, setdiff(unlist(methods), names(overlay))))
    }
    constructs <- here[here %in% c(names(behind), if (observed) taped_names)]
    for (name in here) {
      leads <- leads_to_functions(name, env, reach)
      # (A function by a construct's name is R's own, or the construct would not be there.)
      if (name %in% constructs) leads <- !leads || !is_function_there(name, env)
      if (leads || observed) bind(name, overlay, enclosing, reach)
    }
    names <- names[!names %in% here]
  }
  # What is not there yet may be the user's when it is called.
  for (name in names[names %in% reading$heads & !names %in% names(behind)]) {
    if (!exists(name, envir = enclosing, mode = "function")) {
      bind(name, overlay, enclosing, reach)
    }
  }
}

observes <- function(reach, enclosing) {
  !is.null(reach$tape) && identical(enclosing, reach$root)
}

is_function_there <- function(name, env) {
  if (rlang::env_binding_are_lazy(env, name)) return(FALSE)
  exists(name, envir = env, mode = "function", inherits = FALSE)
}

# An argument that nobody asked for yet is not asked for here. Data with a class are noticed on
# the way.
leads_to_functions <- function(name, env, reach) {
  if (bindingIsActive(name, env)) return(TRUE)
  if (!identical(env, globalenv()) && rlang::env_binding_are_lazy(env, name)) return(TRUE)
  # (An argument that is missing fails.)
  value <- tryCatch(get(name, envir = env, inherits = FALSE), error = function(e) NULL)
  if (typeof(value) == "closure") return(TRUE)
  if (!isTRUE(reach$data) && holds_data(value)) expect_data(reach)
  holds_functions(value)
}

# A name in the overlay, for what it is in `enclosing` at the time.
bind <- function(name, overlay, enclosing, reach) {
  seen <- made <- NULL
  makeActiveBinding(name, function(value) {
    if (!missing(value)) return(assign_beyond(name, value, enclosing))
    now <- get0(name, envir = enclosing, ifnotfound = absent)
    if (identical(now, absent)) stop("could not find \"", name, "\"", call. = FALSE)
    if (!identical(now, seen)) {
      made <<- if (observes(reach, enclosing) && !is.function(now)) {
        observe_variable(now, name, reach$tape)
      } else {
        reached(now, reach)
      }
      seen <<- now
    }
    made
  }, overlay)
}

absent <- new.env(parent = emptyenv())

assign_beyond <- function(name, value, env) {
  while (!exists(name, envir = env, inherits = FALSE)) env <- parent.env(env)
  assign(name, value, envir = env)
}

# From a function's environment up: frames and the like, the global one, what was attached by hand.
users_environments <- function(env, home) {
  found <- list()
  while (!is_packages(env) || is_home(env, home)) {
    found <- c(found, list(env))
    if (identical(env, globalenv())) return(c(found, search_path()$attached))
    env <- parent.env(env)
  }
  found
}

# The constructs, but for names by which the user's environments know something else.
unmasked_constructs <- function(enclosing) {
  known <- all_constructs()
  masked <- character()
  env <- enclosing
  while (!is_packages(env)) {
    masked <- c(masked, masked_in(env, names(known)))
    if (identical(env, globalenv())) {
      masked <- c(masked, search_path()$masked)
      return(if (length(masked) > 0L) known[!names(known) %in% masked] else known)
    }
    env <- parent.env(env)
  }
  # A package, which may import others' functions.
  own <- vapply(names(known), is_rs_own, NA, where = enclosing)
  known[own]
}

masked_in <- function(env, names) {
  here <- names[names %in% names(env)]
  here[!vapply(here, is_rs_own, NA, where = env)]
}

# What the packages attached now mask, and which environments on the search path are no package's.
search_path <- function() {
  names <- search()
  if (!identical(the$search$names, names)) {
    beyond <- parent.env(globalenv())
    own <- vapply(overlaid(), is_rs_own, NA, where = beyond)
    by_hand <- !startsWith(names, "package:") & !names %in% c(".GlobalEnv", "Autoloads")
    the$search <- list(
      names = names, masked = overlaid()[!own],
      attached = lapply(which(by_hand), as.environment)
    )
  }
  the$search
}

is_rs_own <- function(name, where) {
  # (An argument of this name that is missing is no function.)
  found <- tryCatch(get0(name, envir = where, mode = "function"), error = function(e) NULL)
  if (is.null(found) || is.primitive(found)) return(TRUE)
  own <- list(
    baseenv(), asNamespace("stats"), asNamespace("methods"), asNamespace("utils"), topenv(), masks
  )
  for (namespace in own) {
    if (identical(found, get0(name, envir = namespace, inherits = FALSE))) return(TRUE)
  }
  is_mvtnorms(name, found)
}

# The same density under the same name.
is_mvtnorms <- function(name, f) {
  space <- environment(f)
  name == "dmvnorm" && isNamespace(space) && getNamespaceName(space) == "mvtnorm"
}

# ---- what rewritten code calls ----

# The value of `x[i] <- value`. Where it is a tensor, plain numbers `target` become one first.
assigned <- function(value, target, kind, operator) {
  if (!is_tensor(value)) return(value)
  frame <- parent.frame()
  # (`target` is looked at here only: what is handed on would be copied.)
  if (is.list(target)) {
    return(if (kind == "[" && !is.object(target)) as.list(value) else value)
  }
  if (is_tensor(target) || !(is.numeric(target) || is.logical(target) || is.null(target))) {
    return(value)
  }
  if (is.factor(target)) return(value)
  names <- r_names(target)
  target_made <- as_numeric(lifted(if (is.null(target)) numeric() else target), names)
  target_made <- with_dimnames(target_made, dimnames_of(target))
  eval(call(operator, substitute(target), target_made), frame)
  value
}

# What a loop goes over.
elements <- function(x) if (is_tensor(x)) as.list(x) else x
