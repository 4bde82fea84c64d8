"""Special functions, complex numbers, Fourier transforms: rows of XLA's table (`xla_operators.py`).

Tests: tests/autodiff/test_xla_operators.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from .xla_dtypes import Array, as_dtype


def _polygamma(n: int, x: Array) -> Array:
    if n == 0:
        return jax.scipy.special.digamma(x)
    if n > 1:
        return jax.scipy.special.polygamma(n, x)
    low = x < 0.5  # by reflection
    found = jax.scipy.special.polygamma(1, jnp.where(low, 1 - x, x))
    return jnp.where(low, (jnp.pi / jnp.sin(jnp.pi * x)) ** 2 - found, found)


#: Above, exp(x^2) erfc(x) is its asymptotic series: of 20 terms, the last below 1e-17.
_FAR = 8.0


def _erfcx(x: Array) -> Array:
    near, far = jnp.minimum(x, _FAR), jnp.maximum(x, _FAR)
    term, total = jnp.ones_like(far), jnp.ones_like(far)
    for k in range(1, 21):
        term = term * (1 - 2 * k) / (2 * far * far)
        total = total + term
    small = jnp.exp(near * near) * jax.scipy.special.erfc(near)
    return jnp.where(x > _FAR, total / (far * math.sqrt(math.pi)), small)


def _dist(a: Array, b: Array, p: float = 2) -> Array:
    return jnp.linalg.norm((a - b).reshape(-1), ord=p)


# --- complex numbers ---


def _as_pairs(z: Array) -> Array:
    return jnp.stack([z.real, z.imag], -1)


def _of_pairs(x: Array) -> Array:
    return jax.lax.complex(x[..., 0], x[..., 1])


def _size(z: Array, dims: Sequence[int]) -> int:
    return math.prod(z.shape[d] for d in dims)


def _scaled(z: Array, how: int, n: int) -> Array:
    """ATen's three ways: not at all, by the root of the number of values, by the number."""
    return z if how == 0 else z / (math.sqrt(n) if how == 1 else n)


def _fft_r2c(x: Array, dims: Sequence[int], how: int, onesided: bool) -> Array:
    found = jnp.fft.rfftn(x, axes=tuple(dims)) if onesided else jnp.fft.fftn(x, axes=tuple(dims))
    return _scaled(found, how, _size(x, dims))


def _fft_c2r(z: Array, dims: Sequence[int], how: int, last: int) -> Array:
    sizes = [*(z.shape[d] for d in dims[:-1]), last]
    n = math.prod(sizes)
    return _scaled(jnp.fft.irfftn(z, sizes, tuple(dims)) * n, how, n)


def _fft_c2c(z: Array, dims: Sequence[int], how: int, forward: bool) -> Array:
    n = _size(z, dims)
    if forward:
        return _scaled(jnp.fft.fftn(z, axes=tuple(dims)), how, n)
    return _scaled(jnp.fft.ifftn(z, axes=tuple(dims)) * n, how, n)


def _triangle_indices(lower: bool) -> Callable[..., Array]:
    places = jnp.tril_indices if lower else jnp.triu_indices

    def found(rows: int, columns: int, offset: int = 0, *, dtype: Any = None, **_: Any) -> Array:
        both = jnp.stack(places(rows, offset, columns))
        return both if dtype is None else both.astype(as_dtype(dtype))

    return found


# name of an ATen operator -> function of arrays
ROWS: dict[str, Callable[..., Any]] = {
    "polygamma": _polygamma,
    "erfinv": jax.scipy.special.erfinv,
    "special_ndtri": jax.scipy.special.ndtri,
    "special_erfcx": _erfcx,
    "special_zeta": jax.scipy.special.zeta,
    "igamma": jax.scipy.special.gammainc,
    "igammac": jax.scipy.special.gammaincc,
    "i0": jax.scipy.special.i0,
    "special_i0e": jax.scipy.special.i0e,
    "special_i1": jax.scipy.special.i1,
    "special_i1e": jax.scipy.special.i1e,
    "fmax": jnp.fmax,
    "fmin": jnp.fmin,
    "copysign": jnp.copysign,
    "ldexp": lambda x, n: x * jnp.exp2(n.astype(x.dtype)),
    "signbit": jnp.signbit,
    "nextafter": jnp.nextafter,
    "dist": _dist,
    "tril_indices": _triangle_indices(True),
    "triu_indices": _triangle_indices(False),
    "complex": jax.lax.complex,
    "polar": lambda size, angle: jax.lax.complex(size * jnp.cos(angle), size * jnp.sin(angle)),
    "angle": jnp.angle,
    "_conj": jnp.conj,
    "_conj_physical": jnp.conj,
    "resolve_conj": lambda z: z,
    "view_as_real": _as_pairs,
    "view_as_complex": _of_pairs,
    "_fft_r2c": _fft_r2c,
    "_fft_c2r": _fft_c2r,
    "_fft_c2c": _fft_c2c,
}
