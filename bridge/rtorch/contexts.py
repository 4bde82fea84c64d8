"""PyTorch's state as R sets and asks it: default device, random state, mixed precision.

Tests: test-tensor-contexts.R.
"""

from __future__ import annotations

import torch

from torchbridge.process.interrupts import uninterrupted
from torchbridge.rtorch.operators import as_dtype


@uninterrupted
def set_device(device: torch.device | str | None) -> str:
    """Makes ``device`` that of new tensors; gives the name of the one before."""
    before = str(torch.get_default_device())
    torch.set_default_device(device)
    if device is None or torch.device(device).type == "cpu":
        torch.set_default_device(None)  # without a mode that looks at every call
        # PyTorch 2.6 can say what the default is where none was ever set, and not after this.
        kept = getattr(torch, "_GLOBAL_DEVICE_CONTEXT", None)
        if kept is not None and getattr(kept, "device_context", kept) is None:
            del kept.device_context
    return before


def random_state(_: object) -> _State:
    """The states of PyTorch's generators, on the CPU and on every GPU that is in use."""
    used = torch.cuda.is_available() and torch.cuda.is_initialized()
    return _State(torch.get_rng_state(), torch.cuda.get_rng_state_all() if used else [])


class _State:
    """Kept from R, which would make vectors of a list."""

    def __init__(self, cpu: torch.Tensor, cuda: list[torch.Tensor]) -> None:
        self.cpu = cpu
        self.cuda = cuda


@uninterrupted
def set_random_state(state: _State) -> None:
    """Puts the generators back."""
    torch.set_rng_state(state.cpu)
    if state.cuda:
        torch.cuda.set_rng_state_all(state.cuda)


@uninterrupted
def enter_autocast(
    device_type: str, dtype: torch.dtype | str | None, enabled: bool, cache_enabled: bool | None
) -> torch.autocast:
    """Switches autocast on (or off); ``leave`` takes what this gives."""
    wanted = None if dtype is None else as_dtype(dtype)
    context = torch.autocast(device_type, wanted, enabled, cache_enabled)
    context.__enter__()
    return context


@uninterrupted
def leave(context: object) -> None:
    """Ends a context."""
    if not isinstance(context, torch.autocast):
        raise TypeError("context: expected what set_autocast() gave")
    context.__exit__(None, None, None)


def grad_scaler(
    init_scale: float, growth: float, backoff: float, interval: float, enabled: bool
) -> torch.amp.GradScaler:
    """PyTorch's gradient scaler for CUDA; without a GPU it does nothing."""
    return torch.amp.GradScaler(
        "cuda",
        init_scale=init_scale,
        growth_factor=growth,
        backoff_factor=backoff,
        growth_interval=int(interval),
        enabled=enabled and torch.cuda.is_available(),
    )


def is_of_class(x: object, name: str) -> bool:
    """Is it a ``torch.dtype``, ``torch.device``, ...?"""
    return isinstance(x, getattr(torch, name))
