# What a function's code names, and the three places of it that are written anew before it runs on
# tensors. Code is read once; the reading is found again by the function's body.
#
# * `x[i] <- value`: where `value` is a tensor and x plain numbers, x must become a tensor first.
#   R's compiled code looks for no `[<-` of ours, so `value` is handed through .tb_assigned().
# * `object$f(p)`: a function in an environment (an R6 object, say) is found when it is called
#   only. It is handed through .tb_reached().
# * `for (v in x)`: R goes over its own vectors and lists only. x is handed through .tb_elements().
#
# Tests: test-autodiff-closures.R.

# A list of `names` (all that the code may look up), `heads` (what it calls), `prefixes` (how S3
# methods of these begin), `assigned` (arguments and what it assigns), `packages` (of
# `package::name`), `formals`, and where something was written anew `rewritten`, the function as it
# is then.
read_function <- function(f) {
  code <- body(f)
  known <- found_reading(code)
  # A body may have been given other formals.
  if (!is.null(known) && identical(known$formals, formals(f))) return(known)
  found <- nothing_found()
  arguments <- read_arguments(formals(f), found)
  code_anew <- read_code(code, found)
  keep_reading(code, c(what_was_found(found), list(
    formals = formals(f),
    rewritten = if (found$changed) as.function(c(arguments, list(code_anew)), baseenv())
  )))
}

# The same of code that eval() gets: `code` is what is to run.
read_expression <- function(code) {
  known <- found_reading(code)
  if (!is.null(known$code)) return(known)
  found <- nothing_found()
  code_anew <- read_code(code, found)
  keep_reading(code, c(what_was_found(found), list(code = code_anew)))
}

found_reading <- function(code) {
  if (is.null(the$readings)) the$readings <- utils::hashtab("address", 64L)
  utils::gethash(the$readings, code)
}

keep_reading <- function(code, reading) {
  if (utils::numhash(the$readings) >= 256L) utils::clrhash(the$readings)
  utils::sethash(the$readings, code, reading)
  reading
}

nothing_found <- function() {
  list2env(
    list(
      names = character(), heads = character(), assigned = character(), packages = character(),
      changed = FALSE
    ),
    parent = emptyenv()
  )
}

what_was_found <- function(found) {
  heads <- unique(found$heads)
  list(
    names = unique(c(found$names, heads)), heads = heads, assigned = unique(found$assigned),
    packages = unique(found$packages),
    prefixes = paste0(c(heads, "Ops", "Math", "Summary"), ".")
  )
}

read_arguments <- function(arguments, found) {
  found$assigned <- c(found$assigned, names(arguments))
  for (name in names(arguments)) {
    if (!is_missing_argument(arguments[[name]])) {
      # (Setting an element to NULL would delete it.)
      arguments[name] <- list(read_code(arguments[[name]], found))
    }
  }
  arguments
}

# The code as it is to run; what it names is added to `found`.
read_code <- function(code, found) {
  if (is.symbol(code) || is.character(code) && length(code) == 1L) {
    found$names <- c(found$names, as.character(code))
    return(code)
  }
  if (!is.call(code)) return(code)
  head <- code[[1L]]
  name <- if (is.symbol(head)) as.character(head) else ""
  if (name %in% c("::", ":::")) {
    found$heads <- c(found$heads, as.character(code[[3L]]))
    found$packages <- c(found$packages, as.character(code[[2L]]))
    return(code)
  }
  if (name %in% c("quote", "~", "bquote", "substitute", "expression")) {
    # Code that is a value stays as the user wrote it.
    found$names <- c(found$names, all.names(code), all.vars(code))
    return(code)
  }
  if (name == "function") {
    if (!is.null(code[[2L]])) code[[2L]] <- as.pairlist(read_arguments(code[[2L]], found))
    if (!is.null(code[[3L]])) code[[3L]] <- read_code(code[[3L]], found)
    return(code)
  }
  if (name %in% c("<-", "<<-", "=") && is.call(code[[2L]])) return(read_assignment(code, found))
  if (name %in% c("<-", "=", "for")) found$assigned <- c(found$assigned, as.character(code[[2L]]))
  if (nzchar(name)) {
    found$heads <- c(found$heads, name)
  } else {
    code[[1L]] <- read_head(head, found)
  }
  # (What stands after `$` is no variable.)
  is_part <- name == "$" && length(code) == 3L && (is.symbol(code[[3L]]) || is_string(code[[3L]]))
  if (is_part) code[[2L]] <- read_code(code[[2L]], found) else code <- read_rest(code, 2L, found)
  if (name == "for" && is_of_unknown_kind(code[[3L]])) {
    found$changed <- TRUE
    code[[3L]] <- call(".tb_elements", code[[3L]])
  }
  code
}

# Not what surely is no tensor: 1:n and seq_along(x), say.
is_of_unknown_kind <- function(code) {
  plain <- c(":", "seq_len", "seq_along", "names", ".tb_elements")
  is.symbol(code) || is.call(code) && !as.character(code[[1L]])[1L] %in% plain
}

read_rest <- function(code, from, found) {
  for (i in seq_along(code)) {
    if (i >= from && !is_missing_argument(code[[i]]) && !is.null(code[[i]])) {
      code[[i]] <- read_code(code[[i]], found)
    }
  }
  code
}

read_head <- function(head, found) {
  read <- read_code(head, found)
  out_of <- is.call(head) && is.symbol(head[[1L]]) &&
    as.character(head[[1L]]) %in% c("$", "[[", "@")
  if (!out_of) return(read)
  found$changed <- TRUE
  call(".tb_reached", read)
}

is_call_of <- function(code, name) is.call(code) && identical(code[[1L]], as.name(name))

read_assignment <- function(code, found) {
  target <- code[[2L]]
  while (is.call(target) && is.symbol(target[[1L]])) {
    setter <- paste0(as.character(target[[1L]]), "<-")
    # R's own for parts of a value are no names to look up: with them its code stays fast.
    if (!setter %in% c("[<-", "[[<-", "$<-", "@<-")) found$heads <- c(found$heads, setter)
    target <- target[[2L]]
  }
  target <- code[[2L]]
  value <- code[[3L]]
  read <- read_rest(code, 2L, found)
  kind <- if (is.symbol(target[[1L]])) as.character(target[[1L]]) else ""
  known <- !is.call(value) && !is.symbol(value) || is_call_of(value, ".tb_assigned")
  if (kind %in% c("[", "[[") && !known) {
    found$changed <- TRUE
    operator <- if (identical(code[[1L]], quote(`<<-`))) "<<-" else "<-"
    read[[3L]] <- call(".tb_assigned", read[[3L]], target[[2L]], kind, operator)
  }
  read
}

# The code as the user wrote it, for messages.
as_written <- function(code) {
  if (!is.call(code)) return(code)
  if (is.symbol(code[[1L]]) && startsWith(as.character(code[[1L]]), ".tb_")) {
    return(as_written(code[[2L]]))
  }
  for (i in seq_along(code)) {
    if (!is_missing_argument(code[[i]]) && !is.null(code[[i]])) code[[i]] <- as_written(code[[i]])
  }
  code
}
