# Every rule against R itself (the value) and against numDeriv (the derivative), on random numbers.
# A rule is a row: an R function of a vector x of four numbers, or of `positive` ones or ones
# `between` 0 and 1. Its value is R's own, since the function is called with R's numbers, too.

skip_without_python()
skip_if_not_installed("numDeriv")

m <- function(x) matrix(x, 2)
spd <- function(x) crossprod(matrix(x, 2)) + base::diag(2)
data <- matrix(c(2, -1, 0.5, 3, 1, -2, 0.3, 1.5), 4)
weights <- c(0.3, -1.2, 0.8, 2.1)

# nolint start: semicolon_linter, brace_linter.
any_numbers <- alist(
  # arithmetic, recycling and the functions of one number
  x + 1:2, 2 - x, x * m(x)[1, ], x / 3, x %% 1.7, 5 %% (x^2 + 1), x %/% 0.7, (x^2)^1.5, 2^x, -x, +x,
  abs(x), sign(x), exp(x), expm1(x), cos(x), sin(x), tan(x), cospi(x), sinpi(x), tanpi(x / 9),
  atan(x), sinh(x), cosh(x), tanh(x), asinh(x), floor(x), ceiling(x), trunc(x), round(x, 1),
  cumsum(x), cumprod(x), cummax(x), cummin(x), gamma(x), lgamma(x), digamma(x), trigamma(x),
  # summaries
  sum(x, 2), sum(x, NA, na.rm = TRUE), prod(x), max(x), min(x, 9), range(x), mean(x),
  mean(x, trim = 0.3), range(x, finite = TRUE), mean(c(x, NA), na.rm = TRUE),
  mean(c(x, NA), trim = 0.2, na.rm = TRUE), pmin(x, 0), pmax(x, weights), pmax(x, NA, na.rm = TRUE),
  rowSums(m(x)), colSums(m(x)), rowMeans(m(x)), colMeans(m(x)),
  rowSums(m(c(x, NA, 1)), na.rm = TRUE), rowSums(array(x, c(2, 1, 2))),
  rowSums(array(x, c(2, 2, 1)), dims = 2), colSums(array(x, c(2, 1, 2))),
  colMeans(array(x, c(2, 1, 2)), dims = 2), rowMeans(array(x, c(1, 2, 2)), dims = 2),
  # putting together
  c(x, 1), c(a = x, use.names = FALSE), unlist(list(x[1], list(x[2:3]))), rev(x), rep(x, 2),
  rep(x, each = 2), rep(x, times = 1:4), rep_len(x, 6), rep.int(x, 2), rbind(x, 1),
  cbind(x, weights), matrix(x, 2, byrow = TRUE), matrix(x, 4, 2), array(x, c(2, 2, 2)),
  drop(matrix(x, 1)), t(m(x)), t(x), aperm(m(x)), aperm(array(x, c(1, 2, 2)), c(3, 1, 2)),
  aperm(array(x, c(1, 2, 2)), c(3, 1, 2), resize = FALSE), head(x, 2), tail(x, 2), append(x, 1, 2),
  x[-1], x[x > 0], x[c(TRUE, FALSE)], m(x)[, 1], m(x)[lower.tri(m(x))], m(x)[cbind(1, 2)],
  { x[2] <- x[1]^2; x }, { s <- 0; for (v in x) s <- s + v^2; s }, ifelse(x > 0, x^2, -x),
  ifelse(weights > 0, x, 1),
  # statistics
  var(x), var(x, weights), var(m(x)), sd(x), sd(c(x, NA), na.rm = TRUE),
  var(c(x, NA), na.rm = TRUE), cov(x, weights), cov(data, x), cov(cbind(x, data)), cor(x, weights),
  cor(cbind(x, data)), cor(x, data), cov(c(x, NA), 1:5, use = "complete.obs"),
  cor(x, weights, method = "spearman"),
  cor(cbind(c(x, NA), c(NA, data[, 1]), 1:5), use = "pairwise.complete.obs"),
  cov(x, weights, method = "kendall"), cor(cbind(c(x, NA), 1:5), use = "na.or.complete"),
  cov(x, weights, use = "all.obs"), median(x), median(x[-1]), median(c(x, NA), na.rm = TRUE),
  mad(x), IQR(x), fivenum(x), quantile(x), quantile(x, 0.3), quantile(x, c(0.1, 0.77), type = 1),
  quantile(x, 0.4, type = 2), quantile(x, 0.4, type = 3), quantile(x, 0.4, type = 4),
  quantile(x, 0.4, type = 5), quantile(x, 0.4, type = 6), quantile(x, 0.4, type = 8),
  quantile(x, 0.4, type = 9), quantile(c(x, NA), 0.4, na.rm = TRUE, names = FALSE),
  weighted.mean(x, abs(weights)), weighted.mean(weights, x^2), x[order(x)], x[order(-x)],
  x[order(x, decreasing = TRUE)], sort(x), sort(x, decreasing = TRUE), sort(x, partial = 2)[2],
  sort(c(x, NA)), sort(c(x, NA), na.last = FALSE)[-1], rank(x), rank(-x),
  rank(c(x, x), ties.method = "min"), x[which(x > 0)], x[which.max(x)], x[which.min(x)], unique(x),
  sort(x, index.return = TRUE)$x, x[sort.list(x)], findInterval(x, c(-1, 0, 1)) * x, diff(x),
  diff(x, lag = 2), diff(x, differences = 2), diff(m(x)), diff(matrix(x, 4)[, c(1, 1)], 2),
  diff(matrix(x, 4), differences = 2), diff(x, lag = 4),
  diff(matrix(x, 4), lag = 2, differences = 1),
  weighted.mean(c(x, NA), c(abs(weights), 1), na.rm = TRUE), weighted.mean(x, c(1, 0, 2, 0)),
  # signif(), cut(), combn(), tables' margins, length<-, complex numbers, series
  signif(x, 2) * x, tapply(x, cut(x, c(-99, 0, 0.5, 99)), sum, default = 0), combn(x, 2, prod),
  combn(x, 2), combn(4, 2, function(i) prod(x[i])), marginSums(m(x), 1), margin.table(m(x), 2),
  proportions(x), prop.table(m(x), 1), addmargins(m(x)), { length(x) <- 2; x },
  is.element(x[1], x) * x, { length(x) <- 6; x[1:4] }, Mod(complex(real = x[1:2],
  imaginary = x[3:4])),
  Arg(complex(real = x[1], imaginary = x[2])), Re(complex(modulus = x^2, argument = x)),
  filter(1:7, x)[3:5], filter(x, c(0.5, 0.3))[2:3], filter(x, 1:3, circular = TRUE),
  filter(x, c(1, 2), sides = 1)[2:4], filter(c(x, x), x[1:2] / 9, method = "recursive"),
  filter(x, 0.5, method = "recursive"), filter(x, x[1:2] / 5, "recursive", init = c(3, x[4])),
  filter(rep(x, 150), c(0.2, x[1] / 40), "recursive", init = c(1, 2)),
  approx(1:4, x, xout = c(1, 1.5, 3.2, 4))$y, approx(x, n = 5)$y, approxfun(1:4, x)(2.5),
  approx(c(-9, 0, 9), c(1, 4, 2), xout = x)$y, approxfun(c(-9, 9), c(2, 3))(x),
  approx(1:4, x, xout = c(0, 5), rule = 2)$y, approx(4:1, x, c(0, 2), yleft = 7)$y,
  approx(1:4, x, xout = c(1, 2.5), method = "constant", f = 0.3)$y,
  { d <- data.frame(x = x, g = c(1, 1, 2, 2)); d$x }, aggregate(x, list(c(1, 1, 2, 2)), sum)$x,
  sapply(by(x, c(1, 1, 2, 2), prod), identity), deriv(~ a^2, "a", function.arg = TRUE)(x[1]),
  cov.wt(m(x))$cov, cov2cor(spd(x)), ave(x, c(1, 1, 2, 2)),
  # arrays
  apply(m(x), 1, prod), apply(m(x), 2, function(r) r / sum(abs(r))), apply(m(x), c(1, 2), exp),
  apply(m(1:4), 1, function(r) sum(r * x[1:2])), apply(m(1:4), 2, max), apply(m(x), 1, sum, 1),
  apply(m(x), 1, range, simplify = FALSE)[[2]], apply(array(x, c(2, 2, 1)), 3, sum),
  sweep(m(1:4), 2, x[1:2]), sweep(m(x), 1, 1:2, "*"),
  sweep(m(x), c(1, 2), m(1:4), check.margin = FALSE), scale(m(x)), scale(m(x), center = FALSE),
  scale(m(x), scale = FALSE), scale(m(x), c(1, 2), c(3, 4)), scale(m(1:4), x[1:2], abs(x[3:4]) + 1),
  kronecker(m(x), base::diag(2)), m(x) %x% m(1:4), kronecker(x, 1:2), kronecker(m(x), 1:3, "+"),
  kronecker(1:2, m(x)), kronecker(array(x, c(1, 2, 2)), 1:2), x %o% x, x %o% 1:2,
  outer(x, 1:3, "+"), outer(1:2, x, function(a, b) a * b^2), outer(m(x), 1:2), x %o% m(1:4),
  tapply(x, c(1, 1, 2, 2), sum), tapply(x, list(c(1, 1, 2, 2), c(1, 2, 1, 2)), sum),
  tapply(1:4, c(1, 1, 2, 2), function(v) sum(v * x[1])), tapply(x, c("b", "a", "b", "a"), prod),
  tapply(x, factor(c(1, 1, 2, 2), 1:3), sum, default = 0), rowsum(x, c(2, 2, 1, 1)),
  rowsum(x, c(2, 2, 1, 1), reorder = FALSE), rowsum(m(x), c("b", "a")),
  rowsum(c(x, NA), c(1, 1, 2, 2, 2), na.rm = TRUE), unlist(split(x, c(1, 2, 1, 2))),
  { d <- matrix(0, 2, 2); diag(d) <- x[1:2]; d }, { d <- m(x); diag(d) <- 1; d }, diag(x),
  diag(m(x)), diag(x, 5), diag(x, 4, 5), toeplitz(x), sapply(1:3, function(i) x[i]^2),
  vapply(x, function(v) v^2, 0), mapply(function(a, b) a * b, x, 1:4),
  Reduce(`+`, x, accumulate = FALSE), do.call(sum, as.list(x)), embed(x, 2),
  seq(x[1], x[1] + 3, by = 1), seq(0, x[1]^2 + 1, length.out = 3), log(base = 3, x^2),
  log(2, base = x^2), x[match(2, 1:4)], x[order(c(1, 1, 2, 2), x)],
  rank(c(x, x), ties.method = "first"), apply(m(x), 2, sort),
  kronecker(m(x), m(1:4), make.dimnames = TRUE), cov(x, weights, use = "pair"),
  mapply(function(a, k) a * k, x, MoreArgs = list(k = 3)), rbind(a = x, b = 1, deparse.level = 0),
  # matrices
  m(x) %*% m(x), x %*% x, x %*% data, t(data) %*% x, crossprod(m(x)), crossprod(x, data),
  tcrossprod(m(x)), tcrossprod(x, 1:2), solve(spd(x)), solve(spd(x), 1:2),
  solve(spd(x), 1:2, tol = 1e-10), chol(spd(x)),
  chol({ u <- base::diag(2) * 9; u[1, 2] <- x[1]; u }), chol(spd(x), pivot = FALSE),
  { v <- c(); for (i in 1:4) v[i] <- x[i]^2; v },
  { s <- 0; for (v in x) { if (v > 0) next; s <- s + v }; s },
  outer(x, 1:2, function(a, b) sum(x) * a + b),
  chol({ u <- base::diag(2) * 9; u[2, 1] <- x[1]; u }), chol2inv(m(x) + base::diag(2) * 5),
  chol2inv(m(x) + base::diag(2) * 5, size = 1), chol2inv(chol(spd(x))),
  chol2inv(rbind(m(x) + base::diag(2) * 5, 1)), backsolve(m(x), 1:2), backsolve(m(x), 1:2, k = 1),
  backsolve(m(x), 1:2, transpose = TRUE), backsolve(m(x), 1:2, upper.tri = FALSE),
  backsolve(m(x), m(1:4), k = 1, transpose = TRUE), backsolve(m(1:4), x[1:2]), backsolve(m(1:4), x),
  forwardsolve(m(x), 1:2), forwardsolve(m(x), 1:2, k = 1),
  forwardsolve(m(x), 1:2, upper.tri = TRUE), forwardsolve(m(x), m(1:4), transpose = TRUE),
  backsolve(rbind(m(x), 9), 1:2, k = 2), det(m(x)), determinant(m(x))$modulus,
  determinant(m(x), logarithm = FALSE)$modulus, norm(m(x)), norm(m(x), "I"), norm(m(x), "F"),
  norm(m(x), "M"), norm(m(x), "2"), norm(m(x), "1"), norm(m(x), "e"),
  mahalanobis(c(1, 2), x[1:2], base::diag(2)), mahalanobis(data, x[1:2], spd(x)),
  mahalanobis(data, 1:2, spd(x), inverted = TRUE), mahalanobis(m(x), FALSE, base::diag(2)),
  eigen(spd(x))$values, eigen(spd(x))$vectors, eigen(spd(x), symmetric = TRUE)$vectors,
  eigen(m(x), symmetric = TRUE)$values, eigen(m(x), symmetric = TRUE)$vectors,
  eigen(m(x), symmetric = TRUE, only.values = TRUE)$values, eigen(m(x^2 + 1))$values,
  eigen(m(x^2 + 1))$vectors, Mod(eigen(rbind(c(1, 2 + x[1]^2), c(-1 - x[2]^2, 1)))$values),
  Im(eigen(rbind(c(1, 2 + x[1]^2), c(-1 - x[2]^2, 1)), only.values = TRUE)$values), svd(m(x))$d,
  svd(m(x))$u, svd(m(x))$v, svd(m(x), 0, 0)$d, svd(cbind(data, x), nu = 1)$u,
  svd(t(cbind(data, x)), nv = 2)$v, svd(cbind(x, 1:4))$u, qr.Q(qr(m(x))), qr.R(qr(m(x))),
  qr.X(qr(m(x))), qr.coef(qr(cbind(1, x)), data), qr.fitted(qr(cbind(1, x)), 1:4),
  qr.resid(qr(cbind(1, x)), 1:4), qr.solve(m(x), 1:2), qr.solve(m(x)),
  qr.coef(qr(cbind(1, 1:4)), x), qr.resid(qr(cbind(1, 1:4)), x), qr.qty(qr(m(x)), 1:2),
  qr.qy(qr(m(x)), m(1:4)), qr.R(qr(cbind(1, x)), complete = TRUE), solve(qr(m(x)), 1:2),
  qr.R(qr(m(x), LAPACK = TRUE)), Mod(fft(x)), Re(fft(x, inverse = TRUE)), Im(fft(m(x))),
  Re(fft(fft(x), TRUE)), Arg(fft(x))[2], Re(Conj(fft(x)) * fft(x)), Im(mvfft(m(x))),
  Re(mvfft(m(x), TRUE)), Re(fft(array(x, c(1, 2, 2)), TRUE)), convolve(x, 1:4),
  convolve(x, 1:3, type = "open"), convolve(x, 1:2, type = "filter"),
  convolve(1:4, x, conj = FALSE), Mod(fft(1:4) * x)
)

