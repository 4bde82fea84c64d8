# Maximum likelihood with exact derivatives: the fit. Its variance is in mle-curvature.R, what is
# asked of it in mle-methods.R and mle-profile.R.

#' Maximum likelihood estimates with exact derivatives
#'
#' Minimises a negative log-likelihood, as `stats4::mle()` does, with exact gradients; ends with
#' Newton steps, and takes standard errors from the exact Hessian.
#'
#' `minuslogl` is written in one of two ways:
#' * as for `stats4::mle()`, with one argument a parameter, named as in `start`:
#'   `function(mu, sigma, y)`;
#' * with the parameters as its first argument, in the shape of `start` (a named vector or list):
#'   `function(p, data)`.
#'
#' `data` goes to the argument `data` where there is one (in the second way: to the second
#' argument); otherwise the elements or columns that its further arguments name. It may
#' give one number, or one for each observation, which are then summed; a sandwich variance needs
#' the latter.
#'
#' @param minuslogl The negative log-likelihood, a function; or one of [torch_compile()].
#' @param start Where to start: a named list of numbers, or a named vector.
#' @param data Data for `minuslogl`: a data frame, a list, or anything that it takes.
#' @param fixed Parameters held at a value: a named list or vector, of elements of `start` (or of
#'   parameters that `start` leaves out).
#' @param ... Further arguments of `minuslogl`, by name.
#' @param random Names of parameters (elements of `start`) that are random effects: Laplace's
#'   approximation integrates them out, at their mode for each value of the others, with exact
#'   gradients. `minuslogl` has their density too. Fixed effects named here give restricted maximum
#'   likelihood. Which elements of the Hessian in them are 0 is found by watching `minuslogl` once;
#'   where most are (random intercepts, crossed ones, series in time), tens of thousands of random
#'   effects are feasible (with R's package Matrix), else a thousand or two. See `ranef()` and
#'   `predict(se.fit = TRUE)` in [torch_mle_methods].
#' @param method,lower,upper,control As in [torch_optim()]; bounds for all parameters that are not
#'   fixed, or a named vector of some of them. With `random` and no `control`, `"BFGS"` is that of
#'   [stats::nlminb()].
#' @param nobs Number of observations, for `BIC()`; `NULL`: the rows of a data frame `data`, the
#'   length that all elements of a list have, or as many numbers as `minuslogl` gives.
#' @param compile `TRUE` compiles value and gradient, as [torch_objective()] does.
#' @param map Parameters that are one, or held: a list of factors by the names of `start`, each as
#'   long as that parameter (one factor, where `start` is a vector). Elements of one level are tied:
#'   one parameter, named as the first of them, that starts at their mean; those that are NA are
#'   held at `start`. `map = list(b = factor(c(1, 2, 2, NA)))`.
#' @return An object of class `torch_mle`, with methods `coef()`, `vcov()`, `confint()`,
#'   `profile()`, `summary()`, `logLik()` (so `AIC()` and `BIC()`), `nobs()`, `anova()`,
#'   `predict()`, and [generics::tidy()] and [generics::glance()] where that package
#'   (or broom) is there. It holds `data`, and `minuslogl` with what that names; with all that it
#'   can see, if it looks things up by their names as text.
#' @seealso [torch_mle_methods]
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' nll <- function(mu, sigma, y) -sum(dnorm(y, mu, sigma, log = TRUE))
#' fit <- torch_mle(nll, list(mu = 0, sigma = 1), data = list(y = c(2.1, 3.4, 1.9, 2.8)),
#'   lower = c(sigma = 1e-6))
#' summary(fit)
#' confint(fit)
#' @export
torch_mle <- function(minuslogl, start, data = NULL, fixed = list(), ..., random = NULL,
                      method = "BFGS", lower = -Inf, upper = Inf, nobs = NULL,
                      control = list(), compile = FALSE, map = list()) {
  call <- match.call()
  here <- sys.call()
  check_string(method, "method")
  check_flag(compile, "compile")
  model <- likelihood_model(minuslogl, start, data, fixed, list(...), "estimate", here)
  model <- mapped_model(model, map, here)
  model$compile <- compile
  is_fixed <- model$fixed
  labels <- labels_of(model$skeleton)
  model$random <- random_labels(model$skeleton, random, is_fixed, here)
  if (any(model$random) && isTRUE(compile)) abort(here, "`compile` is not for `random` effects.")
  held <- is_fixed | model$random
  if (all(held)) abort(here, "`random` leaves no parameter to estimate.")
  bounds <- list(
    lower = named_bound(lower, -Inf, labels, held, "lower", here),
    upper = named_bound(upper, Inf, labels, held, "upper", here)
  )
  begin <- flat_values(model$skeleton)
  check_start_bounds(bounds, begin[!held], here)
  if (any(model$random)) {
    check_unbounded(c(names(unlist(as.list(lower))), names(unlist(as.list(upper)))), model, here)
    fitted <- fit_laplace(model, begin, bounds, method, control, here)
    return(mle_result(
      fitted$found, fitted$final, model, begin, bounds, method, nobs, call, fitted$objective
    ))
  }
  target <- target_of(free_function(model, begin), begin[!is_fixed], list(), TRUE, here)
  # One objective for all of it: what is noted of the function holds from start to end.
  objective <- objective_of(target, begin[!is_fixed])
  limits <- check_bounds(bounds$lower, bounds$upper, objective$par, here)
  objective$fn(unname(objective$par))
  usual <- coarse_control(method, bounds, longest_data(target))
  control <- utils::modifyList(usual, control)
  found <- minimised(target, objective, limits, method, control, here)
  objective$par[] <- found$par
  final <- polish(objective, bounds)
  if (!final$settled && method != "Newton") final <- polish_again(objective, final, limits)
  mle_result(found, final, model, begin, bounds, method, nobs, call)
}

