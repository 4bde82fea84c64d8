"""A folder of compiled code in the user's cache, for later sessions.

What is in it is run, so that it must be the user's alone: each folder on the way to it belongs to
the user or to root, and nobody else may write there or change what it is called. Otherwise there is
no such folder, and every session compiles for itself.

Tests: tests/process/test_cache_folder.py.
"""

from __future__ import annotations

import hashlib
import os
import platform
import stat
import sys
from functools import lru_cache
from pathlib import Path


def cache_folder(*names: str) -> Path | None:
    """The folder of these names in the user's cache, made where it is missing; None if unsafe.

    The environment variable TORCHBRIDGE_CACHE says where, instead of `torchbridge` in the user's
    own cache (`$XDG_CACHE_HOME`, `~/.cache`); "off" is nowhere.
    """
    given = os.environ.get("TORCHBRIDGE_CACHE", "")
    if given == "off" or not hasattr(os, "geteuid"):
        return None
    try:
        top = Path(given).absolute() if given else _users() / "torchbridge"
        folder = top.joinpath(*names)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if is_own(folder) else None
    except (OSError, RuntimeError):  # no home, or a full or read-only disk
        return None


def _users() -> Path:
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if named.is_absolute():
        return named
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def is_own(folder: Path) -> bool:
    """Can nobody but the user and root put anything there?"""
    folder = folder.resolve(strict=True)
    status = folder.stat()
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return False
    return all(_is_safe_way(parent.stat()) for parent in folder.parents)


def _is_safe_way(status: os.stat_result) -> bool:
    others = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    # (In a folder such as /tmp everybody may write, and only owners rename.)
    return status.st_uid in (0, os.geteuid()) and (
        not others or bool(status.st_mode & stat.S_ISVTX)
    )


@lru_cache(maxsize=1)
def processor() -> str:
    """A name of this kind of processor: code for one may not run on another that shares a home."""
    known = [platform.machine(), platform.processor()]
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        # (Models that have the same instructions may be tuned for in another way.)
        known += [next((x for x in lines if x.startswith(name)), "") for name in _SAYS]
    except OSError:
        pass
    return hashlib.sha256("\n".join(known).encode()).hexdigest()[:16]


_SAYS = ("model name", "cpu family", "model\t", "stepping", "flags", "Features")
