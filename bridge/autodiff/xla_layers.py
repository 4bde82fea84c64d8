"""Normalisation, convolution, pooling: rows of XLA's table (`xla_operators.py`).

Tests: tests/autodiff/test_xla_operators.py, tests/models/training/test_xla.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .xla_dtypes import Array

# --- normalisation ---


def _batch_norm(
    x: Array,
    weight: Any,
    bias: Any,
    mean: Any,
    variance: Any,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Array, ...]:
    """Output, mean and 1 / deviation of the batch; then the new running mean and variance."""
    axes = (0, *range(2, x.ndim))
    shape = (1, -1) + (1,) * (x.ndim - 2)
    n = x.size // x.shape[1]
    if training:
        of_batch, squares = jnp.mean(x, axes), jnp.var(x, axes)
    else:
        of_batch, squares = mean, variance
    scale = 1 / jnp.sqrt(squares + eps)
    out = (x - of_batch.reshape(shape)) * scale.reshape(shape)
    out = out if weight is None else out * weight.reshape(shape)
    out = out if bias is None else out + bias.reshape(shape)
    if training and mean is not None:
        mean = mean * (1 - momentum) + of_batch * momentum
        variance = variance * (1 - momentum) + squares * (n / max(n - 1, 1)) * momentum
    return out, of_batch, scale, mean, variance


def _batch_norm_alone(x: Array, weight: Any, bias: Any, training: bool, *rest: float) -> Any:
    return _batch_norm(x, weight, bias, None, None, training, *rest)[:3]


def _layer_norm(x: Array, shape: Sequence[int], weight: Any, bias: Any, eps: float) -> Any:
    axes = tuple(range(x.ndim - len(shape), x.ndim))
    mean = jnp.mean(x, axes, keepdims=True)
    scale = 1 / jnp.sqrt(jnp.var(x, axes, keepdims=True) + eps)
    out = (x - mean) * scale
    out = out if weight is None else out * weight
    return (out if bias is None else out + bias), mean, scale


def _group_norm(
    x: Array, weight: Any, bias: Any, n: int, c: int, area: int, groups: int, eps: float
) -> Any:
    parts = x.reshape(n, groups, -1)
    mean, scale = jnp.mean(parts, 2), 1 / jnp.sqrt(jnp.var(parts, 2) + eps)
    out = ((parts - mean[..., None]) * scale[..., None]).reshape(x.shape)
    shape = (1, c) + (1,) * (x.ndim - 2)
    out = out if weight is None else out * weight.reshape(shape)
    return (out if bias is None else out + bias.reshape(shape)), mean, scale


# --- convolution and pooling ---


def _each(values: Any, n: int) -> list[int]:
    found: list[int] = [values] if isinstance(values, int) else list(values)
    return found * n if len(found) == 1 else found


def _convolution(
    x: Array,
    weight: Array,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> Array:
    n = x.ndim - 2
    stride, padding, dilation, more = (
        _each(v, n) for v in (stride, padding, dilation, output_padding)
    )
    if not transposed:
        out = lax.conv_general_dilated(
            x,
            weight,
            stride,
            [(p, p) for p in padding],
            rhs_dilation=dilation,
            feature_group_count=groups,
        )
    else:
        # (in, out / groups, ...) -> (out, in / groups, ...), turned round.
        parts = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])
        turned = jnp.swapaxes(parts, 1, 2).reshape(-1, parts.shape[1], *weight.shape[2:])
        turned = jnp.flip(turned, tuple(range(2, turned.ndim)))
        reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
        out = lax.conv_general_dilated(
            x,
            turned,
            [1] * n,
            [(r - p, r - p + m) for r, p, m in zip(reach, padding, more, strict=True)],
            lhs_dilation=stride,
            rhs_dilation=dilation,
            feature_group_count=groups,
        )
    return out if bias is None else out + bias.reshape((1, -1) + (1,) * n)


def _convolution_backward(
    gradient: Array, x: Array, weight: Array, bias_sizes: Any, *rest: Any
) -> tuple[Any, ...]:
    *how, mask = rest
    _, back = jax.vjp(lambda a, b: _convolution(a, b, None, *how), x, weight)
    to_x, to_weight = back(gradient)
    to_bias = jnp.sum(gradient, (0, *range(2, gradient.ndim)))
    return tuple(g if m else None for g, m in zip((to_x, to_weight, to_bias), mask, strict=True))


def _windows(
    shape: Sequence[int], kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool
) -> tuple[Any, tuple[int, ...]]:
    """Where in a flat image each window's elements lie (windows x elements); -1 is padding."""
    n = len(shape)
    kernel, padding, dilation = (_each(v, n) for v in (kernel, padding, dilation))
    stride = _each(stride, n) if stride not in ([], (), None) else kernel
    lines, sizes = [], []
    for size, k, s, p, d in zip(shape, kernel, stride, padding, dilation, strict=True):
        room = size + 2 * p - d * (k - 1) - 1
        count = (room + (s - 1 if ceil else 0)) // s + 1
        if ceil and (count - 1) * s >= size + p:
            count -= 1
        places = np.arange(count)[:, None] * s - p + np.arange(k)[None, :] * d
        lines.append(np.where((places >= 0) & (places < size), places, -1))
        sizes.append(count)
    return _crossed(lines, shape), tuple(sizes)


