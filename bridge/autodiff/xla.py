"""XLA, the compiler of JAX, beside PyTorch: the extra `torchbridge[xla]`.

JAX's arrays are float64 and int64 where PyTorch's are: a switch that holds for our calls alone says
so, and JAX outside them stays as its user has it.

Tests: tests/models/training/test_xla.py, tests/autodiff/test_xla_sampling.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

#: The process that JAX runs in, once it does: a child that is forked from it would hang.
_started: int | None = None


def is_there(*more: str) -> bool:
    """Can JAX be imported, and these packages?"""
    return all(find_spec(name) is not None for name in ("jax", "jaxlib", *more))


def is_forked() -> bool:
    """Is this a child that was forked from a process in which JAX runs?"""
    return _started is not None and _started != os.getpid()


def start() -> Any:
    """The module jax."""
    global _started
    import jax

    _started = _started or os.getpid()
    return jax


def as_torch() -> AbstractContextManager[Any]:
    """On this thread float64 and int64 stay what they are."""
    jax = start()
    if hasattr(jax, "enable_x64"):
        switch: AbstractContextManager[Any] = jax.enable_x64(True)
        return switch
    from jax.experimental import enable_x64

    older: AbstractContextManager[Any] = enable_x64(True)
    return older


def options() -> dict[str, bool] | None:
    """What XLA compiles with: one thread where PyTorch's own operators have one."""
    return {"xla_cpu_multi_thread_eigen": False} if torch.get_num_threads() == 1 else None


def core_graph(function: Callable[..., Any], inputs: Sequence[Tensor]) -> torch.fx.GraphModule:
    """The graph of a function that changes nothing, of PyTorch's core operators."""
    from torch.fx.experimental.proxy_tensor import make_fx

    with torch.no_grad(), torch.random.fork_rng([]):
        return make_fx(
            function,
            decomposition_table=core_decompositions(),
            tracing_mode="fake",
            _allow_non_fake_inputs=True,
        )(*inputs)


@lru_cache(maxsize=1)
def core_decompositions() -> dict[Any, Callable[..., Any]]:
    """How PyTorch writes operators by those of its core."""
    # (The public table asks every operator there is first, which takes as long as all the rest.)
    return torch._decomp._core_aten_decompositions_post_autograd()
