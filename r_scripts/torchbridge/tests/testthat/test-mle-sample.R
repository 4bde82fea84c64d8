skip_without_python()
skip_if_not(has_modules("pyro"), "Python's pyro-ppl")
has_xla <- has_modules("jax", "blackjax")

y <- c(2.1, 3.4, 1.9, 2.8, 4.2)
# The mean of a normal with a normal prior.
nlp <- function(mu, sigma, y) {
  -sum(dnorm(y, mu, sigma, log = TRUE)) - dnorm(mu, 0, 2, log = TRUE)
}

# A last digit that another processor rounds otherwise is another draw from the posterior, so that
# nothing here may hold for some draws alone. Means within six Monte Carlo errors:
expect_means <- function(draws, means) {
  found <- summary(draws)
  expect_true(all(abs(found$mean - means) < 6 * found$sd / sqrt(found$ess_bulk)))
}

test_that("the posterior of a normal mean is the closed form, and the seed's", {
  run <- function(seed) {
    torch_sample(
      nlp, list(mu = 0), list(y = y), fixed = list(sigma = 1.5), chains = 2, warmup = 150,
      iterations = 500, seed = seed, compile = FALSE
    )
  }
  draws <- run(3)
  expect_identical(draws$engine, "pyro")
  precision <- 1 / 4 + 5 / 1.5^2
  expect_means(draws, sum(y) / 1.5^2 / precision)
  expect_equal(summary(draws)$sd, precision^-0.5, tolerance = 0.25)
  expect_identical(run(3)$draws, draws$draws)
  expect_identical(dim(as.array(draws)), c(500L, 2L, 1L))
  expect_identical(
    dimnames(as.array(draws)),
    list(iterations = NULL, chains = c("chain:1", "chain:2"), parameters = "mu")
  )
  expect_identical(unname(as.matrix(draws)[501:1000, 1L]), as.array(draws)[, 2L, "mu"])
  expect_identical(names(summary(draws, probs = 0.5)), c(
    "mean", "sd", "50%", "rhat", "ess_bulk", "ess_tail"
  ))
  expect_output(print(draws), "2 chains of 500 draws, [0-9]+ divergent")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  for (type in list(c("trace", "density"), "trace", "density")) {
    expect_identical(plot(draws, type = type), draws)
  }
  expect_identical(plot(draws, "mu", col = "black"), draws)
  expect_error(plot(draws, "sigma"), "`parm` must be parameters of the draws: `mu`")
  expect_error(plot(draws, type = "bars"), "`type` must be \"trace\", \"density\" or both, or")
  expect_error(plot(draws, type = "pairs"), "takes two parameters or more")
})

test_that("bounds change no density: beta, gamma, and one below a bound", {
  # p is beta(8, 4); rate gamma(3, 2); minus below has the exponential's density.
  nlp <- function(p, data) {
    -data$k * log(p[["p"]]) - (data$n - data$k) * log(1 - p[["p"]]) -
      dgamma(p[["rate"]], 3, 2, log = TRUE) - p[["below"]]
  }
  set.seed(5)
  # In some draws the chains are said not to agree yet.
  draws <- suppressWarnings(torch_sample(
    nlp, c(p = 0.5, rate = 1, below = -1), list(k = 7, n = 10), chains = 2, warmup = 200,
    iterations = 300, lower = c(p = 0, rate = 0), upper = c(p = 1, below = 0)
  ))
  expect_identical(draws$engine, if (has_xla) "xla" else "pyro")
  expect_identical(dim(draws$steps), c(300L, 2L))
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_identical(plot(draws, type = "pairs"), draws)
  expect_means(draws, c(8 / 12, 1.5, -1))
  found <- as.matrix(draws)
  expect_true(all(found[, "p"] > 0 & found[, "p"] < 1 & found[, "rate"] > 0 & found[, "below"] < 0))
  for (at in c(0.1, 0.9)) {
    below <- colMeans(found <= rep(c(qbeta(at, 8, 4), qgamma(at, 3, 2), log(at)), each = 600))
    expect_true(all(abs(below - at) < 0.12))
  }
  set.seed(5)
  expect_identical(draws$seed, sample.int(.Machine$integer.max, 1L))
})

warnings_of <- function(code) {
  said <- character()
  withCallingHandlers(code, warning = function(w) {
    said <<- c(said, conditionMessage(w))
    invokeRestart("muffleWarning")
  })
  said
}

test_that("divergent chains and those that do not agree are named, with what to try", {
  # Every path that leaves the density's side of 0 diverges, and 20 draws are too few.
  said <- warnings_of(draws <- torch_sample(
    function(p) -dexp(p, log = TRUE), c(p = 1), chains = 1, warmup = 20, iterations = 20, seed = 2
  ))
  expect_gt(sum(draws$divergent), 0)
  expect_match(said[1L], "iterations diverged \\(chain 1: [0-9]+\\): .*target_accept = 0.95")
  expect_match(said[2L], "the chains do not agree yet.* for `p`.*R-hat up to .*more `iterations`")
})