def _crossed(lines: Sequence[Any], shape: Sequence[int]) -> Any:
    """Places in a flat image, of those along each of its dims (windows x elements)."""
    flat = np.zeros((1, 1), np.int64)
    for line, size in zip(lines, shape, strict=True):
        both = flat[:, None, :, None] * size + line[None, :, None, :]
        bad = (flat[:, None, :, None] < 0) | (line[None, :, None, :] < 0)
        flat = np.where(bad, -1, both).reshape(flat.shape[0] * line.shape[0], -1)
    return flat


def _max_pool(
    n: int, x: Array, kernel: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1,
    ceil: bool = False,
) -> tuple[Array, Array]:  # fmt: skip
    """The largest of each window and its place in the image; of equals the first, as ATen."""
    places, sizes = _windows(x.shape[-n:], kernel, stride, padding, dilation, ceil)
    return _largest(n, x, places, sizes)


def _largest(n: int, x: Array, places: Any, sizes: Sequence[int]) -> tuple[Array, Array]:
    """Of each window (windows x elements; -1 is none) the largest, and where it is."""
    lead = x.shape[:-n]
    flat = x.reshape(*lead, -1)
    seen = jnp.where(jnp.asarray(places < 0), -jnp.inf, flat[..., np.maximum(places, 0)])
    best = jnp.argmax(seen, -1)
    index = jnp.asarray(places)[np.arange(len(places)), best]
    values = jnp.take_along_axis(flat, index, -1)
    return values.reshape(*lead, *sizes), index.reshape(*lead, *sizes)


def _max_pool_backward(n: int, gradient: Array, x: Array, *rest: Any) -> Array:
    index, lead = rest[-1], x.shape[:-n]
    rows = math.prod(lead)
    places = index.reshape(rows, -1)
    flat = jnp.zeros((rows, math.prod(x.shape[-n:])), gradient.dtype)
    out = flat.at[np.arange(rows)[:, None], places].add(gradient.reshape(rows, -1))
    return out.reshape(x.shape)


