# Minimisation with exact derivatives.

#' Minimise an R function with exact derivatives
#'
#' `fn` is run on tensors, as [grad()] does it, so every method gets exact gradients, and Newton's
#' and the trust region's exact Hessians.
#'
#' | `method` | what | bounds |
#' |---|---|---|
#' | `"BFGS"` | [stats::optim()]'s BFGS; with bounds its L-BFGS-B | yes |
#' | `"L-BFGS"` | [stats::optim()]'s L-BFGS-B | yes |
#' | `"Newton"` | Newton steps, halved until the value falls | held while the gradient points out |
#' | `"trust"` | [stats::nlminb()]: trust regions (PORT), with the Hessian | yes |
#' | `"adam"`, `"sgd"`, any torch optimizer | `control$steps` steps of it, in Python | set back |
#'
#' @param par Where to start: numbers, or a named list of them.
#' @param fn A function of `par` that gives one number; or one of [torch_compile()].
#' @param ... Further arguments of `fn`.
#' @param method One of the table's.
#' @param lower,upper Bounds, one number or as many as parameters.
#' @param hessian `TRUE` gives the Hessian at the end.
#' @param control A list. For `"BFGS"`, `"L-BFGS"` and `"trust"`: as for `optim()` and `nlminb()`.
#'   For `"Newton"`: `maxit` (100) and `gtol` (1e-9, of the gradient relative to the value). For a
#'   torch optimizer: `steps` (1000), `gtol` (1e-8: stop where no derivative is larger), `history`
#'   (`TRUE` keeps the way there) and its own arguments, such as `lr`.
#' @return A list like `optim()`'s: `par` (in the shape it was given in), `value`, `counts`,
#'   `convergence` (0: yes; 1: it ran out of steps; 2: a derivative is not finite where the value is
#'   smaller; others as `optim()` has them), `message`, `gradient`, `hessian` where asked for, and
#'   `method`; with `history`, a data frame of that name: `step` (from 0), `value` and the
#'   parameters at each step.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' rosenbrock <- function(x) 100 * (x[2] - x[1]^2)^2 + (1 - x[1])^2
#' torch_optim(c(-1.2, 1), rosenbrock, method = "Newton")
#' @export
torch_optim <- function(par, fn, ..., method = "BFGS", lower = -Inf, upper = Inf,
                        hessian = FALSE, control = list()) {
  call <- sys.call()
  check_string(method, "method")
  check_flag(hessian, "hessian")
  if (!is.list(control)) abort(call, "`control` must be a list, not ", friendly_type(control), ".")
  target <- target_of(fn, par, list(...), TRUE, call)
  objective <- objective_of(target, par)
  bounds <- check_bounds(lower, upper, objective$par, call)
  result <- minimised(target, objective, bounds, method, control, call)
  at <- unname(result$par)
  result$gradient <- named_as(objective$gr(at), objective$par)
  result["hessian"] <- list(if (hessian) objective$he(at))
  if (!hessian) result$hessian <- NULL
  result$par <- if (is_tensor(par)) as_torch_tensor(at) else objective$relist(at)
  result$method <- method
  result
}

# What the method gives, `par` among it as a plain vector.
minimised <- function(target, objective, bounds, method, control, call) {
  switch(method,
    BFGS = ,
    `L-BFGS` = by_optim(objective, bounds, method, control),
    Newton = by_newton(objective, bounds, control, call),
    trust = by_nlminb(objective, bounds, control),
    by_torch(target, objective, bounds, method, control, call)
  )
}

named_as <- function(x, like) {
  names(x) <- names(like)
  x
}

check_bounds <- function(lower, upper, start, call) {
  n <- length(start)
  for (name in c("lower", "upper")) {
    bound <- get(name)
    if (!is.numeric(bound) || anyNA(bound) || !length(bound) %in% c(1L, n)) {
      abort(call, "`", name, "` must be one number, or one for each of the ", n, " parameters.")
    }
  }
  bounds <- list(lower = rep_len(unname(lower), n), upper = rep_len(unname(upper), n))
  if (any(bounds$lower > bounds$upper)) abort(call, "`lower` must not be above `upper`.")
  if (any(start < bounds$lower | start > bounds$upper)) {
    abort(call, "`par` must be within `lower` and `upper`.")
  }
  bounds$any <- any(is.finite(c(bounds$lower, bounds$upper)))
  bounds
}

by_optim <- function(objective, bounds, method, control) {
  limited <- bounds$any || method == "L-BFGS"
  precision <- if (limited) list(factr = 10, pgtol = 0) else list(reltol = 1e-15)
  defaults <- c(list(maxit = 1000), precision)
  control <- utils::modifyList(defaults, control)
  arguments <- list(objective$par, objective$fn, objective$gr, control = control)
  if (limited) {
    arguments <- c(
      arguments, list(method = "L-BFGS-B", lower = bounds$lower, upper = bounds$upper)
    )
  } else {
    arguments$method <- "BFGS"
  }
  do.call(stats::optim, arguments, quote = TRUE)
}

by_nlminb <- function(objective, bounds, control) {
  found <- stats::nlminb(
    unname(objective$par), objective$fn, objective$gr, objective$he,
    control = control, lower = bounds$lower, upper = bounds$upper
  )
  list(
    par = found$par, value = found$objective, counts = found$evaluations,
    convergence = found$convergence, message = found$message
  )
}

