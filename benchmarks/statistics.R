# Models with random effects beside lme4 and glmmTMB, in one run: crossed, 10,000 random effects.
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

table <- rbind(
  `Gaussian, torchbridge` = timed(torch_fit(y ~ x + (1 | s) + (1 | i), d, linear())),
  `Gaussian, lme4` = timed(lme4::lmer(y ~ x + (1 | s) + (1 | i), d)),
  `Poisson, torchbridge` = timed(torch_fit(n ~ x + (1 | s) + (1 | i), d, poisson())),
  `Poisson, glmmTMB` = timed(glmmTMB::glmmTMB(n ~ x + (1 | s) + (1 | i), d, poisson()))
)
print(table, digits = 10L)
cat(
  "times lme4:", format(table[1L, 1L] / table[2L, 1L], digits = 3L),
  " times glmmTMB:", format(table[3L, 1L] / table[4L, 1L], digits = 3L), "\n"
)
