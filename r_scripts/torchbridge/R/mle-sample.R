# Draws from a posterior whose log density is an R function. What is asked of them is in
# mle-draws.R.

#' Posterior draws by NUTS, with exact derivatives
#'
#' Draws from the density that is proportional to `exp(-minuslogl)`: a posterior, where `minuslogl`
#' is the negative log-likelihood and the negative log prior together. The sampler is the No-U-Turn
#' sampler with Stan's adaptation.
#'
#' `minuslogl`, `data`, `fixed` and `...` are those of [torch_mle()], so that what has been
#' fitted can be sampled. Inside bounds the sampler walks on the logarithm of the distance to one,
#' or the logit between two, and the densities are those of the parameters as they are named: a
#' bound changes no prior. A value of `Inf` or NaN says that a point is impossible.
#'
#' Two engines sample. With the Python packages jax and blackjax
#' (`pip install "torchbridge[xla]"`) a function that is replayed without R ([grad()] says which)
#' becomes one program with BlackJAX's sampler: it is compiled in some seconds, once a session for
#' functions and sizes that are the same, whatever the data (and kept for later sessions, as
#' `compile` of [torch_fit()] says); then a step costs some microseconds,
#' and as many chains run at once as PyTorch has threads ([torch_set_num_threads()]). Else Pyro's
#' sampler (`pip install "torchbridge[sample]"`) asks for one gradient at a time, some hundred
#' microseconds each beside the function's own time, chain after chain. Draws are the seed's on each
#' engine, and other draws of the same posterior on the other; `engine` says which it was, and
#' `options(torchbridge.verbose = TRUE)` why it was not the first.
#'
#' @inheritParams torch_mle
#' @param start Where to start: a named list of numbers, or a named vector; strictly inside the
#'   bounds, where the value is finite; each chain begins near it. Or a fit of [torch_mle()],
#'   Laplace's approximation: each chain begins at a draw from the normal distribution of its
#'   estimates, whose variance is the first metric.
#' @param lower,upper Bounds for all parameters that are not fixed, or a named vector of some of
#'   them.
#' @param chains,warmup,iterations How many chains; iterations of each that set the step size and
#'   the metric, and are not kept; iterations that are kept.
#' @param seed A whole number that decides all draws; `NULL` draws one from R's generator.
#' @param control A list: `target_accept` (0.8: nearer to 1 takes smaller steps), `max_depth` (10:
#'   at most 2^10 steps an iteration), `dense` (`FALSE`; `TRUE` adapts to correlations, too),
#'   `jitter` (0.5: how far from `start` a chain may begin, in each parameter, or its logarithm or
#'   logit).
#' @param compile `NULL` takes the first engine where it is there and serves; `"xla"` insists on it;
#'   `FALSE` takes Pyro's; `TRUE` as well, with the gradient compiled as [torch_objective()] does.
#' @return An object of class `torch_sample`: [summary.torch_sample()] and [plot.torch_sample()]
#'   say what it gives. It holds `draws` (iterations x chains x parameters), `divergent` and
#'   `steps`, how many each iteration took (iterations x chains), `step_size` of each chain,
#'   `evaluations` of the gradient, `engine` (`"xla"` or `"pyro"`) and `seed`.
#' @references M. Hoffman and A. Gelman (2014), The No-U-Turn Sampler. Journal of Machine Learning
#'   Research 15.
#' @examplesIf interactive()
#' nlp <- function(mu, sigma, y) {
#'   prior <- dnorm(mu, 0, 10, log = TRUE) + dexp(sigma, 1, log = TRUE)
#'   -sum(dnorm(y, mu, sigma, log = TRUE)) - prior
#' }
#' draws <- torch_sample(
#'   nlp, list(mu = 0, sigma = 1), list(y = c(2.1, 3.4, 1.9)), lower = c(sigma = 0), seed = 1
#' )
#' summary(draws)
#' @export
torch_sample <- function(minuslogl, start, data = NULL, fixed = list(), ..., lower = -Inf,
                         upper = Inf, chains = 4, warmup = 1000, iterations = 1000, seed = NULL,
                         control = list(), compile = NULL) {
  call <- match.call()
  here <- sys.call()
  check_count(chains, "chains", 1, here)
  check_count(warmup, "warmup", 20, here)
  check_count(iterations, "iterations", 20, here)
  seed <- sampling_seed(seed, here)
  control <- sampling_control(control, here)
  check_sampling_compile(compile, here)
  control["compile"] <- list(compile)
  laplace <- if (inherits(start, "torch_mle")) start
  if (!is.null(laplace)) start <- like_numbers(unname(start$fullcoef), start$model$skeleton)
  model <- likelihood_model(minuslogl, start, data, fixed, list(...), "sample", here)
  begin <- flat_values(model$skeleton)
  labels <- names(begin)
  bounds <- list(
    lower = named_bound(lower, -Inf, labels, model$fixed, "lower", here),
    upper = named_bound(upper, Inf, labels, model$fixed, "upper", here)
  )
  begin_free <- begin[!model$fixed]
  check_inside(begin_free, bounds, here)
  if (!is.null(laplace)) control$covariance <- lifted(laplace_spread(laplace, begin_free, here))
  call_python("sampling.find_sampler", compile, call = here)
  target <- differentiable(free_function(model, begin), begin_free, call = here)
  check_density(evaluate_at(target, begin_free, length(begin_free)), labels[!model$fixed], here)
  found <- call_python(
    "sampling.sample", derivatives_for_python(target, isTRUE(compile)), lifted(unname(begin_free)),
    lifted(bounds$lower), lifted(bounds$upper), as.integer(chains), as.integer(warmup),
    as.integer(iterations), seed, control,
    call = here
  )
  entry <- target$replay
  if (!is.null(entry) && entry$state$ran) look_around(entry)
  result <- draws_of(found, labels[!model$fixed], as.integer(c(iterations, chains)))
  result$call <- kept_list(call)
  result$fixed <- begin[model$fixed]
  result$seed <- seed
  if (!is.null(result$why) && isTRUE(getOption("torchbridge.verbose"))) {
    message("torchbridge: Pyro samples the function: ", result$why, ".")
  }
  warn_of_draws(result, bounds, control$max_depth)
  result
}

