"""Matrices: rows of XLA's table (`xla_operators.py`).

What ATen refuses (a matrix that has no Cholesky factor, no inverse) is NaN or infinite here: a
program cannot raise an error, and what comes of it is not finite.

Tests: tests/autodiff/test_xla_operators.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .xla_dtypes import Array


def _turned(a: Array) -> Array:
    return jnp.swapaxes(a, -1, -2)


def _fine(a: Array) -> Array:
    """What ATen says of a factorisation: 0 for each matrix."""
    return jnp.zeros(a.shape[:-2], jnp.int32)


def _cholesky(a: Array, upper: bool = False) -> Array:
    lower = jnp.tril(_turned(a) if upper else a)  # of one triangle, as LAPACK
    whole = lower + _turned(jnp.tril(lower, -1))
    factor = lax.linalg.cholesky(whole, symmetrize_input=False)
    return _turned(factor) if upper else factor


def _cholesky_ex(
    a: Array, *, upper: bool = False, check_errors: bool = False
) -> tuple[Array, Array]:
    factor = _cholesky(a, upper)
    return factor, jnp.isnan(factor).any((-1, -2)).astype(jnp.int32)


def _triangle(
    a: Array, b: Array, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Array:
    """X of A X = B, or of X A = B."""
    lead = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (jnp.broadcast_to(m, lead + m.shape[-2:]) for m in (a, b))
    return lax.linalg.triangular_solve(
        a, b, left_side=left, lower=not upper, unit_diagonal=unitriangular
    )


def _triangular_solve(
    b: Array, a: Array, upper: bool = True, transpose: bool = False, unit: bool = False
) -> tuple[Array, Array]:
    given, upper = (_turned(a), not upper) if transpose else (a, upper)
    return _triangle(given, b, upper=upper, unitriangular=unit), a


def _cholesky_solve(b: Array, factor: Array, upper: bool = False) -> Array:
    lower = _turned(factor) if upper else factor
    half = _triangle(lower, b, upper=False)
    return _triangle(_turned(lower), half, upper=True)


def _eye(a: Array) -> Array:
    return jnp.broadcast_to(jnp.eye(a.shape[-1], dtype=a.dtype), a.shape)


# --- LU ---


def _lu(a: Array) -> tuple[Array, Array]:
    """As ATen has them: both triangles, and exchanges of rows, counted from 1."""
    both, pivots, _ = lax.linalg.lu(a)
    return both, pivots + 1


def _lu_ex(a: Array, *, pivot: bool = True, check_errors: bool = False) -> tuple[Array, ...]:
    return (*_lu(a), _fine(a))


def _order(pivots: Array, n: int) -> Array:
    return lax.linalg.lu_pivots_to_permutation(pivots - 1, n)


def _in_order(b: Array, order: Array) -> Array:
    return jnp.take_along_axis(b, jnp.broadcast_to(order[..., None], b.shape), -2)


def _lu_solve(
    both: Array, pivots: Array, b: Array, *, left: bool = True, adjoint: bool = False
) -> Array:
    if not left:  # X A = B
        solved = _lu_solve(both, pivots, _turned(b), adjoint=not adjoint)
        return _turned(solved)
    lead = jnp.broadcast_shapes(both.shape[:-2], b.shape[:-2])
    b = jnp.broadcast_to(b, lead + b.shape[-2:])
    order = jnp.broadcast_to(_order(pivots, both.shape[-1]), (*lead, both.shape[-1]))
    if not adjoint:
        half = _triangle(both, _in_order(b, order), upper=False, unitriangular=True)
        return _triangle(both, half, upper=True)
    half = _triangle(_turned(both), b, upper=False)
    solved = _triangle(_turned(both), half, upper=True, unitriangular=True)
    return _in_order(solved, jnp.argsort(order, -1))


def _solve_ex(
    a: Array, b: Array, *, left: bool = True, check_errors: bool = False
) -> tuple[Array, ...]:
    both, pivots = _lu(a)
    is_vector = b.ndim == 1 or (b.ndim + 1 == a.ndim and b.shape == a.shape[:-1])
    found = _lu_solve(both, pivots, b[..., None] if is_vector else b, left=left)
    return found[..., 0] if is_vector else found, both, pivots, _fine(a)


def _inverse_ex(a: Array, *, check_errors: bool = False) -> tuple[Array, Array]:
    both, pivots = _lu(a)
    return _lu_solve(both, pivots, _eye(a)), _fine(a)


def _sign_of(pivots: Array) -> Array:
    moved = (pivots != jnp.arange(1, pivots.shape[-1] + 1)).sum(-1)
    return 1 - 2 * (moved % 2)


def _det(a: Array, *, turned: bool = False) -> tuple[Array, Array, Array]:
    """`turned`: ATen's factors are those of the transpose."""
    both, pivots = _lu(_turned(a) if turned else a)
    product = jnp.diagonal(both, axis1=-2, axis2=-1).prod(-1)
    return product * _sign_of(pivots), both, pivots


