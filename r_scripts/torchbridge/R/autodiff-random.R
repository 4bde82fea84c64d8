# Random numbers whose distribution depends on a tensor, inside a differentiated function: R's own
# draws of the standard distribution, moved as R moves them, so that one seed gives R's numbers and
# their derivative is that along the draws (Kingma and Welling 2014, "Auto-encoding variational
# Bayes").
# Tests: test-autodiff-random.R.

# nolint start: object_name_linter.
random_constructs <- list(
  rnorm = function(n, mean = 0, sd = 1) {
    if (!any_tensor(mean, sd)) return(stats::rnorm(n, mean, sd))
    n <- drawn(n)
    along(mean, n) + along(sd, n) * stats::rnorm(n)
  },
  runif = function(n, min = 0, max = 1) {
    if (!any_tensor(min, max)) return(stats::runif(n, min, max))
    n <- drawn(n)
    along(min, n) + (along(max, n) - along(min, n)) * stats::runif(n)
  },
  rexp = function(n, rate = 1) {
    if (!is_tensor(rate)) return(stats::rexp(n, rate))
    n <- drawn(n)
    stats::rexp(n) / along(rate, n)
  },
  rlnorm = function(n, meanlog = 0, sdlog = 1) {
    if (!any_tensor(meanlog, sdlog)) return(stats::rlnorm(n, meanlog, sdlog))
    n <- drawn(n)
    exp(along(meanlog, n) + along(sdlog, n) * stats::rnorm(n))
  },
  rlogis = function(n, location = 0, scale = 1) {
    if (!any_tensor(location, scale)) return(stats::rlogis(n, location, scale))
    n <- drawn(n)
    along(location, n) + along(scale, n) * stats::rlogis(n)
  },
  rcauchy = function(n, location = 0, scale = 1) {
    if (!any_tensor(location, scale)) return(stats::rcauchy(n, location, scale))
    n <- drawn(n)
    along(location, n) + along(scale, n) * stats::rcauchy(n)
  },
  rweibull = function(n, shape, scale = 1) {
    if (!any_tensor(shape, scale)) return(stats::rweibull(n, shape, scale))
    n <- drawn(n)
    along(scale, n) * (-log(stats::runif(n)))^(1 / along(shape, n))
  }
)
# nolint end

# As R counts: one of each element of a vector `n`.
drawn <- function(n) if (length(n) > 1L) length(n) else n

# Recycled, in silence, as these functions do.
along <- function(x, n) {
  x <- if (is_tensor(x)) flat(x) else as.vector(x)
  if (length(x) == 1L) x else x[rep_len(seq_along(plain_part(x)), n)]
}
