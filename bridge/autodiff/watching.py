"""What those who watch PyTorch's operators have in common.

Tests: tests/autodiff/test_watching.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


class Watch(TorchDispatchMode):
    """Sees the operators that run below autograd."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """PyTorch's compiler need not be told to keep away, for which it would be imported."""
        return False


def place(value: Tensor) -> tuple[object, ...]:
    """Strided tensors that are alike in this have the same numbers."""
    return value.data_ptr(), value.dtype, value.device, value.shape, value.stride()


def tensors(values: Any) -> Iterator[Tensor]:
    """Those among arguments, in their order."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors(value)
        elif isinstance(value, dict):
            yield from tensors(value.values())
        elif isinstance(value, slice):
            yield from tensors((value.start, value.stop, value.step))
