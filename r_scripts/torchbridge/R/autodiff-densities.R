# R's d*, p* and q* functions, on tensors too. For ordinary values each is stats' own function
# of the same name, called with the same arguments (missing ones stay missing).

#' Densities and distribution functions of tensors
#'
#' R's own functions of these names for numbers; with a tensor among the arguments the same
#' function on tensors, differentiable in every continuous argument: same parametrisation,
#' defaults, values at the edges, and NaN for parameters out of range. Arguments that are
#' [torch_numeric][as_torch_numeric] recycle as R's do, plain tensors broadcast as PyTorch's.
#'
#' Binomial-like densities follow C. Loader (2000), *Fast and accurate computation of binomial
#' probabilities*, as R's do. Counts have no derivative. `pgamma()` and `pchisq()` have none in
#' `shape` and `df` (an error says so), and none of these functions takes `ncp` with tensors.
#'
#' `dmvnorm()` is the multivariate normal density, one a row of `x`, for numbers and tensors.
#'
#' @param x,q Values, numbers or tensors.
#' @param p Probabilities.
#' @param mean,sd For `dmvnorm()` `mean` has one element a column of `x` (`NULL`: zeros).
#' @param meanlog,sdlog,rate,shape,scale,shape1,shape2,df,ncp,location Parameters, as in
#'   [stats::Distributions].
#' @param min,max,size,prob,lambda,mu Likewise.
#' @param sigma A symmetric positive definite covariance matrix; `NULL`: the identity.
#' @param log,log.p `TRUE` gives the logarithm.
#' @param lower.tail `FALSE` gives the upper tail.
#' @return Numbers, or a tensor where an argument is one.
#' @seealso [stats::Distributions]
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' grad(function(p) sum(dnorm(c(1, 3), p[1], p[2], log = TRUE)), c(mean = 0, sd = 2))
#' @name torch_densities
#' @keywords distribution
NULL

density_rule <- function(name, arguments, ...) {
  flags <- list(...)
  if (!all(vapply(flags, function(f) isTRUE(f) || isFALSE(f), NA))) {
    abort(sys.call(-1L), "`log`, `lower.tail` and `log.p` must be `TRUE` or `FALSE`.")
  }
  rules <- any(vapply(arguments, is_torch_numeric, NA))
  value <- bare_rule("density", name, rules, lapply(arguments, lift), ...)
  if (rules) as_numeric(value, attr(arguments[[1L]], "r_names")) else value
}

no_ncp <- function(missing, call = sys.call(-1L)) {
  if (!missing) abort(call, "`ncp` is not for tensors: only the central distribution is.")
}

one_of_rate_and_scale <- function(given, call = sys.call(-1L)) {
  if (given) abort(call, "Give `rate` or `scale`, not both.")
}

# stats' own functions ask which of the two is missing.
with_rate_or_scale <- function(f, no_rate, no_scale, x, shape, rate, scale, ...) {
  if (no_scale) {
    if (no_rate) f(x, shape, ...) else f(x, shape, rate, ...)
  } else if (no_rate) {
    f(x, shape, scale = scale, ...)
  } else {
    f(x, shape, rate, scale, ...)
  }
}

#' @rdname torch_densities
#' @export
dnorm <- function(x, mean = 0, sd = 1, log = FALSE) {
  if (is_tensor(x) || is_tensor(mean) || is_tensor(sd)) {
    density_rule("dnorm", list(x, mean, sd), log)
  } else {
    stats::dnorm(x, mean, sd, log)
  }
}

#' @rdname torch_densities
#' @export
dlnorm <- function(x, meanlog = 0, sdlog = 1, log = FALSE) {
  if (is_tensor(x) || is_tensor(meanlog) || is_tensor(sdlog)) {
    density_rule("dlnorm", list(x, meanlog, sdlog), log)
  } else {
    stats::dlnorm(x, meanlog, sdlog, log)
  }
}

#' @rdname torch_densities
#' @export
dexp <- function(x, rate = 1, log = FALSE) {
  if (is_tensor(x) || is_tensor(rate)) {
    density_rule("dexp", list(x, rate), log)
  } else {
    stats::dexp(x, rate, log)
  }
}

#' @rdname torch_densities
#' @export
dgamma <- function(x, shape, rate = 1, scale = 1 / rate, log = FALSE) {
  if (is_tensor(x) || is_tensor(shape) || is_tensor(rate) || is_tensor(scale)) {
    one_of_rate_and_scale(!missing(rate) && !missing(scale))
    density_rule("dgamma", list(x, shape, scale), log)
  } else {
    with_rate_or_scale(
      stats::dgamma, missing(rate), missing(scale), x, shape, rate, scale, log = log
    )
  }
}

