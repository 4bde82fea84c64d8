# Small likelihoods: a function that was seen before, as a program and compiled, beside optim() with
# differences and with R's own gradient; then torch_mle() of four likelihoods beside optim(), from 30
# rows to a million. One thread. Processor time, the least of several runs.
#
# Run by `make bench-details`, or alone:
# R_LIBS=.r-library OMP_NUM_THREADS=1 Rscript benchmarks/program.R

suppressPackageStartupMessages(library(torchbridge))

torch_set_num_threads(1L)

seconds <- function(f, calls = 1L, turns = 5L) {
  if (calls > 1L) for (warm in 1:20) f()
  once <- function() {
    before <- sum(proc.time()[1:2])
    for (i in seq_len(calls)) f()
    (sum(proc.time()[1:2]) - before) / calls
  }
  min(vapply(seq_len(turns), function(i) once(), 0))
}
report <- function(name, time, target = "") {
  cat(sprintf("%-52s %12.1f us  %s\n", name, 1e6 * time, target))
}

mixture <- function(p, y) {
  w <- plogis(p[1])
  -sum(log(w * dnorm(y, p[2], exp(p[3])) + (1 - w) * dnorm(y, p[4], exp(p[5]))))
}
by_hand <- function(p, y) {
  w <- plogis(p[1])
  s <- exp(p[c(3, 5)])
  z <- cbind((y - p[2]) / s[1], (y - p[4]) / s[2])
  parts <- cbind(w * dnorm(z[, 1]) / s[1], (1 - w) * dnorm(z[, 2]) / s[2])
  share <- parts / rowSums(parts)
  -c(
    sum(share[, 1] * (1 - w) - share[, 2] * w), sum(share[, 1] * z[, 1]) / s[1],
    sum(share[, 1] * (z[, 1]^2 - 1)), sum(share[, 2] * z[, 2]) / s[2],
    sum(share[, 2] * (z[, 2]^2 - 1))
  )
}
start <- c(w = 0.2, m1 = -0.8, s1 = -0.2, m2 = 1.5, s2 = 0.1)
compiler <- nzchar(Sys.which("g++")) || nzchar(Sys.which("clang++"))

small <- function(p) sum(p)
report("grad(function(p) sum(p), x)", seconds(function() grad(small, c(1, 2, 3)), 1000L))

for (n in c(30, 100, 1e4, 1e6)) {
  set.seed(1)
  y <- c(rnorm(0.6 * n, -1, 0.7), rnorm(0.4 * n, 2, 1.2))
  cat("\nA mixture of two normals, 5 parameters, n = ", format(n), "\n", sep = "")
  calls <- if (n > 1e5) 1L else if (n > 1e3) 20L else 300L
  shift <- 0
  at <- function() {
    shift <<- shift + 1e-9 # another point: the objective keeps the last one's gradient
    start + shift
  }
  f <- torch_objective(mixture, start, y = y)
  stopifnot(max(abs(f$gr(start) / by_hand(start, y) - 1)) < 1e-9)
  turns <- if (n > 1e5) 2L else 5L
  report("R's own value", seconds(function() mixture(start, y), calls, turns))
  report("R's own gradient, by hand", seconds(function() by_hand(start, y), calls, turns))
  report("value and gradient", seconds(function() f$gr(at()), calls, turns), "n = 100: 350")
  if (compiler && n <= 1e4) {
    code <- torch_objective(mixture, start, y = y, compile = TRUE)
    for (i in 1:3) code$gr(at())
    report("compiled", seconds(function() code$gr(at()), calls, turns), "n = 100: 60")
  }
  turns <- if (n > 1e5) 1L else 3L
  fits <- if (n > 1e3) 1L else 20L
  plain <- function(...) optim(start, mixture, ..., y = y, method = "BFGS")
  report("optim(), differences", seconds(function() plain(), fits, turns))
  report("optim(), gradient by hand", seconds(function() plain(gr = by_hand), fits, turns))
  fit <- NULL
  fitted <- function() fit <<- torch_mle(mixture, start, data = list(y = y))
  report("torch_mle(), standard errors included", seconds(fitted, 1L, turns), "n = 100: 50000")
  if (n <= 1e4) {
    report("its confint()", seconds(function() confint(fit), 1L, turns), "n = 100: 300000")
  }
}

likelihoods <- list(
  normal = list(
    nll = function(p, y) -sum(dnorm(y, p[1], exp(p[2]), log = TRUE)), start = c(mu = 0, s = 0),
    data = function(n) list(y = rnorm(n, 1, 2))
  ),
  mixture = list(
    nll = mixture, start = start,
    data = function(n) list(y = c(rnorm(0.6 * n, -1, 0.7), rnorm(0.4 * n, 2, 1.2)))
  ),
  Poisson = list(
    nll = function(p, x, y) -sum(dpois(y, exp(drop(x %*% p)), log = TRUE)),
    start = c(b0 = 0, b1 = 0, b2 = 0),
    data = function(n) {
      x <- cbind(1, rnorm(n), rnorm(n))
      list(x = x, y = rpois(n, exp(drop(x %*% c(0.5, 0.3, -0.2)))))
    }
  ),
  Weibull = list(
    nll = function(p, y) -sum(dweibull(y, exp(p[1]), exp(p[2]), log = TRUE)),
    start = c(k = 0, s = 0), data = function(n) list(y = rweibull(n, 1.5, 2))
  )
)
cat("\ntorch_mle() with standard errors beside optim()'s BFGS with differences, seconds\n")
cat("(bound: optim() + 0.05; the first fit notes the function)\n")
cat(sprintf("%-10s %8s %9s %9s %9s %9s\n", "", "n", "first", "torch_mle", "optim", "of bound"))
for (name in names(likelihoods)) {
  for (n in c(30, 1e3, 1e5, 1e6)) {
    model <- likelihoods[[name]]
    set.seed(1)
    data <- model$data(n)
    fitted <- function() suppressWarnings(torch_mle(model$nll, model$start, data = data))
    plain <- function() {
      suppressWarnings(do.call(optim, c(list(model$start, model$nll, method = "BFGS"), data)))
    }
    first <- seconds(fitted, turns = 1L)
    turns <- if (n > 1e5) 1L else 3L
    ours <- seconds(fitted, turns = turns)
    theirs <- seconds(plain, turns = turns)
    cat(sprintf(
      "%-10s %8g %9.3f %9.3f %9.3f %9.2f\n",
      name, n, first, ours, theirs, ours / (theirs + 0.05)
    ))
  }
}
