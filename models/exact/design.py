"""Arguments of exact fits as float64 tensors: the columns, and what stands beside them.

Tests: tests/models/exact/test_glm.py.
"""

import math
from typing import Any

import torch
from torch import Tensor

from ..arguments import kind_of
from ..sparse import as_rows, is_sparse, with_values
from .terms import TermRows, Terms


def as_design(name: str, x: Any) -> Tensor:
    """`x` as a finite float64 matrix."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} must be a torch tensor, not {kind_of(x)}")
    if x.ndim != 2:
        raise ValueError(f"{name} must have shape (n, p), not {tuple(x.shape)}")
    if is_sparse(x):
        raise TypeError(f"{name} is sparse, and this takes a dense tensor: {name}.to_dense()")
    x = x.detach().to(torch.float64)
    if not all_finite(x):
        raise ValueError(f"{name} holds values that are NaN or infinite")
    return x


def all_finite(x: Tensor) -> bool:
    """Are all? A finite sum, of one pass and no other memory, says so."""
    return math.isfinite(x.sum()) or bool(x.isfinite().all())


def all_one(weights: Tensor) -> bool:
    """Does each row count once?"""
    low, high = weights.aminmax()
    return low.item() == 1 == high.item()


def as_sparse_design(name: str, x: Any) -> Tensor:
    """A sparse `x` as a finite float64 matrix by rows (CSR)."""
    found = as_rows(name, x)
    return found if found.dtype == torch.float64 else with_values(found, found.values().double())


def times(x: Tensor | TermRows, b: Tensor, intercept: bool) -> Tensor:
    """`[1 x] b`, of coefficients (p,) with the intercept's first; (p, k) of x dense or CSR."""
    if isinstance(x, TermRows):
        return x.product(b[1:]) + b[0] if intercept else x.product(b)
    if b.ndim == 1:
        return times(x, b[:, None], intercept)[:, 0]
    return x @ b[1:] + b[:1] if intercept else x @ b


def predictors_of(
    x: Any,
    coefficients: Tensor,
    intercept: bool,
    offset: Any,
    type: str,
    center: Tensor | None = None,
) -> Tensor:
    """Linear predictors of rows to predict a `type` for, shape (n,), with their offset.

    Coefficients that are NaN count as 0; `center` is taken from the columns first.
    """
    design = new_design(x, intercept, len(coefficients), type)
    b = coefficients.nan_to_num(0.0).to(design.device)
    if center is not None:
        design = design - center.to(design)
    eta = times(design, b, intercept)
    return eta if offset is None else eta + as_column("offset", offset, len(eta)).to(eta.device)


def as_strata(strata: Any, n: int) -> Tensor:
    """Codes from 0 of n rows' strata."""
    if not isinstance(strata, Tensor) or strata.is_floating_point():
        raise TypeError("strata must be a tensor of integer codes")
    if strata.shape != (n,) or int(strata.min()) < 0:
        raise ValueError(f"strata must be {n} codes from 0")
    return strata.long()


def as_column(name: str, value: Any, n: int) -> Tensor:
    """`value` as n finite float64 numbers."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch tensor, not {kind_of(value)}")
    if value.shape not in ((n,), (n, 1)):
        raise ValueError(f"{name} must have shape ({n},), not {tuple(value.shape)}")
    value = value.detach().to(torch.float64).reshape(n)
    if not all_finite(value):
        raise ValueError(f"{name} holds values that are NaN or infinite")
    return value


def as_weights(weights: Any, n: int) -> Tensor:
    """What each of n rows counts: 1 for None."""
    if weights is None:
        return torch.ones(n, dtype=torch.float64)
    found = as_column("weights", weights, n)
    if found.min() < 0 or found.max() == 0:
        raise ValueError("weights must not be negative, and not all 0")
    return found


def as_data(
    design: Tensor | Terms, y: Any, weights: Any, offset: Any
) -> tuple[Tensor, Tensor, Tensor]:
    """Response, weights (all 1 for None) and offset (all 0) for the rows of a design, beside it."""
    n, device = len(design), design.device
    y = as_column("y", y, n).to(device)
    w = as_weights(weights, n).to(device)
    o = torch.zeros_like(y) if offset is None else as_column("offset", offset, n).to(device)
    return y, w, o


def with_intercept(x: Tensor, intercept: bool) -> Tensor:
    """`x` with a column of ones before it, or as it is."""
    return torch.cat([x.new_ones(len(x), 1), x], 1) if intercept else x


def new_design(x: Any, intercept: bool, n_coefficients: int, type: str) -> Tensor:
    """Rows to predict a `type` for, dense or CSR, checked against the fit's; for `times`."""
    if type not in ("response", "link"):
        raise ValueError(f'type "{type}" is not known; it can be "response", "link"')
    design = as_sparse_design("x", x) if is_sparse(x) else as_design("x", x)
    if design.shape[1] + intercept != n_coefficients:
        raise ValueError(f"x must have {n_coefficients - intercept} columns, not {x.shape[1]}")
    return design