# The variance of a fit's estimates, of the parameters to be drawn.
laplace_spread <- function(fit, begin, call) {
  variance <- if (any(fit$model$random)) joint_variance(fit) else fit$vcov
  places <- match(names(begin), colnames(variance))
  part <- variance[places, places, drop = FALSE]
  if (anyNA(part) || is.null(tryCatch(base::chol(part), error = function(e) NULL))) {
    abort(
      call, "`start`, a fit, has no variance of ", in_words(names(begin)), " that is positive ",
      "definite: start from its estimates, `start = as.list(coef(fit))`."
    )
  }
  unname(part)
}

sampling_seed <- function(seed, call) {
  if (is.null(seed)) return(sample.int(.Machine$integer.max, 1L))
  if (!is_whole(seed) || seed < 0) {
    abort(call, "`seed` must be a whole number from 0, not ", friendly_type(seed), ".")
  }
  as.integer(seed)
}

check_sampling_compile <- function(compile, call) {
  if (!is.null(compile) && !identical(compile, "xla") && !isTRUE(compile) && !isFALSE(compile)) {
    abort(
      call, "`compile` must be NULL, \"xla\", TRUE or FALSE, not ", friendly_type(compile), "."
    )
  }
}

sampling_control <- function(control, call) {
  if (!is.list(control)) abort(call, "`control` must be a list, not ", friendly_type(control), ".")
  defaults <- list(target_accept = 0.8, max_depth = 10L, dense = FALSE, jitter = 0.5)
  control <- check_control(control, defaults, call)
  accept <- control$target_accept
  if (!is_number(accept) || accept <= 0 || accept >= 1) {
    abort(call, "`control$target_accept` must be a number between 0 and 1, such as 0.95.")
  }
  check_count(control$max_depth, "control$max_depth", 1, call)
  check_flag(control$dense, "control$dense", call)
  if (!is_number(control$jitter) || control$jitter < 0) {
    abort(call, "`control$jitter` must be a number from 0.")
  }
  control$max_depth <- as.integer(control$max_depth)
  control
}

check_inside <- function(begin, bounds, call) {
  if (any(bounds$lower >= bounds$upper)) abort(call, "`lower` must be below `upper`.")
  wrong <- !(begin > bounds$lower & begin < bounds$upper)
  if (any(wrong)) {
    abort(
      call, "`start` must be strictly between `lower` and `upper`: ", in_words(names(begin)[wrong]),
      " is not. Start inside, as at ", format(inside_of(bounds, which(wrong)[1L])), "."
    )
  }
}

inside_of <- function(bounds, i) {
  ends <- c(bounds$lower[i], bounds$upper[i])
  if (all(is.finite(ends))) mean(ends) else if (is.finite(ends[1L])) ends[1L] + 1 else ends[2L] - 1
}

# What the function gives where the chains start.
check_density <- function(at, labels, call) {
  if (!is.finite(at$value)) {
    abort(
      call, "`minuslogl` gives ", at$value, " at `start`, where the density must be above 0 and ",
      "finite: try the estimates of torch_mle() as `start`, bounds that keep parameters where ",
      "they have a meaning (`lower = c(sigma = 0)`), or look for what is NaN in the data."
    )
  }
  wrong <- !is.finite(at$gradient)
  if (any(wrong)) {
    abort(
      call, "the derivative of `minuslogl` in ", in_words(labels[wrong]), " is not finite at ",
      "`start`: try another `start`, or write ifelse() so that no branch is NaN."
    )
  }
}

