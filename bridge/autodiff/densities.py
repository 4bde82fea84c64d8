"""R's density functions on tensors, differentiable in every parameter.

Parameters, defaults, values at the edges and NaN for parameters out of range are those of R's
``d*``; arguments broadcast as PyTorch's do. Discrete and gamma-like densities follow
C. Loader, "Fast and accurate computation of binomial probabilities" (2000), as R does: exact
also where log-gammas of large numbers would cancel.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, where

from torchbridge.autodiff.density_table import (
    Operand,
    as_tensor,
    every,
    finite,
    in_r,
    log_of,
    nan_where,
    result,
    standardised,
    with_slopes,
)

_LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)
_INF, _NAN = math.inf, math.nan
_TINY = 2.2250738585072014e-308  # the smallest normal double, R's DBL_MIN


# ---- Loader's pieces -----------------------------------------------------------------------


def _stirling_error(n: Tensor) -> Tensor:
    """log(n!) minus Stirling's formula, for n > 0."""
    small = n <= 15
    s = where(small, n, 1.0)
    direct = torch.lgamma(s + 1) - (s + 0.5) * s.log() + s - _LOG_SQRT_2PI
    r = 1 / where(small, 16.0, n)
    r2 = r * r
    # The asymptotic series' coefficients are Bernoulli numbers: B(2k) / (2k (2k - 1)).
    series: Tensor | float = 0.0
    for c in (1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12):
        series = series * r2 + c
    return where(small, direct, series * r)


def _deviance(x: Tensor, m: Tensor) -> Tensor:
    """x log(x / m) + m - x for x >= 0, m > 0: half a Poisson deviance."""
    close = (x - m).abs() < 0.1 * (x + m)
    a, b = where(close, x, 1.0), where(close, m, 1.0)
    v = (a - b) / (a + b)
    v2 = v * v
    tail: Tensor | float = 0.0
    for j in range(11, 0, -1):
        tail = tail * v2 + 1 / (2 * j + 1)
    near = (a - b) * v + 2 * a * v * v2 * tail
    a, b = where(close, 1.0, x), where(close, 1.0, m)
    positive = a > 0
    s = where(positive, a, 1.0)
    far = where(positive, s * (s.log() - b.log()), 0.0) + b - a
    return where(close, near, far)


def log_poisson(x: Tensor, rate: Tensor) -> Tensor:
    """x log(rate) - rate - log(x!) for real x >= 0."""
    usual = (x > rate * _TINY) & (rate >= x * _TINY) & (rate > 0) & torch.isfinite(rate)
    usual = usual & torch.isfinite(x)
    a, b = where(usual, x, 1.0), where(usual, rate, 1.0)
    log = -_LOG_SQRT_2PI - 0.5 * a.log() - _stirling_error(a) - _deviance(a, b)
    none = ~usual & (x <= rate * _TINY) & torch.isfinite(rate) & torch.isfinite(x)
    rare = ~usual & ~none & (rate > 0) & torch.isfinite(rate) & torch.isfinite(x)
    a, b = where(rare, x, 1.0), where(rare, rate, 1.0)
    log = where(rare, -b + a * b.log() - torch.lgamma(a + 1), log)
    log = where(none, -where(none, rate, 0.0), log)
    return where(usual | none | rare, log, -_INF)


def log_binomial(x: Tensor, n: Tensor, p: Tensor, q: Tensor) -> Tensor:
    """log of choose(n, x) p^x q^(n - x) for real 0 <= x <= n."""
    inner = (x > 0) & (x < n) & (p > 0) & (q > 0)
    a, m = where(inner, x, 1.0), where(inner, n, 2.0)
    b = m - a
    u, v = where(inner, p, 0.5), where(inner, q, 0.5)
    log = _stirling_error(m) - _stirling_error(a) - _stirling_error(b)
    log = log - _deviance(a, m * u) - _deviance(b, m * v)
    log = log - _LOG_SQRT_2PI - 0.5 * (a.log() + torch.log1p(-a / m))
    none, all_ = (x == 0) & (q > 0), (x == n) & (p > 0) & (n > 0)
    # The log of what is near 1 is exact from what is near 0.
    log_q = _log_of(q, p, none)
    log_p = _log_of(p, q, all_)
    at_zero, at_size = where(none, n, 0.0) * log_q, where(all_, n, 0.0) * log_p
    outer = where(none, at_zero, where(all_, at_size, -_INF))
    certain = ((x == 0) & (p == 0)) | ((x == n) & (q == 0)) | (n == 0) & (x == 0)
    outer = where(certain & ~(none | all_), 0.0, outer)
    return where(inner, log, outer)