# Newton's method: the step solves the Hessian's equations among the free parameters, with the
# Hessian made positive definite where it is not, and is halved until the value falls (J. Nocedal
# and S. Wright, Numerical Optimization, 2006, sections 3.1, 3.4 and 16.7).
# Long: one loop, whose steps share the point, its derivatives and the bounds that hold there.
by_newton <- function(objective, bounds, control, call) {
  settings <- check_control(control, list(maxit = 100, gtol = 1e-9), call)
  p <- unname(objective$par)
  value <- objective$fn(p)
  if (!is.finite(value)) abort(call, "`fn` gives ", value, " at `par`; start where it is finite.")
  gradient <- objective$gr(p)
  # Which parameters may move: not those at a bound whose way down leads beyond it.
  among_free <- function(p, gradient) {
    !(p <= bounds$lower & gradient > 0 | p >= bounds$upper & gradient < 0)
  }
  usable <- function(p, gradient) {
    !anyNA(gradient) && all(is.finite(gradient[among_free(p, gradient)]))
  }
  if (!usable(p, gradient)) {
    abort_as(
      "not_finite", call, "the derivative of `fn` is not finite at `par`, in element ",
      which(!is.finite(gradient))[1L], "; start where it is."
    )
  }
  counts <- c(`function` = 1L, gradient = 1L)
  convergence <- 1L
  message <- "`maxit` reached"
  for (turn in seq_len(settings$maxit)) {
    free <- among_free(p, gradient)
    if (all(abs(gradient[free]) <= settings$gtol * max(1, abs(value)))) {
      convergence <- 0L
      break
    }
    step <- numeric(length(p))
    step[free] <- -damped_solve(objective$he(p)[free, free, drop = FALSE], gradient[free])
    size <- 1
    barred <- FALSE
    repeat {
      tried <- pmin(pmax(p + size * step, bounds$lower), bounds$upper)
      now <- objective$fn(tried)
      counts[["function"]] <- counts[["function"]] + 1L
      enough <- value + 1e-4 * sum(gradient * (tried - p))
      if (is.finite(now) && now <= enough + 1e-15 * abs(value)) {
        there <- objective$gr(tried)
        counts[["gradient"]] <- counts[["gradient"]] + 1L
        if (usable(tried, there)) break
        barred <- TRUE
      }
      size <- size / 2
      if (size < 1e-12) break
    }
    # No smaller value is to be had: near the minimum, rounding decides here.
    if (size < 1e-12 || identical(tried, p)) {
      if (all(abs(gradient[free]) <= 1e-5 * max(1, abs(value)))) {
        convergence <- 0L
      } else if (barred) {
        convergence <- 2L
        message <- "the derivative is not finite where the value is smaller"
      } else {
        message <- "no step from here gives a smaller value"
      }
      break
    }
    p <- tried
    value <- now
    gradient <- there
  }
  list(
    par = p, value = value, counts = counts, convergence = convergence,
    message = if (convergence) message
  )
}

# h^-1 g; where h is not positive definite, with the absolute values of its eigenvalues, once its
# diagonal is scaled to 1: no parameter's unit counts.
damped_solve <- function(h, g) {
  root <- tryCatch(chol(h), error = function(e) NULL)
  if (!is.null(root)) return(backsolve(root, forwardsolve(t(root), g)))
  parts <- scaled_curvature(h)
  sizes <- abs(parts$values)
  sizes <- pmax(sizes, 1e-8 * max(sizes), 1e-300)
  drop(parts$vectors %*% (crossprod(parts$vectors, g / parts$size) / sizes)) / parts$size
}

check_control <- function(control, defaults, call) {
  unknown <- setdiff(names(control), names(defaults))
  if (length(unknown) > 0L) {
    abort(
      call, "`control` has no ", in_words(unknown), " here; it may have ",
      in_words(names(defaults)), "."
    )
  }
  utils::modifyList(defaults, control)
}

by_torch <- function(target, objective, bounds, method, control, call) {
  settings <- utils::modifyList(list(steps = 1000, gtol = 1e-8, history = FALSE), control)
  check_flag(settings$history, "control$history", call)
  options <- settings[!names(settings) %in% c("steps", "gtol", "history")]
  found <- call_python(
    "minimise.minimise", target$f, flat_tensor(objective$par), method, as.integer(settings$steps),
    as.double(settings$gtol), lifted(bounds$lower), lifted(bounds$upper),
    if (length(options) > 0L) options else NULL, settings$history,
    call = call
  )
  result <- list(
    par = as.vector(plain_values(found[[1L]])), value = found[[2L]],
    counts = c(`function` = found[[3L]], gradient = found[[3L]]),
    convergence = if (found[[4L]]) 0L else 1L,
    message = if (!found[[4L]]) "`steps` reached before `gtol`"
  )
  if (settings$history) result$history <- way_of(found[[5L]], names(objective$par))
  result
}

# A row a step: list(values, parameters).
way_of <- function(way, names) {
  path <- as.array(way[[2L]])
  colnames(path) <- if (is.null(names)) paste0("par", seq_len(ncol(path))) else names
  data.frame(step = seq_len(nrow(path)) - 1, value = unlist(way[[1L]]), path, check.names = FALSE)
}