mle_result <- function(found, final, model, begin, bounds, method, nobs, call, laplace = NULL) {
  # Newton's steps may arrive where the optimiser did not, as with parameters of very unlike units.
  if (final$settled) found$convergence <- 0L
  if (found$convergence != 0) {
    warning("no convergence: ", found$message %||% found$convergence, call. = FALSE)
  }
  estimated <- !model$fixed & !model$random
  full <- if (is.null(laplace)) begin else laplace$mode(unname(final$par))
  full[estimated] <- final$par
  if (!is.null(model$tied)) full[] <- full[model$tied]
  fit <- list(
    call = kept_list(call), fullcoef = full, coef = full[estimated], min = final$value,
    hessian = final$hessian, gradient = final$gradient, at_bound = final$at_bound,
    bounds = bounds, model = kept_model(model), counts = found$counts,
    convergence = found$convergence, method = method
  )
  fit$vcov <- inverse_hessian(fit, final$noise)
  if (!is.null(laplace)) fit$spread <- laplace$spread(unname(final$par))
  fit$nobs <- nobs %||% count_observations(model, full)
  structure(fit, class = "torch_mle")
}

# The checked likelihood: its function, parameters (the fixed ones among them) and data, and how it
# is called. `to`: what is done to the free ones.
likelihood_model <- function(minuslogl, start, data, fixed, extra, to, call) {
  if (!is.function(minuslogl)) {
    abort(call, "`minuslogl` must be a function, not ", friendly_type(minuslogl), ".")
  }
  start <- check_start(start, fixed, minuslogl, call)
  is_fixed <- fixed_labels(start, fixed)
  if (all(is_fixed)) abort(call, "`fixed` leaves no parameter to ", to, ".")
  model <- list(
    minuslogl = minuslogl, skeleton = start, fixed = is_fixed, data = data, extra = extra
  )
  model$style <- call_style(model, call)
  model
}

# What the methods call again, with no more around it than it names.
kept_model <- function(model) {
  model$minuslogl <- kept_function(model$minuslogl)
  model
}

`%||%` <- function(x, y) if (is.null(x)) y else x

