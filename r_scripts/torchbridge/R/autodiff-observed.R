# Which of its data a differentiated function has looked at, so that it can be replayed with others.
#
# The function runs with vectors in place of its data that read the same and know whether anybody
# has read an element (bridge/native/values/observed.c). Those that meet a tensor become data of the
# notes that Python takes. What R's own functions (`taped_names`) make of such vectors is observed
# again, and what was called is kept on a tape: of other data it is computed anew, by the same
# functions. The notes hold for other data where types, lengths and attributes are the same on the
# tape, and values where somebody has looked at them.
#
# Tests: test-autodiff-observed.R.

# A list of `nodes` (NULL: an element of the data; else a call: `f`, `arguments`, `refs`), of their
# `values` and `states` c(id, looked); `variables`, where the data come from; `lifts`, the nodes
# that became tensors, in order (negative: a tensor without dims).
new_tape <- function() {
  the$tapes <- (the$tapes %||% 0L) + 1L
  list2env(list(
    number = the$tapes, nodes = list(), values = list(), states = list(), variables = list(),
    lifts = integer(), tensors = list()
  ), parent = emptyenv())
}

# More are not kept: what follows looks at them.
most_nodes <- 2000L

observe <- function(value, tape, node = NULL) {
  id <- length(tape$values) + 1L
  made <- dot_call(native()$observe, value, id)
  tape$nodes[id] <- list(node)
  tape$values[[id]] <- value
  tape$states[[id]] <- dot_call(native()$observed, made, FALSE)
  made
}

# The node of an observed vector, 0 of any other.
node_of <- function(x) {
  state <- dot_call(native()$observed, x, FALSE)
  if (is.null(state)) 0L else state[1L]
}

is_observable <- function(x) typeof(x) %in% c("double", "integer", "logical")

# ---- variables ----

# A variable, or an argument, with its vectors observed.
observe_variable <- function(value, name, tape) {
  if (!is_plain_data(value)) return(value)
  ids <- integer()
  observe_part <- function(x) {
    made <- observe(x, tape)
    ids <<- c(ids, length(tape$values))
    made
  }
  made <- with_leaves(value, observe_part)
  tape$variables[[name]] <- list(outline = outline_of(value), ids = ids)
  made
}

# change() of each vector of numbers or truth values in x, row names other than 1:n among them.
with_leaves <- function(x, change) {
  if (is_observable(x)) return(change(x))
  if (!is.list(x)) return(x)
  kept <- attributes(x)
  made <- lapply(unclass(x), with_leaves, change)
  if (has_row_names(x)) kept$row.names <- change(attr(x, "row.names"))
  attributes(made) <- kept
  # (R has looked whether they are 1:n.)
  if (has_row_names(x)) dot_call(native()$observed, attr(made, "row.names"), TRUE)
  made
}

has_row_names <- function(x) is.data.frame(x) && .row_names_info(x) > 0L

leaves_of <- function(x) {
  found <- list()
  with_leaves(x, function(leaf) {
    found <<- c(found, list(leaf))
    leaf
  })
  found
}

# All of a value but its numbers and truth values.
outline_of <- function(x) {
  if (is_observable(x)) return(list(typeof(x), length(x), attributes(x)))
  if (!is.list(x)) return(x)
  kept <- attributes(x)
  if (has_row_names(x)) kept$row.names <- list(typeof(kept$row.names), length(kept$row.names))
  list(kept, lapply(unclass(x), outline_of))
}

argument_name <- function(k) paste("argument", k)

observe_arguments <- function(arguments, tape) {
  if (is.null(tape)) return(arguments)
  for (k in seq_along(arguments)) {
    if (is_tensor(arguments[[k]]) || is.null(arguments[[k]])) next
    arguments[[k]] <- observe_variable(arguments[[k]], argument_name(k), tape)
  }
  arguments
}

# ---- tensors ----

