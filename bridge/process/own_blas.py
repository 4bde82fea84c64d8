"""PyTorch keeps its own BLAS and LAPACK where R has brought others.

R's executable brings libblas and liblapack into the process, for all to see, and the dynamic
linker then gives PyTorch R's ``sgemm_`` in place of its own: with the reference BLAS of a plain
R a product of matrices took twenty times as long. So PyTorch's library is loaded just before
the package, with ``RTLD_DEEPBIND``: it looks in itself first.

Tests: tests/process/test_own_blas.py.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path

from torchbridge.process import allocator
from torchbridge.process.before_import import call_before

#: Have we come after R and torch?
_came_late = False


def watch(*, r_hosts: bool) -> None:
    """From now on torch, when it is imported, has its own BLAS; too late once it is there."""
    global _came_late
    # (A Python that has imported torch before R was there is well off.)
    _came_late = r_hosts and "torch" in sys.modules
    call_before("torch", _load)


def plain_blas() -> str | None:
    """Which plain BLAS of R's PyTorch computes with for good, having been imported before us."""
    path = _library_of("dgemm_") if _came_late and _binds_deep() else None
    return path if path is not None and is_plain(path) else None


def is_plain(path: str) -> bool:
    """Is the BLAS at this path none of those that are made for speed?"""
    fast = ("openblas", "mkl", "blis", "atlas", "armpl", "flexiblas")
    return not any(name in os.path.realpath(path).lower() for name in fast)


class _SymbolInfo(ctypes.Structure):  # Dl_info of dlfcn.h
    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


def _library_of(symbol: str) -> str | None:
    """The library whose symbol the process sees first; None without one."""
    whole = ctypes.CDLL(None)
    try:
        address = ctypes.cast(getattr(whole, symbol), ctypes.c_void_p)
    except AttributeError:
        return None
    info = _SymbolInfo()
    found = whole.dladdr(address, ctypes.byref(info))
    return os.fsdecode(info.file) if found and info.file else None


def _binds_deep() -> bool:
    return hasattr(os, "RTLD_DEEPBIND")  # Linux with glibc; others bind as they should


def _load(folder: Path) -> None:
    library = folder / "lib" / "libtorch_cpu.so"
    # With another malloc (a sanitizer's, jemalloc), looking in itself first it would have two.
    if _binds_deep() and library.exists() and allocator.is_libcs():
        with contextlib.suppress(OSError):  # import torch will say what is wrong with it
            ctypes.CDLL(str(library), mode=os.RTLD_DEEPBIND | os.RTLD_NOW)
