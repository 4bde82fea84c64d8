"""Weighted least squares by QR, with columns that depend on earlier ones left out.

Tests: tests/models/exact/test_glm.py.
"""

import math
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


class Factored(NamedTuple):
    """The QR of the columns that do not depend on earlier ones: which these are, and q and r."""

    kept: Tensor
    q: Tensor
    r: Tensor


def factored(x: Tensor) -> Factored:
    """The QR of the columns, by number and in order, that do not depend on earlier ones."""
    q, r = torch.linalg.qr(x)
    kept = _independent(r, torch.linalg.vector_norm(x, dim=0))
    if kept.shape[0] < x.shape[1]:
        q, r = torch.linalg.qr(columns_of(x, kept))
    return Factored(kept, q, r)


def independent_columns(x: Tensor) -> Tensor:
    """The columns, by number and in order, that do not depend on earlier ones."""
    r = torch.linalg.qr(x, mode="r").R
    return _independent(r, torch.linalg.vector_norm(x, dim=0))


def columns_of(x: Tensor, kept: Tensor) -> Tensor:
    """These columns of x, which is itself where they are all."""
    return x if kept.shape[0] == x.shape[1] else x[:, kept.to(x.device)]


def _independent(r: Tensor, norms: Tensor) -> Tensor:
    """The same of columns with this triangle and these norms."""
    kept = torch.arange(r.shape[1])
    # What depends among the columns of the triangle depends among those that it is of.
    r, norms = r.cpu(), norms.cpu()
    if r.shape[0] == r.shape[1]:
        pairs = zip(r.diagonal().tolist(), norms.tolist(), strict=True)
        if all(abs(own) > TOLERANCE * size for own, size in pairs):
            return kept
    left, size = r, norms
    while len(kept):
        diagonal = left.diagonal().abs()
        few = size[: len(diagonal)]
        explained = (diagonal <= TOLERANCE * few) | (few == 0)
        if bool(explained.any()):
            first = int(explained.nonzero()[0])
        elif len(diagonal) < len(kept):  # more columns than rows
            first = len(diagonal)
        else:
            break
        kept = torch.cat([kept[:first], kept[first + 1 :]])
        left, size = torch.linalg.qr(r[:, kept], mode="r").R, norms[kept]
    return kept


def scales(x: Tensor, beyond: int = _SAFE) -> Tensor:
    """Powers of two by which columns are divided so that their squares stay in range.

    1 for what is in range as it is, up to two to the power `beyond`; of a vector, one number.
    """
    if len(x) == 0 or x.numel() == 0:
        return torch.ones(x.shape[1:], dtype=x.dtype, device=x.device)
    size = _sizes(x)
    if beyond and _are_usual(size, beyond):
        return torch.ones_like(size)
    exponent = torch.frexp(size).exponent
    exponent = exponent.clamp(-_LARGEST, _LARGEST)
    return torch.where(exponent.abs() > beyond, exponent, 0).to(x.dtype).exp2()


def in_range(x: Tensor) -> bool:
    """Is every scale 1?"""
    return x.numel() == 0 or _are_usual(_sizes(x), _SAFE)


def _sizes(x: Tensor) -> Tensor:
    return torch.linalg.vector_norm(x, math.inf, dim=0)


def _are_usual(sizes: Tensor, beyond: int) -> bool:
    low, high = 0.5**beyond, 2.0**beyond
    found = sizes.tolist() if sizes.ndim else [sizes.item()]
    return all(low <= size < high or size == 0 for size in found)


def weighted_least_squares(x: Tensor, z: Tensor, weights: Tensor) -> Solution:
    """Minimise the sum of `weights * (z - x b)^2`; x has full column rank."""
    return solution_of(torch.cat([x, z.unsqueeze(1)], 1).mT, weights)


def solution_of(beside: Tensor, weights: Tensor) -> Solution:
    """The same, where x', and below it z, stand in `beside`, shape (p + 1, n)."""
    p = beside.shape[0] - 1
    # The triangle of [x z] has that of x, and beside it what x explains of z.
    r = torch.linalg.qr(beside.mul(weights.sqrt()).mT, mode="r").R
    b = torch.linalg.solve_triangular(r[:p, :p], r[:p, p:], upper=True).squeeze(1)
    return Solution(b, r[:p, :p])


def solved(q: Tensor, r: Tensor, z: Tensor) -> Tensor:
    """The coefficients of the columns q r that come nearest to z."""
    return torch.linalg.solve_triangular(r, (q.T @ z)[:, None], upper=True)[:, 0]


def inverse_cross_product(r: Tensor) -> Tensor:
    """(r'r)^-1, the covariance of the coefficients without the dispersion."""
    inverse = torch.linalg.solve_triangular(
        r, torch.eye(r.shape[0], dtype=r.dtype, device=r.device), upper=True
    )
    return inverse @ inverse.T


def unscaled_covariance(r: Tensor, kept: Tensor, p: int) -> Tensor:
    """The same of p columns, on the CPU: NaN for those that were not kept."""
    if kept.shape[0] == p > 0:
        return inverse_cross_product(r).cpu()
    found = torch.full((p, p), torch.nan, dtype=torch.float64)
    if len(kept):
        found[kept[:, None], kept] = inverse_cross_product(r).cpu()
    return found