def _log_of(p: Tensor, q: Tensor, where_: Tensor) -> Tensor:
    """log(p) where p + q = 1."""
    near = where_ & (q < 0.5)
    far = where_ & ~near
    return where(near, torch.log1p(-where(near, q, 0.0)), where(far, p, 1.0).log())


def whole(x: Tensor) -> Tensor:
    """Which are whole numbers, as R's densities of counts see it."""
    return (x - x.round()).abs() <= 1e-7 * torch.clamp(x.abs(), min=1.0)


# ---- where no argument is at an edge -------------------------------------------------------
#
# Each is finite nowhere else, or looks for itself. Of Loader's, the derivatives are those of the
# textbook's formula, which has no branches.


def _log_normal(x: Operand, mean: Operand, sd: Operand) -> Tensor:
    z = standardised(x, mean, sd)
    half = _LOG_SQRT_2PI + 0.5 * z * z
    log_sd = log_of(sd)
    return -half if log_sd.__class__ is float else -(half + log_sd)


def _dnorm(x: Operand, mean: Operand, sd: Operand, log: bool) -> Tensor | None:
    return finite(_log_normal(x, mean, sd), log)


def _dlnorm(x: Operand, meanlog: Operand, sdlog: Operand, log: bool) -> Tensor | None:
    y = log_of(x)
    return finite(_log_normal(y, meanlog, sdlog) - y, log)


def _dexp(x: Operand, rate: Operand, log: bool) -> Tensor | None:
    return finite(as_tensor(log_of(rate) - rate * x), log) if every(x >= 0) else None


def _dcauchy(x: Operand, location: Operand, scale: Operand, log: bool) -> Tensor | None:
    z = standardised(x, location, scale)
    return finite(-(math.log(math.pi) + log_of(scale) + torch.log1p(z * z)), log)


def _dlogis(x: Operand, location: Operand, scale: Operand, log: bool) -> Tensor | None:
    z = standardised(x, location, scale).abs()
    return finite(-(z + log_of(scale) + 2 * torch.log1p((-z).exp())), log)


def _dweibull(x: Operand, shape: Operand, scale: Operand, log: bool) -> Tensor | None:
    shape, log_scale = as_tensor(shape), log_of(scale)  # (powers of numbers have other bits)
    y = log_of(x) - log_scale
    return finite(shape.log() - log_scale + (shape - 1) * y - (x / scale) ** shape, log)


def _dgamma(x: Operand, shape: Operand, scale: Operand, log: bool) -> Tensor | None:
    x, shape, scale = as_tensor(x), as_tensor(shape), as_tensor(scale)
    if not (every(x > 0) and _is_moderate(shape) and _is_moderate(scale)):
        return None
    a, k, s = x.detach(), shape.detach(), scale.detach()
    if not _is_moderate(a / s):
        return None
    density = _usual_poisson(k, a / s) + k.log() - a.log()
    if _are_constants(x, shape, scale):
        return result(density, log)
    like = (shape - 1) * x.log() - x / scale - shape * scale.log() - torch.lgamma(shape)
    return finite(with_slopes(density, like), log)


def _dpois(x: Operand, rate: Operand, log: bool) -> Tensor | None:
    x, rate = as_tensor(x).detach(), as_tensor(rate)
    if not (every((x >= 0) & (x < 1e15) & whole(x)) and _is_moderate(rate)):
        return None
    a, m = x.round(), rate.detach()
    some = a > 0
    density = where(some, _usual_poisson(where(some, a, 1.0), m), -m)
    if _are_constants(rate):
        return result(density, log)
    return finite(with_slopes(density, a * rate.log() - rate), log)


