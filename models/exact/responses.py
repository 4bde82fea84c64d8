"""Least squares of several responses on the same columns: what `lm` calls an mlm.

Tests: tests/models/exact/test_responses.py.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..arguments import flag, kind_of
from .design import as_column, as_design, as_weights, with_intercept
from .least_squares import independent_columns, scales, unscaled_covariance


@dataclass(frozen=True, eq=False, repr=False)
class ResponsesFit:
    """A linear model of m responses, all in float64 on the CPU.

    Attributes:
        intercept: whether the first coefficient of each response is the intercept.
        coefficients: shape (p, m), NaN for a column that depends on earlier ones.
        covariance: of the coefficients, response after response, shape (m p, m p): the Kronecker
            product of `dispersion` and the inverse cross product of the columns.
        standard_errors: of the coefficients in that order, shape (m p,).
        dispersion: covariance of the residuals, shape (m, m); NaN without residual degrees of
            freedom.
        deviance, null_deviance: sums of squares of each response, shape (m,).
        rank, df_residual, df_null, n_obs: as of `GLMFit`.
        linear_predictor, fitted: shape (n, m), offset included.
        working_weights: the weights, shape (n,).
        link, converged, iterations: "identity", True and 1, as of `GLMFit`.
    """

    intercept: bool
    coefficients: Tensor
    covariance: Tensor
    standard_errors: Tensor
    dispersion: Tensor
    deviance: Tensor
    null_deviance: Tensor
    rank: int
    df_residual: int
    df_null: int
    n_obs: int
    linear_predictor: Tensor
    fitted: Tensor
    working_weights: Tensor
    link: str = "identity"
    converged: bool = True
    iterations: int = 1

    def __repr__(self) -> str:
        return (
            f"<ResponsesFit: {self.coefficients.shape[1]} responses, {self.n_obs} rows, "
            f"rank {self.rank}>"
        )


def fit_responses(
    x: Tensor,
    y: Tensor,
    *,
    weights: Tensor | None = None,
    offset: Tensor | None = None,
    intercept: bool = True,
) -> ResponsesFit:
    """Fit a linear model of each column of y by least squares.

    Args:
        x: shape (n, p), finite; p may be 0.
        y: shape (n, m), finite.
        weights, intercept: as of `fit_glm`.
        offset: added to each response's predictor, shape (n,) or (n, m).

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: a shape that does not fit, a value out of range.
    """
    design = with_intercept(as_design("x", x), flag("intercept", intercept))
    n, device = len(design), design.device
    if n == 0:
        raise ValueError("x has no rows")
    y = _as_columns("y", y, n).to(device)
    w = as_weights(weights, n).to(device)
    o = torch.zeros_like(y)
    if offset is not None:
        plain = offset.ndim == 1
        o = o + (as_column("offset", offset, n)[:, None] if plain else offset).to(o)
    counts = w > 0
    of_column, unit = scales(design[counts]), scales(y[counts])
    root = w[counts].sqrt()[:, None]
    x_, z = root * (design[counts] / of_column), root * ((y - o)[counts] / unit)
    kept = independent_columns(design[counts] / of_column)
    q, r = torch.linalg.qr(x_[:, kept.to(device)])
    b = torch.linalg.solve_triangular(r, q.T @ z, upper=True)

    p, m, rank, n_obs = design.shape[1], y.shape[1], len(kept), int(counts.sum())
    coefficients = torch.full((p, m), torch.nan, dtype=torch.float64)
    coefficients[kept] = b.cpu() * unit.cpu() / of_column[kept.to(device)].cpu()[:, None]
    eta = o + unit * ((design / of_column)[:, kept.to(device)] @ b)
    residuals = z - x_[:, kept.to(device)] @ b
    df = n_obs - rank
    sigma = residuals.T @ residuals / df if df > 0 else z.new_full((m, m), torch.nan)
    back = (unit[:, None] / of_column).flatten().cpu()
    covariance = torch.kron(sigma.cpu(), unscaled_covariance(r, kept, p))
    centre = (root * z).sum(0) / (root**2).sum() if intercept else torch.zeros_like(unit)
    return ResponsesFit(
        intercept=intercept,
        coefficients=coefficients,
        covariance=back[:, None] * covariance * back,
        standard_errors=back * covariance.diagonal().sqrt(),
        dispersion=(unit[:, None] * sigma * unit).cpu(),
        deviance=((residuals**2).sum(0) * unit * unit).cpu(),
        null_deviance=(((z - root * centre) ** 2).sum(0) * unit * unit).cpu(),
        rank=rank,
        df_residual=df,
        df_null=n_obs - intercept,
        n_obs=n_obs,
        linear_predictor=eta.cpu(),
        fitted=eta.cpu(),
        working_weights=w.cpu(),
    )


def _as_columns(name: str, value: Any, n: int) -> Tensor:
    """`value` as finite float64 numbers of n rows."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch tensor, not {kind_of(value)}")
    if value.ndim != 2 or len(value) != n or value.shape[1] == 0:
        raise ValueError(f"{name} must have shape ({n}, m), not {tuple(value.shape)}")
    value = value.detach().to(torch.float64)
    if not bool(value.isfinite().all()):
        raise ValueError(f"{name} holds values that are NaN or infinite")
    return value
