"""R's distribution functions and quantiles on tensors, differentiable in every parameter.

Parameters, defaults, values at the edges and NaN for parameters out of range are those of R's
``p*`` and ``q*``: tails by `lower`, logs where they are asked for.

Tests: tests/autodiff/test_densities.py
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, where
from torch.fx.experimental.proxy_tensor import get_proxy_mode

from torchbridge.autodiff.densities import dt, whole
from torchbridge.autodiff.density_table import (
    Operand,
    every,
    finite,
    in_r,
    nan_where,
    result,
    standardised,
)
from torchbridge.autodiff.incomplete import log_beta_tail, log_gamma_tail

_INF, _NAN = math.inf, math.nan


def _probability(p: Tensor, log: bool) -> Tensor:
    return p.log() if log else p


def _from_survival(log_upper: Tensor, lower: bool, log: bool) -> Tensor:
    """The tail, of the log of the upper tail."""
    if not lower:
        return result(log_upper, log)
    if not log:
        return -torch.expm1(log_upper)
    near = log_upper > -math.log(2)
    a, b = where(near & (log_upper < 0), log_upper, -1.0), where(near, -1.0, log_upper)
    return where(log_upper == 0, -_INF, where(near, (-torch.expm1(a)).log(), torch.log1p(-b.exp())))


def _pnorm(q: Operand, mean: Operand, sd: Operand, lower: bool, log: bool) -> Tensor | None:
    if not every(sd > 0):
        return None
    z = standardised(q, mean, sd)
    z = z if lower else -z
    p = torch.special.log_ndtr(z) if log else 0.5 * torch.special.erfc(-z / math.sqrt(2))
    return finite(p, True)


def _plogis(q: Operand, location: Operand, scale: Operand, lower: bool, log: bool) -> Tensor | None:
    if not every(scale > 0):
        return None
    z = standardised(q, location, scale)
    z = z if lower else -z
    return finite(torch.nn.functional.logsigmoid(z) if log else torch.sigmoid(z), True)


@in_r("q, mean = 0, sd = 1", _pnorm)
def pnorm(q: Tensor, mean: Tensor, sd: Tensor, lower: bool, log: bool) -> Tensor:
    """Normal."""
    fine = sd > 0
    z = where(fine, q - mean, 0.0) / where(fine, sd, 1.0)
    z = where(sd == 0, where(q < mean, -_INF, _INF), z)
    z = z if lower else -z
    p = torch.special.log_ndtr(z) if log else 0.5 * torch.special.erfc(-z / math.sqrt(2))
    return nan_where(sd < 0, q, mean, sd, otherwise=p)


@in_r("q, meanlog = 0, sdlog = 1")
def plnorm(q: Tensor, meanlog: Tensor, sdlog: Tensor, lower: bool, log: bool) -> Tensor:
    """Log-normal."""
    inside = q > 0
    p = pnorm(where(inside, q, 1.0).log(), meanlog, sdlog, lower, log)
    outside = _probability(torch.zeros_like(p) if lower else torch.ones_like(p), log)
    return nan_where(q.isnan(), q, otherwise=where(inside, p, outside))


@in_r("q, rate = 1")
def pexp(q: Tensor, rate: Tensor, lower: bool, log: bool) -> Tensor:
    """Exponential."""
    p = _from_survival(where(q > 0, -rate * where(q > 0, q, 0.0), 0.0), lower, log)
    return nan_where(rate < 0, q, rate, otherwise=p)


@in_r("q, shape, scale = 1")
def pweibull(q: Tensor, shape: Tensor, scale: Tensor, lower: bool, log: bool) -> Tensor:
    """Weibull."""
    inside = (q > 0) & (shape > 0) & (scale > 0)
    k, s = where(inside, shape, 1.0), where(inside, scale, 1.0)
    survival = where(inside, -((where(inside, q, 1.0) / s) ** k), 0.0)
    p = _from_survival(survival, lower, log)
    return nan_where((shape <= 0) | (scale <= 0), q, shape, scale, otherwise=p)


@in_r("q, location = 0, scale = 1", _plogis)
def plogis(q: Tensor, location: Tensor, scale: Tensor, lower: bool, log: bool) -> Tensor:
    """Logistic."""
    fine = scale > 0
    z = where(fine, q - location, 0.0) / where(fine, scale, 1.0)
    z = z if lower else -z
    p = torch.nn.functional.logsigmoid(z) if log else torch.sigmoid(z)
    return nan_where(scale <= 0, q, location, scale, otherwise=p)


@in_r("p, location = 0, scale = 1")
def qlogis(p: Tensor, location: Tensor, scale: Tensor, lower: bool, log: bool) -> Tensor:
    """Logistic quantile."""
    if log:
        inside = (p < 0) & torch.isfinite(p)
        a = where(inside, p, -1.0)
        # log(p / (1 - p)) by expm1, also where p is near 0 or 1.
        logit = a - (-torch.expm1(a)).log()
        logit = where(inside, logit, where(p == 0, _INF, where(p == -_INF, -_INF, _NAN)))
    else:
        inside = (p > 0) & (p < 1)
        a = where(inside, p, 0.5)
        logit = a.log() - torch.log1p(-a)
        logit = where(inside, logit, where(p == 0, -_INF, where(p == 1, _INF, _NAN)))
    return location + scale * (logit if lower else -logit)


@in_r("q, min = 0, max = 1")
def punif(q: Tensor, lower_bound: Tensor, upper_bound: Tensor, lower: bool, log: bool) -> Tensor:
    """Uniform."""
    width = where(upper_bound > lower_bound, upper_bound - lower_bound, 1.0)
    p = torch.clamp((q - lower_bound) / width, 0.0, 1.0)
    if not lower:
        p = torch.clamp((upper_bound - q) / width, 0.0, 1.0)
    bad = upper_bound < lower_bound
    return nan_where(bad, q, lower_bound, upper_bound, otherwise=_probability(p, log))


@in_r("q, shape, rate = 1, scale = 1 / rate")
def pgamma(q: Tensor, shape: Tensor, scale: Tensor, lower: bool, log: bool) -> Tensor:
    """Gamma."""
    inside = (q > 0) & torch.isfinite(q) & (shape > 0) & (scale > 0) & torch.isfinite(scale)
    a, z = where(inside, shape, 1.0), where(inside, q, 1.0) / where(inside, scale, 1.0)
    p = _of_gamma(a, z, lower, log)
    p = where(inside, p, _all_or_nothing(((q > 0) & torch.isfinite(scale)) == lower, log))
    bad = (shape < 0) | (scale <= 0) | (torch.isinf(scale) & torch.isinf(q))
    return nan_where(bad, q, shape, scale, otherwise=p)


@in_r("q, df, ncp = 0")
def pchisq(q: Tensor, df: Tensor, lower: bool, log: bool) -> Tensor:
    """Chi-squared."""
    return pgamma(q, df / 2, torch.full_like(df, 2.0), lower, log)


@in_r("q, lambda")
def ppois(q: Tensor, rate: Tensor, lower: bool, log: bool) -> Tensor:
    """Poisson; `rate` is R's lambda."""
    k = _counts(q)
    inside = (k >= 0) & (rate > 0) & torch.isfinite(k)
    p = _of_gamma(where(inside, k + 1, 1.0), where(inside, rate, 1.0), not lower, log)
    p = where(inside, p, _all_or_nothing((k >= 0) == lower, log))
    return nan_where(rate < 0, q, rate, otherwise=p)