positive_numbers <- alist(
  besselI(x, 0), besselI(x, 1.5), besselI(x, 2, expon.scaled = TRUE), besselJ(x, 0),
  besselJ(x, 2.5), besselY(x, 1), besselY(x, 0.5), besselK(x, 0), besselK(2, x),
  besselK(x[1:2], x[3:4], TRUE), besselK(x * 50, 3.5, expon.scaled = TRUE),
  besselK(x / 1e4, 7) / besselK(1e-4, 7), atan2(x, 2), atan2(-1, x), atan2(x, rev(x)), psigamma(x),
  psigamma(x, 1), psigamma(x, 3), sqrt(x), log(x), log(x, 3), log2(x), log10(x), log1p(x), x^-0.5,
  x^x, acosh(x + 1), factorial(x), lfactorial(x), beta(x, 2), beta(3, x), lbeta(x, rev(x)),
  choose(5.5, 3) * x, choose(x, 2), lchoose(x + 4, 3), gamma(x), digamma(x), cumprod(x), prod(x)
)

between_numbers <- alist(
  acos(x), asin(x), atanh(x), qlogis(x), x / sum(x)
)
# nolint end

# Distributions: their parameters are parts of a positive x, and both flags are given.
densities_of <- alist(
  dnorm(x[1:2], x[3], x[4]), dlnorm(x[1:2], x[3], x[4]), dexp(x[1:2], x[3]), dt(x[1:2], x[3]),
  dgamma(x[1:2], x[3], x[4]), dgamma(x[1:2], x[3], scale = x[4]), dchisq(x[1:2], x[3]),
  dbeta(plogis(x[1:2]), x[3], x[4]), df(x[1:2], x[3], x[4]), dcauchy(x[1:2], x[3], x[4]),
  dlogis(x[1:2], x[3], x[4]), dunif(x[1:2] / 9, -x[3], 1 + x[4]), dweibull(x[1:2], x[3], x[4]),
  dbinom(0:3, 5, plogis(x)), dpois(0:3, x), dgeom(0:3, plogis(x)), dnbinom(0:3, x[1], plogis(x[2])),
  dnbinom(0:3, x[1], mu = x[2]), dhyper(0:3, 5, 6, 4) * x, df(x, 2, 7), dmultinom(1:4, prob = x)
)

