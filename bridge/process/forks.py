"""Forks of this process: PyTorch's threads are not in a child, and it must not wait for them.

Python's own forks (``multiprocessing``) and R's (``parallel::mclapply()``, which the native core
tells Python of) both end here: PyTorch then works on one thread.

Tests: tests/native/core/test_fork.py.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torchbridge.process.native_core import NativeCore


def watch(core: NativeCore) -> None:
    """Have the children of this process work on one thread; once a process."""
    if not hasattr(os, "register_at_fork"):
        return

    def in_child() -> None:
        core.python_forks(False)
        torch = sys.modules.get("torch")
        if torch is not None:
            # A team of threads that stayed in the parent would be waited for without an end.
            torch.set_num_threads(1)

    os.register_at_fork(
        before=lambda: core.python_forks(True),
        after_in_parent=lambda: core.python_forks(False),
        after_in_child=in_child,
    )
