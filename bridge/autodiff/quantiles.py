"""R's quantile functions on tensors.

Where there is a closed form it is here. Else R computes the value, and two steps of Newton's method
from there, on the distribution function of distribution_functions.py, give the derivatives of
first and second order, in the parameters too; they change the value by nothing. Quantiles of counts
are constants between their jumps. R computes nothing while a graph is traced: these are refused.

Tests: tests/autodiff/test_densities.py
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, where
from torch.fx.experimental.proxy_tensor import get_proxy_mode

from torchbridge.arrays.into_r import to_robject
from torchbridge.autodiff.density_table import TABLE, in_r, nan_where
from torchbridge.process import host

_INF, _NAN = math.inf, math.nan


@in_r("p, mean = 0, sd = 1")
def qnorm(p: Tensor, mean: Tensor, sd: Tensor, lower: bool, log: bool) -> Tensor:
    """Normal."""
    if log:
        zero, one = torch.zeros_like(p), torch.ones_like(p)
        z = _by_newton("norm", p, {"mean": zero, "sd": one}, lower, log)
    else:
        inside = (p > 0) & (p < 1)
        z = torch.special.ndtri(where(inside, p, 0.5))
        z = where(inside, z, where(p == 0, -_INF, where(p == 1, _INF, _NAN)))
        z = z if lower else -z
    inside = torch.isfinite(z)
    value = where(inside, mean + sd * where(inside, z, 0.0), z)
    return nan_where(sd < 0, p, mean, sd, otherwise=value)


@in_r("p, meanlog = 0, sdlog = 1")
def qlnorm(p: Tensor, meanlog: Tensor, sdlog: Tensor, lower: bool, log: bool) -> Tensor:
    """Log-normal."""
    return qnorm(p, meanlog, sdlog, lower, log).exp()


@in_r("p, rate = 1")
def qexp(p: Tensor, rate: Tensor, lower: bool, log: bool) -> Tensor:
    """Exponential."""
    return nan_where(rate < 0, p, rate, otherwise=-_log_upper(p, lower, log) / rate)


@in_r("p, shape, scale = 1")
def qweibull(p: Tensor, shape: Tensor, scale: Tensor, lower: bool, log: bool) -> Tensor:
    """Weibull."""
    good = (shape > 0) & (scale > 0)
    hazard = -_log_upper(p, lower, log)
    inside = good & (hazard > 0)
    value = scale * where(inside, hazard, 1.0) ** (1 / where(good, shape, 1.0))
    value = where(inside, value, where(hazard == 0, 0.0, _NAN))
    return nan_where(~good, p, shape, scale, otherwise=value)


@in_r("p, location = 0, scale = 1")
def qcauchy(p: Tensor, location: Tensor, scale: Tensor, lower: bool, log: bool) -> Tensor:
    """Cauchy."""
    probability = p.exp() if log else p
    inside = (probability > 0) & (probability < 1)
    a = where(inside, probability, 0.25)
    # Of the distance to the nearer end, which is exact.
    high = a > 0.5
    rest = -torch.expm1(where(inside, p, -1.0)) if log else 1 - a
    z = -1 / torch.tan(math.pi * where(high, rest, a))
    z = where(high, -z, z)
    ends = where(probability == 0, -_INF, where(probability == 1, _INF, _NAN))
    z = where(inside, where(probability == 0.5, torch.tan(math.pi * (a - 0.5)), z), ends)
    value = location + scale * (z if lower else -z)
    return nan_where(scale < 0, p, location, scale, otherwise=value)


@in_r("p, min = 0, max = 1")
def qunif(p: Tensor, lower_bound: Tensor, upper_bound: Tensor, lower: bool, log: bool) -> Tensor:
    """Uniform."""
    inside = (p <= 0) if log else (p >= 0) & (p <= 1)
    a = where(inside, p, 0.0)
    probability = a.exp() if log else a
    width = upper_bound - lower_bound
    value = lower_bound + probability * width if lower else upper_bound - probability * width
    bad = ~inside | (upper_bound < lower_bound)
    return nan_where(bad, p, lower_bound, upper_bound, otherwise=value)


@in_r("p, shape, rate = 1, scale = 1 / rate")
def qgamma(p: Tensor, shape: Tensor, scale: Tensor, lower: bool, log: bool) -> Tensor:
    """Gamma."""
    return _by_newton("gamma", p, {"shape": shape, "scale": scale}, lower, log)


@in_r("p, df, ncp = 0")
def qchisq(p: Tensor, df: Tensor, lower: bool, log: bool) -> Tensor:
    """Chi-squared."""
    return _by_newton("chisq", p, {"df": df}, lower, log)


@in_r("p, shape1, shape2, ncp = 0")
def qbeta(p: Tensor, shape1: Tensor, shape2: Tensor, lower: bool, log: bool) -> Tensor:
    """Beta."""
    return _by_newton("beta", p, {"shape1": shape1, "shape2": shape2}, lower, log)


@in_r("p, df, ncp")
def qt(p: Tensor, df: Tensor, lower: bool, log: bool) -> Tensor:
    """Student's t."""
    return _by_newton("t", p, {"df": df}, lower, log)