# What lift() makes of an observed vector.
lift_observed <- function(x, id, scalar) {
  tape <- the$tape
  value <- tape$values[[id]]
  if (scalar && length(value) == 1L && length(dim(value)) < 2L || is.factor(value)) {
    anyNA(x) # looks
    return(lift(value))
  }
  found <- tape$tensors[as.character(id)][[1L]]
  if (!is.null(found)) return(found)
  tensor <- tensor_of_data(value)
  python_rule("replay.take_data", tensor)
  tape$lifts <- c(tape$lifts, id)
  tape$tensors[[as.character(id)]] <- tensor
  tensor
}

# An operator of a tensor and one number that is observed: in the notes that is a tensor without
# dims, with which these give the same bits as with a number. NULL where this is not to be had.
by_observed_number <- function(generic, e1, e2) {
  if (!generic %in% number_operators || isTRUE(the$beware)) return(NULL)
  first <- is_tensor(e2)
  number <- if (first) e1 else e2
  tensor <- if (first) e2 else e1
  id <- node_of(number)
  if (id == 0L || !is_tensor(tensor) || length(number) != 1L) return(NULL)
  tape <- the$tape
  value <- tape$values[[id]]
  if (is.na(value) || !is.null(attributes(value))) return(NULL)
  key <- paste(id, "alone")
  found <- tape$tensors[key][[1L]]
  if (is.null(found)) {
    found <- number_of_data(value)
    python_rule("replay.take_data", found)
    tape$lifts <- c(tape$lifts, -id)
    tape$tensors[[key]] <- found
  }
  value <- python_rule("rules.with_number", generic, tensor, found, first)
  if (is.null(value)) return(NULL)
  labelled_value(value, operand_names(e1, e2), operand_dimnames(e1, e2))
}

# Does ifelse() look at a branch? Of its test only this is looked at.
observed_branch <- function(id, branch) {
  tape <- the$tape
  value <- the$tape$values[[id]]
  the$tape <- NULL
  on.exit(the$tape <- tape)
  found <- takes_branch(value, branch)
  node <- list(f = takes_branch, arguments = list(NULL, branch), places = 1L, refs = id)
  anyNA(observe(found, tape, node)) # looks
  found
}

number_operators <- c("+", "-", "*", "/", "==", "!=", "<", ">", "<=", ">=")

number_of_data <- function(value) python_rule("rules.as_number", as.double(value))

tensor_of_data <- function(value) {
  lifted(if (is.object(value) && inherits(value, data_classes)) plain_data(value) else value)
}

# ---- R's own functions of data ----

# What gives numbers or truth values of such, and the same for the same.
taped_names <- c(
  "+", "-", "*", "/", "^", "%%", "%/%", "==", "!=", "<", ">", "<=", ">=", "&", "|", "!", "xor",
  "abs", "sqrt", "exp", "log", "log2", "log10", "log1p", "expm1", "sin", "cos", "tan", "asin",
  "acos", "atan", "atan2", "sinh", "cosh", "tanh", "gamma", "lgamma", "digamma", "trigamma",
  "beta", "lbeta", "choose", "lchoose", "factorial", "lfactorial", "floor", "ceiling", "round",
  "signif", "trunc", "sign", "cumsum", "cumprod", "cummax", "cummin", "sum", "prod", "max", "min",
  "range", "mean", "any", "all", "pmin", "pmax", "var", "sd", "cov", "cor", "median", "c", "rep",
  "rep_len", "rev", "sort", "order", "rank", "which", "which.max", "which.min", "unique",
  "duplicated", "matrix", "array", "t", "aperm", "diag", "crossprod", "tcrossprod", "%*%", "%o%",
  "outer", "solve", "det", "rowSums", "colSums", "rowMeans", "colMeans", "tabulate", "diff",
  "anyNA", "is.na", "is.nan", "is.finite", "as.numeric", "as.double", "as.integer", "as.logical",
  "as.vector", "as.matrix", "unname", "drop", "names<-", "dim<-", "dimnames<-", "colnames<-",
  "ifelse", "[", "[[", "cbind", "rbind", "head", "tail", "append", "replace", "findInterval",
  "%in%", "match", "scale", "cut", "dnorm", "pnorm", "qnorm", "dpois", "dbinom", "dexp", "pexp"
)

