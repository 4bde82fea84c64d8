"""R's density and distribution functions on tensors, differentiable in every parameter.

Parameters, defaults, values at the edges and NaN for parameters out of range are those of R's
``d*`` and ``p*``; arguments broadcast as PyTorch's do. Discrete and gamma-like densities follow
C. Loader, "Fast and accurate computation of binomial probabilities" (2000), as R does: exact
also where log-gammas of large numbers would cancel.

A function is a row of `TABLE`: its formula, and the arguments of R's function, which
``make document`` writes from the row. Parameters come to a formula as tensors of one shape, in
R's order but for what `Density` says; then the flags: of a density `log`, of the others `lower`
and `log`.

Values that a formula must not see (a log of 0) are replaced before it, and its result after it:
only so are the gradients at the edges those of what stands there, not NaN.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import where

_LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)
_INF, _NAN = math.inf, math.nan
_TINY = 2.2250738585072014e-308  # the smallest normal double, R's DBL_MIN


# ---- the table -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Density:
    """A function of R's on tensors.

    Attributes:
        formula: its value.
        arguments: R's arguments but for the flags, and their defaults as R code, None where there
            is none. `ncp` is not for tensors; of `rate` and `scale`, the formula takes the scale.
            Empty where R's function is written by hand.
    """

    formula: Callable[..., Any]
    arguments: dict[str, str | None]

    @property
    def of_tensors(self) -> list[str]:
        """R's arguments that the formula takes."""
        without = {"ncp", "rate"} if "scale" in self.arguments else {"ncp"}
        return [name for name in self.arguments if name not in without]


#: R's name -> the row.
TABLE: dict[str, Density] = {}


