# R's operators and functions on tensors, so that plain R functions run on them. R's numbers
# beside a tensor take its dtype, as PyTorch's scalars do; longer vectors become tensors.

#' Arithmetic, comparison and mathematics on tensors
#'
#' R's operators (`+ - * / ^ %% %/% == != < <= > >= & | !`, `%*%`) and functions work on
#' tensors as they do on numbers, element by element and with PyTorch's broadcasting: shapes
#' are compared from the last dim, where R would recycle. `Math` functions
#' (`exp`, `log`, `sqrt`, `abs`, `round`, `cumsum`, ...), `Summary` functions (`sum`, `prod`,
#' `max`, `min`, `range`, `any`, `all`) and `mean` give tensors, so that gradients flow
#' through them.
#'
#' @param e1,e2,x,y Tensors, or a tensor and R numbers.
#' @param ... For `Summary`: more tensors; for `round` and `log`: `digits`, `base`.
#' @param na.rm `TRUE` leaves NaN out.
#' @return A tensor.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' sigmoid <- function(x) 1 / (1 + exp(-x))
#' sigmoid(torch_tensor(c(-1, 0, 1)))
#' @name torch_ops
NULL

# Methods of their own, not one for the group: R finds and runs them faster.
# nolint start: object_name_linter.

#' @rdname torch_ops
#' @export
`+.torch_tensor` <- hot(function(e1, e2 = unary) .Call(op2, "+", e1, e2))

#' @rdname torch_ops
#' @export
`-.torch_tensor` <- hot(function(e1, e2 = unary) .Call(op2, "-", e1, e2))

#' @rdname torch_ops
#' @export
`!.torch_tensor` <- hot(function(x) .Call(op1, "!", x))

#' @rdname torch_ops
#' @export
`*.torch_tensor` <- hot(function(e1, e2) .Call(op2, "*", e1, e2))

#' @rdname torch_ops
#' @export
`/.torch_tensor` <- hot(function(e1, e2) .Call(op2, "/", e1, e2))

#' @rdname torch_ops
#' @export
`^.torch_tensor` <- hot(function(e1, e2) .Call(op2, "^", e1, e2))

#' @rdname torch_ops
#' @export
`%%.torch_tensor` <- hot(function(e1, e2) .Call(op2, "%%", e1, e2))

#' @rdname torch_ops
#' @export
`%/%.torch_tensor` <- hot(function(e1, e2) .Call(op2, "%/%", e1, e2))

#' @rdname torch_ops
#' @export
`==.torch_tensor` <- hot(function(e1, e2) .Call(op2, "==", e1, e2))

#' @rdname torch_ops
#' @export
`!=.torch_tensor` <- hot(function(e1, e2) .Call(op2, "!=", e1, e2))

#' @rdname torch_ops
#' @export
`<.torch_tensor` <- hot(function(e1, e2) .Call(op2, "<", e1, e2))

#' @rdname torch_ops
#' @export
`<=.torch_tensor` <- hot(function(e1, e2) .Call(op2, "<=", e1, e2))

#' @rdname torch_ops
#' @export
`>.torch_tensor` <- hot(function(e1, e2) .Call(op2, ">", e1, e2))

#' @rdname torch_ops
#' @export
`>=.torch_tensor` <- hot(function(e1, e2) .Call(op2, ">=", e1, e2))

#' @rdname torch_ops
#' @export
`&.torch_tensor` <- hot(function(e1, e2) .Call(op2, "&", e1, e2))

#' @rdname torch_ops
#' @export
`|.torch_tensor` <- hot(function(e1, e2) .Call(op2, "|", e1, e2))

# R 4.3 and later dispatch %*% on S3 classes, R 4.4 crossprod() and tcrossprod() with it: there they
# are R's own. Before, this package has masks of these names.
#' @rdname torch_ops
#' @usage NULL
#' @rawNamespace if (getRversion() >= "4.3.0") S3method(matrixOps, torch_tensor)
matrixOps.torch_tensor <- function(x, y = NULL) {
  switch(.Generic,
    "%*%" = matrix_product(x, y),
    crossprod = , tcrossprod = {
      check_names_of_product(sys.call())
      cross_product(x, y, transposed = .Generic == "tcrossprod")
    },
    stop(.Generic, "() is not for tensors", call. = FALSE)
  )
}

# R's crossprod() hands over its arguments by place and without their names.
check_names_of_product <- function(call) {
  unknown <- setdiff(names(call), c("", "x", "y"))
  if (length(unknown) > 0L) abort(call, "Unknown argument: `", unknown[1L], "`.")
}

#' @rdname torch_ops
#' @rawNamespace if (getRversion() < "4.3.0") export("%*%")
`%*%` <- if (getRversion() < "4.3.0") {
  mask("%*%", function(x, y) matrix_product(x, y), c("x", "y"))
} else {
  base::`%*%`
}