# Of `known`, where the user has not masked them.
taped_functions <- function(enclosing, behind, tape) {
  names <- taped_names[vapply(taped_names, is_rs_own, NA, where = enclosing)]
  made <- lapply(names, taped, behind, tape)
  names(made) <- names
  made
}

# A function of R's, or the version of it that knows tensors, that is kept on the tape.
taped <- function(name, behind, tape) {
  force(name)
  function(...) {
    own <- get(name, envir = behind, mode = "function")
    written <- as.list(substitute(list(...)))[-1L]
    empty <- vapply(written, is_missing_argument, NA)
    given <- if (any(empty)) written else list(...)
    for (k in which(empty)) given[[k]] <- quote(expr = ) # nolint
    if (any(empty)) for (k in which(!empty)) given[k] <- list(...elt(k))
    ids <- integer(length(given))
    for (k in which(!empty)) {
      if (!is_plain_argument(given[[k]])) return(own(...))
      ids[k] <- node_of(given[[k]])
    }
    places <- which(ids > 0L)
    if (length(places) == 0L || length(tape$values) >= most_nodes) return(own(...))
    arguments <- if (name %in% c("cbind", "rbind")) named_as_written(given, written) else given
    arguments[places] <- tape$values[ids[places]]
    value <- do.call(own, arguments)
    if (!is_observable(value)) {
      for (k in places) anyNA(given[[k]]) # looks
      return(value)
    }
    arguments[places] <- list(NULL)
    observe(value, tape, list(f = own, arguments = arguments, places = places, refs = ids[places]))
  }
}

is_plain_argument <- function(x) {
  (is.atomic(x) || is.null(x)) && (!is.object(x) || all(class(x) %in% plain_classes))
}

# Columns (and rows) have the names of variables.
named_as_written <- function(given, written) {
  labels <- names(given) %||% character(length(given))
  for (k in seq_along(given)) {
    if (!nzchar(labels[k]) && is.symbol(written[[k]])) labels[k] <- as.character(written[[k]])
  }
  names(given) <- labels
  given
}

# ---- other data ----

# What is kept of a tape once the run is over; `others`: variables that it did not observe.
finish_tape <- function(tape, others) {
  tape$looked <- which(vapply(tape$states, function(state) state[2L] != 0L, NA))
  tape$outlines <- lapply(tape$values, outline_of)
  tape$missing <- vapply(tape$values[abs(tape$lifts)], anyNA, NA)
  tape$seen <- tape$values[tape$looked]
  tape$others <- others[setdiff(names(others), names(tape$variables))]
  tape$values <- tape$states <- tape$tensors <- NULL
}

# The tensors that the tape makes of other data; NULL where the notes do not hold for these.
play <- function(tape, given) {
  others <- names(tape$others)
  if (length(others) > 0L && !same_values(given[others], tape$others)) return(NULL)
  values <- vector("list", length(tape$nodes))
  for (name in names(tape$variables)) {
    variable <- tape$variables[[name]]
    if (!name %in% names(given)) return(NULL)
    if (!same_values(outline_of(given[[name]]), variable$outline)) return(NULL)
    values[variable$ids] <- leaves_of(given[[name]])
  }
  for (id in seq_along(values)) {
    node <- tape$nodes[[id]]
    if (!is.null(node)) {
      node$arguments[node$places] <- values[node$refs]
      value <- tryCatch(do.call(node$f, node$arguments), condition = function(c) NULL)
      if (is.null(value) || !same_values(outline_of(value), tape$outlines[[id]])) return(NULL)
      values[[id]] <- value
    }
  }
  if (!same_values(values[tape$looked], tape$seen)) return(NULL)
  if (!identical(vapply(values[abs(tape$lifts)], anyNA, NA), tape$missing)) return(NULL)
  lapply(tape$lifts, function(id) {
    if (id > 0L) tensor_of_data(values[[id]]) else number_of_data(values[[-id]])
  })
}