@in_r("q, shape1, shape2, ncp = 0")
def pbeta(q: Tensor, shape1: Tensor, shape2: Tensor, lower: bool, log: bool) -> Tensor:
    """Beta."""
    usual = (shape1 > 0) & (shape2 > 0) & torch.isfinite(shape1) & torch.isfinite(shape2)
    inside = (q > 0) & (q < 1) & usual
    x = where(inside, q, 0.5)
    p = _of_beta(x, 1 - x, where(inside, shape1, 1.0), where(inside, shape2, 1.0), lower, log)
    # Where all mass is in one point, or in both ends, as in densities.dbeta().
    middle = torch.isinf(shape1) & torch.isinf(shape2)
    at_zero = ~middle & ((shape1 == 0) | torch.isinf(shape2))
    below = (q >= 1) | (~usual & (q > 0) & (at_zero | (middle & (q >= 0.5))))
    outside = _all_or_nothing(below == lower, log)
    both = (shape1 == 0) & (shape2 == 0) & (q > 0) & (q < 1)
    outside = where(both, -math.log(2) if log else 0.5, outside)
    p = where(inside, p, outside)
    return nan_where((shape1 < 0) | (shape2 < 0), q, shape1, shape2, otherwise=p)


@in_r("q, df, ncp")
def pt(q: Tensor, df: Tensor, lower: bool, log: bool) -> Tensor:
    """Student's t."""
    usual = torch.isfinite(q) & (df > 0) & torch.isfinite(df)
    inside = usual & (q != 0)
    n, t = where(inside, df, 1.0), where(inside, q, 1.0)
    # Of x = 1 / (1 + t^2 / n) and y = 1 - x, so that neither overflows nor cancels.
    ratio = t * (t / n)
    both, is_both = log_beta_tail(1 / (1 + ratio), 1 / (1 + 1 / ratio), n / 2, _half(n))
    half = where(is_both, both, _complement(both, True)) - math.log(2)
    same = (q > 0) != lower
    p = where(same, result(half, log), _complement(half, log))
    # At 0 by the first terms of its series, which give the derivatives.
    at_zero = usual & (q == 0)
    z, n = where(at_zero, q, 0.0), where(at_zero, df, 1.0)
    near = z * dt(torch.zeros_like(z), n, False)
    p = where(at_zero, _probability(0.5 + near if lower else 0.5 - near, log), p)
    p = where(usual, p, _all_or_nothing((q > 0) == lower, log))
    normal = torch.isposinf(df)
    of_normal = pnorm(where(normal, q, 0.0), torch.zeros_like(q), torch.ones_like(q), lower, log)
    return nan_where(df <= 0, q, df, otherwise=where(normal, of_normal, p))


