# R constructs that do not dispatch on their arguments' class: versions that know tensors, which the
# user's functions find first while they are differentiated (autodiff-closures.R). Elsewhere an
# error explains them.

# By name, for overlays.
all_constructs <- function() {
  if (is.null(the$constructs)) the$constructs <- made_constructs()
  the$constructs
}

overlaid <- function() names(all_constructs())

# This package's own versions of R's functions too: it may not be attached, and a package's
# function never looks there.
made_constructs <- function() {
  known <- c(
    as.list(masks), list(dmvnorm = dmvnorm), joining_constructs, applying_constructs,
    finding_constructs, attribute_constructs, data_constructs, statistics_constructs,
    position_constructs, group_constructs, array_constructs, decomposition_constructs,
    qr_constructs, constructs_of_special, text_constructs, random_constructs, series_constructs
  )
  c(known, written_in_r(known))
}

# Functions of R's that are R code themselves, and right on tensors where what they call is: every
# argument means what it means in R.
written_in_r <- function(known) {
  names <- c(
    "Reduce", "Filter", "Map", "Position", "Find", "replace", "append", "rapply", "Vectorize",
    "Negate", "simplify2array", "apply", "sweep", "scale.default", "diag<-", "toeplitz",
    "quantile.default", "mahalanobis", "convolve", "embed", "cov.wt", "seq.default", "marginSums",
    "margin.table", "proportions", "prop.table", "addmargins"
  )
  # The namespace of stats sees base's.
  overlay <- list2env(known, parent = asNamespace("stats"))
  attr(overlay, "name") <- "package:base"
  overlay$.tb_reached <- identity
  overlay$.tb_assigned <- assigned
  overlay$.tb_elements <- elements
  made <- lapply(names, function(name) {
    f <- get(name, envir = asNamespace("stats"))
    rewritten <- read_function(f)$rewritten
    if (!is.null(rewritten)) f <- rewritten
    environment(f) <- overlay
    assign(name, f, envir = overlay)
    f
  })
  names(made) <- names
  made
}

# ---- versions that are found inside a differentiated function only ----

joining_constructs <- list(
  c = function(...) if (any_tensor(...)) c.torch_numeric(...) else base::c(...),
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
  complete.cases = function(...) {
    plain <- function(x) {
      if (is_tensor(x)) plain_part(x) else if (is.list(x) && !is.object(x)) lapply(x, plain) else x
    }
    do.call(stats::complete.cases, lapply(list(...), plain), quote = TRUE)
  },
  unlist = function(x, recursive = TRUE, use.names = TRUE) { # nolint: object_name_linter.
    if (is.list(x) && has_tensor_inside(x)) {
      if (recursive) x <- flat_list(x)
      join(x, use.names)
    } else {
      base::unlist(x, recursive, use.names)
    }
  }
)

