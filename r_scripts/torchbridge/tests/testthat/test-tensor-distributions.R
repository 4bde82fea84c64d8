skip_without_python()

values <- function(x) as.numeric(x)

test_that("densities equal R's own", {
  x <- c(0.5, 1, 2.5)
  torch_double_default <- function(code) {
    # float64, so that the comparison is R's formula against PyTorch's and not a rounding
    before <- torch_get_default_dtype()
    torch_set_default_dtype(torch_double())
    on.exit(torch_set_default_dtype(before))
    force(code)
  }
  torch_double_default({
    close <- function(d, expected, at = x) {
      expect_equal(values(d$log_prob(at)), expected, tolerance = 1e-13)
    }
    close(distr_normal(0.3, 2), dnorm(x, 0.3, 2, log = TRUE))
    close(distr_gamma(2, 3), dgamma(x, 2, 3, log = TRUE))
    close(distr_exponential(0.7), dexp(x, 0.7, log = TRUE))
    close(distr_log_normal(0.1, 0.8), dlnorm(x, 0.1, 0.8, log = TRUE))
    close(distr_weibull(2, 1.5), dweibull(x, 1.5, 2, log = TRUE))
    close(distr_student_t(4), dt(x, 4, log = TRUE))
    close(distr_chi2(3), dchisq(x, 3, log = TRUE))
    close(distr_cauchy(0, 2), dcauchy(x, 0, 2, log = TRUE))
    close(distr_fisher_snedecor(3, 5), df(x, 3, 5, log = TRUE))
    close(distr_uniform(0, 4), dunif(x, 0, 4, log = TRUE))
    close(distr_laplace(0, 1), -abs(x) - log(2))
    p <- c(0.2, 0.5, 0.9)
    close(distr_beta(2, 3), dbeta(p, 2, 3, log = TRUE), p)
    k <- c(0, 1, 3)
    close(distr_poisson(1.7), dpois(k, 1.7, log = TRUE), k)
    close(distr_binomial(3, 0.3), dbinom(k, 3, 0.3, log = TRUE), k)
    close(distr_geometric(0.3), dgeom(k, 0.3, log = TRUE), k)
    close(distr_negative_binomial(4, 0.3), dnbinom(k, 4, 0.7, log = TRUE), k)
    close(distr_bernoulli(0.3), dbinom(c(0, 1), 1, 0.3, log = TRUE), c(0, 1))
    close(
      distr_multinomial(4, c(0.2, 0.3, 0.5)),
      dmultinom(c(1, 1, 2), prob = c(0.2, 0.3, 0.5), log = TRUE), c(1, 1, 2)
    )
    expect_equal(values(distr_normal(1, 2)$cdf(x)), pnorm(x, 1, 2), tolerance = 1e-13)
    expect_equal(values(distr_normal(1, 2)$icdf(c(0.1, 0.9))), qnorm(c(0.1, 0.9), 1, 2),
                 tolerance = 1e-12)
  })
})

test_that("multivariate normal equals the formula", {
  sigma <- matrix(c(2, 0.5, 0.5, 1), 2)
  d <- distr_multivariate_normal(c(1, -1), covariance_matrix = sigma)
  x <- c(0.3, 0.4) - c(1, -1)
  expected <- -log(2 * pi) - log(det(sigma)) / 2 - sum(x * solve(sigma, x)) / 2
  expect_equal(values(d$log_prob(c(0.3, 0.4))), expected, tolerance = 1e-6)
  expect_identical(as.integer(d$event_shape), 2L)
  expect_identical(dim(d$sample(5)), c(5L, 2L))
})

test_that("categories count from 1", {
  d <- distr_categorical(c(0.2, 0.3, 0.5))
  expect_equal(exp(values(d$log_prob(c(1, 2, 3)))), c(0.2, 0.3, 0.5), tolerance = 1e-6)
  for (none in c(0, 4, 1.5, NaN)) expect_error(d$log_prob(none), "support, 1 to 3")
  torch_manual_seed(1)
  expect_setequal(values(d$sample(100)), 1:3)
  expect_identical(values(d$enumerate_support()), c(1, 2, 3))
  expect_identical(values(d$mode), 3)
  expect_identical(values(distr_categorical(c(0, 0, 1))$sample()), 3)
})