def _slogdet(a: Array, *, turned: bool = False) -> tuple[Array, ...]:
    both, pivots = _lu(_turned(a) if turned else a)
    diagonal = jnp.diagonal(both, axis1=-2, axis2=-1)
    sign = jnp.sign(diagonal).prod(-1) * _sign_of(pivots)
    return sign, jnp.log(jnp.abs(diagonal)).sum(-1), both, pivots


def _lu_unpack(both: Array, pivots: Array, *_: bool) -> tuple[Array, Array, Array]:
    n, m = both.shape[-2:]
    k = min(n, m)
    eye = jnp.broadcast_to(jnp.eye(n, dtype=both.dtype), (*both.shape[:-2], n, n))
    exchanged = _turned(_in_order(eye, _order(pivots, n)))
    lower = jnp.tril(both[..., :k], -1) + jnp.eye(n, k, dtype=both.dtype)
    return exchanged, lower, jnp.triu(both[..., :k, :])


def _plu(a: Array, *, pivot: bool = True) -> tuple[Array, Array, Array]:
    return _lu_unpack(*_lu(a))


# --- others ---


def _eigh(a: Array, triangle: str = "L", vectors: bool = True) -> tuple[Array, Array]:
    found, values = lax.linalg.eigh(a, lower=triangle == "L", symmetrize_input=False)
    return values, found


def _qr(a: Array, mode: str = "reduced") -> tuple[Array, Array]:
    if mode == "r":
        return jnp.zeros((0,), a.dtype), jnp.linalg.qr(a, mode="r")
    q, r = jnp.linalg.qr(a, mode=mode)
    return q, r


def _svd(a: Array, full: bool = False, vectors: bool = True, **_: Any) -> tuple[Array, ...]:
    u, s, v = jnp.linalg.svd(a, full_matrices=full, compute_uv=True)
    return u, s, v