applying_constructs <- list(
  sapply = function(X, FUN, ..., simplify = TRUE, USE.NAMES = TRUE) { # nolint
    FUN <- users_function(FUN, parent.frame()) # nolint: object_name_linter.
    answer <- lapply(X, FUN, ...)
    if (USE.NAMES && is.character(X) && is.null(names(answer))) names(answer) <- X
    if (has_tensor(answer)) return(if (isFALSE(simplify)) answer else simplified(answer))
    if (isFALSE(simplify) || length(answer) == 0L) return(answer)
    simplify2array(answer, higher = identical(simplify, "array"))
  },
  vapply = function(X, FUN, FUN.VALUE, ..., USE.NAMES = TRUE) { # nolint
    FUN <- users_function(FUN, parent.frame()) # nolint: object_name_linter.
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
  combn = function(x, m, FUN = NULL, simplify = TRUE, ...) { # nolint: object_name_linter.
    FUN <- if (is.null(FUN)) identity else users_function(FUN, parent.frame()) # nolint
    if (!is_tensor(x)) return(combinations(x, m, FUN, simplify, ...))
    combinations(seq_along(plain_part(x)), m, function(places) FUN(x[places], ...), simplify)
  },
  mapply = function(FUN, ..., MoreArgs = NULL, SIMPLIFY = TRUE, USE.NAMES = TRUE) { # nolint
    FUN <- users_function(FUN, parent.frame()) # nolint: object_name_linter.
    parts <- lapply(list(...), function(v) if (is_tensor(v)) as.list(v) else v)
    answer <- do.call(base::mapply, base::c(
      list(FUN), parts, list(MoreArgs = MoreArgs, SIMPLIFY = FALSE, USE.NAMES = USE.NAMES)
    ), quote = TRUE)
    if (isFALSE(SIMPLIFY) || length(answer) == 0L) return(answer)
    if (has_tensor(answer)) simplified(answer) else simplify2array(answer, higher = FALSE)
  }
)

# R's own keeps what its first call gives in a plain vector.
combinations <- function(x, m, f, simplify, ...) {
  answer <- lapply(utils::combn(x, m, simplify = FALSE), f, ...)
  if (!isTRUE(simplify)) return(answer)
  if (has_tensor(answer)) simplified(answer) else simplify2array(answer)
}

# A function, or its name in the frame that hands it over, ready for tensors.
users_function <- function(f, frame) {
  if (!is.function(f)) {
    if (!is.character(f) && !is.symbol(f) || length(f) != 1L) {
      stop("a function or its name is wanted, not ", friendly_type(f), call. = FALSE)
    }
    f <- get(as.character(f), envir = frame, mode = "function")
  }
  reached_in(f, frame)
}

finding_constructs <- list(
  lapply = function(X, FUN, ...) { # nolint: object_name_linter.
    FUN <- users_function(FUN, parent.frame()) # nolint: object_name_linter.
    base::lapply(X, FUN, ...)
  },
  match.fun = function(FUN, descend = TRUE) { # nolint: object_name_linter.
    if (is.function(FUN)) return(reached_in(FUN, parent.frame()))
    # As R has it: first where the function was called that asks.
    frame <- parent.frame(2L)
    found <- if (is.character(FUN)) get0(FUN, envir = frame, mode = "function")
    if (is.null(found)) {
      frame <- parent.frame()
      found <- get(as.character(FUN), envir = frame, mode = "function")
    }
    reached_in(reached_in(found, frame), parent.frame())
  },
  do.call = function(what, args, quote = FALSE, envir = parent.frame()) {
    force(envir)
    found <- what
    if (is_string(what)) found <- get0(what, envir = envir, mode = "function")
    # By its name, where that means the same, so that messages show it.
    ready <- reached_in(found, parent.frame())
    if (!identical(ready, found)) what <- ready
    base::do.call(what, args, quote, envir)
  },
  # What these make is a function of the frame that asked for it.
  deriv = function(expr, ...) reached_in(stats::deriv(expr, ...), parent.frame()),
  deriv3 = function(expr, ...) reached_in(stats::deriv3(expr, ...), parent.frame()),
  get = function(x, envir = parent.frame(), mode = "any", inherits = TRUE, pos = envir) {
    reached_in(base::get(x, envir = as.environment(pos), mode = mode, inherits = inherits), envir)
  },
  get0 = function(x, envir = parent.frame(), mode = "any", inherits = TRUE, ifnotfound = NULL) {
    reached_in(base::get0(x, envir, mode, inherits, ifnotfound), envir)
  },
  eval = function(expr, envir = parent.frame(), enclos = parent.frame()) {
    # (`enclos` counts where `envir` is no environment only.)
    force(envir)
    force(enclos)
    base::eval(if (is.language(expr)) ready_code(expr, parent.frame()) else expr, envir, enclos)
  },
  `::` = function(pkg, name) {
    package <- as.character(substitute(pkg))
    name <- as.character(substitute(name))
    ours <- package %in% c("base", "stats") || package == "mvtnorm" && name == "dmvnorm"
    known <- if (ours) all_constructs()[[name]]
    if (is.null(known)) getExportedValue(package, name) else known
  }
)

# ---- attributes ----

attribute_constructs <- list(
  attr = function(x, which, exact = FALSE) {
    if (!is_tensor(x)) return(base::attr(x, which, exact))
    switch(which,
      dim = dim(x),
      names = names(x),
      dimnames = dimnames(x),
      base::attr(x, which, exact)
    )
  },
  `attr<-` = function(x, which, value) {
    if (is_tensor(x)) with_attribute(x, which, value) else base::`attr<-`(x, which, value)
  },
  structure = function(.Data, ...) { # nolint: object_name_linter.
    if (!is_tensor(.Data)) return(base::structure(.Data, ...))
    given <- list(...)
    for (name in names(given)) {
      which <- switch(name, .Names = "names", .Dim = "dim", name)
      .Data <- with_attribute(.Data, which, given[[name]]) # nolint: object_name_linter.
    }
    .Data
  },
  `class<-` = function(x, value) {
    if (is_tensor(x)) with_attribute(x, "class", value) else base::`class<-`(x, value)
  },
  `oldClass<-` = function(x, value) {
    if (is_tensor(x)) with_attribute(x, "class", value) else base::`oldClass<-`(x, value)
  },
  unclass = function(x) if (is_tensor(x)) with_attribute(x, "class", NULL) else base::unclass(x),
  is.vector = function(x, mode = "any") {
    if (!is_tensor(x)) return(base::is.vector(x, mode))
    is.null(dim(x)) && mode %in% c("any", "numeric", "double")
  },
  is.atomic = function(x) is_tensor(x) || base::is.atomic(x),
  is.double = function(x) is_tensor(x) || base::is.double(x),
  typeof = function(x) if (is_tensor(x)) "double" else base::typeof(x),
  mode = function(x) if (is_tensor(x)) "numeric" else base::mode(x),
  storage.mode = function(x) if (is_tensor(x)) "double" else base::storage.mode(x)
)

# The user's classes stand before those that make it a tensor.
with_attribute <- function(x, which, value) {
  if (which == "dim") return(`dim<-`(x, value))
  if (which == "names") return(`names<-`(x, value))
  if (which == "dimnames") return(`dimnames<-`(x, value))
  kept <- attributes(x)
  x <- fresh_numeric(x)
  attributes(x) <- kept
  attr(x, which) <- if (which == "class") c(setdiff(value, numeric_class), numeric_class) else value
  x
}

assigning_constructs <- list(
  `[<-` = function(x, ..., value) { # nolint: object_name_linter.
    # A plain vector that takes a tensor becomes one.
    if (is_tensor(value) && is.atomic(x) && !is.null(x)) {
      x <- with_dimnames(as_numeric(as_operand(x), r_names(x)), dimnames_of(x))
    }
    base::`[<-`(x, ..., value = value)
  },
  `[[<-` = function(x, ..., value) { # nolint: object_name_linter.
    if (is_tensor(value) && is.atomic(x) && !is.null(x)) {
      x <- with_dimnames(as_numeric(as_operand(x), r_names(x)), dimnames_of(x))
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
  "externalptr", "external pointer", "non-numeric argument", "Non-numeric argument",
  "invalid 'type' \\(list\\)", "not interpretable as logical", "numeric/complex matrix/vector",
  "must be numeric", "argument is not numeric", "invalid argument type", "a list of tensors",
  "not of type 'closure'", "'data' must be of a vector type", "must be an array",
  "must be a vector", "must be a numeric", "'perm'", "cannot handle type",
  "cannot be handled by 'cat'", "replacement has length zero", "is not a vector", "non-vector",
  "can not be handled", "unimplemented type", "is not logical", "must be atomic",
  "invalid '\\w+' (value|argument)", "non-finite function value", "invalid input type",
  "invalid function value", "object is not a matrix", "applies only to vectors",
  "requires vector arguments", "non-string argument", "too long a vector", "matrix-like object",
  "NA/NaN argument", "result of wrong length", "REAL\\(\\) can only", "LENGTH or similar",
  sep = "|"
)

explain_construct <- function(condition) {
  if (inherits(condition, c("not_differentiable", "python_error"))) return()
  message <- conditionMessage(condition)
  at <- culprit(conditionCall(condition))
  if (!grepl(no_tensors, message) && !gets_a_tensor(at)) return()
  call <- as_written(at)
  name <- if (is.call(call)) paste(deparse(call[[1L]]), collapse = "") else ""
  shown <- if (is.call(call)) paste0("`", short_call(call), "`") else "This code"
  stop(structure(
    class = c("not_differentiable", "error", "condition"),
    list(
      message = paste0(shown, " can't be differentiated (", message, ").\n", advice(name, message)),
      call = NULL
    )
  ))
}

# The call to name: of a package's function the one that the user's code makes, not what fails
# inside it.
culprit <- function(call) {
  calls <- as.list(sys.calls())
  functions <- lapply(seq_along(calls), sys.function)
  failed <- length(calls)
  while (failed > 0L && !identical(calls[[failed]], call)) failed <- failed - 1L
  primitive <- failed == 0L # it has no frame: it failed in the last one before R's handler
  if (primitive) {
    failed <- max(0L, which(vapply(functions, identical, NA, base::.handleSimpleError)) - 1L)
  }
  frames <- lapply(seq_along(calls), sys.frame)
  # Not what a package's function makes while it runs.
  is_written_by_user <- function(f) {
    maker <- which(vapply(frames, identical, NA, environment(f)))
    is_users(f) && (length(maker) == 0L || is_users(functions[[maker]]))
  }
  users <- which(vapply(functions[seq_len(failed)], is_written_by_user, NA))
  if (length(users) == 0L || max(users) == failed) return(call)
  if (primitive && any(vapply(functions[users], has_call, NA, call))) return(call)
  # (An argument is evaluated within the call that it is for, but belongs to who wrote it.)
  from_there <- which(sys.parents()[seq_len(failed)] %in% users)
  if (length(from_there) == 0L) return(call)
  called <- functions[[max(from_there)]]
  call <- calls[[max(from_there)]]
  space <- environment(called)
  if (is.symbol(call[[1L]]) && !is.null(space) && isNamespace(space)) {
    package <- getNamespaceName(space)
    # What everybody has attached needs no package's name.
    if (!paste0("package:", package) %in% search()) {
      call[[1L]] <- base::call("::", as.name(package), call[[1L]])
    }
  }
  call
}

has_call <- function(code, call) {
  if (is.function(code)) return(has_call(body(code), call))
  if (!is.call(code)) return(FALSE)
  is_there <- function(part) !missing(part) && has_call(part, call)
  identical(code, call) || any(vapply(as.list(code), is_there, NA))
}

# Is it a call of the user's to another's function, one of whose arguments names a tensor?
gets_a_tensor <- function(call) {
  if (!is.call(call)) return(FALSE)
  frames <- sys.calls()
  place <- which(vapply(frames, identical, NA, call))
  if (length(place) == 0L) return(FALSE)
  place <- max(place)
  called <- sys.function(place)
  if (is_users(called) || is_ours_alone(environment(called))) return(FALSE)
  from <- sys.frame(sys.parents()[place])
  for (name in all.vars(call)) {
    # (An argument that is missing fails.)
    if (is_tensor(tryCatch(get0(name, envir = from), error = function(e) NULL))) return(TRUE)
  }
  FALSE
}

is_ours_alone <- function(env) identical(env, topenv()) || is_of_masks(env)

short_call <- function(call) {
  text <- sub("^base::", "", deparse(call, width.cutoff = 60L, nlines = 1L)[1L])
  if (nchar(text) > 70L) paste0(substr(text, 1L, 67L), "...") else text
}

advice <- function(name, message) {
  implicit <- paste(
    "A root or minimum inside the function: write the steps of Newton's method from there, in",
    "arithmetic; their derivatives are those of the root."
  )
  interpolation <- "Write approx(), or findInterval() and arithmetic."
  no_formula <- "There is no formula of it on tensors: it is for plain numbers only."
  known <- c(
    `if` = paste(
      "`if` can't ask for the value of a tensor of several elements, or while a graph is recorded:",
      "use ifelse(), or any() or all()."
    ),
    `while` = "The number of turns can't be known while a graph is recorded.",
    vapply = "Write do.call(c, lapply(x, f)).",
    sapply = "Write do.call(c, lapply(x, f)).",
    unlist = "Write do.call(c, x).",
    integrate = "Write a sum over the nodes and weights of a quadrature rule.",
    uniroot = implicit, optimize = implicit, optimise = implicit, optim = implicit,
    nlm = implicit, nlminb = implicit,
    spline = interpolation, splinefun = interpolation,
    dist = "Write sqrt(outer(rowSums(x^2), rowSums(x^2), `+`) - 2 * tcrossprod(x)).",
    ecdf = "Write mean(x <= q): it is a constant.",
    ptukey = no_formula, qtukey = no_formula, psignrank = no_formula, qsignrank = no_formula,
    pwilcox = no_formula, qwilcox = no_formula, dsignrank = no_formula, dwilcox = no_formula,
    lm.fit = "Write qr.coef(qr(x), y) or solve(crossprod(x), crossprod(x, y))."
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
