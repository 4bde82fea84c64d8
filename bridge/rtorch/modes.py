"""PyTorch's modes, and how they are put back after an interrupt.

An interrupt may come between two instructions that belong together (a mode is switched, and
then noted), where no ``with`` helps. What works for R remembers the modes it began with.

Tests: tests/rtorch/test_modes.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from torchbridge.process.interrupts import uninterrupted

#: What the native core reads at every call of R's, in nanoseconds; `restore` takes the values.
READERS: tuple[Callable[[], object], ...] = (
    torch.is_grad_enabled,
    torch.get_default_dtype,
    torch.get_num_threads,
    torch.is_anomaly_enabled,
    torch.is_anomaly_check_nan_enabled,
)


def modes() -> tuple[object, ...]:
    """The modes now."""
    return tuple(read() for read in READERS)


@uninterrupted
def restore(before: Sequence[object]) -> None:
    """Put the modes back."""
    grad, dtype, threads, anomaly, check_nan = before
    torch.set_grad_enabled(bool(grad))
    if torch.get_default_dtype() != dtype:
        torch.set_default_dtype(dtype)  # type: ignore[arg-type]
    if torch.get_num_threads() != threads:
        torch.set_num_threads(int(threads))  # type: ignore[call-overload]
    torch.set_anomaly_enabled(bool(anomaly), bool(check_nan))


#: Asked by the native core.
CORE = (READERS, restore)
