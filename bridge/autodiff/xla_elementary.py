"""Numbers, shapes, sums and places: rows of XLA's table (`xla_operators.py`).

Tests: tests/autodiff/test_xla_operators.py.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from .xla_dtypes import Array, UnknownOperator, as_dtype

# --- numbers ---


def _add(a: Array, b: Array, *, alpha: float = 1) -> Array:
    return a + (b if alpha == 1 else b * alpha)


def _sub(a: Array, b: Array, *, alpha: float = 1) -> Array:
    return a - (b if alpha == 1 else b * alpha)


def _div(a: Array, b: Array, *, rounding_mode: str | None = None) -> Array:
    if rounding_mode is None:
        return jnp.true_divide(a, b)
    if rounding_mode == "floor":
        return jnp.floor_divide(a, b)
    return jnp.trunc(jnp.true_divide(a, b))


def _clamp(x: Array, low: Any = None, high: Any = None) -> Array:
    x = x if low is None else jnp.maximum(x, low)
    return x if high is None else jnp.minimum(x, high)


def _gelu(x: Array, *, approximate: str = "none") -> Array:
    return jax.nn.gelu(x, approximate=approximate == "tanh")


def _elu(x: Array, alpha: float = 1, scale: float = 1, input_scale: float = 1) -> Array:
    return jnp.where(x > 0, x * scale, jnp.expm1(x * input_scale) * (alpha * scale))


def _softmax(x: Array, dim: int, half: bool = False) -> Array:
    return jax.nn.softmax(x, axis=dim)


def _log_softmax(x: Array, dim: int, half: bool = False) -> Array:
    return jax.nn.log_softmax(x, axis=dim)


def _sign(x: Array) -> Array:
    return jnp.sign(x)


# --- shapes ---


def _expand(x: Array, size: Sequence[int], *, implicit: bool = False) -> Array:
    lead = len(size) - x.ndim
    shape = [x.shape[i - lead] if n == -1 else n for i, n in enumerate(size)]
    return jnp.broadcast_to(x, shape)


def _slice(x: Array, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Array:
    index = [slice(None)] * x.ndim
    index[dim] = slice(start, None if end is None else min(end, x.shape[dim]), step)
    return x[tuple(index)]


def _slice_scatter(
    x: Array, source: Array, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Array:
    index = [slice(None)] * x.ndim
    index[dim] = slice(start, None if end is None else min(end, x.shape[dim]), step)
    return x.at[tuple(index)].set(source)


def _select(x: Array, dim: int, index: int) -> Array:
    return lax.index_in_dim(x, index % x.shape[dim], dim % x.ndim, keepdims=False)


def _select_scatter(x: Array, source: Array, dim: int, index: int) -> Array:
    at: list[Any] = [slice(None)] * x.ndim
    at[dim] = index
    return x.at[tuple(at)].set(source)


def _squeeze(x: Array, dims: Any = None) -> Array:
    wanted = range(x.ndim) if dims is None else [dims] if isinstance(dims, int) else dims
    axes = [d % x.ndim for d in wanted if x.shape[d] == 1] if x.ndim else []
    return jnp.squeeze(x, tuple(axes))


def _split(x: Array, sizes: Any, dim: int = 0) -> tuple[Array, ...]:
    n = x.shape[dim]
    if isinstance(sizes, int):
        sizes = [min(sizes, n - start) for start in range(0, n, sizes)]
    ends = list(itertools.accumulate(sizes))
    return tuple(_slice(x, dim, end - size, end) for size, end in zip(sizes, ends, strict=True))


def _pad(x: Array, pad: Sequence[int], value: float = 0.0) -> Array:
    pairs = [(0, 0, 0)] * x.ndim
    for i in range(len(pad) // 2):
        pairs[x.ndim - 1 - i] = (pad[2 * i], pad[2 * i + 1], 0)
    return lax.pad(x, jnp.asarray(value, x.dtype), pairs)


def _full(size: Sequence[int], value: Any, *, dtype: Any = None, **_: Any) -> Array:
    return jnp.full(tuple(size), value, dtype=None if dtype is None else as_dtype(dtype))


def _full_like(x: Array, value: Any, *, dtype: Any = None, **_: Any) -> Array:
    return jnp.full(x.shape, value, x.dtype if dtype is None else as_dtype(dtype))


def _arange(start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, **_: Any) -> Array:
    start, end = (0, start) if end is None else (start, end)
    return jnp.arange(start, end, step, dtype=None if dtype is None else as_dtype(dtype))


# --- sums, products, order ---


def _axes(x: Array, dims: Any) -> Any:
    if dims is None or (isinstance(dims, (list, tuple)) and not len(dims)):
        return None
    return tuple(d % max(x.ndim, 1) for d in dims) if isinstance(dims, (list, tuple)) else dims


def _over(function: Callable[..., Array]) -> Callable[..., Array]:
    """A function over dims, as ATen gives them."""

    def found(x: Array, dims: Any = None, keep: bool = False, *, dtype: Any = None) -> Array:
        x = x if dtype is None else x.astype(as_dtype(dtype))
        return function(x, axis=_axes(x, dims) if x.ndim else None, keepdims=keep)

    return found


def _var(x: Array, dims: Any = None, *, correction: Any = 1, keepdim: bool = False) -> Array:
    axes = _axes(x, dims)
    n = math.prod(x.shape if axes is None else [x.shape[d] for d in axes])
    total = jnp.sum((x - jnp.mean(x, axes, keepdims=True)) ** 2, axes, keepdims=keepdim)
    return total / (n - (1 if correction is None else correction))


def _var_mean(x: Array, dims: Any = None, *, correction: Any = 1, keepdim: bool = False) -> Any:
    mean = jnp.mean(x, _axes(x, dims), keepdims=keepdim)
    return _var(x, dims, correction=correction, keepdim=keepdim), mean


def _extreme(values: Callable[..., Array], places: Callable[..., Array]) -> Callable[..., Any]:
    def found(x: Array, dim: int, keep: bool = False) -> tuple[Array, Array]:
        return values(x, axis=dim, keepdims=keep), places(x, axis=dim, keepdims=keep)

    return found


def _norm(x: Array, p: Any = 2, dims: Any = None, keep: bool = False) -> Array:
    p, axes = 2 if p is None else p, _axes(x, dims)
    if p == 2:
        return jnp.sqrt(jnp.sum(x * x, axes, keepdims=keep))
    if p == 1:
        return jnp.sum(jnp.abs(x), axes, keepdims=keep)
    if math.isinf(p):
        return jnp.max(jnp.abs(x), axes, keepdims=keep)
    return jnp.sum(jnp.abs(x) ** p, axes, keepdims=keep) ** (1 / p)


def _vector_norm(x: Array, p: Any = 2, dims: Any = None, keep: bool = False, **_: Any) -> Array:
    return _norm(x, p, dims, keep)


def _addmm(bias: Array, a: Array, b: Array, *, beta: Any = 1, alpha: Any = 1) -> Array:
    product = jnp.matmul(a, b)
    product = product if alpha == 1 else product * alpha
    return product + (bias if beta == 1 else bias * beta)


# --- places ---


def _gather(x: Array, dim: int, index: Array, *, sparse_grad: bool = False) -> Array:
    if x.ndim == 0 or index.ndim == 0:
        return x.reshape(index.shape)
    lines = [slice(n) for n in index.shape]  # of which there may be fewer
    lines[dim] = slice(None)
    return jnp.take_along_axis(x[tuple(lines)], index, axis=dim, mode="clip")


def _at(x: Array, dim: int, index: Array) -> tuple[Array, ...]:
    """Where the elements of `index` point in `x`, along a dim."""
    grid = list(jnp.indices(index.shape, sparse=True))
    grid[dim] = index
    return tuple(grid)


def _scatter(x: Array, dim: int, index: Array, source: Any, *, reduce: str | None = None) -> Array:
    at = x.at[_at(x, dim, index)]
    if reduce is not None:
        return at.add(source) if reduce == "add" else at.multiply(source)
    values = source[tuple(map(slice, index.shape))] if hasattr(source, "shape") else source
    return at.set(values if not getattr(values, "shape", ()) else values)


def _scatter_add(x: Array, dim: int, index: Array, source: Array) -> Array:
    return x.at[_at(x, dim, index)].add(source[tuple(map(slice, index.shape))])


def _embedding(weight: Array, codes: Array, *_: Any, **__: Any) -> Array:
    return jnp.take(weight, codes, axis=0, mode="clip")


def _embedding_backward(
    gradient: Array, codes: Array, n: int, padding: int, by_frequency: bool
) -> Array:
    if by_frequency:
        raise UnknownOperator("aten.embedding_dense_backward with scale_grad_by_freq")
    width = gradient.shape[-1]
    rows = gradient.reshape(-1, width)
    places = codes.reshape(-1)
    if padding >= 0:
        rows = jnp.where((places == padding)[:, None], 0, rows)
    return jnp.zeros((n, width), gradient.dtype).at[places].add(rows)


# name of an ATen operator, with or without the name of its overload -> function of arrays
ROWS: dict[str, Callable[..., Any]] = {
    # numbers
    "add": _add,
    "sub": _sub,
    "rsub": lambda a, b, *, alpha=1: _sub(b, a, alpha=alpha),
    "mul": lambda a, b: a * b,
    "div": _div,
    "pow": lambda a, b: a**b,
    "fmod": lambda a, b: jnp.fmod(a, b),
    "remainder": lambda a, b: jnp.mod(a, b),
    "maximum": jnp.maximum,
    "minimum": jnp.minimum,
    "atan2": jnp.arctan2,
    "hypot": jnp.hypot,
    "clamp": _clamp,
    "clamp_min": lambda x, low: jnp.maximum(x, low),
    "clamp_max": lambda x, high: jnp.minimum(x, high),
    "addcmul": lambda x, a, b, *, value=1: x + a * b * value,
    "addcdiv": lambda x, a, b, *, value=1: x + a / b * value,
    "lerp": lambda a, b, w: jnp.where(
        jnp.abs(w) < 0.5, a + w * (b - a), b - (b - a) * (1 - jnp.asarray(w))
    ),
    "neg": lambda x: -x,
    "abs": jnp.abs,
    "sign": _sign,
    "sgn": _sign,
    "reciprocal": lambda x: 1 / x,
    "sqrt": jnp.sqrt,
    "rsqrt": lambda x: 1 / jnp.sqrt(x),
    "exp": jnp.exp,
    "exp2": jnp.exp2,
    "expm1": jnp.expm1,
    "log": jnp.log,
    "log2": jnp.log2,
    "log10": jnp.log10,
    "log1p": jnp.log1p,
    "sin": jnp.sin,
    "cos": jnp.cos,
    "tan": jnp.tan,
    "asin": jnp.arcsin,
    "acos": jnp.arccos,
    "atan": jnp.arctan,
    "sinh": jnp.sinh,
    "cosh": jnp.cosh,
    "asinh": jnp.arcsinh,
    "acosh": jnp.arccosh,
    "atanh": jnp.arctanh,
    "erf": jax.scipy.special.erf,
    "erfc": jax.scipy.special.erfc,
    "lgamma": jax.scipy.special.gammaln,
    "digamma": jax.scipy.special.digamma,
    "floor": jnp.floor,
    "ceil": jnp.ceil,
    "round": jnp.round,
    "trunc": jnp.trunc,
    "relu": lambda x: jnp.maximum(x, 0),
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "gelu": _gelu,
    "elu": _elu,
    "leaky_relu": lambda x, slope=0.01: jnp.where(x > 0, x, x * slope),
    "hardtanh": lambda x, low=-1, high=1: _clamp(x, low, high),
    "softplus": lambda x, beta=1, threshold=20: jnp.where(
        x * beta > threshold, x, jnp.log1p(jnp.exp(jnp.minimum(x * beta, threshold))) / beta
    ),
    "_softmax": _softmax,
    "_log_softmax": _log_softmax,
    # comparisons
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "logical_and": jnp.logical_and,
    "logical_or": jnp.logical_or,
    "logical_xor": jnp.logical_xor,
    "logical_not": jnp.logical_not,
    "bitwise_and": jnp.bitwise_and,
    "bitwise_or": jnp.bitwise_or,
    "bitwise_xor": jnp.bitwise_xor,
    "bitwise_not": jnp.bitwise_not,
    "where": jnp.where,
    "isnan": jnp.isnan,
    "isinf": jnp.isinf,
    # shapes
    "view": lambda x, size: x.reshape(tuple(size)),
    "_unsafe_view": lambda x, size: x.reshape(tuple(size)),
    "reshape": lambda x, size: x.reshape(tuple(size)),
    "permute": lambda x, dims: jnp.transpose(x, [d % x.ndim for d in dims]),
    "transpose": lambda x, a, b: jnp.swapaxes(x, a, b),
    "t": lambda x: x.T,
    "expand": _expand,
    "squeeze": _squeeze,
    "unsqueeze": jnp.expand_dims,
    "slice": _slice,
    "slice_scatter": _slice_scatter,
    "select": _select,
    "select_scatter": _select_scatter,
    "cat": lambda xs, dim=0: jnp.concatenate(xs, axis=dim),
    "stack": lambda xs, dim=0: jnp.stack(xs, axis=dim),
    "split": _split,
    "split_with_sizes": _split,
    "unbind": lambda x, dim=0: tuple(jnp.moveaxis(x, dim, 0)),
    "flip": lambda x, dims: jnp.flip(x, tuple(dims)),
    "roll": lambda x, shifts, dims=(): jnp.roll(x, tuple(shifts), tuple(dims) or None),
    "repeat": lambda x, times: jnp.tile(x, tuple(times)),
    "constant_pad_nd": _pad,
    # copies and constants
    "alias": lambda x: x,
    "detach": lambda x: x,
    "lift_fresh_copy": lambda x: x,
    "clone": lambda x, **_: x,
    "_to_copy": lambda x, *, dtype=None, **_: x if dtype is None else x.astype(as_dtype(dtype)),
    "copy": lambda x, source, *_: jnp.broadcast_to(source, x.shape).astype(x.dtype),
    "full": _full,
    "full_like": _full_like,
    "scalar_tensor": lambda value, **options: _full((), value, **options),
    "zeros": lambda size, **options: _full(size, 0, **options),
    "ones": lambda size, **options: _full(size, 1, **options),
    "empty": lambda size, **options: _full(size, 0, **options),
    "empty_permuted": lambda size, order, **options: _full(size, 0, **options),
    "zeros_like": lambda x, **options: _full_like(x, 0, **options),
    "ones_like": lambda x, **options: _full_like(x, 1, **options),
    "empty_like": lambda x, **options: _full_like(x, 0, **options),
    "new_zeros": lambda x, size, **options: _full(size, 0, **options),
    "new_full": lambda x, size, value, **options: _full(size, value, **options),
    "new_empty_strided": lambda x, size, stride, **options: _full(size, 0, **options),
    "empty_strided": lambda size, stride, **options: _full(size, 0, **options),
    "new_empty": lambda x, size, **options: _full(size, 0, **options),
    "fill": lambda x, value: jnp.full(x.shape, value, x.dtype),
    "arange": _arange,
    "tril": lambda x, diagonal=0: jnp.tril(x, diagonal),
    "triu": lambda x, diagonal=0: jnp.triu(x, diagonal),
    "diagonal": lambda x, offset=0, a=0, b=1: jnp.diagonal(x, offset, a, b),
    # sums, products, order
    "sum": _over(jnp.sum),
    "mean": _over(jnp.mean),
    "prod": _over(jnp.prod),
    "amax": _over(jnp.max),
    "amin": _over(jnp.min),
    "any": _over(jnp.any),
    "all": _over(jnp.all),
    "max.default": jnp.max,
    "min.default": jnp.min,
    "max.dim": _extreme(jnp.max, jnp.argmax),
    "min.dim": _extreme(jnp.min, jnp.argmin),
    "argmax": lambda x, dim=None, keep=False: jnp.argmax(x, dim, keepdims=keep),
    "argmin": lambda x, dim=None, keep=False: jnp.argmin(x, dim, keepdims=keep),
    "var.correction": _var,
    "var_mean.correction": _var_mean,
    "logsumexp": lambda x, dims, keep=False: jax.scipy.special.logsumexp(
        x, axis=_axes(x, dims), keepdims=keep
    ),
    "norm": _norm,
    "linalg_vector_norm": _vector_norm,
    "cumsum": lambda x, dim, **_: jnp.cumsum(x, dim),
    "cumprod": lambda x, dim, **_: jnp.cumprod(x, dim),
    "mm": jnp.matmul,
    "bmm": jnp.matmul,
    "mv": jnp.matmul,
    "addmv": _addmm,
    "dot": jnp.dot,
    "addmm": _addmm,
    "baddbmm": _addmm,
    # places
    "gather": _gather,
    "scatter": _scatter,
    "scatter_add": _scatter_add,
    "index_select": lambda x, dim, index: jnp.take(x, index, axis=dim, mode="clip"),
    "embedding": _embedding,
    "embedding_dense_backward": _embedding_backward,
}