def _dbinom(x: Operand, size: Operand, prob: Operand, log: bool) -> Tensor | None:
    x, size, prob = as_tensor(x).detach(), as_tensor(size), as_tensor(prob)
    if size.requires_grad or not every((x >= 0) & (x <= size) & (size < 1e15) & whole(x)):
        return None
    if not every(whole(size)) or not every((prob > 0) & (prob < 1)):
        return None
    a, n, p = x.round(), size.round(), prob.detach()
    density = log_binomial(a, n, p, 1 - p)
    if _are_constants(prob):
        return finite(density, log)
    return finite(with_slopes(density, a * prob.log() + (n - a) * torch.log1p(-prob)), log)


def _usual_poisson(a: Tensor, rate: Tensor) -> Tensor:
    return -_LOG_SQRT_2PI - 0.5 * a.log() - _stirling_error(a) - _deviance(a, rate)


def _is_moderate(x: Tensor) -> bool:
    return every((x > 1e-250) & (x < 1e250))


def _are_constants(*arguments: Tensor) -> bool:
    return not torch.is_grad_enabled() or not any(x.requires_grad for x in arguments)


# ---- continuous ----------------------------------------------------------------------------


@in_r("x, mean = 0, sd = 1", _dnorm)
def dnorm(x: Tensor, mean: Tensor, sd: Tensor, log: bool) -> Tensor:
    """Normal."""
    fine = (sd > 0) & ~(torch.isinf(x) & (x == mean))
    s = where(fine, sd, 1.0)
    z = where(fine, x - mean, 0.0) / s
    density = -(_LOG_SQRT_2PI + 0.5 * z * z + s.log())
    density = where(sd == 0, where(x == mean, _INF, -_INF), density)
    bad = (sd < 0) | (torch.isinf(x) & (x == mean))
    return result(nan_where(bad, x, mean, sd, otherwise=density), log)


@in_r("x, meanlog = 0, sdlog = 1", _dlnorm)
def dlnorm(x: Tensor, meanlog: Tensor, sdlog: Tensor, log: bool) -> Tensor:
    """Log-normal."""
    inside = (x > 0) & torch.isfinite(x)
    y = where(inside, x, 1.0).log()
    density = where(inside, dnorm(y, meanlog, sdlog, True) - y, -_INF)
    return result(nan_where(sdlog < 0, x, meanlog, sdlog, otherwise=density), log)


@in_r("x, rate = 1", _dexp)
def dexp(x: Tensor, rate: Tensor, log: bool) -> Tensor:
    """Exponential."""
    fine = (x >= 0) & (rate > 0) & torch.isfinite(rate)
    r, a = where(fine, rate, 1.0), where(fine, x, 0.0)
    density = where(fine, r.log() - r * a, -_INF)
    bad = (rate < 0) | torch.isposinf(rate) | ((rate == 0) & torch.isposinf(x))
    return result(nan_where(bad, x, rate, otherwise=density), log)


@in_r("x, shape, rate = 1, scale = 1 / rate", _dgamma)
def dgamma(x: Tensor, shape: Tensor, scale: Tensor, log: bool) -> Tensor:
    """Gamma."""
    inside = (x > 0) & torch.isfinite(x) & (shape > 0) & (scale > 0)
    a, k, s = where(inside, x, 1.0), where(inside, shape, 1.0), where(inside, scale, 1.0)
    density = log_poisson(k, a / s) + k.log() - a.log()
    at_zero = where(shape < 1, _INF, -_INF)
    one = (x == 0) & (shape == 1) & (scale > 0)
    # Of the limit at 0 the scale alone is known; the gradient in shape is not finite there.
    at_zero = where(one, -where(one, scale, 1.0).log(), at_zero)
    density = where(inside, density, where(x == 0, at_zero, -_INF))
    density = where((shape == 0) & (x > 0), -_INF, density)
    return result(nan_where((shape < 0) | (scale <= 0), x, shape, scale, otherwise=density), log)


@in_r("x, df, ncp = 0")
def dchisq(x: Tensor, df: Tensor, log: bool) -> Tensor:
    """Chi-squared."""
    return dgamma(x, df / 2, torch.full_like(df, 2.0), log)


