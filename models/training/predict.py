"""Predict with a module.

Tests: tests/models/training/test_fit.py.
"""

from typing import Any

import torch
from torch import Tensor, nn

from torchbridge.process.interrupts import let_r_look

from ..arguments import kind_of, whole_number
from ..sparse import part
from .data import check_input, checked_offset, output_of
from .parts import Parts, mode

# Rows in one forward pass without gradients: enough to keep a GPU busy, few enough
# that the activations of a wide network fit.
PREDICT_ROWS = 8192


def predict(
    module: nn.Module, x: Any, batch_size: int = PREDICT_ROWS, offset: Tensor | None = None
) -> Tensor:
    """The module's output for `x`: in eval mode, without gradients, on the CPU.

    Args:
        module: any `nn.Module`; it stays on its device and in its train or eval mode.
        x: inputs, shape (n, ...), floating point of the module's dtype or int64, on any
            device; a tuple or list of them for a module of several arguments. A row with
            NaN gives what the module makes of it.
        batch_size: rows that pass through the module at once, at least 1.
        offset: what is added to the output, shape (n,) or that of the output.

    Returns:
        The outputs, one row for each row of `x`.

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that the module cannot take, or a `batch_size` below 1.
    """
    if not isinstance(module, nn.Module):
        raise TypeError(f"module must be a torch nn.Module, not {kind_of(module)}")
    batch_size = whole_number("batch_size", batch_size, 1)
    parts = Parts(module)
    inputs = check_input("x", parts, x)
    with mode(module, training=False, modules=parts.modules), torch.no_grad():
        outputs = []
        for start in range(0, max(len(inputs[0]), 1), batch_size):
            let_r_look()
            rows = tuple(part(t, start, start + batch_size) for t in inputs)
            outputs.append(output_of("x", module, rows, parts).cpu())
        output = torch.cat(outputs)
    if offset is None:
        return output
    return output + checked_offset("offset", offset, len(output), output).cpu()
