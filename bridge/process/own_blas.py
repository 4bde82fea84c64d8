"""PyTorch keeps its own BLAS and LAPACK where R has brought others.

R's executable brings libblas and liblapack into the process, for all to see, and the dynamic
linker then gives PyTorch R's ``sgemm_`` in place of its own: with the reference BLAS of a plain
R a product of matrices took twenty times as long. So PyTorch's library is loaded just before
the package, with ``RTLD_DEEPBIND``: it looks in itself first.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.abc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from torchbridge.process import allocator, own_imports


def watch() -> None:
    """From now on torch, when it is imported, has its own BLAS; too late once it is there."""
    if "torch" not in sys.modules and not any(isinstance(f, _Before) for f in sys.meta_path):
        sys.meta_path.insert(0, _Before())


class _Before(importlib.abc.MetaPathFinder):
    """Finds nothing: it is asked first, and acts when it is asked for torch."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if fullname == "torch" and "torch" not in sys.modules:
            spec = own_imports.find("torch")
            for folder in (spec and spec.submodule_search_locations) or []:
                _load(Path(folder) / "lib" / "libtorch_cpu.so")


def _load(library: Path) -> None:
    deep = getattr(os, "RTLD_DEEPBIND", None)  # Linux with glibc; others bind as they should
    # With another malloc (a sanitizer's, jemalloc), looking in itself first it would have two.
    if deep is not None and library.exists() and allocator.is_libcs():
        with contextlib.suppress(OSError):  # import torch will say what is wrong with it
            ctypes.CDLL(str(library), mode=deep | os.RTLD_NOW)
