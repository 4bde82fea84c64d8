"""What a program of a fit's batches is made of, whatever compiles it.

Tests: tests/models/training/test_epochs.py.
"""

from __future__ import annotations

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