def _adaptive_max_pool(n: int, x: Array, size: Any) -> tuple[Array, Array]:
    wanted = _each(size, n)
    lines = []
    for have, count in zip(x.shape[-n:], wanted, strict=True):
        bounds = [(j * have // count, -(-(j + 1) * have // count)) for j in range(count)]
        most = max(end - start for start, end in bounds)
        line = [[*range(start, end), *[-1] * (most - end + start)] for start, end in bounds]
        lines.append(np.array(line))
    return _largest(n, x, _crossed(lines, x.shape[-n:]), wanted)


def _avg_pool(
    n: int, x: Array, kernel: Any, stride: Any = (), padding: Any = 0, ceil: bool = False,
    count_include_pad: bool = True, divisor: Any = None,
) -> Array:  # fmt: skip
    places, sizes = _windows(x.shape[-n:], kernel, stride, padding, 1, ceil)
    flat = x.reshape(*x.shape[:-n], -1)
    total = jnp.where(jnp.asarray(places < 0), 0, flat[..., np.maximum(places, 0)]).sum(-1)
    if divisor is not None:
        count: Any = divisor
    elif count_include_pad:
        inside = [s + 2 * p for s, p in zip(x.shape[-n:], _each(padding, n), strict=True)]
        count = (_windows(inside, kernel, stride, 0, 1, ceil)[0] >= 0).sum(-1)
    else:
        count = (places >= 0).sum(-1)
    return (total / jnp.asarray(count, x.dtype)).reshape(*x.shape[:-n], *sizes)


def _avg_pool_backward(n: int, gradient: Array, x: Array, *how: Any) -> Array:
    return jax.vjp(lambda a: _avg_pool(n, a, *how), x)[1](gradient)[0]


def _adaptive_avg_pool(n: int, x: Array, size: Any) -> Array:
    for i, wanted in enumerate(_each(size, n)):
        axis = x.ndim - n + i
        have = x.shape[axis]
        weights = np.zeros((wanted, have))
        for j in range(wanted):
            start, end = j * have // wanted, -(-(j + 1) * have // wanted)
            weights[j, start:end] = 1 / (end - start)
        moved = jnp.moveaxis(x, axis, -1) @ jnp.asarray(weights.T, x.dtype)
        x = jnp.moveaxis(moved, -1, axis)
    return x


def _adaptive_avg_pool_backward(n: int, gradient: Array, x: Array) -> Array:
    size = gradient.shape[-n:]
    return jax.vjp(lambda a: _adaptive_avg_pool(n, a, size), x)[1](gradient)[0]


# name of an ATen operator -> function of arrays
ROWS: dict[str, Callable[..., Any]] = {
    # normalisation
    "_native_batch_norm_legit_functional": _batch_norm,
    "_native_batch_norm_legit.no_stats": _batch_norm_alone,
    "_native_batch_norm_legit_no_training": lambda x, w, b, mean, var, *how: _batch_norm(
        x, w, b, mean, var, False, *how
    )[:3],
    "native_batch_norm": lambda *a: _batch_norm(*a)[:3],
    "native_layer_norm": _layer_norm,
    "native_group_norm": _group_norm,
    # convolution and pooling
    "convolution": _convolution,
    "convolution_backward": _convolution_backward,
    "max_pool2d_with_indices": partial(_max_pool, 2),
    "max_pool2d_with_indices_backward": partial(_max_pool_backward, 2),
    "max_pool3d_with_indices": partial(_max_pool, 3),
    "max_pool3d_with_indices_backward": partial(_max_pool_backward, 3),
    "adaptive_max_pool2d": partial(_adaptive_max_pool, 2),
    "adaptive_max_pool2d_backward": partial(_max_pool_backward, 2),
    "adaptive_max_pool3d": partial(_adaptive_max_pool, 3),
    "adaptive_max_pool3d_backward": partial(_max_pool_backward, 3),
    "avg_pool1d": partial(_avg_pool, 1),
    "avg_pool2d": partial(_avg_pool, 2),
    "avg_pool2d_backward": partial(_avg_pool_backward, 2),
    "avg_pool3d": partial(_avg_pool, 3),
    "avg_pool3d_backward": partial(_avg_pool_backward, 3),
    "_adaptive_avg_pool2d": partial(_adaptive_avg_pool, 2),
    "_adaptive_avg_pool2d_backward": partial(_adaptive_avg_pool_backward, 2),
    "_adaptive_avg_pool3d": partial(_adaptive_avg_pool, 3),
    "_adaptive_avg_pool3d_backward": partial(_adaptive_avg_pool_backward, 3),
}