def _pinv(a: Array, *, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Array:
    u, s, v = jnp.linalg.svd(a, full_matrices=False)
    if rtol is None:
        none = 0 if atol is None else jnp.where(jnp.asarray(atol) > 0, 0, 1)
        rtol = max(a.shape[-2:]) * np.finfo(a.dtype).eps * (1 if atol is None else none)
    least = jnp.max(s, -1, initial=0) * jnp.asarray(rtol)
    least = least if atol is None else jnp.maximum(least, jnp.asarray(atol))
    back = jnp.where(s > least[..., None], 1 / s, 0)
    return _turned(v) @ (back[..., :, None] * _turned(u))


def _expm(a: Array) -> Array:
    if a.ndim == 2:
        return jax.scipy.linalg.expm(a)
    found = jax.vmap(jax.scipy.linalg.expm)(a.reshape(-1, *a.shape[-2:]))
    return found.reshape(a.shape)


def _diagonal_scatter(x: Array, source: Array, offset: int = 0, a: int = 0, b: int = 1) -> Array:
    moved = jnp.moveaxis(x, (a, b), (-2, -1))
    n = source.shape[-1]
    rows, columns = jnp.arange(n) + max(-offset, 0), jnp.arange(n) + max(offset, 0)
    return jnp.moveaxis(moved.at[..., rows, columns].set(source), (-2, -1), (a, b))


def _trilinear(
    a: Array, b: Array, c: Array, in_a: Sequence[int], in_b: Sequence[int], in_c: Sequence[int],
    over: Sequence[int], *_: int,
) -> Array:  # fmt: skip
    a, b, c = (jnp.expand_dims(x, tuple(d)) for x, d in ((a, in_a), (b, in_b), (c, in_c)))
    return (a * b * c).sum(tuple(over))


# --- distances ---


def _distance(difference: Array, p: float) -> Array:
    """Over the last dim."""
    size = jnp.abs(difference)
    if p == 0:
        return (size != 0).sum(-1).astype(size.dtype)
    if p == jnp.inf:
        return size.max(-1, initial=0)
    if p == 1:
        return size.sum(-1)
    return jnp.sqrt((size * size).sum(-1)) if p == 2 else (size**p).sum(-1) ** (1 / p)


def _slope(difference: Array, p: float, distance: Array) -> Array:
    """Of the distance in each difference; 0 where the distance is 0."""
    sign, size = jnp.sign(difference), jnp.abs(difference)
    far, some = distance[..., None], jnp.where(distance == 0, 1, distance)[..., None]
    if p == 0:
        return jnp.zeros_like(difference)
    if p == 1:
        return sign
    if p == jnp.inf:
        return jnp.where(size == far, sign, 0)
    found = difference / some if p == 2 else sign * (size / some) ** (p - 1)
    return jnp.where(far == 0, 0, found)


def _cdist(a: Array, b: Array, p: float, mode: Any = None) -> Array:
    return _distance(a[..., :, None, :] - b[..., None, :, :], p)


def _cdist_backward(gradient: Array, a: Array, b: Array, p: float, distance: Array) -> Array:
    difference = a[..., :, None, :] - b[..., None, :, :]
    return (gradient[..., None] * _slope(difference, p, distance)).sum(-2)


def _pairs(x: Array) -> tuple[Array, Array]:
    rows, columns = jnp.triu_indices(x.shape[0], 1)
    return rows, columns


def _pdist(x: Array, p: float = 2) -> Array:
    i, j = _pairs(x)
    return _distance(x[i] - x[j], p)


def _pdist_backward(gradient: Array, x: Array, p: float, distance: Array) -> Array:
    i, j = _pairs(x)
    found = gradient[:, None] * _slope(x[i] - x[j], p, distance)
    return jnp.zeros_like(x).at[i].add(found).at[j].add(-found)


# name of an ATen operator -> function of arrays
ROWS: dict[str, Callable[..., Any]] = {
    "_linalg_check_errors": lambda *_, **__: None,
    "cholesky": _cholesky,
    "linalg_cholesky_ex": _cholesky_ex,
    "cholesky_solve": _cholesky_solve,
    "cholesky_inverse": lambda a, upper=False: _cholesky_solve(_eye(a), a, upper),
    "linalg_solve_triangular": _triangle,
    "triangular_solve": _triangular_solve,
    "_linalg_solve_ex": _solve_ex,
    "linalg_inv_ex": _inverse_ex,
    "linalg_lu_factor_ex": _lu_ex,
    "linalg_lu_solve": _lu_solve,
    "linalg_lu": _plu,
    "lu_unpack": _lu_unpack,
    "_linalg_det": _det,
    "_linalg_slogdet": _slogdet,
    "_linalg_eigh": _eigh,
    "linalg_qr": _qr,
    "_linalg_svd": _svd,
    "linalg_pinv.atol_rtol_tensor": _pinv,
    "linalg_matrix_exp": _expm,
    "linalg_householder_product": lax.linalg.householder_product,
    "diagonal_scatter": _diagonal_scatter,
    "_trilinear": _trilinear,
    "_cdist_forward": _cdist,
    "_cdist_backward": _cdist_backward,
    "_pdist_forward": _pdist,
    "_pdist_backward": _pdist_backward,
}