matrix_product <- function(x, y) {
  if (!isS4(x) && !isS4(y)) return(dot_call(entries$op2, "%*%", x, y))
  dot_call(entries$op2, "%*%", matrix_operand(x, y), matrix_operand(y, x))
}

#' @rdname torch_ops
#' @export
Math.torch_tensor <- function(x, ...) {
  switch(.Generic,
    round = round_tensor(x, ...),
    log = log_tensor(x, ...),
    signif = api("signif", x, ...),
    gamma = , trigamma = , cospi = , sinpi = , tanpi = api(.Generic, x),
    cumsum = , cumprod = , cummax = , cummin = cumulate(x, .Generic),
    ceiling = dot_call(entries$op1, "torch_ceil", x),
    dot_call(entries$op1, paste0("torch_", .Generic), x)
  )
}

round_tensor <- function(x, digits = 0) {
  dot_external(entries$op, "torch_round", x, decimals = as.integer(digits))
}

log_tensor <- function(x, base) {
  natural <- dot_call(entries$op1, "torch_log", x)
  if (missing(base)) natural else natural / log(base)
}

cumulate <- function(x, name) {
  if (length(dim(x)) > 1L) {
    stop(
      name, "() is for vectors; use torch_", name, "(x, dim = ) for a tensor of several dims",
      call. = FALSE
    )
  }
  result <- dot_external(entries$op, paste0("torch_", name), x, dim = 1L)
  if (is.list(result)) result[[1L]] else result
}

#' @rdname torch_ops
#' @export
Summary.torch_tensor <- function(..., na.rm = FALSE) {
  parts <- list(...)
  if (length(parts) == 1L && !na.rm && .Generic != "range") {
    return(dot_call(entries$op1, paste0("torch_", .Generic), parts[[1L]]))
  }
  if (any(nzchar(names(parts)))) return(summarise_dims(.Generic, parts, na.rm))
  api("summarise", NULL, .Generic, parts, na.rm)
}

# sum(x, dim = 2): R itself would add the 2.
summarise_dims <- function(generic, parts, na_rm, call = sys.call(-1L)) {
  of_dims <- c("sum", "prod", "any", "all")
  known <- if (generic %in% of_dims) c("dim", "keepdim", if (generic %in% of_dims[1:2]) "dtype")
  given <- names(parts)
  unknown <- setdiff(given[nzchar(given)], known)
  if (length(unknown) > 0L) {
    abort(
      call, "`", unknown[1L], "` is no argument of ", generic, "() of a tensor",
      if (generic %in% c("max", "min")) paste0("; torch_", generic, "(x, dim = ) has dims"), "."
    )
  }
  if (sum(!nzchar(given)) != 1L) abort(call, "`dim` is for ", generic, "() of one tensor.")
  if (na_rm && generic == "sum") generic <- "nansum"
  if (na_rm && generic == "prod") {
    abort(call, "`na.rm` and `dim` can't both be given; replace the NaN by 1 first.")
  }
  do.call(paste0("torch_", generic), parts)
}

#' @rdname torch_ops
#' @export
mean.torch_tensor <- function(x, ..., na.rm = FALSE) {
  dot_external(entries$op, if (na.rm) "torch_nanmean" else "mean", x, ...)
}

#' @rdname torch_ops
#' @export
t.torch_tensor <- function(x) {
  rank <- length(dim(x))
  if (rank != 2L) stop("t() needs a tensor of two dims, this one has ", rank, call. = FALSE)
  dot_call(entries$op1, "$t", x)
}

#' @rdname torch_ops
#' @export
is.na.torch_tensor <- function(x) dot_call(entries$op1, "torch_isnan", x)

#' Put tensors together
#'
#' `rbind()` and `cbind()` join rows and columns as they do for matrices: a tensor of one dim is one
#' row, or one column. [torch_cat()] and [torch_stack()] are the general verbs, and take lists:
#' `c()` of tensors is a list of them, as it is of everything that is no vector. Inside a function
#' that [grad()] or [torch_mle()] runs, `c()` joins, since its parameters are R's numbers there.
#'
#' @param ... Tensors, or tensors and R vectors.
#' @param deparse.level Not used.
#' @return A tensor.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' rbind(torch_tensor(1:2), 3:4)
#' torch_cat(c(torch_tensor(1), torch_tensor(2)))
#' @name torch_bind
NULL

#' @rdname torch_bind
#' @export
rbind.torch_tensor <- function(..., deparse.level = 1) api("bind", NULL, list(...), "rbind")

#' @rdname torch_bind
#' @export
cbind.torch_tensor <- function(..., deparse.level = 1) api("bind", NULL, list(...), "cbind")

# nolint end

# From R 4.3 on two methods for one operator must say which it is: ours knows what reticulate holds.
#' @rawNamespace if (getRversion() >= "4.3.0") S3method(chooseOpsMethod, torch_tensor)
chooseOpsMethod.torch_tensor <- function(x, y, mx, my, cl, reverse) { # nolint: object_name_linter.
  inherits(y, "python.builtin.object")
}
