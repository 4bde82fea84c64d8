"""Weighted least squares by QR, with columns that depend on earlier ones left out.

Tests: tests/models/exact/test_glm.py.
"""

from typing import NamedTuple

import torch
from torch import Tensor

# What `lm` and `glm` take: a column whose part that earlier columns do not explain is
# smaller than this share of it counts as explained.
TOLERANCE = 1e-7

# Beyond two to this power the squares of numbers, their sums and their inverses may leave the
# range of float64.
_SAFE = 200

# The greatest power of two whose quotients stay in range themselves.
_LARGEST = 1000


class Solution(NamedTuple):
    """Of a least squares problem.

    Attributes:
        coefficients: one a column that was kept.
        r: the triangle of the weighted design's QR: its cross product is r'r.
    """

    coefficients: Tensor
    r: Tensor


def independent_columns(x: Tensor) -> Tensor:
    """The columns, by number and in order, that do not depend on earlier ones."""
    kept = torch.arange(x.shape[1])
    norms = torch.linalg.vector_norm(x, dim=0).cpu()
    while len(kept):
        r = torch.linalg.qr(x[:, kept.to(x.device)], mode="r").R.diagonal().abs().cpu()
        size = norms[kept]
        explained = torch.ones(len(kept), dtype=torch.bool)  # more columns than rows
        explained[: len(r)] = (r <= TOLERANCE * size[: len(r)]) | (size[: len(r)] == 0)
        if not explained.any():
            break
        first = int(explained.nonzero()[0])
        kept = torch.cat([kept[:first], kept[first + 1 :]])
    return kept


def scales(x: Tensor, beyond: int = _SAFE) -> Tensor:
    """Powers of two by which columns are divided so that their squares stay in range.

    1 for what is in range as it is, up to two to the power `beyond`; of a vector, one number.
    """
    if len(x) == 0 or x.numel() == 0:
        return torch.ones(x.shape[1:], dtype=x.dtype, device=x.device)
    low, high = torch.aminmax(x, dim=0)
    exponent = torch.frexp(torch.maximum(low.abs(), high.abs())).exponent
    exponent = exponent.clamp(-_LARGEST, _LARGEST)
    return torch.where(exponent.abs() > beyond, exponent, 0).to(x.dtype).exp2()


def weighted_least_squares(x: Tensor, z: Tensor, weights: Tensor) -> Solution:
    """Minimise the sum of `weights * (z - x b)^2`; x has full column rank."""
    root = weights.sqrt()
    q, r = torch.linalg.qr(root[:, None] * x)
    right = (q.T @ (root * z))[:, None]
    return Solution(torch.linalg.solve_triangular(r, right, upper=True)[:, 0], r)


def inverse_cross_product(r: Tensor) -> Tensor:
    """(r'r)^-1, the covariance of the coefficients without the dispersion."""
    inverse = torch.linalg.solve_triangular(
        r, torch.eye(len(r), dtype=r.dtype, device=r.device), upper=True
    )
    return inverse @ inverse.T


def unscaled_covariance(r: Tensor, kept: Tensor, p: int) -> Tensor:
    """The same of p columns, on the CPU: NaN for those that were not kept."""
    found = torch.full((p, p), torch.nan, dtype=torch.float64)
    if len(kept):
        found[kept[:, None], kept] = inverse_cross_product(r).cpu()
    return found
