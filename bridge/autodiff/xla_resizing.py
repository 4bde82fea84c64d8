"""Images that are made larger or smaller: rows of XLA's table (`xla_operators.py`).

Resizing is linear, one dim after another: its weights are what ATen makes of images of one bright
point.

Tests: tests/autodiff/test_xla_operators.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import torch

from .xla_dtypes import Array

_ATEN: Any = torch.ops.aten


def _weights(kind: str, have: int, wanted: int, how: Sequence[Any]) -> torch.Tensor:
    """Of each old place (rows) in each new one (columns)."""
    points = torch.eye(have, dtype=torch.float64)
    if kind == "bicubic":
        align, scale = how
        image = points.view(have, 1, 1, have)
        found = _ATEN.upsample_bicubic2d(image, [1, wanted], align, None, scale)
    else:
        name = "_upsample_nearest_exact1d" if kind == "exact" else f"upsample_{kind}1d"
        found = getattr(_ATEN, name)(points.view(have, 1, have), [wanted], *how)
    weights: torch.Tensor = found.reshape(have, wanted)
    return weights


def _resized(kind: str, n: int, x: Array, size: Sequence[int], *how: Any) -> Array:
    """`how`: whether corners are aligned, but for the nearest; then a scale for each dim."""
    aligned, scales = ([], how) if kind in ("nearest", "exact") else (how[:1], how[1:])
    for i, wanted in enumerate(size):
        axis = x.ndim - n + i
        scale = scales[i] if i < len(scales) else None
        with torch.no_grad():
            weights = _weights(kind, x.shape[axis], wanted, [*aligned, scale])
        moved = jnp.moveaxis(x, axis, -1) @ jnp.asarray(weights.numpy(), x.dtype)
        x = jnp.moveaxis(moved, -1, axis)
    return x


def _resized_backward(
    kind: str, n: int, gradient: Array, size: Sequence[int], of: Sequence[int], *how: Any
) -> Array:
    blank = jnp.zeros(tuple(of), gradient.dtype)
    return jax.vjp(lambda x: _resized(kind, n, x, size, *how), blank)[1](gradient)[0]


def _replicated_backward(n: int, gradient: Array, x: Array, pad: Sequence[int]) -> Array:
    def padded(x: Array) -> Array:
        for i in range(n):
            axis = x.ndim - 1 - i
            before, after = pad[2 * i], pad[2 * i + 1]
            places = jnp.clip(jnp.arange(-before, x.shape[axis] + after), 0, x.shape[axis] - 1)
            x = jnp.take(x, places, axis)
        return x

    return jax.vjp(padded, x)[1](gradient)[0]


#: The part of ATen's name -> (kind, dims).
_KINDS = {
    "upsample_nearest1d": ("nearest", 1),
    "upsample_nearest2d": ("nearest", 2),
    "upsample_nearest3d": ("nearest", 3),
    "_upsample_nearest_exact1d": ("exact", 1),
    "_upsample_nearest_exact2d": ("exact", 2),
    "_upsample_nearest_exact3d": ("exact", 3),
    "upsample_linear1d": ("linear", 1),
    "upsample_bilinear2d": ("linear", 2),
    "upsample_trilinear3d": ("linear", 3),
    "upsample_bicubic2d": ("bicubic", 2),
}

# name of an ATen operator -> function of arrays
ROWS: dict[str, Callable[..., Any]] = {
    **{f"{name}.default": partial(_resized, *what) for name, what in _KINDS.items()},
    **{f"{name}_backward": partial(_resized_backward, *what) for name, what in _KINDS.items()},
    **{f"replication_pad{n}d_backward": partial(_replicated_backward, n) for n in (1, 2, 3)},
}