distributions_of <- alist(
  pnorm(x[1:2], x[3], x[4]), plnorm(x[1:2], x[3], x[4]), pexp(x[1:2], x[3]), pt(x[1:2], x[3]),
  pt(-x[1:2] * 9, x[3] * 9), pgamma(x[1:2], x[3], x[4]), pgamma(x[1:2], x[3], scale = x[4]),
  pgamma(x[1:2] * 9, 2, 1), pchisq(x[1:2] * 9, x[3]), pbeta(plogis(x[1:2]), x[3], x[4]),
  pbeta(plogis(x[1:2]), 2, 30), pf(x[1:2], x[3], x[4]), pcauchy(x[1:2], x[3], x[4]),
  pcauchy(-x[1:2], x[3], x[4]), plogis(x[1:2], x[3], x[4]), punif(x[1:2] / 9, -x[3], 1 + x[4]),
  pweibull(x[1:2], x[3], x[4]), pbinom(0:3, 5, plogis(x)), ppois(0:3, x), pgeom(0:3, plogis(x)),
  pnbinom(0:3, x[1], plogis(x[2])), pnbinom(0:3, x[1], mu = x[2]), phyper(0:3, 5, 6, 4) * x
)

# (Of the probability u.)
quantiles_of <- alist(
  qnorm(u, x[3], x[4]), qlnorm(u, x[3], x[4] / 2), qexp(u, x[3]), qt(u, x[3] + 1),
  qgamma(u, x[3], x[4]), qgamma(u, x[3], scale = x[4]), qchisq(u, x[3]), qbeta(u, x[3], x[4]),
  qf(u, x[3] + 1, x[4] + 1), qcauchy(u, x[3], x[4]), qlogis(u, x[3], x[4]), qunif(u, -x[3], x[4]),
  qweibull(u, x[3], x[4]), qbinom(u, 5, 0.3) * x[1:2], qpois(u, x[3:4]) * x[1],
  qgeom(u, 0.3) * x[1:2], qnbinom(u, 3, 0.2) * x[1:2], qnbinom(u, 3, mu = x[3]) * x[1:2],
  qhyper(u, 5, 6, 4) * x[1:2]
)