@in_r("q, df1, df2, ncp")
def pf(q: Tensor, df1: Tensor, df2: Tensor, lower: bool, log: bool) -> Tensor:
    """F."""
    good = (df1 > 0) & (df2 > 0)
    inside = (q > 0) & torch.isfinite(q) & good & torch.isfinite(df1) & torch.isfinite(df2)
    m, n, w = where(inside, df1, 1.0), where(inside, df2, 1.0), where(inside, q, 1.0)
    odds = w * (m / n)
    p = _of_beta(1 / (1 + 1 / odds), 1 / (1 + odds), m / 2, n / 2, lower, log)
    p = where(inside, p, _all_or_nothing((q > 0) == lower, log))
    # The limits are a chi-squared, its inverse, and the point 1.
    first = good & (q > 0) & torch.isfinite(df1) & torch.isinf(df2)
    second = good & (q > 0) & torch.isinf(df1) & torch.isfinite(df2)
    m, w = where(first, df1, 1.0), where(first | second, q, 1.0)
    p = where(first, pchisq(w * m, m, lower, log), p)
    n = where(second, df2, 1.0)
    p = where(second, pchisq(n / w, n, not lower, log), p)
    point = good & torch.isinf(df1) & torch.isinf(df2)
    p = where(point, _all_or_nothing((q > 1) == lower, log), p)
    p = where(point & (q == 1), -math.log(2) if log else 0.5, p)
    return nan_where(~good, q, df1, df2, otherwise=p)


@in_r("q, location = 0, scale = 1")
def pcauchy(q: Tensor, location: Tensor, scale: Tensor, lower: bool, log: bool) -> Tensor:
    """Cauchy."""
    fine = (scale > 0) & torch.isfinite(q)
    z = where(fine, q - location, 0.0) / where(fine, scale, 1.0)
    z = z if lower else -z
    far = z.abs() > 1
    beyond = torch.atan(1 / where(far, z, 2.0)) / math.pi
    near = 0.5 + torch.atan(where(far, 0.0, z)) / math.pi
    above = torch.log1p(-beyond) if log else 1 - beyond
    tail = _probability(where(far & (z < 0), -beyond, 0.5), log)
    p = where(far, where(z > 0, above, tail), _probability(near, log))
    p = where(torch.isinf(q), _all_or_nothing((q > 0) == lower, log), p)
    return nan_where(scale <= 0, q, location, scale, otherwise=p)


@in_r("q, size, prob")
def pbinom(q: Tensor, size: Tensor, prob: Tensor, lower: bool, log: bool) -> Tensor:
    """Binomial."""
    k = _counts(q)
    bad = (prob < 0) | (prob > 1) | (size < 0) | ~whole(size) | ~torch.isfinite(size)
    inside = (k >= 0) & (k < size) & ~bad & (prob > 0) & (prob < 1)
    n, p, j = where(inside, size.round(), 2.0), where(inside, prob, 0.5), where(inside, k, 0.0)
    value = _of_beta(1 - p, p, n - j, j + 1, lower, log)
    below = (k >= 0) & ((k >= size) | (prob == 0))
    value = where(inside, value, _all_or_nothing(below == lower, log))
    return nan_where(bad, q, size, prob, otherwise=value)


