"""Newton's method on a log-likelihood, and likelihoods whose rows have a few linear predictors.

Tests: tests/models/exact/test_aft.py, tests/models/exact/test_cox.py.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from torchbridge.process.interrupts import let_r_look


class Curve(NamedTuple):
    """A log-likelihood at one place: its value, gradient, and information (minus the Hessian)."""

    value: float
    gradient: Tensor
    information: Tensor


#: Of a step, in standard errors: where a likelihood is nearly a parabola.
_NEAR = 1e-3


class Maximum(NamedTuple):
    """Where Newton's method ended.

    Attributes:
        parameters: shape (p,).
        curve: of the log-likelihood there.
        iterations, converged: how it went.
        unbounded: which parameters still moved, in steps that did not shrink, while the likelihood
            stood still, shape (p,): its maximum is at infinity.
    """

    parameters: Tensor
    curve: Curve
    iterations: int
    converged: bool
    unbounded: Tensor


def maximise(
    curve: Callable[[Tensor], Curve],
    value: Callable[[Tensor], float],
    start: Tensor,
    tol: float,
    max_iter: int,
) -> Maximum:
    """Climb from `start` by Newton's steps, halved until the log-likelihood rises.

    Where it is not concave, the information gets as much of its diagonal as makes it so
    (Levenberg, 1944).

    Args:
        curve: of the log-likelihood, at parameters.
        value: the log-likelihood alone.
        tol: it has converged where a step is smaller than this in units of standard errors; the
            step is still made, and squares what is left.
        max_iter: the most steps; beyond them it warns.
    """
    b, here, iteration, size = start, curve(start), 0, torch.inf
    step = torch.full_like(start, torch.inf)
    unbounded = torch.zeros_like(start, dtype=torch.bool)
    while iteration < max_iter and size > tol:
        let_r_look()
        iteration += 1
        before, step = step, _ascent(here)
        # Newton's steps square what is left, but where there is no maximum.
        if size < _NEAR:
            unbounded |= (step.abs() > 0.1 * before.abs()) & (step.abs() > 1e-6 * b.abs())
        # In units of standard errors: the root of what the likelihood is to gain, twice.
        size = float((step @ here.gradient).clamp(min=0).sqrt())
        for _ in range(60):
            now = value(b + step)
            if now >= here.value - 1e-14 * abs(here.value):
                break
            step = step / 2
        else:
            break
        b = b + step
        here = curve(b)
    converged = size <= tol
    if not converged:
        warnings.warn(f"the fit did not converge in {iteration} iterations", stacklevel=3)
    return Maximum(b, here, iteration, converged, unbounded)


def _ascent(here: Curve) -> Tensor:
    information = here.information
    diagonal = information.diagonal().abs().clamp(min=1e-300)
    scale = diagonal.rsqrt()
    scaled = scale[:, None] * information * scale
    ridge = 0.0
    unit = torch.eye(len(scaled), dtype=scaled.dtype, device=scaled.device)
    for _ in range(40):
        root, failed = torch.linalg.cholesky_ex(scaled + ridge * unit)
        if not failed:
            return scale * torch.cholesky_solve((scale * here.gradient)[:, None], root)[:, 0]
        ridge = max(4 * ridge, 1e-10)
    return scale**2 * here.gradient


def covariance_of(information: Tensor) -> Tensor:
    """The inverse of an information, on the CPU."""
    scale = information.diagonal().abs().clamp(min=1e-300).rsqrt()
    scaled = scale[:, None] * information * scale
    return (scale[:, None] * torch.linalg.pinv(scaled, hermitian=True) * scale).cpu()


def of_all_columns(found: Maximum, kept: Tensor, p: int) -> tuple[Tensor, Tensor, Tensor]:
    """Coefficients of p columns, NaN for those that were not kept; the parameters after them; and
    the covariance of both, on the CPU."""
    rank, q = len(kept), len(found.parameters) - len(kept)
    coefficients = torch.full((p,), torch.nan, dtype=torch.float64)
    coefficients[kept] = found.parameters[:rank].cpu()
    covariance = torch.full((p + q, p + q), torch.nan, dtype=torch.float64)
    where = torch.cat([kept, torch.arange(p, p + q)])
    covariance[where[:, None], where] = covariance_of(found.curve.information)
    return coefficients, found.parameters[rank:].cpu(), covariance


class Rows(NamedTuple):
    """Rows of one kind, m of them, whose log-likelihood is one function of k linear predictors.

    Attributes:
        log_likelihood: of k tensors (m,), a tensor (m,).
        designs: of each predictor the columns, (m, q), and for which parameters they are.
        offsets: added to each, (m,).
        weights: what each row counts, (m,).
    """

    log_likelihood: Callable[..., Tensor]
    designs: Sequence[tuple[Tensor, slice]]
    offsets: Sequence[Tensor]
    weights: Tensor

    def predictors(self, b: Tensor) -> list[Tensor]:
        """The k linear predictors, (m,) each."""
        pairs = zip(self.designs, self.offsets, strict=True)
        return [x @ b[of] + offset for (x, of), offset in pairs]


def value_of(parts: Sequence[Rows], b: Tensor) -> float:
    """The log-likelihood of all rows; minus infinity where it is not a number."""
    total = sum(
        float((part.weights * part.log_likelihood(*part.predictors(b))).sum()) for part in parts
    )
    return total if total == total else -torch.inf


def curve_of(parts: Sequence[Rows], b: Tensor) -> Curve:
    """The same with its derivatives: those of a row's predictors by autograd, which are few."""
    p = len(b)
    value, gradient, information = 0.0, b.new_zeros(p), b.new_zeros(p, p)
    for part in parts:
        eta = [x.detach().requires_grad_() for x in part.predictors(b)]
        with torch.enable_grad():
            total = (part.weights * part.log_likelihood(*eta)).sum()
            first = torch.autograd.grad(total, eta, create_graph=True)
        value += float(total.detach())
        for j, (x, of_x) in enumerate(part.designs):
            gradient[of_x] += first[j].detach() @ x
            second = torch.autograd.grad(first[j].sum(), eta, retain_graph=True, allow_unused=True)
            for (z, of_z), curvature in zip(part.designs, second, strict=True):
                if curvature is not None:
                    information[of_x, of_z] -= x.T @ (curvature.detach()[:, None] * z)
    return Curve(value, gradient, information)