#' @rdname torch_densities
#' @export
dchisq <- function(x, df, ncp = 0, log = FALSE) {
  if (is_tensor(x) || is_tensor(df)) {
    no_ncp(missing(ncp))
    density_rule("dchisq", list(x, df), log)
  } else if (missing(ncp)) {
    stats::dchisq(x, df, log = log)
  } else {
    stats::dchisq(x, df, ncp, log)
  }
}

#' @rdname torch_densities
#' @export
dbeta <- function(x, shape1, shape2, ncp = 0, log = FALSE) {
  if (is_tensor(x) || is_tensor(shape1) || is_tensor(shape2)) {
    no_ncp(missing(ncp))
    density_rule("dbeta", list(x, shape1, shape2), log)
  } else if (missing(ncp)) {
    stats::dbeta(x, shape1, shape2, log = log)
  } else {
    stats::dbeta(x, shape1, shape2, ncp, log)
  }
}

#' @rdname torch_densities
#' @export
dt <- function(x, df, ncp, log = FALSE) {
  if (is_tensor(x) || is_tensor(df)) {
    no_ncp(missing(ncp))
    density_rule("dt", list(x, df), log)
  } else {
    stats::dt(x, df, ncp, log)
  }
}

#' @rdname torch_densities
#' @export
dcauchy <- function(x, location = 0, scale = 1, log = FALSE) {
  if (is_tensor(x) || is_tensor(location) || is_tensor(scale)) {
    density_rule("dcauchy", list(x, location, scale), log)
  } else {
    stats::dcauchy(x, location, scale, log)
  }
}

#' @rdname torch_densities
#' @export
dlogis <- function(x, location = 0, scale = 1, log = FALSE) {
  if (is_tensor(x) || is_tensor(location) || is_tensor(scale)) {
    density_rule("dlogis", list(x, location, scale), log)
  } else {
    stats::dlogis(x, location, scale, log)
  }
}

#' @rdname torch_densities
#' @export
dunif <- function(x, min = 0, max = 1, log = FALSE) {
  if (is_tensor(x) || is_tensor(min) || is_tensor(max)) {
    density_rule("dunif", list(x, min, max), log)
  } else {
    stats::dunif(x, min, max, log)
  }
}

#' @rdname torch_densities
#' @export
dweibull <- function(x, shape, scale = 1, log = FALSE) {
  if (is_tensor(x) || is_tensor(shape) || is_tensor(scale)) {
    density_rule("dweibull", list(x, shape, scale), log)
  } else {
    stats::dweibull(x, shape, scale, log)
  }
}

#' @rdname torch_densities
#' @export
dbinom <- function(x, size, prob, log = FALSE) {
  if (is_tensor(x) || is_tensor(size) || is_tensor(prob)) {
    density_rule("dbinom", list(x, size, prob), log)
  } else {
    stats::dbinom(x, size, prob, log)
  }
}

#' @rdname torch_densities
#' @export
dpois <- function(x, lambda, log = FALSE) {
  if (is_tensor(x) || is_tensor(lambda)) {
    density_rule("dpois", list(x, lambda), log)
  } else {
    stats::dpois(x, lambda, log)
  }
}

#' @rdname torch_densities
#' @export
dgeom <- function(x, prob, log = FALSE) {
  if (is_tensor(x) || is_tensor(prob)) {
    density_rule("dgeom", list(x, prob), log)
  } else {
    stats::dgeom(x, prob, log)
  }
}

#' @rdname torch_densities
#' @export
dnbinom <- function(x, size, prob, mu, log = FALSE) {
  by_prob <- missing(mu)
  given <- is_tensor(x) || is_tensor(size) || is_tensor(if (by_prob) prob else mu)
  if (given) {
    if (!missing(prob) && !missing(mu)) abort(sys.call(), "Give `prob` or `mu`, not both.")
    if (by_prob) {
      density_rule("dnbinom", list(x, size, prob), log)
    } else {
      density_rule("dnbinom_mu", list(x, size, mu), log)
    }
  } else {
    stats::dnbinom(x, size, prob, mu, log)
  }
}

#' @rdname torch_densities
#' @export
dmultinom <- function(x, size = NULL, prob, log = FALSE) {
  if (is_tensor(x) || is_tensor(prob)) {
    check_flag(log, "log")
    value <- bare_rule("dmultinom", lift(x), size, lift(prob), log)
    if (is_torch_numeric(x) || is_torch_numeric(prob)) as_numeric(value) else value
  } else {
    stats::dmultinom(x, size, prob, log)
  }
}

#' @rdname torch_densities
#' @export
dmvnorm <- function(x, mean = NULL, sigma = NULL, log = FALSE) {
  check_flag(log, "log")
  parts <- list(x, mean, sigma)
  value <- bare_rule("dmvnorm", as_operand(x), lift(mean), lift(sigma), log)
  if (any(vapply(parts, is_torch_numeric, NA))) return(as_numeric(value))
  if (any(vapply(parts, is_tensor, NA))) value else as.double(value)
}

