# Simulation-based calibration of torch_sample(): with parameters drawn from their prior, and data
# from these, the rank of a parameter among draws from its posterior is uniform.
# Run by `make bench-details`, or alone: R_LIBS=.r-library Rscript benchmarks/calibration.R
#
# S. Talts and others, Validating Bayesian Inference Algorithms with Simulation-Based Calibration,
# 2018. A chi-square of 10 bins at 0.01, of each parameter and the log-likelihood; fixed seeds.

library(torchbridge)

data_sets <- 200L
nlp <- function(mu, sigma, y) {
  -sum(dnorm(y, mu, sigma, log = TRUE)) - dnorm(mu, 0, 2, log = TRUE) -
    dlnorm(sigma, 0, 0.5, log = TRUE)
}
likelihood <- function(mu, sigma, y) sum(dnorm(y, mu, sigma, log = TRUE))

rank_in_draws <- function(i) {
  set.seed(i)
  mu <- rnorm(1, 0, 2)
  sigma <- rlnorm(1, 0, 0.5)
  y <- rnorm(8, mu, sigma)
  # (Chains of one data set need not agree to the third digit.)
  draws <- suppressWarnings(torch_sample(
    nlp, list(mu = 0, sigma = 1), list(y = y), lower = c(sigma = 0), chains = 1, warmup = 300,
    iterations = 990, seed = i
  ))
  kept <- as.matrix(draws)[seq(10, 990, 10), ] # 99, hardly correlated
  logs <- vapply(seq_len(99L), function(k) likelihood(kept[k, 1L], kept[k, 2L], y), 0)
  c(
    mu = sum(kept[, 1L] < mu), sigma = sum(kept[, 2L] < sigma),
    likelihood = sum(logs < likelihood(mu, sigma, y))
  )
}

ranks <- vapply(seq_len(data_sets), rank_in_draws, c(mu = 0, sigma = 0, likelihood = 0))
p_values <- apply(ranks, 1L, function(rank) {
  stats::chisq.test(table(factor(rank %/% 10, 0:9)))$p.value
})
cat(data_sets, "data sets; chi-square's p of uniform ranks:\n")
print(p_values, digits = 3L)
cat("uniform at 0.01:", if (all(p_values > 0.01)) "yes" else "NO", "\n")