def in_r(signature: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that enters a formula into the table under its name.

    Args:
        signature: R's arguments as R writes them, but for the flags at the end, which each kind
            has alike; empty where R's function is written by hand.

    Raises:
        TypeError: the formula does not take these arguments.
    """
    parts = [part.partition(" = ") for part in signature.split(", ")] if signature else []
    arguments = {name: default or None for name, _, default in parts}

    def enter(formula: Callable[..., Any]) -> Callable[..., Any]:
        name = formula.__name__
        row = Density(formula, arguments)
        flags = 1 if name.startswith("d") else 2
        if arguments and len(inspect.signature(formula).parameters) - flags != len(row.of_tensors):
            raise TypeError(f"{name}: the formula must take {row.of_tensors} and {flags} flags")
        TABLE[name] = row
        return formula

    return enter


# ---- Loader's pieces -----------------------------------------------------------------------


def _stirling_error(n: Any) -> Any:
    """log(n!) minus Stirling's formula, for n > 0."""
    small = n <= 15
    s = where(small, n, 1.0)
    direct = torch.lgamma(s + 1) - (s + 0.5) * s.log() + s - _LOG_SQRT_2PI
    r = 1 / where(small, 16.0, n)
    r2 = r * r
    # The asymptotic series' coefficients are Bernoulli numbers: B(2k) / (2k (2k - 1)).
    series: Any = 0.0
    for c in (1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12):
        series = series * r2 + c
    return where(small, direct, series * r)


def _deviance(x: Any, m: Any) -> Any:
    """x log(x / m) + m - x for x >= 0, m > 0: half a Poisson deviance."""
    close = (x - m).abs() < 0.1 * (x + m)
    a, b = where(close, x, 1.0), where(close, m, 1.0)
    v = (a - b) / (a + b)
    v2 = v * v
    tail: Any = 0.0
    for j in range(11, 0, -1):
        tail = tail * v2 + 1 / (2 * j + 1)
    near = (a - b) * v + 2 * a * v * v2 * tail
    a, b = where(close, 1.0, x), where(close, 1.0, m)
    positive = a > 0
    s = where(positive, a, 1.0)
    far = where(positive, s * (s.log() - b.log()), 0.0) + b - a
    return where(close, near, far)


def _log_poisson(x: Any, rate: Any) -> Any:
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


def _log_binomial(x: Any, n: Any, p: Any, q: Any) -> Any:
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


def _log_of(p: Any, q: Any, where_: Any) -> Any:
    """log(p) where p + q = 1."""
    near = where_ & (q < 0.5)
    far = where_ & ~near
    return where(near, torch.log1p(-where(near, q, 0.0)), where(far, p, 1.0).log())


def _result(log_density: Any, log: bool) -> Any:
    return log_density if log else log_density.exp()


def _whole(x: Any) -> Any:
    return (x - x.round()).abs() <= 1e-7 * torch.clamp(x.abs(), min=1.0)


def _nan_where(condition: Any, *values: Any, otherwise: Any) -> Any:
    """NaN for parameters out of range, and wherever an argument is NaN."""
    for value in values:
        condition = condition | value.isnan()
    return where(condition, _NAN, otherwise)


# ---- continuous ----------------------------------------------------------------------------


@in_r("x, mean = 0, sd = 1")
def dnorm(x: Any, mean: Any, sd: Any, log: bool) -> Any:
    """Normal."""
    fine = (sd > 0) & ~(torch.isinf(x) & (x == mean))
    s = where(fine, sd, 1.0)
    z = where(fine, x - mean, 0.0) / s
    density = -(_LOG_SQRT_2PI + 0.5 * z * z + s.log())
    density = where(sd == 0, where(x == mean, _INF, -_INF), density)
    bad = (sd < 0) | (torch.isinf(x) & (x == mean))
    return _result(_nan_where(bad, x, mean, sd, otherwise=density), log)


@in_r("x, meanlog = 0, sdlog = 1")
def dlnorm(x: Any, meanlog: Any, sdlog: Any, log: bool) -> Any:
    """Log-normal."""
    inside = (x > 0) & torch.isfinite(x)
    y = where(inside, x, 1.0).log()
    density = where(inside, dnorm(y, meanlog, sdlog, True) - y, -_INF)
    return _result(_nan_where(sdlog < 0, x, meanlog, sdlog, otherwise=density), log)


@in_r("x, rate = 1")
def dexp(x: Any, rate: Any, log: bool) -> Any:
    """Exponential."""
    fine = (x >= 0) & (rate > 0) & torch.isfinite(rate)
    r, a = where(fine, rate, 1.0), where(fine, x, 0.0)
    density = where(fine, r.log() - r * a, -_INF)
    bad = (rate < 0) | torch.isposinf(rate) | ((rate == 0) & torch.isposinf(x))
    return _result(_nan_where(bad, x, rate, otherwise=density), log)


@in_r("x, shape, rate = 1, scale = 1 / rate")
def dgamma(x: Any, shape: Any, scale: Any, log: bool) -> Any:
    """Gamma."""
    inside = (x > 0) & torch.isfinite(x) & (shape > 0) & (scale > 0)
    a, k, s = where(inside, x, 1.0), where(inside, shape, 1.0), where(inside, scale, 1.0)
    density = _log_poisson(k, a / s) + k.log() - a.log()
    at_zero = where(shape < 1, _INF, -_INF)
    one = (x == 0) & (shape == 1) & (scale > 0)
    # Of the limit at 0 the scale alone is known; the gradient in shape is not finite there.
    at_zero = where(one, -where(one, scale, 1.0).log(), at_zero)
    density = where(inside, density, where(x == 0, at_zero, -_INF))
    density = where((shape == 0) & (x > 0), -_INF, density)
    return _result(_nan_where((shape < 0) | (scale <= 0), x, shape, scale, otherwise=density), log)


@in_r("x, df, ncp = 0")
def dchisq(x: Any, df: Any, log: bool) -> Any:
    """Chi-squared."""
    return dgamma(x, df / 2, torch.full_like(df, 2.0), log)


@in_r("x, shape1, shape2, ncp = 0")
def dbeta(x: Any, shape1: Any, shape2: Any, log: bool) -> Any:
    """Beta."""
    usual = (shape1 > 0) & (shape2 > 0) & torch.isfinite(shape1) & torch.isfinite(shape2)
    inside = (x > 0) & (x < 1) & usual
    p = where(inside, x, 0.5)
    a, b = where(inside, shape1, 1.0), where(inside, shape2, 1.0)
    density = _log_binomial(a, a + b, p, 1 - p)
    density = density + a.log() + b.log() - (a + b).log() - p.log() - torch.log1p(-p)

    def edge(shape: Any, other: Any) -> Any:
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
    return _result(
        _nan_where((shape1 < 0) | (shape2 < 0), x, shape1, shape2, otherwise=density), log
    )


@in_r("x, df, ncp")
def dt(x: Any, df: Any, log: bool) -> Any:
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
    return _result(_nan_where(df <= 0, x, df, otherwise=density), log)


@in_r("x, location = 0, scale = 1")
def dcauchy(x: Any, location: Any, scale: Any, log: bool) -> Any:
    """Cauchy."""
    fine = (scale > 0) & torch.isfinite(x)
    s = where(fine, scale, 1.0)
    z = where(fine, x - location, 0.0) / s
    density = where(torch.isinf(x), -_INF, -(math.log(math.pi) + s.log() + torch.log1p(z * z)))
    return _result(_nan_where(scale <= 0, x, location, scale, otherwise=density), log)


@in_r("x, location = 0, scale = 1")
def dlogis(x: Any, location: Any, scale: Any, log: bool) -> Any:
    """Logistic."""
    fine = scale > 0
    s = where(fine, scale, 1.0)
    z = (where(fine, x - location, 0.0) / s).abs()
    density = -(z + s.log() + 2 * torch.log1p((-z).exp()))
    return _result(_nan_where(scale <= 0, x, location, scale, otherwise=density), log)


@in_r("x, min = 0, max = 1")
def dunif(x: Any, lower: Any, upper: Any, log: bool) -> Any:
    """Uniform."""
    inside = (x >= lower) & (x <= upper) & (lower < upper)
    width = where(inside, upper - lower, 1.0)
    density = where(inside, -width.log(), -_INF)
    bad = (upper <= lower) | ~torch.isfinite(upper - lower)
    return _result(_nan_where(bad, x, lower, upper, otherwise=density), log)


@in_r("x, shape, scale = 1")
def dweibull(x: Any, shape: Any, scale: Any, log: bool) -> Any:
    """Weibull."""
    inside = (x > 0) & torch.isfinite(x) & (shape > 0) & (scale > 0)
    a, k, s = where(inside, x, 1.0), where(inside, shape, 1.0), where(inside, scale, 1.0)
    y = a.log() - s.log()
    density = k.log() - s.log() + (k - 1) * y - (a / s) ** k
    one = (x == 0) & (shape == 1) & (scale > 0)
    at_zero = where(one, -where(one, scale, 1.0).log(), where(shape < 1, _INF, -_INF))
    density = where(inside, density, where(x == 0, at_zero, -_INF))
    return _result(_nan_where((shape <= 0) | (scale <= 0), x, shape, scale, otherwise=density), log)


# ---- discrete ------------------------------------------------------------------------------


@in_r("x, size, prob")
def dbinom(x: Any, size: Any, prob: Any, log: bool) -> Any:
    """Binomial."""
    x = x.detach()
    inside = (x >= 0) & (x <= size) & _whole(x) & torch.isfinite(x)
    bad = (prob < 0) | (prob > 1) | (size < 0) | ~_whole(size)
    fine = inside & ~bad & ~prob.isnan()
    a, n, p = where(fine, x.round(), 0.0), where(fine, size.round(), 1.0), where(fine, prob, 0.5)
    density = where(inside, _log_binomial(a, n, p, 1 - p), -_INF)
    return _result(_nan_where(bad, x, size, prob, otherwise=density), log)


@in_r("x, lambda")
def dpois(x: Any, rate: Any, log: bool) -> Any:
    """Poisson; `rate` is R's lambda."""
    x = x.detach()
    inside = (x >= 0) & _whole(x) & torch.isfinite(x)
    fine = inside & (rate >= 0)
    density = _log_poisson(where(fine, x.round(), 0.0), where(fine, rate, 1.0))
    density = where(inside, density, -_INF)
    return _result(_nan_where(rate < 0, x, rate, otherwise=density), log)


@in_r("x, prob")
def dgeom(x: Any, prob: Any, log: bool) -> Any:
    """Geometric: failures before the first success."""
    x = x.detach()
    inside = (x >= 0) & _whole(x) & torch.isfinite(x)
    bad = (prob <= 0) | (prob > 1)
    fine = inside & ~bad & ~prob.isnan()
    a, p = where(fine, x.round(), 0.0), where(fine, prob, 0.5)
    some = a > 0
    q = where(some & (p < 1), p, 0.5)
    rest = where(some, where(p < 1, a * torch.log1p(-q), -_INF), 0.0)
    density = where(inside, p.log() + rest, -_INF)
    return _result(_nan_where(bad, x, prob, otherwise=density), log)


@in_r()
def dnbinom(x: Any, size: Any, prob: Any, log: bool) -> Any:
    """Negative binomial, by its probability."""
    bad = (prob <= 0) | (prob > 1) | (size < 0)
    density = _log_negative_binomial(x.detach(), size, prob, 1 - prob, bad)
    return _result(_nan_where(bad, x, size, prob, otherwise=density), log)


@in_r()
def dnbinom_mu(x: Any, size: Any, mu: Any, log: bool) -> Any:
    """Negative binomial, by its mean."""
    bad = (mu < 0) | (size < 0)
    finite = torch.isfinite(size) & (size > 0) & (mu >= 0)
    n, m = where(finite, size, 1.0), where(finite, mu, 1.0)
    density = _log_negative_binomial(x.detach(), size, n / (n + m), m / (n + m), bad)
    limit = torch.isposinf(size)
    density = where(limit, dpois(x, where(limit, mu, 1.0), True), density)
    return _result(_nan_where(bad, x, size, mu, otherwise=density), log)


def _log_negative_binomial(x: Any, size: Any, p: Any, q: Any, bad: Any) -> Any:
    inside = (x >= 0) & _whole(x) & torch.isfinite(x)
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
    usual = _log_binomial(n, b + n, u, v) + n.log() - (n + b).log()
    density = where(none, n * log_p, where(few, rare, usual))
    density = where(fine, density, -_INF)
    return where((size == 0) & (x == 0), 0.0, density)


def dmultinom(x: Any, prob: Any, log: bool) -> Any:
    """Multinomial: one density for all of `x`; `prob` is scaled to sum to 1."""
    x = x.detach().round()
    p = prob / prob.sum()
    some = x > 0
    terms = where(some & (p > 0), x * where(some & (p > 0), p, 1.0).log(), 0.0)
    density = torch.lgamma(x.sum() + 1) + (terms - torch.lgamma(x + 1)).sum()
    density = where((some & (p == 0)).any(), -_INF, density)
    bad = (prob < 0).any() | (x < 0).any() | ~torch.isfinite(prob).all()
    return _result(where(bad, _NAN, density), log)


def dmvnorm(x: Any, mean: Any, sigma: Any, log: bool) -> Any:
    """Multivariate normal: one density a row of `x` (n x p), of covariance `sigma` (p x p)."""
    factor = torch.linalg.cholesky(sigma)
    z = torch.linalg.solve_triangular(factor, (x - mean).mT, upper=False)
    density = -x.shape[-1] * _LOG_SQRT_2PI - factor.diagonal().log().sum() - 0.5 * (z * z).sum(0)
    return _result(density, log)


# ---- distribution functions: tails by `lower`, logs where they are asked for ----------------


def _probability(p: Any, log: bool) -> Any:
    return p.log() if log else p


def _from_survival(log_upper: Any, lower: bool, log: bool) -> Any:
    """The tail, of the log of the upper tail."""
    if not lower:
        return _result(log_upper, log)
    if not log:
        return -torch.expm1(log_upper)
    near = log_upper > -math.log(2)
    a, b = where(near & (log_upper < 0), log_upper, -1.0), where(near, -1.0, log_upper)
    return where(log_upper == 0, -_INF, where(near, (-torch.expm1(a)).log(), torch.log1p(-b.exp())))


@in_r("q, mean = 0, sd = 1")
def pnorm(q: Any, mean: Any, sd: Any, lower: bool, log: bool) -> Any:
    """Normal."""
    fine = sd > 0
    z = where(fine, q - mean, 0.0) / where(fine, sd, 1.0)
    z = where(sd == 0, where(q < mean, -_INF, _INF), z)
    z = z if lower else -z
    p = torch.special.log_ndtr(z) if log else 0.5 * torch.special.erfc(-z / math.sqrt(2))
    return _nan_where(sd < 0, q, mean, sd, otherwise=p)


@in_r("q, meanlog = 0, sdlog = 1")
def plnorm(q: Any, meanlog: Any, sdlog: Any, lower: bool, log: bool) -> Any:
    """Log-normal."""
    inside = q > 0
    p = pnorm(where(inside, q, 1.0).log(), meanlog, sdlog, lower, log)
    outside = _probability(torch.zeros_like(p) if lower else torch.ones_like(p), log)
    return where(inside, p, outside)


@in_r("q, rate = 1")
def pexp(q: Any, rate: Any, lower: bool, log: bool) -> Any:
    """Exponential."""
    p = _from_survival(where(q > 0, -rate * where(q > 0, q, 0.0), 0.0), lower, log)
    return _nan_where(rate < 0, q, rate, otherwise=p)


@in_r("q, shape, scale = 1")
def pweibull(q: Any, shape: Any, scale: Any, lower: bool, log: bool) -> Any:
    """Weibull."""
    inside = (q > 0) & (shape > 0) & (scale > 0)
    k, s = where(inside, shape, 1.0), where(inside, scale, 1.0)
    survival = where(inside, -((where(inside, q, 1.0) / s) ** k), 0.0)
    p = _from_survival(survival, lower, log)
    return _nan_where((shape <= 0) | (scale <= 0), q, shape, scale, otherwise=p)


@in_r("q, location = 0, scale = 1")
def plogis(q: Any, location: Any, scale: Any, lower: bool, log: bool) -> Any:
    """Logistic."""
    fine = scale > 0
    z = where(fine, q - location, 0.0) / where(fine, scale, 1.0)
    z = z if lower else -z
    p = torch.nn.functional.logsigmoid(z) if log else torch.sigmoid(z)
    return _nan_where(scale <= 0, q, location, scale, otherwise=p)


@in_r("p, location = 0, scale = 1")
def qlogis(p: Any, location: Any, scale: Any, lower: bool, log: bool) -> Any:
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
def punif(q: Any, lower_bound: Any, upper_bound: Any, lower: bool, log: bool) -> Any:
    """Uniform."""
    width = where(upper_bound > lower_bound, upper_bound - lower_bound, 1.0)
    p = torch.clamp((q - lower_bound) / width, 0.0, 1.0)
    if not lower:
        p = torch.clamp((upper_bound - q) / width, 0.0, 1.0)
    bad = upper_bound < lower_bound
    return _nan_where(bad, q, lower_bound, upper_bound, otherwise=_probability(p, log))


@in_r("q, shape, rate = 1, scale = 1 / rate")
def pgamma(q: Any, shape: Any, scale: Any, lower: bool, log: bool) -> Any:
    """Gamma; PyTorch has its derivative in `q` and `scale`, not in `shape`."""
    inside = (q > 0) & (shape > 0) & (scale > 0)
    a, z = where(inside, shape, 1.0), where(inside, q, 1.0) / where(inside, scale, 1.0)
    p = torch.special.gammainc(a, z) if lower else torch.special.gammaincc(a, z)
    p = where(inside, p, 0.0 if lower else 1.0)
    bad = (shape < 0) | (scale <= 0)
    return _nan_where(bad, q, shape, scale, otherwise=_probability(p, log))


@in_r("q, df, ncp = 0")
def pchisq(q: Any, df: Any, lower: bool, log: bool) -> Any:
    """Chi-squared; no derivative in `df`."""
    return pgamma(q, df / 2, torch.full_like(df, 2.0), lower, log)


@in_r("q, lambda")
def ppois(q: Any, rate: Any, lower: bool, log: bool) -> Any:
    """Poisson; `rate` is R's lambda."""
    k = torch.floor(q.detach() + 1e-7)
    inside = (k >= 0) & (rate > 0) & torch.isfinite(k)
    a, m = where(inside, k + 1, 1.0), where(inside, rate, 1.0)
    p = torch.special.gammaincc(a, m) if lower else torch.special.gammainc(a, m)
    above = (k >= 0) == lower
    p = where(inside, p, where(above, 1.0, 0.0))
    return _nan_where(rate < 0, q, rate, otherwise=_probability(p, log))
