"""A plan of a fit's batches as a function that JAX traces.

Tests: tests/models/training/test_xla.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from .program import Plan
from .xla_operators import as_dtype, run, unknown

__all__ = ["epoch", "unknown"]


def epoch(plan: Plan) -> Callable[..., Any]:
    """The program as a function that JAX traces."""

    def step(state: list[Any], batch: list[Any], rate: Any, drawn: list[Any]) -> Any:
        n = len(plan.trained)
        found = run(plan.gradients.module, [*state[: plan.n_values], *batch, *drawn])
        loss, *found = found
        gradients, found = found[:n], found[n:]
        outputs, changed = found[: plan.n_outputs], found[plan.n_outputs :]
        new = list(state)
        for place, value in zip(plan.gradients.changed, changed, strict=True):
            new[place] = value
        for i, gradient, kept in zip(plan.trained, gradients, plan.kept, strict=True):
            if kept is None:
                continue
            given = [state[i].reshape(-1), gradient.reshape(-1)]
            given += [state[k].reshape(-1) if state[k].ndim else state[k] for k in kept]
            found = run(plan.update.module, [*given, rate])
            places = [i, i, *kept]  # (a gradient does not change)
            changed = found[plan.update.n_outputs :]
            for place, value in zip(plan.update.changed, changed, strict=True):
                at = places[place]
                new[at] = value.reshape(state[at].shape)
        return new, loss, outputs

    def batches(
        packed: list[Any], data: list[Any], order: Any, rates: Any, drawn: list[Any],
        start: Any, stop: Any,
    ) -> Any:  # fmt: skip
        state = _unpacked(plan, packed)
        if plan.n_steps == 1:
            rows = None if plan.in_order else order
            batch = [t if rows is None else jnp.take(t, rows, 0, mode="clip") for t in data]
            new, loss, outputs = step(state, batch, rates[0], [d[0] for d in drawn])
            losses = loss.astype(jnp.float64)[None]
            return _packed(plan, new), losses, [o[None] for o in outputs]

        def body(i: Any, carried: Any) -> Any:
            state, losses, seen = carried
            rows = lax.dynamic_slice(order, (i * plan.size,), (plan.size,))
            batch = [jnp.take(t, rows, 0, mode="clip") for t in data]
            new, loss, outputs = step(state, batch, rates[i], [d[i] for d in drawn])
            seen = [s.at[i].set(o) for s, o in zip(seen, outputs, strict=True)]
            return new, losses.at[i].set(loss.astype(jnp.float64)), seen

        losses = jnp.zeros(plan.n_steps, jnp.float64)
        shapes = plan.output_shapes
        seen = [jnp.zeros((plan.n_steps, *s), as_dtype(d)) for s, d in shapes]
        state, losses, seen = lax.fori_loop(start, stop, body, (state, losses, seen))
        return _packed(plan, state), losses, seen

    return batches


def _unpacked(plan: Plan, packed: Sequence[Any]) -> list[Any]:
    state: list[Any] = [None] * len(plan.shapes)
    for vector, places in zip(packed, plan.groups, strict=True):
        start = 0
        for place in places:
            shape = plan.shapes[place]
            n = shape.numel()
            state[place] = vector[start : start + n].reshape(tuple(shape))
            start += n
    return state


def _packed(plan: Plan, state: Sequence[Any]) -> list[Any]:
    return [jnp.concatenate([state[i].reshape(-1) for i in places]) for places in plan.groups]
