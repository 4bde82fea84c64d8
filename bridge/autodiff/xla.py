"""XLA, the compiler of JAX, beside PyTorch: the extra `torchbridge[xla]`.

JAX's arrays are float64 and int64 where PyTorch's are: a switch that holds for our calls alone says
so, and JAX outside them stays as its user has it.

Tests: tests/models/training/test_xla.py, tests/autodiff/test_xla_sampling.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from torchbridge.autodiff.core_operators import core_decompositions
from torchbridge.process.cache_folder import cache_folder, processor

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


#: What is kept on disk: all that is compiled, up to so many bytes.
_KEPT = {
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    "jax_persistent_cache_min_entry_size_bytes": -1,
    "jax_compilation_cache_max_size": 2**28,
}


@contextmanager
def kept_on_disk() -> Iterator[None]:
    """What JAX compiles within is kept in the user's cache, and found there by later sessions.

    It is JAX's own cache, for our calls alone; where its user has one, that serves all.
    """
    config = start().config
    folder = cache_folder("xla", processor())
    if folder is None or config.jax_compilation_cache_dir or not find_spec("filelock"):
        yield
        return
    from jax.experimental.compilation_cache.compilation_cache import reset_cache

    wanted = {"jax_compilation_cache_dir": str(folder), **_KEPT}
    before = {name: getattr(config, name) for name in wanted if hasattr(config, name)}
    reset_cache()
    try:
        for name in before:
            config.update(name, wanted[name])
        yield
    finally:
        for name, value in before.items():
            config.update(name, value)
        reset_cache()


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
