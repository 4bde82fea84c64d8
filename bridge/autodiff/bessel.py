"""R's Bessel functions on tensors.

K is its integral representation (NIST Digital Library of Mathematical Functions, 10.32.9), by the
trapezoidal rule, which is exact to rounding for it: differentiable in the order, too. I, J and Y
are R's own values, with the derivatives of their recurrences (10.6.2, 10.29.2) in x alone.

Tests: test-autodiff-rules.R.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, where

from torchbridge.autodiff.protocols import Numbers
from torchbridge.autodiff.quantiles import by_r
from torchbridge.autodiff.rules import conform, number

_POINTS = 128


def bessel(name: str, x: Numbers, nu: Numbers, scaled: bool) -> Tensor:
    """R's ``besselI``, ``besselJ``, ``besselK`` or ``besselY``; `scaled` is its expon.scaled."""
    at, order = torch.broadcast_tensors(*conform(number(x), number(nu)))
    if name == "besselK":
        return _of_k(at, order, scaled)
    if order.requires_grad:
        raise ValueError(f"{name}() has no derivative in `nu`: make it a number, not a parameter")
    result: Tensor = _OfR.apply(at, order, name, scaled)  # type: ignore[no-untyped-call]
    return result


def _of_k(x: Tensor, nu: Tensor, scaled: bool) -> Tensor:
    inside = (x > 0) & torch.isfinite(x)
    z, order = where(inside, x, 1.0), where(inside, nu, 0.0).abs()
    with torch.no_grad():
        # Beyond `last` the integrand exp(-z (cosh(t) - 1)) cosh(order t) is below exp(-40).
        last = torch.ones_like(z)
        for _ in range(8):
            last = torch.acosh(1 + (40 + order * last) / z)
    t = last.unsqueeze(-1) * (torch.arange(_POINTS + 1, dtype=z.dtype, device=z.device) / _POINTS)
    # cosh(t) - 1 = 2 sinh(t / 2)^2, and the log of cosh, without overflow or cancellation.
    along = order.unsqueeze(-1) * t
    terms = along + torch.log1p((-2 * along).exp()) - math.log(2)
    terms = terms - 2 * z.unsqueeze(-1) * torch.sinh(t / 2) ** 2
    half = torch.zeros(_POINTS + 1, dtype=z.dtype, device=z.device)
    half[0] = half[-1] = -math.log(2)
    log = torch.logsumexp(terms + half, -1) + (last / _POINTS).log()
    value = (log if scaled else log - z).exp()
    value = where(inside, value, where(x == 0, math.inf, where(x > 0, 0.0, math.nan)))
    return where(x.isnan() | nu.isnan(), math.nan, value)


class _OfR(torch.autograd.Function):
    """A node whose value is R's, and whose gradient is made of such nodes."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, nu: Tensor, name: str, scaled: bool) -> Tensor:
        ctx.save_for_backward(x, nu)
        ctx.name, ctx.scaled = name, scaled
        arguments = {"x": x, "nu": nu}
        if name == "besselI":
            return by_r("base", name, arguments, {"expon.scaled": scaled})
        return by_r("base", name, arguments, {})

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, nu = ctx.saved_tensors
        here = _OfR.apply(x, nu, ctx.name, ctx.scaled)  # type: ignore[no-untyped-call]
        above = _OfR.apply(x, nu + 1, ctx.name, ctx.scaled)  # type: ignore[no-untyped-call]
        ratio = where(nu == 0, 0.0, nu / where(nu == 0, 1.0, x))
        slope = ratio * here + (above if ctx.name == "besselI" else -above)
        if ctx.scaled:
            slope = slope - here
        return gradient * slope, None, None, None
