# Probability distributions of torch.distributions. What each argument means is PyTorch's matter;
# bridge/rtorch/distributions.py makes tensors of R's numbers and counts categories from 1.

#' Probability distributions
#'
#' Random draws, densities and entropies that gradients pass through: each `distr_*()` makes the
#' distribution of that name of PyTorch, with its arguments. Numbers may be R's or tensors
#' (which may require gradients); vectors are one distribution for each element.
#'
#' @section What a distribution has:
#' * `$sample(sample_shape = NULL)`: draws, of shape `sample_shape` and that of one draw.
#'   `$rsample()`: the same, so that gradients reach the parameters (where that is possible).
#' * `$log_prob(value)`: the log density (or log probability) at `value`; `$cdf(value)`,
#'   `$icdf(value)`: the distribution function and its inverse.
#' * `$mean`, `$variance`, `$stddev`, `$mode`; `$entropy()`, `$perplexity()`.
#' * `$enumerate_support(expand = TRUE)`: all values, of a discrete one.
#' * `$batch_shape`, `$event_shape`: how many distributions, and the shape of one draw of one.
#'   `$expand(batch_shape)`: as many distributions.
#' * its parameters, such as `$loc` and `$scale`.
#'
#' The categories of `distr_categorical()` count from 1, as everything in R does.
#' `distr_kl_divergence(p, q)` is the Kullback-Leibler divergence, where PyTorch has its formula.
#'
#' @param loc,scale,concentration,concentration0,concentration1,rate,df,df1,df2,low,high,alpha
#'   Parameters, as PyTorch has them: `scale` is a standard deviation in `distr_normal()`, `rate`
#'   the inverse of a scale.
#' @param probs,logits Probabilities, or (instead) their log odds; unnormalised log probabilities
#'   in `distr_categorical()`, `distr_multinomial()` and `distr_one_hot_categorical()`.
#' @param total_count Number of trials; of failures in `distr_negative_binomial()`.
#' @param temperature How far from a yes or no the draws are.
#' @param covariance_matrix,precision_matrix,scale_tril One of these: the covariance matrix, its
#'   inverse, or its lower triangular Cholesky factor.
#' @param cov_factor,cov_diag The covariance is the product of `cov_factor` and its transpose, plus
#'   `cov_diag` along the diagonal.
#' @param dim Number of rows of the correlation matrix.
#' @param base_distribution,mixture_distribution,component_distribution Distributions: the one
#'   whose draws are taken together, the categorical one of the weights, the one of the
#'   components (its last batch dim).
#' @param reinterpreted_batch_ndims How many of the last batch dims are parts of one draw.
#' @param validate_args Are arguments and values checked? `NULL` is `FALSE`, as in R's torch: what
#'   is out of range or NaN gives NaN. `TRUE` is PyTorch's own default: an error there. A category
#'   that `distr_categorical()` has not is an error always.
#' @param p,q,x A distribution.
#' @param name Name of an element.
#' @param ... Not used (`print()` ignores the arguments of [print.default()]).
#' @return A `torch_distribution`; `distr_kl_divergence()` a tensor.
#' @source `torch.distributions` of PyTorch, whose documentation gives each density.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' d <- distr_normal(0, c(1, 2))
#' d$log_prob(c(0, 0))
#' dnorm(0, 0, c(1, 2), log = TRUE)
#' torch_manual_seed(1)
#' d$sample(3)
#' distr_categorical(c(0.2, 0.8))$log_prob(2)$exp()
#' distr_kl_divergence(distr_normal(0, 1), distr_normal(1, 1))
#' @name distributions
NULL

# A function with the arguments of `like`, which gives the distribution of PyTorch's class `name`.
distribution <- function(name, like) {
  body(like) <- substitute(
    new_distribution(name, mget(names(formals(sys.function())), environment()), sys.call()),
    list(name = name)
  )
  environment(like) <- topenv()
  like
}

new_distribution <- function(name, arguments, call) {
  as_distribution(call_python("distributions.make", name, arguments, call = call))
}

as_distribution <- function(x) {
  name <- paste0("torch_", call_python("distributions.class_name", x))
  class(x) <- c(name, "torch_Distribution", "torch_distribution", "python_object")
  x
}