with_flags <- function(rows, flags, by = list(TRUE, FALSE)) {
  given <- expand.grid(rep(by, length(flags)))
  unlist(lapply(rows, function(code) {
    lapply(seq_len(nrow(given)), function(i) {
      call <- if (identical(code[[1L]], quote(`*`))) code[[2L]] else code
      for (k in seq_along(flags)) call[[flags[k]]] <- given[i, k][[1L]]
      if (identical(code[[1L]], quote(`*`))) code[[2L]] <- call else code <- call
      log <- "log.p" %in% flags && isTRUE(given[i, 2L][[1L]])
      u <- if (log) quote(-log1p(exp(-x[1:2]))) else quote(plogis(x[1:2]))
      do.call(substitute, list(code, list(u = u)))
    })
  }))
}

ranges <- list(
  any = list(any_numbers, function() rnorm(4)),
  positive = list(positive_numbers, function() rexp(4) + 0.1),
  between = list(between_numbers, function() runif(4, 0.05, 0.95)),
  densities = list(with_flags(densities_of, "log"), function() rexp(4) + 0.2),
  distributions = list(
    with_flags(distributions_of, c("lower.tail", "log.p")), function() rexp(4) + 0.2
  ),
  quantiles = list(with_flags(quantiles_of, c("lower.tail", "log.p")), function() rexp(4) + 0.5)
)