test_that("gradients pass through draws and densities", {
  mu <- torch_tensor(0.5, requires_grad = TRUE)
  distr_normal(mu, 1)$rsample(4)$sum()$backward()
  expect_identical(values(mu$grad), 4)
  mu <- torch_tensor(0.5, requires_grad = TRUE)
  distr_normal(mu, 2)$log_prob(1.5)$backward()
  expect_equal(values(mu$grad), (1.5 - 0.5) / 4)
  expect_error(distr_poisson(2)$rsample(), "no rsample")
})

test_that("a mixture is the weighted sum", {
  d <- distr_mixture_same_family(
    distr_categorical(c(0.25, 0.75)), distr_normal(c(-1, 2), c(1, 0.5))
  )
  x <- c(-2, 0, 2)
  expected <- log(0.25 * dnorm(x, -1) + 0.75 * dnorm(x, 2, 0.5))
  expect_equal(values(d$log_prob(x)), expected, tolerance = 1e-6)
  expect_s3_class(d$component_distribution, "torch_distribution")
  expect_equal(values(d$mean), 0.25 * -1 + 0.75 * 2)
})

test_that("moments, entropy, divergence, shapes", {
  d <- distr_normal(c(0, 1), 2)
  expect_identical(values(d$variance), c(4, 4))
  expect_identical(as.integer(d$batch_shape), 2L)
  expect_equal(values(d$entropy()), rep(log(2 * sqrt(2 * pi * exp(1))), 2), tolerance = 1e-6)
  expect_equal(values(distr_kl_divergence(distr_normal(0, 1), distr_normal(1, 1))), 0.5)
  expect_identical(dim(distr_independent(d, 1)$sample(3)), c(3L, 2L))
  expect_identical(as.integer(distr_normal(0, 1)$expand(c(2, 3))$batch_shape), c(2L, 3L))
  expect_output(print(distr_normal(0, 1)), "Normal(loc", fixed = TRUE)
})

test_that("bad parameters are named", {
  expect_error(distr_normal(0, -1, validate_args = TRUE), "scale")
  # As in R's torch.
  expect_identical(values(distr_normal(0, -1)$log_prob(1)), NaN)
  expect_identical(values(distr_poisson(NaN)$log_prob(1)), NaN)
  expect_identical(values(distr_normal(0, 1)$log_prob(NaN)), NaN)
  expect_identical(values(distr_categorical(c(1, NaN))$log_prob(1)), NaN)
  expect_identical(values(distr_categorical(logits = c(1, NaN))$log_prob(1)), NaN)
  rows <- distr_categorical(torch_tensor(rbind(c(1, 1), c(NaN, 2))))
  expect_equal(values(rows$log_prob(c(1, 2))), c(log(0.5), NaN), tolerance = 1e-6)
  mixture <- distr_mixture_same_family(distr_categorical(c(0.5, NaN)), distr_normal(c(0, 1), 1))
  expect_identical(values(mixture$log_prob(1)), NaN)
  expect_error(distr_categorical(c(1, NaN), validate_args = TRUE), "Simplex")
  expect_error(distr_multinomial(1.5, c(0.5, 0.5)), "total_count")
  expect_error(distr_kl_divergence(1, distr_normal(0, 1)), "`p` must be a distribution")
  expect_error(distr_normal(0, 1)$nonsense, "nonsense")
})

test_that("a number is a vector of one element", {
  expect_identical(dim(distr_normal(0, 1)$sample()), 1L)
  expect_identical(dim(distr_normal(0, 1)$sample(2)), 2:1)
  expect_identical(dim(distr_poisson(2)$sample(c(3, 2))), 3:1)
  expect_identical(distr_gamma(1, 1)$batch_shape, 1L)
  expect_null(distr_chi2(1)$event_shape)
  expect_s3_class(distr_normal(0, 1), c("torch_Normal", "torch_Distribution"), exact = FALSE)
})