# The start as a whole, the fixed values in it.
check_start <- function(start, fixed, minuslogl, call) {
  if (!is.list(start) && !is.numeric(start)) {
    abort(
      call, "`start` must be a named list or vector of numbers, not ", friendly_type(start), "."
    )
  }
  if (is.list(start) || is.null(dim(start))) {
    if (length(start) > 0L && (is.null(names(start)) || !all(nzchar(names(start))))) {
      abort(call, "`start` must have names, those of the parameters.")
    }
  }
  fixed <- as.list(fixed)
  if (length(fixed) > 0L && (is.null(names(fixed)) || !all(nzchar(names(fixed))))) {
    abort(call, "`fixed` must have names, those of the parameters.")
  }
  labels <- labels_of(start)
  for (name in names(fixed)) {
    value <- fixed[[name]]
    if (!is.numeric(value) || anyNA(value)) {
      abort(call, "`fixed$", name, "` must be numbers, not ", friendly_type(value), ".")
    }
    if (is.list(start) && !(name %in% labels && !name %in% names(start))) {
      start[[name]] <- value
    } else if (is.list(start)) {
      start <- like_numbers(replace(flat_values(start), match(name, labels), value), start)
    } else if (name %in% names(formals(args(minuslogl))) || name %in% names(start)) {
      start[name] <- value
    } else {
      abort(call, "`fixed` has no parameter to hold: there is no `", name, "`.")
    }
  }
  start <- check_parameters(start, "start", call)
  missing <- labels_of(start)[is.na(flat_values(start))]
  if (length(missing) > 0L) {
    abort(call, "`start` must be numbers: ", in_words(missing), " must not be NA.")
  }
  start
}

check_start_bounds <- function(bounds, begin, call) {
  crossed <- names(begin)[bounds$lower > bounds$upper]
  if (length(crossed) > 0L) {
    abort(call, "`lower` must not be above `upper`, as for ", in_words(crossed), ".")
  }
  beyond <- names(begin)[begin < bounds$lower | begin > bounds$upper]
  if (length(beyond) > 0L) {
    abort(call, "`start` must be within `lower` and `upper`: ", in_words(beyond), " is not.")
  }
}

# Random effects are integrated from -Inf to Inf.
check_unbounded <- function(bounded, model, call) {
  bounded <- intersect(bounded, labels_of(model$skeleton)[model$random])
  if (length(bounded) > 0L) {
    abort(
      call, "`lower` and `upper` are not for random effects, such as ", in_words(bounded[1L]),
      ": transform them in `minuslogl`, as by exp()."
    )
  }
}

fixed_labels <- function(start, fixed) {
  labels <- labels_of(start)
  held <- names(as.list(fixed))
  if (is.list(start)) {
    owner <- rep(names(start), lengths(start))
    return(owner %in% held | labels %in% held)
  }
  labels %in% held
}

named_bound <- function(bound, default, labels, is_fixed, name, call) {
  free <- labels[!is_fixed]
  if (is.list(bound)) bound <- unlist(bound)
  if (!is.null(names(bound))) {
    unknown <- setdiff(names(bound), labels)
    if (length(unknown) > 0L) {
      abort(call, "`", name, "` names no parameter: ", in_words(unknown), ".")
    }
    full <- rep(default, length(free))
    known <- match(names(bound), free)
    full[known[!is.na(known)]] <- bound[!is.na(known)]
    return(full)
  }
  if (!is.numeric(bound) || anyNA(bound) || !length(bound) %in% c(1L, length(free))) {
    abort(call, "`", name, "` must be one number, one for each parameter, or have their names.")
  }
  rep_len(bound, length(free))
}

# How minuslogl wants its arguments: one a parameter, or all of them first.
call_style <- function(model, call) {
  if (inherits(model$minuslogl, "torch_compiled")) {
    if (!is.null(model$data) || length(model$extra) > 0L) {
      abort(call, "`data` is in the graph of a compiled `minuslogl` already.")
    }
    return(list(kind = "compiled"))
  }
  arguments <- names(formals(args(model$minuslogl)))
  parameters <- names(model$skeleton)
  by_name <- length(parameters) > 0L && all(parameters %in% arguments)
  data <- model$data
  if (is.null(data)) {
    given <- list()
  } else if ("data" %in% arguments) {
    given <- list(data = data)
  } else if (by_name || !is.null(names(data)) && any(names(data) %in% arguments[-1L])) {
    usable <- intersect(names(data), setdiff(arguments, parameters))
    if (length(usable) == 0L) {
      abort(
        call, "`data` has none of the arguments of `minuslogl` (", in_words(arguments), "); ",
        "give it an argument `data`, or arguments that `data` names."
      )
    }
    given <- as.list(data)[usable]
  } else {
    given <- list(data)
  }
  list(kind = if (by_name) "by_name" else "whole", given = given)
}

