"""A tensor's storage whose memory another language sees: it stays where it is.

Tests: tests/arrays/test_kept_storage.py.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from torch import Tensor

#: What moves a storage to memory that other processes see, at once or when it is sent to one.
_MOVES = ("share_memory_", "_share_fd_cpu_", "_share_filename_cpu_")


def keep_in_place(x: Tensor) -> None:
    """From now on what would move the memory of x, a CPU tensor, is a RuntimeError.

    That goes for all tensors over this memory, and until it is freed. A tensor that takes
    other memory (``set_()``, ``.data = ...``) leaves this one to whoever else holds it.
    """
    torch = sys.modules["torch"]
    storage = x.untyped_storage()
    if storage.resizable():
        # PyTorch resizes no storage that NumPy has seen, and NumPy has no bfloat16: as bytes.
        torch.empty(0, dtype=torch.uint8).set_(storage).numpy()
    if not storage.is_shared():
        for name in _MOVES:
            setattr(storage, name, _refuse)


def _refuse(*_: object) -> NoReturn:
    raise RuntimeError(
        "the memory of this tensor is shared (share=True) and stays where it is: share a copy "
        "with other processes, x.clone()"
    )