# Also one number is a tensor.
as_operand <- function(x) if (is_tensor(x)) x else lifted(x)

# ---- distribution functions ----

#' @rdname torch_densities
#' @export
pnorm <- function(q, mean = 0, sd = 1, lower.tail = TRUE, log.p = FALSE) { # nolint
  if (is_tensor(q) || is_tensor(mean) || is_tensor(sd)) {
    density_rule("pnorm", list(q, mean, sd), lower.tail, log.p)
  } else {
    stats::pnorm(q, mean, sd, lower.tail, log.p)
  }
}

#' @rdname torch_densities
#' @export
plnorm <- function(q, meanlog = 0, sdlog = 1, lower.tail = TRUE, log.p = FALSE) { # nolint
  if (is_tensor(q) || is_tensor(meanlog) || is_tensor(sdlog)) {
    density_rule("plnorm", list(q, meanlog, sdlog), lower.tail, log.p)
  } else {
    stats::plnorm(q, meanlog, sdlog, lower.tail, log.p)
  }
}

#' @rdname torch_densities
#' @export
pexp <- function(q, rate = 1, lower.tail = TRUE, log.p = FALSE) { # nolint
  if (is_tensor(q) || is_tensor(rate)) {
    density_rule("pexp", list(q, rate), lower.tail, log.p)
  } else {
    stats::pexp(q, rate, lower.tail, log.p)
  }
}

#' @rdname torch_densities
#' @export
pweibull <- function(q, shape, scale = 1, lower.tail = TRUE, log.p = FALSE) { # nolint
  if (is_tensor(q) || is_tensor(shape) || is_tensor(scale)) {
    density_rule("pweibull", list(q, shape, scale), lower.tail, log.p)
  } else {
    stats::pweibull(q, shape, scale, lower.tail, log.p)
  }
}

#' @rdname torch_densities
#' @export
plogis <- function(q, location = 0, scale = 1, lower.tail = TRUE, log.p = FALSE) { # nolint
  if (is_tensor(q) || is_tensor(location) || is_tensor(scale)) {
    density_rule("plogis", list(q, location, scale), lower.tail, log.p)
  } else {
    stats::plogis(q, location, scale, lower.tail, log.p)
  }
}

#' @rdname torch_densities
#' @export
qlogis <- function(p, location = 0, scale = 1, lower.tail = TRUE, log.p = FALSE) { # nolint
  if (is_tensor(p) || is_tensor(location) || is_tensor(scale)) {
    density_rule("qlogis", list(p, location, scale), lower.tail, log.p)
  } else {
    stats::qlogis(p, location, scale, lower.tail, log.p)
  }
}

#' @rdname torch_densities
#' @export
punif <- function(q, min = 0, max = 1, lower.tail = TRUE, log.p = FALSE) { # nolint
  if (is_tensor(q) || is_tensor(min) || is_tensor(max)) {
    density_rule("punif", list(q, min, max), lower.tail, log.p)
  } else {
    stats::punif(q, min, max, lower.tail, log.p)
  }
}

#' @rdname torch_densities
#' @export
pgamma <- function(q, shape, rate = 1, scale = 1 / rate, lower.tail = TRUE, # nolint
                   log.p = FALSE) { # nolint
  if (is_tensor(q) || is_tensor(shape) || is_tensor(rate) || is_tensor(scale)) {
    one_of_rate_and_scale(!missing(rate) && !missing(scale))
    density_rule("pgamma", list(q, shape, scale), lower.tail, log.p)
  } else {
    with_rate_or_scale(
      stats::pgamma, missing(rate), missing(scale), q, shape, rate, scale,
      lower.tail = lower.tail, log.p = log.p
    )
  }
}

#' @rdname torch_densities
#' @export
pchisq <- function(q, df, ncp = 0, lower.tail = TRUE, log.p = FALSE) { # nolint
  if (is_tensor(q) || is_tensor(df)) {
    no_ncp(missing(ncp))
    density_rule("pchisq", list(q, df), lower.tail, log.p)
  } else {
    if (missing(ncp)) {
      stats::pchisq(q, df, lower.tail = lower.tail, log.p = log.p)
    } else {
      stats::pchisq(q, df, ncp, lower.tail, log.p)
    }
  }
}

#' @rdname torch_densities
#' @export
ppois <- function(q, lambda, lower.tail = TRUE, log.p = FALSE) { # nolint
  if (is_tensor(q) || is_tensor(lambda)) {
    density_rule("ppois", list(q, lambda), lower.tail, log.p)
  } else {
    stats::ppois(q, lambda, lower.tail, log.p)
  }
}
