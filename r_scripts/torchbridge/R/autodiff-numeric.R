# Tensors that follow R's rules: what the parameters of a differentiated R function are. The
# rules themselves are in Python (bridge/autodiff/rules.py); these methods call them. A tensor of
# one dim is an R vector; names are kept beside it.

numeric_class <- c("torch_numeric", "torch_tensor", "python_object")

#' Tensors that follow R's rules
#'
#' Inside a function that [grad()], [hessian()], [torch_optim()], [torch_mle()] or
#' [torch_compile()] (with numbers for example) runs, the parameters are tensors of class
#' `torch_numeric`. PyTorch computes with them and records what is done, but they obey R: vectors
#' recycle (also along the columns of a matrix), `x[-1]` leaves the first element out, `x["a"]`
#' selects by name, `x[i] <- value` changes a copy, `X %*% x` is a matrix, `c(X)` runs down the
#' columns. A comparison of single numbers is `TRUE` or `FALSE`, so `if` works. Everything else
#' in the function, data above all, stays R's own; a plain tensor beside them is taken as the R
#' array of its shape.
#'
#' `as_torch_numeric()` makes one by hand, to try a function out.
#'
#' @section What the function may call:
#' Functions of the user's, however it comes by them: by name, in lists and environments, as
#' arguments, S3 methods, closures. In all of them `sapply()`, `lapply()`, `Reduce()`, `unlist()`,
#' `x[i] <- value` on a plain vector, `c()` and the like know tensors. A function of a package runs
#' as it is: it may do arithmetic, and what it can't do is an error that names it.
#'
#' @section What cannot be differentiated:
#' R functions written in C for numbers (`optimize()`, `integrate()`, ...) stop with an error that
#' says which call it was; so do methods of S4 generics that fill plain vectors with parameters.
#' `to_r(x$detach())` gives the plain numbers of `x`, as a constant.
#'
#' @param x Numbers, a vector or an array, or a tensor.
#' @param requires_grad `TRUE` to record what is done with it.
#' @return A `torch_numeric`, which is also a `torch_tensor`.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' x <- as_torch_numeric(c(a = 1, b = 2))
#' x["b"] * matrix(1:4, 2)
#' @export
as_torch_numeric <- function(x, requires_grad = FALSE) {
  check_flag(requires_grad, "requires_grad")
  if (!is_tensor(x)) check_numbers(x, "x")
  result <- if (is_tensor(x)) fresh_numeric(x) else numeric_of(x)
  if (requires_grad) result$requires_grad_(TRUE)
  result
}

check_numbers <- function(x, name, call = sys.call(-1L)) {
  if (!is.numeric(x) && !is.logical(x) || is.factor(x)) {
    abort(call, "`", name, "` must be numbers, not ", friendly_type(x), ".")
  }
}

# What a rule gave, as a torch_numeric. (An external pointer is changed in place: it is new.)
as_numeric <- function(x, names = NULL) {
  if (is_tensor(x)) {
    attr(x, "class") <- numeric_class
    if (!is.null(names)) attr(x, "r_names") <- names
  }
  x
}

# Another handle of the same tensor: the user's own must stay what it is.
fresh_numeric <- function(x) {
  x <- api("python", x)
  attr(x, "class") <- numeric_class
  x
}

numeric_of <- function(x) {
  names <- names(x)
  as_numeric(as_torch_tensor(unclass(x), dtype = if (!is.complex(x)) "float64"), names)
}

is_torch_numeric <- function(x) inherits(x, "torch_numeric")

rule <- function(name, ...) as_numeric(bare_rule(name, ...))

bare_rule <- function(name, ...) python_rule(paste0("rules.", name), ...)

# Of another module than rules.py.
python_rule <- function(name, ...) dot_call(native()$call, python_function(name), list(...))

# ---- R's values beside tensors ----