# nolint start: line_length_linter, object_length_linter.
#' @rdname distributions
#' @export
distr_bernoulli <- distribution("Bernoulli", function(probs = NULL, logits = NULL, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_beta <- distribution("Beta", function(concentration1, concentration0, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_binomial <- distribution("Binomial", function(total_count = 1, probs = NULL, logits = NULL, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_categorical <- distribution("Categorical", function(probs = NULL, logits = NULL, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_cauchy <- distribution("Cauchy", function(loc, scale, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_chi2 <- distribution("Chi2", function(df, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_dirichlet <- distribution("Dirichlet", function(concentration, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_exponential <- distribution("Exponential", function(rate, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_fisher_snedecor <- distribution("FisherSnedecor", function(df1, df2, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_gamma <- distribution("Gamma", function(concentration, rate, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_geometric <- distribution("Geometric", function(probs = NULL, logits = NULL, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_gumbel <- distribution("Gumbel", function(loc, scale, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_half_cauchy <- distribution("HalfCauchy", function(scale, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_half_normal <- distribution("HalfNormal", function(scale, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_independent <- distribution("Independent", function(base_distribution, reinterpreted_batch_ndims, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_inverse_gamma <- distribution("InverseGamma", function(concentration, rate, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_kumaraswamy <- distribution("Kumaraswamy", function(concentration1, concentration0, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_laplace <- distribution("Laplace", function(loc, scale, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_lkj_cholesky <- distribution("LKJCholesky", function(dim, concentration = 1, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_log_normal <- distribution("LogNormal", function(loc, scale, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_low_rank_multivariate_normal <- distribution("LowRankMultivariateNormal", function(loc, cov_factor, cov_diag, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_mixture_same_family <- distribution("MixtureSameFamily", function(mixture_distribution, component_distribution, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_multinomial <- distribution("Multinomial", function(total_count = 1, probs = NULL, logits = NULL, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_multivariate_normal <- distribution("MultivariateNormal", function(loc, covariance_matrix = NULL, precision_matrix = NULL, scale_tril = NULL, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_negative_binomial <- distribution("NegativeBinomial", function(total_count, probs = NULL, logits = NULL, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_normal <- distribution("Normal", function(loc, scale, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_one_hot_categorical <- distribution("OneHotCategorical", function(probs = NULL, logits = NULL, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_pareto <- distribution("Pareto", function(scale, alpha, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_poisson <- distribution("Poisson", function(rate, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_relaxed_bernoulli <- distribution("RelaxedBernoulli", function(temperature, probs = NULL, logits = NULL, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_student_t <- distribution("StudentT", function(df, loc = 0, scale = 1, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_uniform <- distribution("Uniform", function(low, high, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_von_mises <- distribution("VonMises", function(loc, concentration, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_weibull <- distribution("Weibull", function(scale, concentration, validate_args = NULL) NULL)

#' @rdname distributions
#' @export
distr_wishart <- distribution("Wishart", function(df, covariance_matrix = NULL, precision_matrix = NULL, scale_tril = NULL, validate_args = NULL) NULL)
# nolint end

#' @rdname distributions
#' @export
distr_kl_divergence <- function(p, q) {
  check_distribution(p, "p")
  check_distribution(q, "q")
  call_python("distributions.kl_divergence", p, q)
}

check_distribution <- function(x, name, call = sys.call(-1L)) {
  if (!inherits(x, "torch_distribution")) {
    abort(
      call, "`", name, "` must be a distribution (`distr_normal()`), not ", friendly_type(x), "."
    )
  }
}

#' @rdname distributions
#' @export
`$.torch_distribution` <- function(x, name) {
  at_value <- function(value) call_python("distributions.of_value", x, name, value)
  draw <- function(sample_shape = NULL) call_python("distributions.draw", x, name, sample_shape)
  switch(name,
    sample = ,
    rsample = draw,
    log_prob = ,
    cdf = ,
    icdf = at_value,
    enumerate_support = function(expand = TRUE) {
      check_flag(expand, "expand")
      call_python("distributions.support", x, expand)
    },
    expand = function(batch_shape) {
      as_distribution(call_python("distributions.expand", x, batch_shape))
    },
    mixture_distribution = ,
    component_distribution = ,
    base_dist = as_distribution(call_python("distributions.attribute", x, name, call = sys.call())),
    call_python("distributions.attribute", x, name, call = sys.call())
  )
}

#' @rdname distributions
#' @export
`[[.torch_distribution` <- `$.torch_distribution`

#' @rdname distributions
#' @export
print.torch_distribution <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  cat(format(x), sep = "\n")
  invisible(x)
}

#' @rdname distributions
#' @export
format.torch_distribution <- function(x, ...) {
  check_no_dots(...)
  if (is_live(x)) call_python("distributions.text", x) else gone_text(x)
}
