"""Laplace's approximation: some elements of a function's vector are integrated out.

f is a negative log-density of parameters theta and random effects u, one vector x. Its integral
over u is approximated at the mode of u, where H is the Hessian in u: the result is
f + log|H| / 2 - q log(2 pi) / 2. Its gradient in theta is exact: that of the log-determinant is a
derivative of the sum of H's elements times those of its inverse, held, and the mode's own movement
follows by implicit differentiation (H. Skaug and D. Fournier, 2006, Automatic approximation of the
marginal likelihood in non-Gaussian hierarchical models).

Tests: test-mle-laplace.R.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from torchbridge.autodiff.derivatives import Function, value_grad_hessian, value_of
from torchbridge.autodiff.slopes import slopes


def at(f: Function, x: Tensor, random: list[int]) -> tuple[float, Tensor, Tensor] | int:
    """The approximation (a number), its gradient in all of x (n), and x at the mode (n).

    Args:
        f: gives one number of a vector.
        x: where theta is, and where the search for u begins (n).
        random: places of u in x, from 0. The gradient there is 0.

    Returns:
        Or the number (from 0) of the random effect in which f does not curve up; -1 where f is
        not finite.
    """
    places = torch.tensor(random)
    found = _mode(f, x, places)
    if not isinstance(found, tuple):
        return found
    x, value, root = found
    value += float(root.diagonal().log().sum()) - len(random) * math.log(2 * math.pi) / 2
    return value, _gradient(f, x, places, root), x


def spread(f: Function, x: Tensor, random: list[int]) -> tuple[Tensor, Tensor, Tensor]:
    """At a mode: H and its inverse (q, q), and how the mode moves with all of x (q, n)."""
    hessian = value_grad_hessian(f, x)[2]
    inner = hessian[random][:, random]
    inverse = torch.linalg.inv(inner)
    return inner, inverse, -inverse @ hessian[random]


# ---- the steps -----------------------------------------------------------------------------


def _mode(f: Function, x: Tensor, places: Tensor) -> tuple[Tensor, float, Tensor] | int:
    """x with u at its mode, f there, and the root of H."""

    def of_u(u: Tensor) -> object:
        return f(x.index_put((places,), u))

    u = x[places].detach().clone()
    if not math.isfinite(_number(of_u, u)):
        return -1
    for _ in range(100):
        value, slope, hessian = value_grad_hessian(of_u, u)
        root, failed = torch.linalg.cholesky_ex(hessian)
        if int(failed):
            step = -_damped(hessian, slope)
        else:
            step = -torch.cholesky_solve(slope[:, None], root)[:, 0]
        fall = float(-(step * slope).sum())
        if not int(failed) and fall <= 1e-13 * max(1.0, abs(value)):
            # One more step has all the digits.
            near = u + step
            hessian = value_grad_hessian(of_u, near)[2]
            root, failed = torch.linalg.cholesky_ex(hessian)
            if not int(failed):
                return x.index_put((places,), near), _number(of_u, near), root
        size = 1.0
        while size > 1e-10:
            now = _number(of_u, u + size * step)
            if math.isfinite(now) and now <= value - 1e-4 * size * fall + 1e-14 * abs(value):
                break
            size /= 2
        else:
            break
        if fall <= 1e-20:
            break
        u = u + size * step
    flat = hessian.diagonal() <= 1e-12 * hessian.diagonal().abs().max()
    return int(flat.nonzero()[0]) if flat.any() else int(hessian.diagonal().argmin())


def _number(f: Function, u: Tensor) -> float:
    value = value_of(f, u)
    return float(value) if value.numel() == 1 else math.nan


def _damped(hessian: Tensor, slope: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(hessian)
    size = values.abs().clamp(min=1e-8 * max(float(values.abs().max()), 1e-300))
    step: Tensor = vectors @ ((vectors.mT @ slope) / size)
    return step


def _gradient(f: Function, x: Tensor, places: Tensor, root: Tensor) -> Tensor:
    inverse = torch.cholesky_inverse(root)
    units = torch.eye(len(places), dtype=x.dtype)
    found = slopes(f, x, places, units, inverse / 2)
    gradient = found.gradient + found.pull - found.product(inverse @ found.pull[places])
    gradient[places] = 0.0
    return gradient