# Of a target that has been evaluated once.
derivatives_for_python <- function(target, compile) {
  entry <- held_replay(target)
  if (is.null(entry)) return(call_python("sampling.Differentiated", target$f))
  stand <- attr(target$func, "stands_for")
  evaluator <- evaluator_of(entry, "value_and_grad_or_nan", stand$free, compile)
  places <- if (!is.null(stand$free)) as_torch_tensor(stand$free - 1, dtype = "int64")
  call_python("sampling.Replayed", evaluator, lifted(stand$start), places)
}

draws_of <- function(found, labels, size) {
  names(found) <- c("draws", "divergent", "steps", "step_size", "evaluations", "engine", "why")
  draws <- as.array(found$draws)
  chains <- paste0("chain:", seq_len(size[2L]))
  dim(draws) <- c(size, length(labels))
  dimnames(draws) <- list(iterations = NULL, chains = chains, parameters = labels)
  of_iterations <- function(x) array(as.array(x), size, list(NULL, chains))
  structure(
    list(
      draws = draws, divergent = of_iterations(found$divergent), steps = of_iterations(found$steps),
      step_size = unlist(found$step_size), evaluations = found$evaluations, engine = found$engine,
      why = found$why
    ),
    class = "torch_sample"
  )
}

# Of chains, iterations and parameters, what a reader of the draws must know.
warn_of_draws <- function(x, bounds, max_depth) {
  say <- function(...) warning(..., call. = FALSE)
  for (i in which(apply(x$draws, 2L, is_stuck))) {
    say(
      "chain ", i, " has not moved: each of its paths left what is possible. Try another `start`, ",
      "such as the fit of torch_mle(), a smaller control$jitter, or bounds for parameters that ",
      "have them."
    )
  }
  lost <- base::colSums(x$divergent)
  if (any(lost > 0L)) {
    say(
      sum(lost), " of ", length(x$divergent), " iterations diverged (",
      paste0("chain ", which(lost > 0L), ": ", lost[lost > 0L], collapse = ", "), "): the draws ",
      "may miss a part of the posterior. Try control = list(target_accept = 0.95), bounds for ",
      "parameters that have them, or parameters of another form (b = mu + tau * z with z standard ",
      "normal, for b around mu)."
    )
  }
  deep <- sum(x$steps >= 2^max_depth - 1)
  if (deep > 0L) {
    say(
      deep, " of ", length(x$steps), " iterations ended at control$max_depth, 2^", max_depth,
      " - 1 steps: the draws are right, but slow to come by. Try control = list(dense = TRUE) ",
      "where parameters are correlated, parameters of like size, or a greater `max_depth`."
    )
  }
  close <- vapply(seq_along(bounds$lower), function(i) {
    is_at_bound(x$draws[, , i], bounds$lower[i], bounds$upper[i])
  }, TRUE)
  if (any(close)) {
    say(
      in_words(dimnames(x$draws)[[3L]][close]), " lies at its bound in some draws: the density ",
      "rises there without end. Try a prior that is finite at the bound, or hold the parameter ",
      "there by `fixed`."
    )
  }
  warn_of_agreement(x)
}

is_stuck <- function(draws) all(draws == rep(draws[1L, ], each = nrow(draws)))

# Were the density finite at the bound, hardly a draw would be a millionth as far as the middle one.
is_at_bound <- function(draws, lower, upper) {
  any(vapply(c(lower, upper)[is.finite(c(lower, upper))], function(bound) {
    far <- abs(draws - bound)
    min(far) == 0 || mean(far < 1e-6 * stats::median(far)) > 0.01
  }, TRUE))
}

warn_of_agreement <- function(x) {
  found <- diagnostics_of(x$draws)
  sizes <- pmin(found$ess_bulk, found$ess_tail)
  bad <- is.na(found$rhat) | found$rhat > 1.01 | sizes < 100 * ncol(x$divergent)
  if (!any(bad)) return()
  warning(
    "the chains do not agree yet, or have too few independent draws, for ",
    in_words(dimnames(x$draws)[[3L]][bad]), " (R-hat up to ",
    format(max(found$rhat), digits = 3L), ", effective sample size from ",
    format(min(sizes), digits = 3L), "): try more `iterations` and `warmup`, the fit of ",
    "torch_mle() as `start`, priors where the data say little, or control = list(dense = TRUE) ",
    "where parameters are correlated.",
    call. = FALSE
  )
}