@in_r("x, shape1, shape2, ncp = 0")
def dbeta(x: Tensor, shape1: Tensor, shape2: Tensor, log: bool) -> Tensor:
    """Beta."""
    usual = (shape1 > 0) & (shape2 > 0) & torch.isfinite(shape1) & torch.isfinite(shape2)
    inside = (x > 0) & (x < 1) & usual
    p = where(inside, x, 0.5)
    a, b = where(inside, shape1, 1.0), where(inside, shape2, 1.0)
    density = log_binomial(a, a + b, p, 1 - p)
    density = density + a.log() + b.log() - (a + b).log() - p.log() - torch.log1p(-p)

    def edge(shape: Tensor, other: Tensor) -> Tensor:
        one = usual & (shape == 1)
        limit = where(one, where(one, other, 1.0).log(), where(shape < 1, _INF, -_INF))
        return limit

    density = where(inside, density, -_INF)
    density = where(usual & (x == 0), edge(shape1, shape2), density)
    density = where(usual & (x == 1), edge(shape2, shape1), density)
    # All mass in one point, or in both ends.
    left = (shape1 == 0) | (torch.isfinite(shape1) & torch.isinf(shape2))
    right = (shape2 == 0) | (torch.isfinite(shape2) & torch.isinf(shape1))
    both = (shape1 == 0) & (shape2 == 0)
    middle = torch.isinf(shape1) & torch.isinf(shape2)
    at = (both & ((x == 0) | (x == 1))) | (left & ~both & (x == 0)) | (right & ~both & (x == 1))
    at = at | (middle & (x == 0.5))
    density = where(usual, density, where(at, _INF, -_INF))
    return result(nan_where((shape1 < 0) | (shape2 < 0), x, shape1, shape2, otherwise=density), log)


@in_r("x, df, ncp")
def dt(x: Tensor, df: Tensor, log: bool) -> Tensor:
    """Student's t."""
    usual = torch.isfinite(x) & (df > 0) & torch.isfinite(df)
    n, a = where(usual, df, 1.0), where(usual, x, 0.0)
    t = _stirling_error((n + 1) / 2) - _stirling_error(n / 2) - _deviance(n / 2, (n + 1) / 2)
    huge = a.abs() > 1e150
    b = where(huge, 0.0, a)
    half_log = where(
        huge, where(huge, a, 1.0).abs().log() - 0.5 * n.log(), 0.5 * torch.log1p(b * b / n)
    )
    density = where(usual, t - (n + 1) * half_log - _LOG_SQRT_2PI, -_INF)
    limit = torch.isposinf(df) & torch.isfinite(x)
    z = where(limit, x, 0.0)
    density = where(limit, -_LOG_SQRT_2PI - 0.5 * z * z, density)
    return result(nan_where(df <= 0, x, df, otherwise=density), log)


@in_r("x, df1, df2, ncp")
def df(x: Tensor, df1: Tensor, df2: Tensor, log: bool) -> Tensor:
    """F."""
    good = (df1 > 0) & (df2 > 0)
    inside = (x > 0) & torch.isfinite(x) & good & torch.isfinite(df1) & torch.isfinite(df2)
    m, n, a = where(inside, df1, 1.0), where(inside, df2, 1.0), where(inside, x, 1.0)
    odds = a * (m / n)
    p, q = 1 / (1 + 1 / odds), 1 / (1 + odds)
    density = log_binomial(m / 2, (m + n) / 2, p, q)
    density = density + 2 * m.log() - (m + n).log() + q.log() - p.log() - math.log(2)
    at_zero = where(df1 == 2, 0.0, where(df1 < 2, _INF, -_INF))
    density = where(inside, density, where(x == 0, at_zero, -_INF))
    limit = good & torch.isfinite(df1) & torch.isinf(df2) & (x > 0)
    m = where(limit, df1, 2.0)
    density = where(limit, dgamma(where(limit, x, 1.0), m / 2, 2 / m, True), density)
    point = torch.isinf(df1) & torch.isinf(df2)
    density = where(point, where(x == 1, _INF, -_INF), density)
    return result(nan_where(~good, x, df1, df2, otherwise=density), log)


@in_r("x, location = 0, scale = 1", _dcauchy)
def dcauchy(x: Tensor, location: Tensor, scale: Tensor, log: bool) -> Tensor:
    """Cauchy."""
    fine = (scale > 0) & torch.isfinite(x)
    s = where(fine, scale, 1.0)
    z = where(fine, x - location, 0.0) / s
    density = where(torch.isinf(x), -_INF, -(math.log(math.pi) + s.log() + torch.log1p(z * z)))
    return result(nan_where(scale <= 0, x, location, scale, otherwise=density), log)