# The negative log-likelihood of the free parameters, a plain vector, as torch_objective() takes it.
free_function <- function(model, full, total = TRUE) {
  free <- which(!model$fixed)
  if (length(free) == length(full) && model$style$kind == "compiled" && total) {
    return(model$minuslogl)
  }
  places <- as_torch_tensor(free - 1, dtype = "int64")
  held <- lifted(unname(full))
  mark_prepared(environment())
  all_free <- length(free) == length(full)
  tied <- model$tied
  # (A replay may do without the function: it is not made ready before it is called.)
  value_by <- function(evaluate) {
    function(whole) {
      attr(whole, "r_names") <- NULL
      value <- evaluate(if (is.null(tied)) whole else whole[tied])
      if (total && length(value) != 1L) rule("summary", "sum", list(lift(value)), FALSE) else value
    }
  }
  value_of <- value_by(likelihood_of(model))
  run <- function(theta) value_of(if (all_free) theta else rule("put", held, places, theta))
  if (model$style$kind == "compiled") return(run)
  stands_for(
    run, model$minuslogl,
    values = c(model$style$given, model$extra),
    kind = list(model$style$kind, model$skeleton, total, model$tied),
    whole = value_of, observed = function(tape) value_by(likelihood_of(model, tape)),
    start = unname(full), compile = isTRUE(model$compile),
    free = if (!all_free) free,
    place = if (!all_free) function(f) call_python("replay.placed", f, held, places)
  )
}

likelihood_of <- function(model, tape = NULL) {
  style <- model$style
  if (style$kind == "compiled") {
    graph <- attr(model$minuslogl, "graph")
    return(function(flat) fresh_numeric(graph(flat)))
  }
  minuslogl <- with_constructs(model$minuslogl, tape)
  extra <- observe_arguments(
    with_users_functions(c(style$given, model$extra), minuslogl), tape
  )
  if (style$kind == "by_name") {
    names <- names(model$skeleton)
    function(flat) {
      parameters <- in_shape(flat, as.list(model$skeleton))
      do.call("minuslogl", c(parameters[names], extra), quote = TRUE)
    }
  } else {
    function(flat) {
      do.call("minuslogl", c(list(in_shape(flat, model$skeleton)), extra), quote = TRUE)
    }
  }
}

# The optimiser need not find the last digits: Newton's steps do. BFGS begins with a step as long as
# the gradient, which grows with the observations: many count as a hundred do.
coarse_control <- function(method, bounds, observations = 0) {
  if (!method %in% c("BFGS", "L-BFGS")) return(list())
  limited <- method == "L-BFGS" || any(is.finite(c(bounds$lower, bounds$upper)))
  if (limited) return(list(factr = 1e5))
  c(list(reltol = 1e-11), if (observations >= 1e4) list(fnscale = observations / 100))
}

# The length of the longest data that the function of a target has met.
longest_data <- function(target) {
  seen <- lapply(target$replay$world, function(group) group$values)
  seen <- c(attr(target$func, "stands_for")$values, unlist(seen, recursive = FALSE))
  max(0L, vapply(seen, function(x) if (is.numeric(x) || is.data.frame(x)) NROW(x) else 0L, 0L))
}

count_observations <- function(model, full) {
  if (is.data.frame(model$data)) return(nrow(model$data))
  sizes <- if (is.list(model$data)) unique(vapply(model$data, NROW, 0L))
  if (length(sizes) == 1L && sizes > 1L) return(sizes)
  f <- free_function(model, full, total = FALSE)
  target <- differentiable(f, full[!model$fixed])
  value <- derived("derivatives.value_of", target, target$x)
  size <- length(as.vector(plain_values_of(value)))
  if (size > 1L) size else NA_integer_
}

plain_values_of <- function(x) if (is_tensor(x)) plain_values(x) else x