@in_r("p, df1, df2, ncp")
def qf(p: Tensor, df1: Tensor, df2: Tensor, lower: bool, log: bool) -> Tensor:
    """F."""
    return _by_newton("f", p, {"df1": df1, "df2": df2}, lower, log)


# ---- of counts -----------------------------------------------------------------------------


@in_r("p, size, prob")
def qbinom(p: Tensor, size: Tensor, prob: Tensor, lower: bool, log: bool) -> Tensor:
    """Binomial."""
    return _by_r("qbinom", {"p": p, "size": size, "prob": prob}, lower, log)


@in_r("p, lambda")
def qpois(p: Tensor, rate: Tensor, lower: bool, log: bool) -> Tensor:
    """Poisson; `rate` is R's lambda."""
    return _by_r("qpois", {"p": p, "lambda": rate}, lower, log)


@in_r("p, prob")
def qgeom(p: Tensor, prob: Tensor, lower: bool, log: bool) -> Tensor:
    """Geometric."""
    return _by_r("qgeom", {"p": p, "prob": prob}, lower, log)


@in_r("p, m, n, k")
def qhyper(p: Tensor, m: Tensor, n: Tensor, k: Tensor, lower: bool, log: bool) -> Tensor:
    """Hypergeometric."""
    return _by_r("qhyper", {"p": p, "m": m, "n": n, "k": k}, lower, log)


@in_r()
def qnbinom(p: Tensor, size: Tensor, prob: Tensor, lower: bool, log: bool) -> Tensor:
    """Negative binomial, by its probability."""
    return _by_r("qnbinom", {"p": p, "size": size, "prob": prob}, lower, log)


@in_r()
def qnbinom_mu(p: Tensor, size: Tensor, mu: Tensor, lower: bool, log: bool) -> Tensor:
    """Negative binomial, by its mean."""
    return _by_r("qnbinom", {"p": p, "size": size, "mu": mu}, lower, log)


@in_r("q, m, n, k")
def phyper(q: Tensor, m: Tensor, n: Tensor, k: Tensor, lower: bool, log: bool) -> Tensor:
    """Hypergeometric distribution function: all its arguments are counts, so it is a constant."""
    return _by_r("phyper", {"q": q, "m": m, "n": n, "k": k}, lower, log)


# ---- how -----------------------------------------------------------------------------------


def _log_upper(p: Tensor, lower: bool, log: bool) -> Tensor:
    """The log of the upper tail of which `p` is the probability; NaN where it is none."""
    inside = p <= 0 if log else (p >= 0) & (p <= 1)
    a = where(inside, p, -1.0 if log else 0.5)
    if log and not lower:
        result = a
    elif log:
        near = a > -math.log(2)
        some = near & (a < 0)
        close = (-torch.expm1(where(some, a, -1.0))).log()
        result = where(some, close, torch.log1p(-where(near, -1.0, a).exp()))
        result = where(a == 0, -_INF, result)
    else:
        result = torch.log1p(-where(a < 1, a, 0.5)) if lower else where(a > 0, a, 0.5).log()
        result = where((a == 1) if lower else (a == 0), -_INF, result)
    return where(inside, result, _NAN)


def _by_newton(
    name: str, p: Tensor, parameters: dict[str, Tensor], lower: bool, log: bool
) -> Tensor:
    """R's value with the derivatives of what the distribution function is inverted by."""
    start = _by_r(f"q{name}", {"p": p} | parameters, lower, log)
    tensors = list(parameters.values())
    if not any(x.requires_grad for x in (p, *tensors)):
        return start
    density, distribution = TABLE["df" if name == "f" else f"d{name}"], TABLE[f"p{name}"]
    inside = torch.isfinite(start) & (density.formula(start, *tensors, True).detach() > -_INF)
    # Where there is no quantile or no density, the numbers that any formula takes.
    safe = where(inside, start, 0.5)
    fine = [where(inside, x, 1.0) for x in tensors]
    aim = where(inside, p, math.log(0.5) if log else 0.5)
    q = safe
    for _ in range(2):
        reached = distribution.formula(q, *fine, lower, log)
        log_density = density.formula(q, *fine, True)
        slope = (log_density - reached if log else log_density).exp()
        step = (aim - reached) / (slope if lower else -slope)
        q = q + (step - step.detach())
    return where(inside, q, start)


def _by_r(name: str, arguments: dict[str, Tensor], lower: bool, log: bool) -> Tensor:
    return by_r("stats", name, arguments, {"lower.tail": lower, "log.p": log})


def by_r(package: str, name: str, arguments: dict[str, Tensor], flags: dict[str, bool]) -> Tensor:
    """What R's own function of a package gives for these numbers of one shape, as a constant.

    Raises:
        RuntimeError: a graph is traced, which can't call R.
    """
    if get_proxy_mode() is not None:
        raise RuntimeError(f"{name}() can't be compiled: R computes its values")
    first = next(iter(arguments.values()))
    given: dict[str, object] = {
        key: to_robject(x.detach().reshape(-1).to("cpu", torch.float64))
        for key, x in arguments.items()
    }
    core = host.native()
    space = core.base_function("getNamespace").call(package)
    found = core.base_function("get").call(name, space).call(**given, **flags).value()
    values = torch.as_tensor(found, dtype=first.dtype, device=first.device)
    return values.reshape(first.shape)
