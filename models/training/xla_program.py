"""A plan of a fit's batches as a function that JAX traces.

Tests: tests/models/training/test_xla.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from torchbridge.autodiff.xla_operators import UnknownOperator, as_dtype, run, unknown

from .program import Plan, step, unpacked

__all__ = ["UnknownOperator", "epoch", "unknown"]


def epoch(plan: Plan) -> Callable[..., Any]:
    """The program as a function that JAX traces."""

    def batches(
        packed: list[Any], data: list[Any], order: Any, rates: Any, drawn: list[Any],
        start: Any, stop: Any,
    ) -> Any:  # fmt: skip
        state = unpacked(plan, packed)
        if plan.n_steps == 1:
            batch = data
            if not plan.in_order:
                batch = [jnp.take(t, order, 0, mode="clip") for t in data]
            new, loss, outputs = step(plan, run, state, batch, rates[0], [d[0] for d in drawn])
            losses = loss.astype(jnp.float64)[None]
            return _packed(plan, new), losses, [o[None] for o in outputs]

        def body(i: Any, carried: Any) -> Any:
            state, losses, seen = carried
            batch = data
            if not plan.in_order:
                rows = lax.dynamic_slice(order, (i * plan.size,), (plan.size,))
                batch = [jnp.take(t, rows, 0, mode="clip") for t in data]
            new, loss, outputs = step(plan, run, state, batch, rates[i], [d[i] for d in drawn])
            seen = [s.at[i].set(o) for s, o in zip(seen, outputs, strict=True)]
            return new, losses.at[i].set(loss.astype(jnp.float64)), seen

        losses = jnp.zeros(plan.n_steps, jnp.float64)
        shapes = plan.output_shapes
        seen = [jnp.zeros((plan.n_steps, *s), as_dtype(d)) for s, d in shapes]
        state, losses, seen = lax.fori_loop(start, stop, body, (state, losses, seen))
        return _packed(plan, state), losses, seen

    return batches


def _packed(plan: Plan, state: Sequence[Any]) -> list[Any]:
    return [jnp.concatenate([state[i].reshape(-1) for i in places]) for places in plan.groups]