@in_r("x, location = 0, scale = 1", _dlogis)
def dlogis(x: Tensor, location: Tensor, scale: Tensor, log: bool) -> Tensor:
    """Logistic."""
    fine = scale > 0
    s = where(fine, scale, 1.0)
    z = (where(fine, x - location, 0.0) / s).abs()
    density = -(z + s.log() + 2 * torch.log1p((-z).exp()))
    return result(nan_where(scale <= 0, x, location, scale, otherwise=density), log)


@in_r("x, min = 0, max = 1")
def dunif(x: Tensor, lower: Tensor, upper: Tensor, log: bool) -> Tensor:
    """Uniform."""
    inside = (x >= lower) & (x <= upper) & (lower < upper)
    width = where(inside, upper - lower, 1.0)
    density = where(inside, -width.log(), -_INF)
    bad = (upper <= lower) | ~torch.isfinite(upper - lower)
    return result(nan_where(bad, x, lower, upper, otherwise=density), log)


@in_r("x, shape, scale = 1", _dweibull)
def dweibull(x: Tensor, shape: Tensor, scale: Tensor, log: bool) -> Tensor:
    """Weibull."""
    inside = (x > 0) & torch.isfinite(x) & (shape > 0) & (scale > 0)
    a, k, s = where(inside, x, 1.0), where(inside, shape, 1.0), where(inside, scale, 1.0)
    y = a.log() - s.log()
    density = k.log() - s.log() + (k - 1) * y - (a / s) ** k
    one = (x == 0) & (shape == 1) & (scale > 0)
    at_zero = where(one, -where(one, scale, 1.0).log(), where(shape < 1, _INF, -_INF))
    density = where(inside, density, where(x == 0, at_zero, -_INF))
    return result(nan_where((shape <= 0) | (scale <= 0), x, shape, scale, otherwise=density), log)


# ---- discrete ------------------------------------------------------------------------------


@in_r("x, size, prob", _dbinom)
def dbinom(x: Tensor, size: Tensor, prob: Tensor, log: bool) -> Tensor:
    """Binomial."""
    x = x.detach()
    inside = (x >= 0) & (x <= size) & whole(x) & torch.isfinite(x)
    bad = (prob < 0) | (prob > 1) | (size < 0) | ~whole(size)
    fine = inside & ~bad & ~prob.isnan()
    a, n, p = where(fine, x.round(), 0.0), where(fine, size.round(), 1.0), where(fine, prob, 0.5)
    density = where(inside, log_binomial(a, n, p, 1 - p), -_INF)
    return result(nan_where(bad, x, size, prob, otherwise=density), log)


@in_r("x, lambda", _dpois)
def dpois(x: Tensor, rate: Tensor, log: bool) -> Tensor:
    """Poisson; `rate` is R's lambda."""
    x = x.detach()
    inside = (x >= 0) & whole(x) & torch.isfinite(x)
    fine = inside & (rate >= 0)
    density = log_poisson(where(fine, x.round(), 0.0), where(fine, rate, 1.0))
    density = where(inside, density, -_INF)
    return result(nan_where(rate < 0, x, rate, otherwise=density), log)


@in_r("x, prob")
def dgeom(x: Tensor, prob: Tensor, log: bool) -> Tensor:
    """Geometric: failures before the first success."""
    x = x.detach()
    inside = (x >= 0) & whole(x) & torch.isfinite(x)
    bad = (prob <= 0) | (prob > 1)
    fine = inside & ~bad & ~prob.isnan()
    a, p = where(fine, x.round(), 0.0), where(fine, prob, 0.5)
    some = a > 0
    q = where(some & (p < 1), p, 0.5)
    rest = where(some, where(p < 1, a * torch.log1p(-q), -_INF), 0.0)
    density = where(inside, p.log() + rest, -_INF)
    return result(nan_where(bad, x, prob, otherwise=density), log)


