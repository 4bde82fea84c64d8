"""Epochs by XLA, the compiler of JAX: the extra `torchbridge[xla]`.

A program takes the whole state of a fit as one vector a dtype, and the data as arrays that stay
where they are; it gives the new vectors. JAX itself is asked for nothing that draws at random.

Tests: tests/models/training/test_xla.py.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from torchbridge.autodiff import xla

from .graphs import Graph
from .program import Plan


def check_xla() -> None:
    """An error where XLA cannot be had."""
    if not xla.is_there():
        raise ModuleNotFoundError(
            'compile = "xla" needs the package jax (CPU, Python 3.11 or later): '
            'pip install "torchbridge[xla]"'
        )


class XLA:
    """Makes programs of plans, and arrays of tensors."""

    name = "xla"
    takes_the_rest = True

    def __init__(self) -> None:
        self.jax = jax = xla.start()
        self.programs: Any = import_module(".xla_program", __package__)  # which takes JAX
        self.cpu = jax.local_devices(backend="cpu")[0]

    def put(self, tensor: Tensor) -> Any:
        """A tensor as an array, which may lie in the tensor's memory."""
        with xla.as_torch():
            return self.jax.device_put(tensor.detach().numpy(), self.cpu)

    def show(self, tensor: Tensor) -> Any:
        """A tensor as JAX takes it fastest."""
        return tensor.numpy()

    def get(self, array: Any) -> Tensor:
        """An array as a tensor in the array's memory: not to be written to."""
        import numpy as np

        values = np.asarray(array)
        # PyTorch warns of memory that cannot be written to; nobody here writes to it.
        return torch.from_numpy(values) if values.flags.writeable else _readable(values)

    def unknown(self, graph: Graph) -> list[str]:
        """Operators of a graph that it does not have."""
        return self.programs.unknown(graph.module)

    def program(self, plan: Plan, data: list[Any]) -> Callable[..., Any]:
        """A function (state, data, order, rates, drawn, start, stop) -> (state, losses, outputs).

        It trains on the batches from `start` to before `stop` of `plan.n_steps`.
        """
        with xla.as_torch():
            run = self.jax.jit(self.programs.epoch(plan), compiler_options=xla.options())

        first: AbstractContextManager[Any] | None = xla.kept_on_disk()

        def program(*arguments: Any) -> Any:
            nonlocal first
            kept, first = first or nullcontext(), None
            try:
                with xla.as_torch(), kept:
                    return run(*arguments)
            except self.programs.UnknownOperator as error:  # the first time, which traces
                raise ValueError(
                    f'compile = "xla" does not know the operator {error}: use compile = True or '
                    "False"
                ) from error

        return program


def _readable(values: Any) -> Tensor:
    if values.size == 0:
        return torch.from_numpy(values.copy())
    buffer = (ctypes.c_char * values.nbytes).from_address(values.ctypes.data)
    found = torch.frombuffer(buffer, dtype=getattr(torch, str(values.dtype)))
    buffer.owner = values
    return found.reshape(values.shape)
