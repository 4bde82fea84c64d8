"""The incomplete gamma and beta functions on tensors, differentiable in every argument.

PyTorch has no incomplete beta function, and no derivative of its incomplete gamma in the shape.
Here the smaller tail is an integral over (0, inf) of a smooth function that only falls,

    gamma:  x^a exp(-x) / Gamma(a) times  exp(a s - x (exp(s) - 1)), or s's negative below a,
    beta:   x^a y^b / (y B(a, b))  times  exp(-a s) (1 + x / y (1 - exp(-s)))^(b - 1),

by substituting t = x exp(s) (or exp(-s)) in the definitions (Abramowitz and Stegun (1964), 6.5.2
and 6.6.1). The double exponential rule of H. Takahasi and M. Mori, "Double exponential formulas for
numerical integration" (1974), with s = c exp(u - exp(-u)), takes it with the same nodes everywhere:
to 1e-14 for the gamma, 1e-12 for the beta function, in the logarithm, so that tails do not
underflow. Derivatives of any order are those of the rule.

Tests: tests/autodiff/test_densities.py
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, where

from torchbridge.autodiff.densities import log_binomial, log_poisson

_STEP = 1 / 24
_FIRST, _LAST = -82, 108  # nodes u = step * these: beyond them the integrand is below 1e-16


def log_gamma_tail(shape: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """The log of a tail of the gamma distribution of scale 1, for x > 0, shape > 0.

    Returns:
        The log, and where it is that of the lower tail: it is the tail without cancellation.
    """
    lower = x <= torch.clamp(shape, min=1.0)
    sign = where(lower, -1.0, 1.0)
    slope = torch.clamp(sign * (x - shape), min=0.0)
    width = _width(slope, x, where(lower, 1 / shape, 0.0))
    a, z, sign = shape.unsqueeze(-1), x.unsqueeze(-1), sign.unsqueeze(-1)
    integral = _log_integral(lambda s: a * sign * s - z * torch.expm1(sign * s), width)
    return log_poisson(shape, x) + shape.log() + integral, lower


def log_beta_tail(x: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """The log of a tail of the beta distribution of shapes a, b > 0 at x, where x + y = 1.

    Both x and y are given, because the smaller of them may be exact where the other is not.

    Returns:
        The log, and where it is that of the lower tail.
    """
    lower = x * (a + b) <= a
    x, y = where(lower, x, y), where(lower, y, x)
    a, b = where(lower, a, b), where(lower, b, a)
    odds = x / y
    slope = torch.clamp(a - (b - 1) * odds, min=0.0)
    bend = torch.clamp((b - 1) * odds * (1 + odds), min=0.0)
    width = _width(slope, bend, 1 / a)
    a_, b_, odds_ = a.unsqueeze(-1), b.unsqueeze(-1), odds.unsqueeze(-1)
    integral = _log_integral(
        lambda s: (b_ - 1) * torch.log1p(-odds_ * torch.expm1(-s)) - a_ * s, width
    )
    density = log_binomial(a, a + b, x, y) + a.log() + b.log() - (a + b).log()
    return density - y.log() + integral, lower


def _width(slope: Tensor, bend: Tensor, least: Tensor) -> Tensor:
    """How far the integrand reaches, of its first derivatives at 0: where s slope + s^2 bend / 2
    is 1 or so, and no less than `least`. The integral does not depend on it."""
    found = 2 / (slope + (slope * slope + 2 * bend).sqrt())
    return torch.maximum(found, least).detach()


def _log_integral(exponent: Callable[[Tensor], Tensor], width: Tensor) -> Tensor:
    """The log of the integral of exp(exponent(s)) over s > 0; `exponent` takes one dim more."""
    u = torch.arange(_FIRST, _LAST + 1, dtype=width.dtype, device=width.device) * _STEP
    small = (-u).exp()
    s = (u - small).exp()
    weights = s * (1 + small) * _STEP
    values = exponent(width.unsqueeze(-1) * s).exp()
    return (values @ weights).log() + width.log()
