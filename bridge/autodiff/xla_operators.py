"""PyTorch's operators as JAX's: one row an operator, for graphs of core ATen operators.

Each is called at the time of tracing, with JAX arrays, and gives what the ATen operator of that
name gives (its schema: `torch.ops.aten.<name>`). Where ATen rounds or breaks ties in its own way,
the row does as ATen does. No row draws at random: what is drawn comes in from PyTorch.

Tests: tests/models/training/test_xla.py.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax import lax

Array = Any


class UnknownOperator(ValueError):
    """An operator that has no row here."""


def run(module: torch.fx.GraphModule, inputs: Sequence[Array]) -> list[Array]:
    """What a graph gives for arrays.

    Raises:
        UnknownOperator: it has an operator without a row.
    """
    values: dict[torch.fx.Node, Any] = {}
    given = iter(inputs)

    def value(argument: Any) -> Any:
        if isinstance(argument, torch.fx.Node):
            return values[argument]
        if isinstance(argument, (list, tuple)):
            return type(argument)(map(value, argument))
        return argument

    for node in module.graph.nodes:
        if node.op == "placeholder":
            values[node] = next(given)
        elif node.op == "get_attr":
            constant = getattr(module, str(node.target))
            values[node] = jnp.asarray(constant.detach().cpu().numpy())
        elif node.op == "output":
            return list(map(value, node.args[0]))
        else:
            function = row(node.target)
            kwargs = {name: value(x) for name, x in node.kwargs.items()}
            values[node] = _as_torch_has_it(function(*map(value, node.args), **kwargs), node)
    raise AssertionError("a graph has an output")


def unknown(module: torch.fx.GraphModule) -> list[str]:
    """The operators of a graph that have no row."""
    targets = {node.target for node in module.graph.nodes if node.op == "call_function"}
    found = []
    for target in targets:
        try:
            row(target)
        except UnknownOperator:
            found.append(str(target))
    return sorted(found)


def row(target: Any) -> Callable[..., Any]:
    """The function of an operator."""
    name = str(target)
    if not name.startswith("aten."):
        if getattr(target, "__name__", "") in ("getitem", "_getitem"):
            return lambda values, i: values[i]
        raise UnknownOperator(name)
    name = name.removeprefix("aten.")
    found = ROWS.get(name) or ROWS.get(name.split(".")[0])
    if found is None:
        raise UnknownOperator(f"aten.{name}")
    return found


def _as_torch_has_it(found: Any, node: torch.fx.Node) -> Any:
    """In the dtype that PyTorch gives, whose rules for tensors without dims are its own."""
    fake = node.meta.get("val")
    if isinstance(fake, torch.Tensor):
        return jnp.asarray(found, dtype=as_dtype(fake.dtype))
    if isinstance(found, tuple) and isinstance(fake, (tuple, list)):
        pairs = zip(found, fake, strict=False)
        return tuple(
            jnp.asarray(x, dtype=as_dtype(f.dtype)) if isinstance(f, torch.Tensor) else x
            for x, f in pairs
        )
    return found


def as_dtype(dtype: torch.dtype) -> Any:
    """NumPy's name of a dtype."""
    return jnp.dtype(str(dtype).removeprefix("torch."))


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
    return jnp.take_along_axis(x, index, axis=dim, mode="clip")


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


def _index(x: Array, indices: Sequence[Any]) -> Array:
    return x[_places(indices)]


def _index_put(x: Array, indices: Sequence[Any], values: Array, accumulate: bool = False) -> Array:
    at = x.at[_places(indices)]
    return at.add(values) if accumulate else at.set(values)


def _places(indices: Sequence[Any]) -> tuple[Any, ...]:
    if any(i is not None and i.dtype == bool for i in indices):
        raise UnknownOperator("aten.index by a tensor of TRUE and FALSE, whose size depends on it")
    return tuple(slice(None) if i is None else i for i in indices)


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
    flat = np.zeros((1, 1), np.int64)
    for line, size in zip(lines, shape, strict=True):
        both = flat[:, None, :, None] * size + line[None, :, None, :]
        bad = (flat[:, None, :, None] < 0) | (line[None, :, None, :] < 0)
        flat = np.where(bad, -1, both).reshape(flat.shape[0] * line.shape[0], -1)
    return flat, tuple(sizes)


def _max_pool(
    n: int, x: Array, kernel: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1,
    ceil: bool = False,
) -> tuple[Array, Array]:  # fmt: skip
    """The largest of each window and its place in the image; of equals the first, as ATen."""
    places, sizes = _windows(x.shape[-n:], kernel, stride, padding, dilation, ceil)
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
    "dot": jnp.dot,
    "addmm": _addmm,
    "baddbmm": _addmm,
    # places
    "gather": _gather,
    "scatter": _scatter,
    "scatter_add": _scatter_add,
    "index": _index,
    "_unsafe_index": _index,
    "index_put": _index_put,
    "_unsafe_index_put": _index_put,
    "index_select": lambda x, dim, index: jnp.take(x, index, axis=dim, mode="clip"),
    "embedding": _embedding,
    "embedding_dense_backward": _embedding_backward,
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
    "avg_pool1d": partial(_avg_pool, 1),
    "avg_pool2d": partial(_avg_pool, 2),
    "avg_pool2d_backward": partial(_avg_pool_backward, 2),
    "_adaptive_avg_pool2d": partial(_adaptive_avg_pool, 2),
    "_adaptive_avg_pool2d_backward": partial(_adaptive_avg_pool_backward, 2),
}