@in_r("x, m, n, k")
def dhyper(x: Tensor, m: Tensor, n: Tensor, k: Tensor, log: bool) -> Tensor:
    """Hypergeometric: of `k` drawn from `m` white and `n` black; all are counts."""
    x, m, n, k = (z.detach() for z in (x, m, n, k))
    bad = (m < 0) | (n < 0) | (k < 0) | ~whole(m) | ~whole(n) | ~whole(k) | (k > m + n)
    inside = (x >= 0) & whole(x) & (x <= k) & (x <= m) & (k - x <= n) & ~bad
    a, b, c, j = (where(inside, z.round(), 0.0) for z in (m, n, k, x))
    p = where(a + b > 0, c / where(a + b > 0, a + b, 1.0), 0.5)
    density = log_binomial(j, a, p, 1 - p) + log_binomial(c - j, b, p, 1 - p)
    density = density - log_binomial(c, a + b, p, 1 - p)
    return result(nan_where(bad, x, m, n, k, otherwise=where(inside, density, -_INF)), log)


@in_r()
def dnbinom(x: Tensor, size: Tensor, prob: Tensor, log: bool) -> Tensor:
    """Negative binomial, by its probability."""
    bad = (prob <= 0) | (prob > 1) | (size < 0)
    density = _log_negative_binomial(x.detach(), size, prob, 1 - prob, bad)
    return result(nan_where(bad, x, size, prob, otherwise=density), log)


@in_r()
def dnbinom_mu(x: Tensor, size: Tensor, mu: Tensor, log: bool) -> Tensor:
    """Negative binomial, by its mean."""
    bad = (mu < 0) | (size < 0)
    finite = torch.isfinite(size) & (size > 0) & (mu >= 0)
    n, m = where(finite, size, 1.0), where(finite, mu, 1.0)
    density = _log_negative_binomial(x.detach(), size, n / (n + m), m / (n + m), bad)
    limit = torch.isposinf(size)
    density = where(limit, dpois(x, where(limit, mu, 1.0), True), density)
    return result(nan_where(bad, x, size, mu, otherwise=density), log)


def _log_negative_binomial(x: Tensor, size: Tensor, p: Tensor, q: Tensor, bad: Tensor) -> Tensor:
    inside = (x >= 0) & whole(x) & torch.isfinite(x)
    fine = inside & ~bad & (size > 0) & torch.isfinite(size) & ~p.isnan()
    n, a = where(fine, size, 1.0), where(fine, x.round(), 0.0)
    u, v = where(fine, p, 0.5), where(fine, q, 0.5)
    none = a == 0
    # x much below size: choose(n + x - 1, x) = n^x / x! (1 + x (x - 1) / (2 n)), nearly.
    few = ~none & (a < 1e-10 * n) & (v > 0)
    m, k, w = where(few, n, 1.0), where(few, a, 0.0), where(few, v, 0.5)
    rare = k * (m.log() + w.log()) - torch.lgamma(k + 1) + torch.log1p(k * (k - 1) / (2 * m))
    log_p = _log_of(u, v, fine)
    rare = rare + n * log_p
    b = where(none, 1.0, a)
    usual = log_binomial(n, b + n, u, v) + n.log() - (n + b).log()
    density = where(none, n * log_p, where(few, rare, usual))
    density = where(fine, density, -_INF)
    return where((size == 0) & (x == 0), 0.0, density)


def dmultinom(x: Tensor, prob: Tensor, log: bool) -> Tensor:
    """Multinomial: one density for all of `x`; `prob` is scaled to sum to 1."""
    x = x.detach().round()
    p = prob / prob.sum()
    some = x > 0
    terms = where(some & (p > 0), x * where(some & (p > 0), p, 1.0).log(), 0.0)
    density = torch.lgamma(x.sum() + 1) + (terms - torch.lgamma(x + 1)).sum()
    density = where((some & (p == 0)).any(), -_INF, density)
    bad = (prob < 0).any() | (x < 0).any() | ~torch.isfinite(prob).all()
    return result(where(bad, _NAN, density), log)


def dmvnorm(x: Tensor, mean: Tensor, sigma: Tensor, log: bool) -> Tensor:
    """Multivariate normal: one density a row of `x` (n x p), of covariance `sigma` (p x p)."""
    factor = torch.linalg.cholesky(sigma)
    z = torch.linalg.solve_triangular(factor, (x - mean).mT, upper=False)
    density = -x.shape[-1] * _LOG_SQRT_2PI - factor.diagonal().log().sum() - 0.5 * (z * z).sum(0)
    return result(density, log)