# An R value as an operand: one number is itself, more are a tensor. While a function is
# differentiated, data of some length is converted once and found again.
lift <- function(x) {
  if (is_tensor(x) || is.null(x)) return(x)
  if (!is.null(the$tape) && (id <- node_of(x)) > 0L) return(lift_observed(x, id, TRUE))
  if (is.object(x) && !is.factor(x) && inherits(x, data_classes)) x <- plain_data(x)
  if (is.factor(x) || !(is.numeric(x) || is.logical(x) || is.complex(x))) {
    if (is.list(x) && length(x) > 0L && all(vapply(x, is_tensor, NA))) {
      stop("a list of tensors is not a vector: join them with c() or do.call(c, x)", call. = FALSE)
    }
    stop("a tensor and ", friendly_type(x), " can't be computed with; use numbers", call. = FALSE)
  }
  if (length(x) == 1L && length(dim(x)) < 2L && !is.complex(x)) {
    if (is.na(x)) beware()
    return(as.double(x))
  }
  if (length(x) < 64L || is.null(the$memo)) return(lifted(x))
  memoised(x, the$memo)
}

lifted <- function(x) {
  if (!is.null(the$tape) && (id <- node_of(x)) > 0L) return(lift_observed(x, id, FALSE))
  if (is.object(x)) x <- if (inherits(x, data_classes)) plain_data(x) else unclass(x)
  missing <- anyNA(x)
  if (missing) beware()
  # Short plain ones are faster as a list.
  if (is.double(x) && length(x) %in% 2:32 && !missing && is.null(attributes(x))) {
    return(bare_rule("number", x))
  }
  truth <- is.logical(x) && !missing
  as_torch_tensor(x, dtype = if (truth) "bool" else if (!is.complex(x)) "float64")
}

# From the first NaN among the data of a differentiated function on, rules keep it out of gradients.
beware <- function() {
  if (!isTRUE(the$differentiating) || isTRUE(the$beware)) return()
  the$beware <- TRUE
  python_rule("missing.beware", TRUE)
}

# identical() of one vector with itself looks at no element.
memoised <- function(x, memo) {
  key <- paste(length(x), typeof(x))
  known <- memo[[key]]
  for (entry in known) {
    if (identical(entry$x, x)) {
      if (entry$missing) beware()
      return(entry$tensor)
    }
  }
  tensor <- lifted(x)
  if (length(known) < 16L) {
    entry <- list(x = x, tensor = tensor, missing = anyNA(x))
    assign(key, c(known, list(entry)), envir = memo)
  }
  tensor
}

# ---- groups ----

# Called by the native core, from the methods of torch_tensor: R refuses operands whose methods
# differ, so both classes share theirs. The core itself has tensors and single numbers; what comes
# here is with R's vectors or needs R's words. Unary operators are "neg", "pos" and "!".
numeric_ops <- function(generic, e1, e2) {
  if (missing(e2)) return(numeric_function(generic, e1))
  if (is.null(e1)) e1 <- numeric()
  if (is.null(e2)) e2 <- numeric()
  if (!is.null(the$tape)) {
    value <- by_observed_number(generic, e1, e2)
    if (!is.null(value)) return(value)
  }
  if (is_bare(e1) || is_bare(e2)) {
    # Once a vector is a tensor, the core can do it.
    a <- if (is_bare(e1)) lift(e1) else e1
    b <- if (is_bare(e2)) lift(e2) else e2
    if (is_tensor(a) && is_tensor(b)) return(dot_call(entries$op2, generic, a, b))
  }
  if (generic == "%*%") {
    value <- rule("matmul", lift(e1), lift(e2))
    return(with_dimnames(value, list(names_along(e1, 1L), names_along(e2, 2L))))
  }
  names <- operand_names(e1, e2)
  a <- lift(e1)
  b <- lift(e2)
  if (isTRUE(the$beware) && generic %in% of_truth) return(truth_with_na(generic, a, b, names))
  labelled_value(bare_rule("arith", generic, a, b), names, operand_dimnames(e1, e2))
}

# A rule's value: an array has dimnames, a vector names. cumsum() of a matrix is a vector.
labelled_value <- function(value, names, dimnames) {
  value <- as_numeric(value)
  if (is.null(names) && is.null(dimnames) || !is_tensor(value)) return(value)
  if (is.null(dim(value))) as_numeric(value, names) else with_dimnames(value, dimnames)
}

# A plain vector without names.
is_bare <- function(x) is.null(attributes(x)) && is.numeric(x) && length(x) != 1L

