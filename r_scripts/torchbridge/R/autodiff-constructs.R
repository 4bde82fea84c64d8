# R constructs that do not dispatch on their arguments' class. Where they stand in the
# differentiated function itself, versions that know tensors take their place: the function gets an
# environment of its own, in which they are found first. Elsewhere an error explains them.

with_constructs <- function(func) {
  if (is.primitive(func)) return(func)
  enclosing <- environment(func)
  overlay <- new.env(parent = enclosing)
  for (name in overlaid()) {
    # What the user calls by that name stays the user's.
    if (is_rs_own(name, enclosing)) assign(name, constructs[[name]], envir = overlay)
  }
  environment(func) <- overlay
  func
}

is_rs_own <- function(name, where) {
  found <- get0(name, envir = where, mode = "function")
  if (is.null(found) || is.primitive(found)) return(TRUE)
  for (namespace in list(baseenv(), asNamespace("stats"), topenv())) {
    if (identical(found, get0(name, envir = namespace, inherits = FALSE))) return(TRUE)
  }
  FALSE
}

overlaid <- function() {
  if (length(constructs) == 0L) fill_constructs()
  names(constructs)
}

constructs <- new.env(parent = emptyenv())

# This package's own versions of R's functions too: it may not be attached, and a package's
# function never looks there.
fill_constructs <- function() {
  namespace <- topenv()
  masks <- c(
    generated_densities, "dnbinom", "dmultinom", "dmvnorm", "crossprod", "tcrossprod", "diag",
    "outer", "rowSums", "colSums", "rowMeans", "colMeans", "ifelse", "pmin", "pmax", "beta",
    "lbeta", "choose", "lchoose", "matrix", "array", "drop", "chol2inv", "backsolve",
    "forwardsolve", if (getRversion() < "4.3.0") "%*%"
  )
  for (name in masks) assign(name, get(name, envir = namespace), envir = constructs)
  list2env(c(joining_constructs, applying_constructs, assigning_constructs), envir = constructs)
}

# ---- versions that are found inside a differentiated function only ----

joining_constructs <- list(
  c = function(...) if (any_tensor(...)) join(list(...)) else base::c(...),
  sum = function(..., na.rm = FALSE) { # nolint: object_name_linter.
    if (any_tensor(...)) total("sum", list(...), na.rm) else base::sum(..., na.rm = na.rm)
  },
  prod = function(..., na.rm = FALSE) { # nolint: object_name_linter.
    if (any_tensor(...)) total("prod", list(...), na.rm) else base::prod(..., na.rm = na.rm)
  },
  max = function(..., na.rm = FALSE) { # nolint: object_name_linter.
    if (any_tensor(...)) total("max", list(...), na.rm) else base::max(..., na.rm = na.rm)
  },
  min = function(..., na.rm = FALSE) { # nolint: object_name_linter.
    if (any_tensor(...)) total("min", list(...), na.rm) else base::min(..., na.rm = na.rm)
  },
  unlist = function(x, recursive = TRUE, use.names = TRUE) { # nolint: object_name_linter.
    if (is.list(x) && has_tensor_inside(x)) {
      join(flat_list(x), use.names)
    } else {
      base::unlist(x, recursive, use.names)
    }
  }
)

applying_constructs <- list(
  sapply = function(X, FUN, ..., simplify = TRUE, USE.NAMES = TRUE) { # nolint
    FUN <- match.fun(FUN) # nolint: object_name_linter.
    answer <- lapply(X, FUN, ...)
    if (USE.NAMES && is.character(X) && is.null(names(answer))) names(answer) <- X
    if (has_tensor(answer)) return(if (isFALSE(simplify)) answer else simplified(answer))
    if (isFALSE(simplify) || length(answer) == 0L) return(answer)
    simplify2array(answer, higher = identical(simplify, "array"))
  },
  vapply = function(X, FUN, FUN.VALUE, ..., USE.NAMES = TRUE) { # nolint
    FUN <- match.fun(FUN) # nolint: object_name_linter.
    answer <- lapply(X, FUN, ...)
    if (!has_tensor(answer)) {
      # Called once already: again would repeat what FUN does besides.
      return(base::vapply(answer, identity, FUN.VALUE, USE.NAMES = USE.NAMES))
    }
    sizes <- lengths(answer)
    if (any(sizes != length(FUN.VALUE))) {
      stop("values must be length ", length(FUN.VALUE), ", one is length ",
        sizes[sizes != length(FUN.VALUE)][1L],
        call. = FALSE
      )
    }
    if (USE.NAMES && is.character(X) && is.null(names(answer))) names(answer) <- X
    simplified(answer)
  },
  mapply = function(FUN, ..., MoreArgs = NULL, SIMPLIFY = TRUE, USE.NAMES = TRUE) { # nolint
    FUN <- match.fun(FUN) # nolint: object_name_linter.
    parts <- lapply(list(...), function(v) if (is_tensor(v)) as.list(v) else v)
    answer <- do.call(base::mapply, base::c(
      list(FUN), parts, list(MoreArgs = MoreArgs, SIMPLIFY = FALSE, USE.NAMES = USE.NAMES)
    ), quote = TRUE)
    if (isFALSE(SIMPLIFY) || length(answer) == 0L) return(answer)
    if (has_tensor(answer)) simplified(answer) else simplify2array(answer, higher = FALSE)
  }
)