test_that("chains that stand, go far or lie at a bound are named, with what to try", {
  set.seed(1)
  x <- draws_of(
    list(
      as_torch_tensor(array(c(rnorm(200), rep(2, 200), rep(0, 40), rexp(360)), c(200, 2, 2))),
      as_torch_tensor(matrix(FALSE, 200, 2)), as_torch_tensor(matrix(c(7, 15), 200, 2)),
      list(1, 1), 4000L, "pyro", NULL
    ), c("a", "b"), c(200L, 2L)
  )
  said <- warnings_of(warn_of_draws(x, list(lower = c(-Inf, 0), upper = c(Inf, Inf)), 4))
  expect_match(said[1L], "200 of 400 iterations ended at .*max_depth, 2\\^4 - 1 steps.*dense")
  expect_match(said[2L], "`b` lies at its bound in some draws.*prior that is finite")
  x$draws[, 2L, ] <- 2
  expect_match(
    warnings_of(warn_of_draws(x, list(lower = c(-Inf, 0), upper = c(Inf, Inf)), 5))[1L],
    "chain 2 has not moved: .* Try another `start`"
  )
  expect_false(is_at_bound(rexp(1000), 0, Inf))
  expect_true(is_at_bound(c(rexp(980), rep(1e-9, 20)), 0, Inf))
})

test_that("a fit of torch_mle() is a start: its variance is the first metric", {
  # Of 1000 and 0.1: with nothing known, a warm-up of 40 would take thousands of steps.
  nlp <- function(p) 0.5 * sum((p / c(1000, 0.1))^2)
  fit <- torch_mle(nlp, c(a = 1, b = 1))
  draws <- suppressWarnings(torch_sample(
    nlp, fit, chains = 1, warmup = 40, iterations = 50, seed = 1, compile = FALSE
  ))
  expect_lt(draws$evaluations, 5000)
  expect_gt(max(abs(draws$draws[, , "a"])), 100)
  fit$vcov[] <- NA
  expect_error(torch_sample(nlp, fit), "`start`, a fit, has no variance of `a`, `b`")
})

test_that("what the first engine cannot do is said, and another does it", {
  both_sides <- function(p) if (p > 0) p else -p
  how <- list(both_sides, c(p = 1), chains = 1, warmup = 20, iterations = 20, seed = 1)
  skip_if_not(has_xla, "Python's jax and blackjax")
  expect_error(do.call(torch_sample, c(how, compile = "xla")), "it takes another way at")
  op <- options(torchbridge.verbose = TRUE)
  on.exit(options(op))
  expect_message(
    draws <- suppressWarnings(do.call(torch_sample, how)),
    "Pyro samples the function: it takes another way"
  )
  expect_identical(draws$engine, "pyro")
})

test_that("R-hat and effective sizes are those of their definitions", {
  set.seed(4)
  ar <- function(phi) as.vector(stats::filter(rnorm(2000), phi, "recursive"))
  draws <- array(c(ar(0.5), ar(0.5), ar(0.5), ar(0.5) + 3, rep(1, 4000)), c(2000, 2, 3))
  found <- diagnostics_of(draws)
  expect_lt(found$rhat[1L], 1.01)
  expect_equal(found$ess_bulk[1L], 4000 / 3, tolerance = 0.15)
  expect_gt(found$rhat[2L], 1.5)
  expect_lt(found$ess_bulk[2L], 20)
  expect_true(all(is.na(found[3L, ])))
  skip_if_not_installed("posterior")
  known <- posterior::summarise_draws(posterior::as_draws_array(draws[, , 1:2]))
  expect_equal(found$rhat[1:2], as.double(known$rhat), tolerance = 1e-12)
  expect_equal(found$ess_bulk[1:2], as.double(known$ess_bulk), tolerance = 1e-8)
  expect_equal(found$ess_tail[1:2], as.double(known$ess_tail), tolerance = 1e-8)
})

test_that("what cannot be sampled is named, with what to try", {
  from <- function(start, ...) torch_sample(nlp, start, list(y = y), ...)
  both <- list(mu = 0, sigma = 1)
  expect_error(from(list(mu = 0, sigma = -1)), "gives NaN at `start`.*lower = c\\(sigma = 0\\)")
  expect_error(
    torch_sample(function(p) -log(p), c(p = 0)), "`minuslogl` gives Inf at `start`.*torch_mle\\(\\)"
  )
  expect_error(from(both, lower = c(tau = 0)), "`lower` names no parameter: `tau`")
  expect_error(
    from(list(mu = 0, sigma = 0), lower = c(sigma = 0)),
    "strictly between `lower` and `upper`: `sigma` is not. Start inside, as at 1"
  )
  expect_error(from(both, lower = 2, upper = 1), "`lower` must be below `upper`")
  expect_error(from(both, fixed = both), "`fixed` leaves no parameter to sample")
  expect_error(from(both, chains = 0), "`chains` must be a whole number from 1, not 0")
  expect_error(from(both, warmup = 5), "`warmup` must be a whole number from 20")
  expect_error(from(both, seed = 0.5), "`seed` must be a whole number from 0")
  expect_error(from(both, control = list(delta = 1)), "`control` has no `delta` here")
  expect_error(from(both, control = list(target_accept = 1)), "between 0 and 1, such as 0.95")
  expect_error(from(both, compile = "jit"), "`compile` must be NULL, \"xla\", TRUE or FALSE, not")
  expect_error(torch_sample("nlp", both), "`minuslogl` must be a function, not a string")
})
