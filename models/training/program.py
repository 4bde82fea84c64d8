"""What a program of a fit's batches is made of, whatever compiles it.

Tests: tests/models/training/test_epochs.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from .graphs import Graph


class Plan(NamedTuple):
    """A number of batches of one size as a function of the state of a fit.

    The state's tensors are, in order: the module's trained parameters, its other tensors, and what
    the optimizer keeps about each parameter.

    Attributes:
        gradients: of the first `n_values` tensors of the state and the batch: the loss, the
            gradients, the outputs that metrics take.
        update: of a parameter, its gradient, what the optimizer keeps about it and the learning
            rate; it is one for all, since an optimizer works element by element.
        shapes: of the tensors of the state.
        groups: the numbers of the tensors of each dtype, which are one vector outside.
        dtypes: those of the vectors.
        n_values: how many tensors are the module's.
        trained: the numbers of the parameters.
        kept: for each, the numbers of what the optimizer keeps; None where the loss does not
            depend on it.
        n_outputs: outputs that metrics take: none, or one.
        output_shapes: their shapes and dtypes.
        size: rows of a batch.
        n_steps: batches.
        in_order: the batch is the data, row by row.
    """

    gradients: Graph
    update: Graph
    shapes: list[torch.Size]
    groups: list[list[int]]
    dtypes: list[torch.dtype]
    n_values: int
    trained: list[int]
    kept: list[list[int] | None]
    n_outputs: int
    output_shapes: list[tuple[tuple[int, ...], torch.dtype]]
    size: int
    n_steps: int
    in_order: bool

    def key(self) -> Any:
        """By which a program is known again; None where it is of this fit alone."""
        graphs = (self.gradients.module, self.update.module)
        if any(node.op == "get_attr" for graph in graphs for node in graph.graph.nodes):
            return None  # it holds tensors of its own
        return (
            *(graph.code for graph in graphs),
            str(self[2:]),
            str([(g.changed, [d[:2] for d in g.draws]) for g in self[:2]]),
        )


#: Runs a graph for arrays or tensors.
Run = Callable[[torch.fx.GraphModule, list[Any]], list[Any]]


def step(
    plan: Plan, run: Run, state: list[Any], batch: list[Any], rate: Any, drawn: list[Any]
) -> tuple[list[Any], Any, list[Any]]:
    """The state after a batch, its loss, and the outputs that metrics take."""
    n = len(plan.trained)
    loss, *found = run(plan.gradients.module, [*state[: plan.n_values], *batch, *drawn])
    gradients, found = found[:n], found[n:]
    outputs, changed = found[: plan.n_outputs], found[plan.n_outputs :]
    new = list(state)
    for place, value in zip(plan.gradients.changed, changed, strict=True):
        if place < plan.n_values:  # a batch may change, and is forgotten
            new[place] = value
    for i, gradient, kept in zip(plan.trained, gradients, plan.kept, strict=True):
        if kept is None:
            continue
        given = [state[i].reshape(-1), gradient.reshape(-1)]
        given += [state[k].reshape(-1) if state[k].ndim else state[k] for k in kept]
        changed = run(plan.update.module, [*given, rate])[plan.update.n_outputs :]
        for at, value in zip(_updated(plan, i, kept), changed, strict=True):
            new[at] = value.reshape(state[at].shape)
    return new, loss, outputs


def changing(plan: Plan) -> list[int]:
    """The numbers of the tensors of the state that a batch changes."""
    found = {place for place in plan.gradients.changed if place < plan.n_values}
    for i, kept in zip(plan.trained, plan.kept, strict=True):
        if kept is not None:
            found.update(_updated(plan, i, kept))
    return sorted(found)


def _updated(plan: Plan, parameter: int, kept: list[int]) -> list[int]:
    """The numbers of what the update of a parameter changes."""
    places = [parameter, parameter, *kept]  # (a gradient does not change)
    return [places[place] for place in plan.update.changed]


def unpacked(plan: Plan, packed: Sequence[Any]) -> list[Any]:
    """The state's tensors, of its vectors."""
    state: list[Any] = [None] * len(plan.shapes)
    for vector, places in zip(packed, plan.groups, strict=True):
        start = 0
        for place in places:
            shape = plan.shapes[place]
            n = shape.numel()
            state[place] = vector[start : start + n].reshape(tuple(shape))
            start += n
    return state