assigning_constructs <- list(
  `[<-` = function(x, ..., value) { # nolint: object_name_linter.
    # A plain vector that takes a tensor becomes one.
    if (is_tensor(value) && is.atomic(x) && !is.null(x)) {
      names <- r_names(x)
      x <- as_numeric(as_operand(x), names)
    }
    base::`[<-`(x, ..., value = value)
  },
  `[[<-` = function(x, ..., value) { # nolint: object_name_linter.
    if (is_tensor(value) && is.atomic(x) && !is.null(x)) {
      names <- r_names(x)
      x <- as_numeric(as_operand(x), names)
    }
    base::`[[<-`(x, ..., value = value)
  }
)

total <- function(name, parts, na_rm) {
  tensor_rule(
    any(vapply(parts, is_torch_numeric, NA)), "summary", name, unname(lapply(parts, lift)), na_rm
  )
}

has_tensor <- function(x) any(vapply(x, is_tensor, NA))

has_tensor_inside <- function(x) {
  any(vapply(x, function(v) is_tensor(v) || (is.list(v) && has_tensor_inside(v)), NA))
}

flat_list <- function(x) {
  do.call(base::c, lapply(seq_along(x), function(i) {
    if (is.list(x[[i]])) flat_list(x[[i]]) else x[i]
  }))
}

# As simplify2array(): one number each gives a vector, several a column each.
simplified <- function(answer) {
  sizes <- unique(lengths(answer))
  if (length(sizes) != 1L) return(answer)
  if (sizes == 1L) join(answer) else bound(answer, FALSE)
}

# ---- errors ----

# What R says where it meets a tensor and expects numbers.
no_tensors <- paste(
  "externalptr", "non-numeric argument", "Non-numeric argument", "invalid 'type' \\(list\\)",
  "not interpretable as logical", "numeric/complex matrix/vector", "must be numeric",
  "argument is not numeric", "invalid argument type", "a list of tensors", "not of type 'closure'",
  "'data' must be of a vector type", "must be an array", "must be a vector",
  "must be a numeric", "'perm'", "cannot handle type", "cannot be handled by 'cat'",
  "replacement has length zero", "is not a vector", "non-vector", "type 'externalptr'",
  "can not be handled", "unimplemented type", "is not logical", "must be atomic",
  "invalid '\\w+' (value|argument)", "non-finite function value",
  sep = "|"
)

explain_construct <- function(condition) {
  if (inherits(condition, c("not_differentiable", "python_error"))) return()
  message <- conditionMessage(condition)
  if (!grepl(no_tensors, message)) return()
  call <- conditionCall(condition)
  # apply() fails in what it calls.
  apply <- Find(function(frame) identical(frame[[1L]], quote(apply)), as.list(sys.calls()))
  if (!is.null(apply)) call <- apply
  name <- if (is.call(call)) paste(deparse(call[[1L]]), collapse = "") else ""
  if (startsWith(name, "base::")) {
    # From one of the functions above: the user's own call of it is what to show.
    name <- sub("base::", "", name, fixed = TRUE)
    users <- Filter(function(frame) identical(frame[[1L]], as.name(name)), as.list(sys.calls()))
    if (length(users) > 0L) call <- users[[length(users)]]
  }
  shown <- if (is.call(call)) paste0("`", short_call(call), "`") else "This code"
  stop(structure(
    class = c("not_differentiable", "error", "condition"),
    list(
      message = paste0(shown, " can't be differentiated (", message, ").\n", advice(name, message)),
      call = NULL
    )
  ))
}

short_call <- function(call) {
  text <- sub("^base::", "", deparse(call, width.cutoff = 60L, nlines = 1L)[1L])
  if (nchar(text) > 70L) paste0(substr(text, 1L, 67L), "...") else text
}

advice <- function(name, message) {
  known <- c(
    apply = "Write rowSums(), colSums(), rowMeans(), colMeans() or a matrix product.",
    `if` = paste(
      "`if` can't ask for the value of a tensor of several elements, or while a graph is recorded:",
      "use ifelse(), or any() or all()."
    ),
    `while` = "The number of turns can't be known while a graph is recorded.",
    vapply = "Write do.call(c, lapply(x, f)).",
    sapply = "Write do.call(c, lapply(x, f)).",
    unlist = "Write do.call(c, x).",
    cat = "Use print().",
    which = "Compare numbers: to_r(x$detach()) are those of `x`, without a derivative."
  )
  if (name %in% names(known)) return(known[[name]])
  if (grepl("subassignment", message)) {
    return("Make the vector of tensors: do.call(c, list), or x <- as_torch_numeric(numeric(n)).")
  }
  if (grepl("list", message)) {
    return("A list of tensors is not a vector: join them with do.call(c, x).")
  }
  paste(
    "It expects plain numbers and gets a tensor. Write it with arithmetic and the functions of",
    "?torch_mathematics and ?torch_densities; to_r(x$detach()) are the numbers of `x`,",
    "as a constant."
  )
}
