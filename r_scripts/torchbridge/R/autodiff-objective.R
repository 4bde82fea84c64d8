# A function and its derivatives, as R's optimisers want them.
# Tests: test-autodiff-minimise.R.

#' A function with its derivatives, for R's optimisers
#'
#' Gives the functions that `optim()`, `nlminb()` and `nlm()` ask for, with exact derivatives.
#' Value and gradient are computed together, and kept: asking for both at one point costs one
#' evaluation. An optimiser that looks at many values for each gradient gets values alone.
#'
#' @param fn A function to minimise, as `func` of [grad()]; or one of [torch_compile()].
#' @param par Where to start: numbers, or a named list of them. The functions take a plain vector
#'   of as many numbers.
#' @param ... Further arguments of `fn`.
#' @param compile `TRUE` compiles value and gradient to machine code, by PyTorch's compiler, which
#'   needs a C++ compiler and some seconds once: for functions that are called thousands of times.
#'   Results are then the same but for rounding. It is kept on disk for later sessions, and holds
#'   for other data of the same shapes. Where it can't be had, a message says why, and the function
#'   runs as it would have.
#' @return A list: `par`, the start as a plain vector; `fn(p)` the value; `gr(p)` the gradient;
#'   `he(p)` the Hessian; `nlm(p)` the value with attributes `gradient` and `hessian`, for `nlm()`;
#'   `relist(p)`, `p` in the shape of `par`. A value that is not finite is given as it is; so is the
#'   gradient there, as NaN.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' rosenbrock <- function(x) 100 * (x[2] - x[1]^2)^2 + (1 - x[1])^2
#' f <- torch_objective(rosenbrock, c(-1.2, 1))
#' optim(f$par, f$fn, f$gr, method = "BFGS")$par
#' nlminb(f$par, f$fn, f$gr, f$he)$par
#' nlm(f$nlm, f$par)$estimate
#' @export
torch_objective <- function(fn, par, ..., compile = FALSE) {
  call <- sys.call()
  check_flag(compile, "compile")
  target <- target_of(fn, par, list(...), TRUE, call)
  target$compile <- compile
  objective_of(target, par)
}

# Of a target that lasts.
objective_of <- function(target, par) {
  if (isTRUE(attr(target$func, "stands_for")$compile)) target$compile <- TRUE
  start <- flat_values(par)
  last <- list()
  values <- gradients <- 0L
  is_last <- function(p) identical(as.vector(last$p), as.vector(p))
  at <- function(p) {
    if (!is_last(p) || is.null(last$gradient)) last <<- evaluate_at(target, p, length(start))
    last
  }
  fn <- function(p) {
    values <<- values + 1L
    # (Compiled, a value with its gradient differs from the value alone by rounding.)
    seldom <- values > 4L && 2L * gradients < values && !isTRUE(target$compile)
    if (!seldom) return(at(p)$value)
    if (!is_last(p)) last <<- list(p = p, value = value_at(target, p, length(start)))
    last$value
  }
  gr <- function(p) {
    gradients <<- gradients + 1L
    at(p)$gradient
  }
  he <- function(p) {
    p <- check_point(p, length(start))
    numbers <- derived_numbers("hessian", target, p)
    result <- if (is.null(numbers)) {
      plain_values(derived("derivatives.hessian", target, flat_tensor(p)))
    } else {
      square(numbers)
    }
    labelled(result, names(start))
  }
  list(
    par = start,
    fn = fn,
    gr = gr,
    he = he,
    nlm = function(p) {
      now <- at(p)
      structure(now$value, gradient = now$gradient, hessian = if (is.finite(now$value)) he(p))
    },
    relist = function(p) like_numbers(check_point(p, length(start)), par)
  )
}

evaluate_at <- function(target, p, n) {
  p <- check_point(p, n)
  numbers <- derived_numbers("value_and_grad_or_nan", target, p)
  if (!is.null(numbers)) return(list(p = p, value = numbers[1L], gradient = numbers[-1L]))
  result <- derived("derivatives.value_and_grad_or_nan", target, flat_tensor(p))
  list(p = p, value = result[[1L]], gradient = as.vector(plain_values(result[[2L]])))
}

value_at <- function(target, p, n) {
  p <- check_point(p, n)
  derived_numbers("value", target, p) %||% derived("derivatives.value", target, flat_tensor(p))
}

check_point <- function(p, n, call = sys.call(-1L)) {
  if (!is.numeric(p) || length(p) != n) {
    abort(call, "`p` must be ", n, " number", if (n != 1L) "s", ", not ", friendly_type(p),
      if (is.numeric(p)) paste0(" of length ", length(p)), "."
    )
  }
  p
}

# Parameters as one plain vector, named as unlist() names them.
flat_values <- function(x) {
  values <- unlist(lapply(unname(as_parts(x)), function(p) {
    as.vector(if (is_tensor(p)) plain_values(p) else as.double(p))
  }))
  names(values) <- labels_of(x)
  values
}

# A plain vector in the shape of `skeleton`.
like_numbers <- function(p, skeleton) {
  p <- unname(as.double(p))
  shape <- function(values, part) {
    if (is.null(dim(part))) names(values) <- r_names(part) else dim(values) <- dim(part)
    values
  }
  if (!is.list(skeleton)) return(shape(p, skeleton))
  sizes <- lengths(skeleton)
  ends <- cumsum(sizes)
  Map(function(part, size, end) shape(p[seq_len(size) + end - size], part), skeleton, sizes, ends)
}

labelled <- function(m, labels) {
  if (!is.null(labels)) dimnames(m) <- list(labels, labels)
  m
}
