# Models with random effects beside lme4 and glmmTMB, in one run: crossed, 10,000 random effects, by
# formula and as a plain R function; lme4's InstEval; and the gradients a second of posterior draws
# beside rstan's.
# Run by `make bench`, or alone: R_LIBS=.r-library Rscript benchmarks/statistics.R
#
# Seconds of processor time of one fit each, on one set of data; the log-likelihoods are printed,
# for a fast fit that stops early would be no comparison.

library(torchbridge)

absent <- Filter(function(name) !requireNamespace(name, quietly = TRUE), c("lme4", "glmmTMB"))
if (length(absent) > 0L) {
  cat("not installed, so not compared:", absent, "\n")
  quit()
}

set.seed(1)
rows <- 40000L
d <- data.frame(
  s = factor(sample(9200L, rows, TRUE)), i = factor(sample(800L, rows, TRUE)), x = rnorm(rows)
)
eta <- 0.5 * d$x + rnorm(9200L)[d$s] + 0.5 * rnorm(800L)[d$i]
d$y <- 1 + eta + rnorm(rows)
d$n <- rpois(rows, exp(eta))

# What the first fit of a session loads is not the fit's.
invisible(torch_fit(n ~ x + (1 | i), d[1:500, ], poisson()))

timed <- function(fit) {
  start <- sum(proc.time()[1:2])
  found <- suppressWarnings(fit)
  c(seconds = sum(proc.time()[1:2]) - start, logLik = as.numeric(logLik(found)))
}

counts <- function(b, logs, u, v, n, x, s, i) {
  eta <- b[1] + b[2] * x + exp(logs[1]) * u[s] + exp(logs[2]) * v[i]
  -sum(dpois(n, exp(eta), log = TRUE)) - sum(dnorm(u, log = TRUE)) - sum(dnorm(v, log = TRUE))
}
start <- list(
  b = c(0, 0), logs = c(-0.5, -0.5), u = numeric(nlevels(d$s)), v = numeric(nlevels(d$i))
)
given <- list(n = d$n, x = d$x, s = as.integer(d$s), i = as.integer(d$i))
ratings <- get(utils::data("InstEval", package = "lme4", envir = environment()))
rated <- y ~ service + (1 | s) + (1 | d) + (1 | dept:service)

table <- rbind(
  `Gaussian, torchbridge` = timed(torch_fit(y ~ x + (1 | s) + (1 | i), d, linear())),
  `Gaussian, lme4` = timed(lme4::lmer(y ~ x + (1 | s) + (1 | i), d)),
  `Poisson, torchbridge` = timed(torch_fit(n ~ x + (1 | s) + (1 | i), d, poisson())),
  `Poisson, glmmTMB` = timed(glmmTMB::glmmTMB(n ~ x + (1 | s) + (1 | i), d, poisson())),
  `Poisson, a plain function` = timed(torch_mle(counts, start, given, random = c("u", "v"))),
  `InstEval, torchbridge` = timed(torch_fit(rated, ratings, linear())),
  `InstEval, lme4` = timed(lme4::lmer(rated, ratings))
)
print(table, digits = 10L)
cat(
  "times lme4:", format(table[1L, 1L] / table[2L, 1L], digits = 3L),
  " times glmmTMB:", format(table[3L, 1L] / table[4L, 1L], digits = 3L),
  " as a plain function:", format(table[5L, 1L] / table[4L, 1L], digits = 3L),
  " InstEval:", format(table[6L, 1L] / table[7L, 1L], digits = 3L), "\n"
)

# Gradients a second of NUTS, beside Stan's: the eight schools, four chains of 2,000 iterations, one
# after another, each sampler's own steps; what is compiled is compiled before.
nuts <- function() {
  y <- c(28, 8, -3, 7, -1, 1, 18, 12)
  s <- c(15, 10, 16, 11, 9, 11, 10, 18)
  nlp <- function(mu, tau, z, y, s) {
    -sum(dnorm(y, mu + tau * z, s, log = TRUE)) - sum(dnorm(z, log = TRUE)) -
      dnorm(mu, 0, 5, log = TRUE) - dcauchy(tau, 0, 5, log = TRUE)
  }
  ours <- function(compile, iterations = 1000) {
    run <- function() {
      suppressWarnings(torch_sample(
        nlp, list(mu = 0, tau = 1, z = rep(0, 8)), list(y = y, s = s), lower = c(tau = 0),
        seed = 1, compile = compile, warmup = iterations, iterations = iterations
      ))
    }
    if (iterations == 1000) run()
    seconds <- sum(system.time(draws <- run())[1:2])
    cat(
      "NUTS, torchbridge by ", draws$engine, if (isTRUE(compile)) ", gradient compiled", ": ",
      format(draws$evaluations / seconds, digits = 3L), " gradients a second, ",
      format(1e6 * seconds / draws$evaluations, digits = 3L), " us each\n", sep = ""
    )
  }
  before <- torch_get_num_threads()
  torch_set_num_threads(1)
  on.exit(torch_set_num_threads(before))
  tryCatch(ours("xla"), error = function(e) cat("NUTS by xla:", conditionMessage(e), "\n"))
  ours(FALSE, 100)
  if (!requireNamespace("rstan", quietly = TRUE)) return(cat("not installed: rstan\n"))
  if (!nzchar(system.file("include", package = "BH"))) { # Debian has Boost elsewhere
    rstan::rstan_options(boost_lib = "/usr/include")
  }
  model <- rstan::stan_model(model_code = "
    data { vector[8] y; vector[8] s; }
    parameters { real mu; real<lower=0> tau; vector[8] z; }
    model { mu ~ normal(0, 5); tau ~ cauchy(0, 5); z ~ normal(0, 1); y ~ normal(mu + tau * z, s); }
  ")
  draws <- rstan::sampling(model, list(y = y, s = s), chains = 4, cores = 1, refresh = 0, seed = 1)
  steps <- vapply(rstan::get_sampler_params(draws), function(x) sum(x[, "n_leapfrog__"]), 0)
  seconds <- sum(rstan::get_elapsed_time(draws))
  cat("NUTS, rstan:", format(sum(steps) / seconds, digits = 3L), "gradients a second\n")
}
nuts()