numeric_function <- function(generic, x) {
  if (generic == "mean") return(rule("mean", x, FALSE))
  if (generic %in% single_summaries) return(rule("summary", generic, list(x), FALSE))
  if (generic %in% tests) return(rule("test", generic, x))
  value <- switch(generic,
    t = bare_rule("transpose", x),
    as.vector = bare_rule("flat", x),
    neg = bare_rule("arith", "-", x),
    pos = bare_rule("arith", "+", x),
    "!" = bare_rule("arith", "!", x),
    bare_rule("math", generic, x)
  )
  labelled_value(value, attr(x, "r_names"), attr(x, "r_dimnames"))
}

tests <- c("is.na", "is.nan", "is.finite", "is.infinite")

single_summaries <- c("sum", "prod", "max", "min")

of_truth <- c("==", "!=", "<", ">", "<=", ">=", "&", "|")

# Tensors have no NA among truth values: where there may be some, they are R's.
truth_with_na <- function(generic, a, b, names) {
  plain <- function(x) {
    if (!is_tensor(x)) return(x)
    values <- plain_values(x$detach())
    if (generic %in% c("&", "|")) storage.mode(values) <- "logical"
    values
  }
  result <- get(generic, envir = baseenv())(plain(a), plain(b))
  if (!is.null(names)) names(result) <- names
  result
}

# R's results have the names of the first operand, or of the second where it is longer.
operand_names <- function(e1, e2) {
  n1 <- r_names(e1)
  n2 <- r_names(e2)
  if (is.null(n1) && is.null(n2)) return(NULL)
  size <- max(length(e1), length(e2))
  if (!is.null(n1) && length(n1) == size) return(n1)
  if (!is.null(n2) && length(n2) == size) n2
}

r_names <- function(x) if (is_tensor(x)) attr(x, "r_names") else if (is.null(dim(x))) names(x)

#' @export
Math.torch_numeric <- function(x, ...) {
  if (!.Generic %in% with_arguments || nargs() == 1L && .Generic != "signif") {
    return(dot_call(entries$op1, .Generic, x))
  }
  names <- attr(x, "r_names")
  if (.Generic == "round") {
    return(with_dimnames(as_numeric(round_rule(x, ...), names), attr(x, "r_dimnames")))
  }
  if (.Generic == "log") {
    # R hands arguments over in the order of the call, without their names.
    swapped <- identical(names(sys.call())[2L], "base") && !"base" %in% ...names()
    value <- if (swapped) log_rule(..1, x) else log_rule(x, ...)
    return(with_dimnames(as_numeric(value, names), attr(x, "r_dimnames")))
  }
  with_dimnames(as_numeric(signif_rule(x, ...), names), attr(x, "r_dimnames"))
}

with_arguments <- c("round", "log", "signif")

round_rule <- function(x, digits = 0) bare_rule("round_to", x, digits)

# R's own numbers, which do not change near x.
signif_rule <- function(x, digits = 6L) lifted(signif(plain_values(x), digits))

log_rule <- function(x, base) {
  x <- lift(x)
  natural <- if (is_torch_numeric(x)) dot_call(entries$op1, "log", x) else rule("math", "log", x)
  if (missing(base)) natural else natural / log(base)
}

#' @export
Summary.torch_numeric <- function(..., na.rm = FALSE) { # nolint: object_name_linter.
  parts <- list(...)
  if (length(parts) == 1L && isFALSE(na.rm) && .Generic %in% single_summaries) {
    return(dot_call(entries$op1, .Generic, parts[[1L]]))
  }
  if (.Generic == "range" && !is.null(parts$finite)) {
    finite <- parts$finite
    parts$finite <- NULL
    if (finite) parts <- lapply(parts, function(part) part[is.finite(part)])
  }
  rule("summary", .Generic, unname(lapply(parts, lift)), na.rm)
}

#' @export
mean.torch_numeric <- function(x, trim = 0, na.rm = FALSE, ...) { # nolint: object_name_linter.
  check_no_dots(...)
  if (identical(trim, 0)) {
    return(if (isFALSE(na.rm)) dot_call(entries$op1, "mean", x) else rule("mean", x, na.rm))
  }
  if (!is.numeric(trim) || length(trim) != 1L) stop("'trim' must be numeric of length one")
  if (na.rm) x <- x[!is.na(x)] else if (anyNA(x)) return(x[1L] * NA)
  n <- length(x)
  if (trim >= 0.5) return(stats::median(x))
  cut <- floor(n * max(trim, 0))
  mean(sort(x)[seq.int(cut + 1, n - cut)])
}

