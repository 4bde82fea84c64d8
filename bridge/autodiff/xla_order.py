"""Order, search, running extremes, scatter by reduction: rows of XLA's table (`xla_operators.py`).

NaN is the largest of all, and of equal ones the first in the tensor comes first, as ATen has it.

Tests: tests/autodiff/test_xla_operators.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .xla_dtypes import Array, UnknownOperator


def _sort(x: Array, dim: int = -1, descending: bool = False) -> tuple[Array, Array]:
    if x.ndim == 0:
        return x, jnp.zeros((), jnp.int64)
    if not descending:
        places = jnp.argsort(x, axis=dim, stable=True)
    else:  # backwards, and turned round
        last = x.shape[dim] - 1
        places = last - jnp.flip(jnp.argsort(jnp.flip(x, dim), axis=dim, stable=True), dim)
    return jnp.take_along_axis(x, places, dim), places


def _sort_stable(
    x: Array, *, stable: Any = None, dim: int = -1, descending: bool = False
) -> tuple[Array, Array]:
    return _sort(x, dim, descending)


def _topk(x: Array, k: int, dim: int = -1, largest: bool = True, *_: bool) -> tuple[Array, Array]:
    if x.ndim == 0:
        return x, jnp.zeros((), jnp.int64)
    values, places = _sort(x, dim, largest)
    dim = dim % x.ndim
    return lax.slice_in_dim(values, 0, k, axis=dim), lax.slice_in_dim(places, 0, k, axis=dim)


def _one_of(x: Array, place: Any, dim: int, keep: bool) -> tuple[Array, Array]:
    """Of each sorted line the element at a place, a number or one for each line."""
    values, places = _sort(x, dim)
    if x.ndim == 0:
        return values, places
    if not isinstance(place, int):
        values, places = (jnp.take_along_axis(a, place, dim) for a in (values, places))
    else:
        index = dim % x.ndim
        values, places = (
            lax.index_in_dim(a, place, index, keepdims=True) for a in (values, places)
        )
    return (values, places) if keep else (values.squeeze(dim), places.squeeze(dim))


def _kthvalue(x: Array, k: int, dim: int = -1, keep: bool = False) -> tuple[Array, Array]:
    return _one_of(x, k - 1, dim, keep)


def _median(x: Array, dim: int, keep: bool = False) -> tuple[Array, Array]:
    """The lower of two in the middle; NaN where one is."""
    if x.ndim == 0:
        return _sort(x)
    nan = jnp.isnan(x)
    middle = jnp.where(
        nan.any(dim, keepdims=True),
        x.shape[dim] - nan.sum(dim, keepdims=True),  # the first NaN
        (x.shape[dim] - 1) // 2,
    )
    return _one_of(x, middle, dim, keep)


def _nanmedian(x: Array, dim: int, keep: bool = False) -> tuple[Array, Array]:
    if x.ndim == 0:
        return _sort(x)
    n = x.shape[dim] - jnp.isnan(x).sum(dim, keepdims=True)
    return _one_of(x, jnp.maximum(n - 1, 0) // 2, dim, keep)


def _of_all(function: Callable[..., tuple[Array, Array]]) -> Callable[[Array], Array]:
    return lambda x: function(x.reshape(-1), 0)[0]


def _running(best: Callable[..., Array], holds: Callable[..., Array]) -> Callable[..., Any]:
    """The extreme so far, and the last place where it was."""

    def found(x: Array, dim: int) -> tuple[Array, Array]:
        if x.ndim == 0:
            return x, jnp.zeros((), jnp.int64)
        dim = dim % x.ndim
        values = best(x, axis=dim)
        here = holds(x, values) | jnp.isnan(x)
        at = jnp.where(here, lax.broadcasted_iota(jnp.int64, x.shape, dim), 0)
        return values, lax.cummax(at, axis=dim)

    return found


def _search(
    line: Array, x: Any, *, out_int32: bool = False, right: bool = False, side: Any = None,
    sorter: Any = None,
) -> Array:  # fmt: skip
    if sorter is not None:
        line = jnp.take_along_axis(line, sorter, -1)
    side = side or ("right" if right else "left")
    x = jnp.asarray(x)
    if line.ndim == 1:
        return jnp.searchsorted(line, x, side=side)
    lines, wanted = line.reshape(-1, line.shape[-1]), x.reshape(-1, x.shape[-1])
    found = jax.vmap(lambda a, b: jnp.searchsorted(a, b, side=side))(lines, wanted)
    return found.reshape(x.shape)


def _bucketize(x: Any, line: Array, *, out_int32: bool = False, right: bool = False) -> Array:
    return _search(line, x, right=right)


# --- places ---

#: How ATen calls a reduction -> the method of JAX's `x.at[...]`, and what leaves it as it is.
_REDUCTIONS: dict[str, tuple[str, float]] = {
    "sum": ("add", 0), "mean": ("add", 0), "prod": ("multiply", 1),
    "amax": ("max", -math.inf), "amin": ("min", math.inf),
}  # fmt: skip


def _scatter_reduce(
    x: Array, dim: int, index: Array, source: Array, reduce: str, *, include_self: bool = True
) -> Array:
    method, nothing = _REDUCTIONS[reduce]
    if x.dtype.kind not in "fc" and math.isinf(nothing):
        info = np.iinfo(x.dtype)
        nothing = info.min if nothing < 0 else info.max
    at = list(jnp.indices(index.shape, sparse=True))
    at[dim] = index
    places = tuple(at)
    begin = x if include_self else x.at[places].set(nothing)
    found = getattr(begin.at[places], method)(source[tuple(map(slice, index.shape))])
    if reduce != "mean":
        return found
    counts = jnp.zeros(x.shape, x.dtype).at[places].add(1) + (1 if include_self else 0)
    counts = jnp.maximum(counts, 1)
    return found / counts if x.dtype.kind in "fc" else found // counts


def _put(x: Array, index: Array, source: Array, accumulate: bool = False) -> Array:
    at = x.reshape(-1).at[index.reshape(-1)]
    values = source.reshape(-1)
    return (at.add(values) if accumulate else at.set(values)).reshape(x.shape)


def _unfold(x: Array, dim: int, size: int, step: int) -> Array:
    starts = jnp.arange(0, x.shape[dim] - size + 1, step)
    found = jnp.take(x, starts[:, None] + jnp.arange(size), axis=dim % x.ndim)
    return jnp.moveaxis(found, dim % x.ndim + 1, -1)


def _numbered(mask: Array) -> Array:
    """For each TRUE, in their order, its number from 0."""
    return (jnp.cumsum(mask.reshape(-1)) - 1).reshape(mask.shape)


def _masked_scatter(x: Array, mask: Array, source: Array) -> Array:
    mask = jnp.broadcast_to(mask, x.shape)
    return jnp.where(mask, jnp.take(source.reshape(-1), _numbered(mask), mode="clip"), x)


def _masked_scatter_backward(gradient: Array, mask: Array, sizes: Sequence[int]) -> Array:
    mask = jnp.broadcast_to(mask, gradient.shape)
    n = math.prod(sizes)
    at = jnp.where(mask, _numbered(mask), n).reshape(-1)  # beyond the end: dropped
    return jnp.zeros(n, gradient.dtype).at[at].add(gradient.reshape(-1), mode="drop").reshape(sizes)


def _index_put(x: Array, indices: Sequence[Any], values: Array, accumulate: bool = False) -> Array:
    mask = indices[0]
    if len(indices) == 1 and mask is not None and mask.dtype == bool:
        if values.ndim > x.ndim - mask.ndim and values.size != 1:
            raise UnknownOperator("aten.index_put of several values by TRUE and FALSE")
        values = values.reshape(()) if values.size == 1 else values
        mask = mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim))
        return jnp.where(mask, x + values if accumulate else values, x)
    at = x.at[places_of(indices)]
    return at.add(values) if accumulate else at.set(values)


def places_of(indices: Sequence[Any]) -> tuple[Any, ...]:
    """ATen's indices as NumPy has them."""
    if any(i is not None and i.dtype == bool for i in indices):
        raise UnknownOperator("aten.index by TRUE and FALSE, whose size depends on them")
    return tuple(slice(None) if i is None else i for i in indices)


def _index(x: Array, indices: Sequence[Any]) -> Array:
    return x[places_of(indices)]


# name of an ATen operator -> function of arrays
ROWS: dict[str, Callable[..., Any]] = {
    "sort": _sort,
    "sort.stable": _sort_stable,
    "topk": _topk,
    "kthvalue": _kthvalue,
    "median.default": _of_all(_median),
    "median.dim": _median,
    "nanmedian.default": _of_all(_nanmedian),
    "nanmedian.dim": _nanmedian,
    "cummax": _running(lax.cummax, lambda x, best: x >= best),
    "cummin": _running(lax.cummin, lambda x, best: x <= best),
    "logcumsumexp": lambda x, dim: lax.cumlogsumexp(x, axis=dim % x.ndim) if x.ndim else x,
    "searchsorted": _search,
    "bucketize": _bucketize,
    "scatter_reduce": _scatter_reduce,
    "put": _put,
    "unfold": _unfold,
    "masked_scatter": _masked_scatter,
    "masked_scatter_backward": _masked_scatter_backward,
    "index": _index,
    "_unsafe_index": _index,
    "index_put": _index_put,
    "_unsafe_index_put": _index_put,
}