# What a row gives, as one number that depends on each of its own in its own way.
as_function <- function(code) {
  body <- bquote({
    value <- .(code)
    sum(value * cos(seq_len(length(value))))
  })
  f <- function(x) NULL
  body(f) <- body
  f
}

differences <- function(code, x) {
  f <- as_function(code)
  label <- paste(deparse(code, width.cutoff = 100L), collapse = " ")
  got <- tryCatch(value_and_grad(f, x), error = function(e) conditionMessage(e))
  if (is.character(got)) return(paste0(label, ": ", got))
  want <- f(x)
  slopes <- numDeriv::grad(f, x)
  wrong <- c(
    if (!isTRUE(all.equal(got$value, want, tolerance = 1e-12))) {
      paste("value", format(got$value, digits = 15), "not", format(want, digits = 15))
    },
    if (!isTRUE(all.equal(got$gradient, slopes, tolerance = 1e-7))) {
      paste("gradient", toString(signif(got$gradient, 9)), "not", toString(signif(slopes, 9)))
    }
  )
  if (length(wrong) > 0L) paste0(label, ": ", toString(wrong))
}

test_that("every rule gives R's value, and the derivative that differences give", {
  set.seed(15)
  for (kind in ranges) {
    x <- kind[[2L]]()
    wrong <- unlist(lapply(kind[[1L]], differences, x))
    expect_identical(wrong, NULL)
  }
})

