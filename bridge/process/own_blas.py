"""PyTorch keeps its own BLAS and LAPACK where R has brought others.

R's executable brings libblas and liblapack into the process, for all to see, and the dynamic
linker then gives PyTorch R's ``sgemm_`` in place of its own: with the reference BLAS of a plain
R a product of matrices took twenty times as long. So PyTorch's library is loaded just before
the package, with ``RTLD_DEEPBIND``: it looks in itself first.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path

from torchbridge.process import allocator
from torchbridge.process.before_import import call_before


def watch() -> None:
    """From now on torch, when it is imported, has its own BLAS; too late once it is there."""
    call_before("torch", _load)


def _load(folder: Path) -> None:
    library = folder / "lib" / "libtorch_cpu.so"
    deep = getattr(os, "RTLD_DEEPBIND", None)  # Linux with glibc; others bind as they should
    # With another malloc (a sanitizer's, jemalloc), looking in itself first it would have two.
    if deep is not None and library.exists() and allocator.is_libcs():
        with contextlib.suppress(OSError):  # import torch will say what is wrong with it
            ctypes.CDLL(str(library), mode=deep | os.RTLD_NOW)
