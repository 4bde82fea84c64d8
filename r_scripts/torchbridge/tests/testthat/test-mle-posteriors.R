# Draws of torch_sample() beside Stan's: three posteriors, of which stan-posteriors.csv has means
# and quantiles with their Monte Carlo errors; r_scripts/generators/posteriors.R made it, and has
# Stan's code of the same models.
skip_without_python()
skip_if_not(has_modules("pyro"), "Python's pyro-ppl")
stan <- utils::read.csv(test_path("stan-posteriors.csv"), comment.char = "#")
# Pyro's loop takes seconds for what is one program with JAX.
long <- has_modules("jax", "blackjax")

# Six Monte Carlo errors, of both together: no seed and no processor decides. A quantile of Stan's
# is compared as the part of our draws below it.
expect_stans <- function(model, ...) {
  how <- if (long) list(chains = 4) else list(chains = 2, warmup = 120, iterations = 150)
  draws <- suppressWarnings(do.call(torch_sample, c(list(...), how, seed = 1)))
  found <- summary(draws)
  ours <- as.matrix(draws)
  theirs <- stan[stan$model == model, ]
  expect_setequal(colnames(ours), theirs$parameter)
  for (name in colnames(ours)) {
    of <- theirs[theirs$parameter == name, ]
    mean_of <- of[of$what == "mean", ]
    error <- sqrt(found[name, "sd"]^2 / found[name, "ess_bulk"] + mean_of$error^2)
    expect_lt(abs(found[name, "mean"] - mean_of$value), 6 * error, label = paste(model, name))
    sd_of <- of$value[of$what == "sd"]
    for (q in which(startsWith(of$what, "q"))) {
      p <- as.numeric(substring(of$what[q], 2L))
      # Stan's own error there, as a part of the draws, where no density is above 1 / sd.
      stans <- of$error[q] / sd_of
      size <- min(found[name, "ess_bulk"], found[name, "ess_tail"])
      error <- sqrt(p * (1 - p) / size + stans^2)
      below <- mean(ours[, name] <= of$value[q])
      expect_lt(abs(below - p), 6 * error, label = paste(model, name, of$what[q]))
    }
  }
}

test_that("eight schools, not centred", {
  nlp <- function(mu, tau, z, y, s) {
    -sum(dnorm(y, mu + tau * z, s, log = TRUE)) - sum(dnorm(z, log = TRUE)) -
      dnorm(mu, 0, 5, log = TRUE) - dcauchy(tau, 0, 5, log = TRUE)
  }
  data <- list(y = c(28, 8, -3, 7, -1, 1, 18, 12), s = c(15, 10, 16, 11, 9, 11, 10, 18))
  start <- list(mu = 0, tau = 1, z = rep(0, 8))
  expect_stans("schools", nlp, start, data, lower = c(tau = 0))
})

test_that("a logistic regression", {
  x <- cbind(1, scale(mtcars$wt), scale(mtcars$hp))
  nlp <- function(b, x, y) {
    -sum(dbinom(y, 1, plogis(x %*% b), log = TRUE)) - sum(dnorm(b, 0, 2.5, log = TRUE))
  }
  expect_stans("logistic", nlp, list(b = rep(0, 3)), list(x = x, y = mtcars$am))
})

test_that("counts of groups, whose means have a distribution", {
  nlp <- function(a, sigma, u, y, g) {
    -sum(dpois(y, exp(u[g]), log = TRUE)) - sum(dnorm(u, a, sigma, log = TRUE)) -
      dnorm(a, 0, 2, log = TRUE) - dexp(sigma, 1, log = TRUE)
  }
  data <- list(y = InsectSprays$count, g = as.integer(InsectSprays$spray))
  start <- list(a = 2, sigma = 1, u = rep(2, 6))
  expect_stans("poisson", nlp, start, data, lower = c(sigma = 0))
})
