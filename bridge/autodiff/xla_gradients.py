"""Gradients that ATen has as operators of their own: rows of XLA's table (`xla_operators.py`).

Each is JAX's derivative of what it is the gradient of.

Tests: tests/autodiff/test_xla_operators.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from .xla_dtypes import Array


def _attention_backward(
    gradient: Array, q: Array, k: Array, v: Array, out: Array, logs: Array, dropout: float,
    causal: bool, *, attn_mask: Any = None, scale: Any = None,
) -> tuple[Array, ...]:  # fmt: skip
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale

    def attention(q: Array, k: Array, v: Array) -> Array:
        scores = (q @ jnp.swapaxes(k, -1, -2)) * scale
        if causal:
            seen = jnp.tril(jnp.ones(scores.shape[-2:], bool))
            scores = jnp.where(seen, scores, -jnp.inf)
        if attn_mask is not None:
            boolean = attn_mask.dtype == bool
            scores = jnp.where(attn_mask, scores, -jnp.inf) if boolean else scores + attn_mask
        return jax.nn.softmax(scores, -1) @ v

    found: tuple[Array, ...] = jax.vjp(attention, q, k, v)[1](gradient)
    return found


def _weight_norm_backward(
    gradient: Array, v: Array, g: Array, norms: Array, dim: int
) -> tuple[Array, Array]:
    axes = tuple(i for i in range(v.ndim) if i != dim % v.ndim)

    def weight(v: Array, g: Array) -> Array:
        return v * (g / jnp.sqrt((v * v).sum(axes, keepdims=True)))

    found: tuple[Array, Array] = jax.vjp(weight, v, g)[1](gradient)
    return found


def _of_reduction(loss: Array, gradient: Array, reduction: int) -> Array:
    """What a loss of each row is, times its gradient: none, mean, sum."""
    if reduction == 0:
        return (loss * gradient).sum()
    return (loss.mean() if reduction == 1 else loss.sum()) * gradient


def _multi_margin_backward(
    gradient: Array, x: Array, y: Array, p: float, margin: float, weight: Any = None,
    reduction: int = 1,
) -> Array:  # fmt: skip
    def loss(x: Array) -> Array:
        rows, classes = jnp.atleast_2d(x), y.reshape(-1)
        n = rows.shape[1]
        own = jnp.take_along_axis(rows, classes[:, None], 1)
        apart = jnp.maximum(margin - own + rows, 0)
        apart = apart if p == 1 else apart * apart
        apart = apart if weight is None else apart * weight[classes][:, None]
        apart = jnp.where(jnp.arange(n) == classes[:, None], 0, apart)
        return _of_reduction(apart.sum(1) / n, gradient, reduction)

    found: Array = jax.grad(loss)(x)
    return found


# name of an ATen operator -> function of arrays
ROWS: dict[str, Callable[..., Any]] = {
    "_scaled_dot_product_flash_attention_for_cpu_backward": _attention_backward,
    "_weight_norm_interface_backward": _weight_norm_backward,
    "multi_margin_loss_backward": _multi_margin_backward,
    "hardshrink_backward": lambda g, x, limit: jnp.where(jnp.abs(x) <= limit, 0, g),
    "softshrink_backward": lambda g, x, limit: jnp.where(jnp.abs(x) <= limit, 0, g),
}
