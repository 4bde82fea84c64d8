# R's d*, p* and q* functions, on tensors too: masks (aaa-masks.R). gen-densities.R has most of
# them, written by `make document` from the table in Python that has the formulas
# (bridge/autodiff/density_table.py); here are those of another shape, and what all need.

#' Densities and distribution functions of tensors
#'
#' R's own functions of these names for numbers; with a tensor among the arguments the same
#' function on tensors, differentiable in every continuous argument: same parametrisation,
#' defaults, values at the edges, and NaN for parameters out of range. Arguments that are
#' [torch_numeric][as_torch_numeric] recycle as R's do, plain tensors broadcast as PyTorch's.
#'
#' Binomial-like densities follow C. Loader (2000), *Fast and accurate computation of binomial
#' probabilities*, as R's do. Counts have no derivative, so the quantiles of counts and `phyper()`
#' are constants. Distribution functions are differentiable in all their parameters, shapes and
#' degrees of freedom too; so are quantiles, whose values R itself computes where there is no closed
#' form (those can't be compiled). None of these functions takes `ncp` with tensors.
#'
#' `dmvnorm()` is the multivariate normal density, one a row of `x`, for numbers and tensors.
#'
#' @param x,q Values, numbers or tensors.
#' @param p Probabilities.
#' @param mean,sd For `dmvnorm()` `mean` has one element a column of `x` (`NULL`: zeros).
#' @param meanlog,sdlog,rate,shape,scale,shape1,shape2,df,ncp,location Parameters, as in
#'   [stats::Distributions].
#' @param min,max,size,prob,lambda,mu,df1,df2,m,n,k Likewise.
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

# Called by the function for tensors, that by the mask: its call is the user's.
density_rule <- function(name, arguments, ...) {
  value <- dot_call(entries$numeric_rule, name, c(arguments, list(...)))
  if (!is.null(value)) return(value)
  for (flag in list(...)) {
    if (!isTRUE(flag) && !isFALSE(flag)) {
      abort(sys.call(-2L), "`log`, `lower.tail` and `log.p` must be `TRUE` or `FALSE`.")
    }
  }
  names <- attr(arguments[[1L]], "r_names")
  rules <- FALSE
  for (k in seq_along(arguments)) {
    x <- arguments[[k]]
    if (is_torch_numeric(x)) rules <- TRUE else if (!is_tensor(x)) arguments[k] <- list(lift(x))
  }
  value <- bare_rule("density", name, rules, arguments, ...)
  if (rules) as_numeric(value, names) else value
}

central_only <- function(no_ncp, call = sys.call(-2L)) {
  if (!no_ncp) abort(call, "`ncp` is not for tensors: only the central distribution is.")
}

one_of_rate_and_scale <- function(given, call = sys.call(-2L)) {
  if (given) abort(call, "Give `rate` or `scale`, not both.")
}

# Two parametrisations, each with a formula of its own.
#' @rdname torch_densities
#' @export
dnbinom <- mask("dnbinom", function(x, size, prob, mu, log) {
  if (missing(mu)) return(density_rule("dnbinom", list(x, size, prob), log))
  if (!missing(prob)) abort(sys.call(-1L), "Give `prob` or `mu`, not both.")
  density_rule("dnbinom_mu", list(x, size, mu), log)
}, c("x", "size", "prob", "mu"))

# nolint start: object_name_linter.

#' @rdname torch_densities
#' @export
pnbinom <- mask("pnbinom", function(q, size, prob, mu, lower.tail, log.p) {
  if (missing(mu)) return(density_rule("pnbinom", list(q, size, prob), lower.tail, log.p))
  if (!missing(prob)) abort(sys.call(-1L), "Give `prob` or `mu`, not both.")
  density_rule("pnbinom_mu", list(q, size, mu), lower.tail, log.p)
}, c("q", "size", "prob", "mu"))

#' @rdname torch_densities
#' @export
qnbinom <- mask("qnbinom", function(p, size, prob, mu, lower.tail, log.p) {
  if (missing(mu)) return(density_rule("qnbinom", list(p, size, prob), lower.tail, log.p))
  if (!missing(prob)) abort(sys.call(-1L), "Give `prob` or `mu`, not both.")
  density_rule("qnbinom_mu", list(p, size, mu), lower.tail, log.p)
}, c("p", "size", "prob", "mu"))

# nolint end

#' @rdname torch_densities
#' @export
dmultinom <- mask("dmultinom", function(x, size, prob, log) {
  check_flag(log, "log", sys.call(-1L))
  value <- bare_rule("dmultinom", lift(x), size, lift(prob), log)
  if (is_torch_numeric(x) || is_torch_numeric(prob)) as_numeric(value) else value
}, c("x", "prob"))

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