@in_r("q, prob")
def pgeom(q: Tensor, prob: Tensor, lower: bool, log: bool) -> Tensor:
    """Geometric."""
    k = _counts(q)
    bad = (prob <= 0) | (prob > 1)
    inside = (k >= 0) & torch.isfinite(k) & ~bad & (prob < 1)
    p, j = where(inside, prob, 0.5), where(inside, k, 0.0)
    value = _from_survival((j + 1) * torch.log1p(-p), lower, log)
    value = where(inside, value, _all_or_nothing((k >= 0) == lower, log))
    return nan_where(bad, q, prob, otherwise=value)


@in_r()
def pnbinom(q: Tensor, size: Tensor, prob: Tensor, lower: bool, log: bool) -> Tensor:
    """Negative binomial, by its probability."""
    bad = (prob <= 0) | (prob > 1) | (size < 0) | ~torch.isfinite(size)
    p = _of_negative_binomial(q, size, prob, 1 - prob, lower, log)
    return nan_where(bad, q, size, prob, otherwise=p)


@in_r()
def pnbinom_mu(q: Tensor, size: Tensor, mu: Tensor, lower: bool, log: bool) -> Tensor:
    """Negative binomial, by its mean."""
    fine = (size > 0) & torch.isfinite(size) & (mu >= 0)
    n, m = where(fine, size, 1.0), where(fine, mu, 1.0)
    p = _of_negative_binomial(q, size, n / (n + m), m / (n + m), lower, log)
    limit = torch.isposinf(size)
    p = where(limit, ppois(q, where(limit, mu, 1.0), lower, log), p)
    return nan_where((mu < 0) | (size < 0), q, size, mu, otherwise=p)


def _of_negative_binomial(
    q: Tensor, size: Tensor, p: Tensor, other: Tensor, lower: bool, log: bool
) -> Tensor:
    k = _counts(q)
    inside = (
        (k >= 0) & torch.isfinite(k) & (size > 0) & torch.isfinite(size) & (p > 0) & (other > 0)
    )
    n, j = where(inside, size, 1.0), where(inside, k, 0.0)
    x, y = where(inside, p, 0.5), where(inside, other, 0.5)
    value = _of_beta(x, y, n, j + 1, lower, log)
    return where(inside, value, _all_or_nothing((k >= 0) == lower, log))


# ---- tails ----


def _of_gamma(shape: Tensor, x: Tensor, lower: bool, log: bool) -> Tensor:
    """A tail of the gamma distribution of scale 1, for x > 0, shape > 0."""
    if log or shape.requires_grad or get_proxy_mode() is not None:
        return _tail(*log_gamma_tail(shape, x), lower, log)
    # PyTorch's own is faster, has the derivative in x alone, and where it takes an asymptotic
    # series it has 9 digits.
    value: Tensor = (torch.special.gammainc if lower else torch.special.gammaincc)(shape, x)
    near = (shape > 20) & ((x - shape).abs() < 0.31 * shape)
    if bool(near.any()):
        exact = _tail(*log_gamma_tail(shape[near], x[near]), lower, log)
        value = value.masked_scatter(near, exact)
    return value


def _of_beta(x: Tensor, y: Tensor, a: Tensor, b: Tensor, lower: bool, log: bool) -> Tensor:
    return _tail(*log_beta_tail(x, y, a, b), lower, log)


def _tail(log_tail: Tensor, is_lower: Tensor, lower: bool, log: bool) -> Tensor:
    return where(is_lower == lower, result(log_tail, log), _complement(log_tail, log))


def _complement(log_tail: Tensor, log: bool) -> Tensor:
    # Rounding may bring the log of what is nearly 1 above 0.
    return _from_survival(torch.clamp(log_tail, max=0.0), True, log)


def _all_or_nothing(all_: Tensor, log: bool) -> Tensor:
    """1 or 0, or their logs."""
    return where(all_, 0.0 if log else 1.0, -_INF if log else 0.0).to(torch.float64)


def _counts(q: Tensor) -> Tensor:
    q = q.detach()
    return where(q < 0, -1.0, torch.floor(q + 1e-7))


def _half(like: Tensor) -> Tensor:
    return torch.full_like(like, 0.5)