test_that("what is not honoured is refused by name", {
  message <- function(f, x = c(1, 2, 3, 5)) tryCatch(grad(f, x), error = conditionMessage)
  refused <- list(
    list(function(x) sum(chol(crossprod(m(x)), pivot = TRUE)), "`pivot`"),
    list(function(x) sum(diag(m(x), 3)), "`nrow`"),
    list(function(x) sum(backsolve(m(x), 1:2, k = 3)), "`k` must be between 1 and 2"),
    list(function(x) sum(chol2inv(m(x), size = 3)), "`size` must be between 1 and 2"),
    list(function(x) solve(m(x), tol = 10)[1], "computationally singular"),
    list(function(x) sum(diff(x, lag = 0)), "'lag' and 'differences'"),
    list(function(x) sum(svd(cbind(x, 1))$d + svd(cbind(x, 1), nu = 4)$u), "`nu` and `nv`"),
    list(function(x) qr.Q(qr(cbind(x, 1)), complete = TRUE)[1], "`complete`"),
    list(function(x) cor(x), "supply both 'x' and 'y'"),
    list(function(x) sum(fft(x)), "real numbers: take Re\\(\\)"),
    list(function(x) besselJ(2, x[1]), "no derivative in `nu`"),
    list(function(x) pt(x[1], 3, ncp = 1), "`ncp`"),
    list(function(x) sum(rowSums(m(x), dims = 2)), "`dims`"),
    list(function(x) optimize(function(z) (z - x[1])^2, c(0, 9))$minimum, "Newton"),
    list(function(x) integrate(dnorm, 0, x[1])$value, "quadrature"),
    list(function(x) approx(x, 1:4, 1.5)$y, "`x` of approx\\(\\) must be numbers"),
    list(function(x) spline(1:4, x)$y, "findInterval"),
    list(function(x) uniroot(function(z) z - x[1], c(-9, 9))$root, "`uniroot.*Newton"),
    list(function(x) arima.sim(list(ar = x[1]), 5), "`arima.sim"),
    list(function(x) integrate(function(z) z * x[1], 0, 1)$value, "`integrate.*quadrature"),
    list(function(x) sum(dist(m(x))), "`dist\\(m\\(x\\)\\)`"),
    list(function(x) ptukey(x[1], 3, 10), "no formula")
  )
  for (case in refused) expect_match(message(case[[1L]]), case[[2L]], info = deparse(case[[1L]]))
})