# ---- attributes ----

#' @export
dim.torch_numeric <- function(x) {
  shape <- api("shape", x)
  if (length(shape) < 2L) NULL else shape
}

#' @export
`dim<-.torch_numeric` <- function(x, value) { # nolint: object_name_linter.
  if (is.null(value)) return(rule("flat", x))
  if (prod(value) != length(x)) {
    stop("dims [product ", prod(value), "] do not match the length of object [", length(x), "]",
      call. = FALSE
    )
  }
  rule("array", x, as.list(value))
}

#' @export
names.torch_numeric <- function(x) attr(x, "r_names")

#' @export
`names<-.torch_numeric` <- function(x, value) { # nolint: object_name_linter.
  x <- fresh_numeric(x)
  attr(x, "r_names") <- if (!is.null(value)) as.character(value)
  x
}

#' @export
`length<-.torch_numeric` <- function(x, value) { # nolint: object_name_linter.
  # R's own checks, on a stand-in.
  places <- seq_len(length(x))
  length(places) <- value
  kept <- rule("flat", x)[places[!is.na(places)]]
  names(kept) <- names(x)[places[!is.na(places)]]
  c(kept, rep(NA_real_, sum(is.na(places))))
}

#' @export
is.numeric.torch_numeric <- function(x) TRUE

#' @export
is.matrix.torch_numeric <- function(x) length(dim(x)) == 2L

#' @export
is.array.torch_numeric <- function(x) !is.null(dim(x))

#' @export
is.na.torch_numeric <- function(x) tested("is.na", x)

#' @export
is.nan.torch_numeric <- function(x) tested("is.nan", x)

#' @export
is.finite.torch_numeric <- function(x) tested("is.finite", x)

#' @export
is.infinite.torch_numeric <- function(x) tested("is.infinite", x)

# Where observations are missing, R's truth values: they choose among plain data, too.
tested <- function(name, x) {
  result <- dot_call(entries$op1, name, x)
  if (isTRUE(the$beware) && is_tensor(result)) plain_values(result) else result
}

#' @export
anyNA.torch_numeric <- function(x, recursive = FALSE) any(is.na(x))

#' @importFrom stats na.omit
#' @export
na.omit.torch_numeric <- function(object, ...) {
  if (is.null(dim(object))) return(object[!is.na(object)])
  object[stats::complete.cases(plain_part(object)), ]
}

# ---- conversions that keep the derivative ----

#' @export
as.double.torch_numeric <- function(x, ...) dot_call(entries$op1, "as.vector", x)

#' @export
as.vector.torch_numeric <- function(x, mode = "any") {
  if (mode == "list") as.list(x) else dot_call(entries$op1, "as.vector", x)
}

#' @export
as.array.torch_numeric <- function(x, ...) x

#' @export
as.matrix.torch_numeric <- function(x, ...) {
  if (is.matrix(x)) return(x)
  with_dimnames(rule("array", x, list(length(x), 1)), list(attr(x, "r_names"), NULL))
}

#' @export
as.data.frame.torch_numeric <- function(x, row.names = NULL, # nolint: object_name_linter.
                                        optional = FALSE, ..., nm = NULL) {
  columns <- if (is.matrix(x)) lapply(seq_len(ncol(x)), function(j) x[, j]) else list(x)
  labels <- if (is.matrix(x)) names_along(x, 2L) else nm
  if (is.null(labels) && !optional) {
    labels <- if (is.matrix(x)) paste0("V", seq_along(columns)) else "x"
  }
  names(columns) <- labels
  structure(
    columns,
    row.names = row.names %||% seq_len(NROW(x)), class = "data.frame"
  )
}

#' @export
as.list.torch_numeric <- function(x, ...) {
  parts <- lapply(seq_len(length(x)), function(i) rule("take", x, list(i - 1), TRUE))
  names(parts) <- attr(x, "r_names")
  parts
}
