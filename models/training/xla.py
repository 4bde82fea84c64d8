"""Epochs by XLA, the compiler of JAX: the extra `torchbridge[xla]`.

A program takes the whole state of a fit as one vector a dtype, and the data as arrays that stay
where they are; it gives the new vectors. JAX itself is asked for nothing that draws at random.
Its arrays are float64 and int64 where PyTorch's are: a switch that holds for our calls alone says
so, and JAX outside them stays as its user has it.

Tests: tests/models/training/test_xla.py.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from .graphs import Graph
from .program import Plan

#: The process that JAX runs in, once it does: a child that is forked from it would hang.
_started: int | None = None


def check_xla() -> None:
    """An error where XLA cannot be had."""
    if find_spec("jax") is None or find_spec("jaxlib") is None:
        raise ModuleNotFoundError(
            'compile = "xla" needs the package jax (CPU, Python 3.11 or later): '
            'pip install "torchbridge[xla]"'
        )


def is_forked() -> bool:
    """Is this a child that was forked from a process in which JAX runs?"""
    return _started is not None and _started != os.getpid()


class XLA:
    """Makes programs of plans, and arrays of tensors."""

    name = "xla"
    takes_the_rest = True

    def __init__(self) -> None:
        global _started
        import jax

        self.jax = jax
        self.programs: Any = import_module(".xla_program", __package__)  # which takes JAX
        _started = _started or os.getpid()
        self.cpu = jax.local_devices(backend="cpu")[0]

    def put(self, tensor: Tensor) -> Any:
        """A tensor as an array, which may lie in the tensor's memory."""
        with self._as_torch():
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
        with self._as_torch():
            options = None
            if torch.get_num_threads() == 1:  # as PyTorch's own operators are
                options = {"xla_cpu_multi_thread_eigen": False}
            run = self.jax.jit(self.programs.epoch(plan), compiler_options=options)

        def program(*arguments: Any) -> Any:
            with self._as_torch():
                return run(*arguments)

        return program

    def _as_torch(self) -> AbstractContextManager[Any]:
        """float64 and int64 stay what they are."""
        if hasattr(self.jax, "enable_x64"):
            return self.jax.enable_x64(True)
        from jax.experimental import enable_x64

        return enable_x64(True)


def _readable(values: Any) -> Tensor:
    if values.size == 0:
        return torch.from_numpy(values.copy())
    buffer = (ctypes.c_char * values.nbytes).from_address(values.ctypes.data)
    found = torch.frombuffer(buffer, dtype=getattr(torch, str(values.dtype)))
    buffer.owner = values
    return found.reshape(values.shape)
