"""R's distribution functions and quantiles on tensors, differentiable in every parameter.

Parameters, defaults, values at the edges and NaN for parameters out of range are those of R's
``p*`` and ``q*``: tails by `lower`, logs where they are asked for.

Tests: tests/autodiff/test_densities.py
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, where

from torchbridge.autodiff.density_table import in_r, nan_where, result

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


@in_r("q, mean = 0, sd = 1")
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
    return where(inside, p, outside)


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


@in_r("q, location = 0, scale = 1")
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
    """Gamma; PyTorch has its derivative in `q` and `scale`, not in `shape`."""
    inside = (q > 0) & (shape > 0) & (scale > 0)
    a, z = where(inside, shape, 1.0), where(inside, q, 1.0) / where(inside, scale, 1.0)
    p = torch.special.gammainc(a, z) if lower else torch.special.gammaincc(a, z)
    p = where(inside, p, 0.0 if lower else 1.0)
    bad = (shape < 0) | (scale <= 0)
    return nan_where(bad, q, shape, scale, otherwise=_probability(p, log))


@in_r("q, df, ncp = 0")
def pchisq(q: Tensor, df: Tensor, lower: bool, log: bool) -> Tensor:
    """Chi-squared; no derivative in `df`."""
    return pgamma(q, df / 2, torch.full_like(df, 2.0), lower, log)


@in_r("q, lambda")
def ppois(q: Tensor, rate: Tensor, lower: bool, log: bool) -> Tensor:
    """Poisson; `rate` is R's lambda."""
    k = torch.floor(q.detach() + 1e-7)
    inside = (k >= 0) & (rate > 0) & torch.isfinite(k)
    a, m = where(inside, k + 1, 1.0), where(inside, rate, 1.0)
    p = torch.special.gammaincc(a, m) if lower else torch.special.gammainc(a, m)
    above = (k >= 0) == lower
    p = where(inside, p, where(above, 1.0, 0.0))
    return nan_where(rate < 0, q, rate, otherwise=_probability(p, log))
