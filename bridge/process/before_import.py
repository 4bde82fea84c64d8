"""What is to be done just before a package is imported.

Tests: tests/process/test_own_blas.py, tests/process/test_own_arrow.py.
"""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

from torchbridge.process import own_imports


def call_before(package: str, act: Callable[[Path], None]) -> None:
    """From now on `act` gets the package's folder first; too late once the package is there."""
    known = (f.package for f in sys.meta_path if isinstance(f, _Before))
    if package not in sys.modules and package not in known:
        sys.meta_path.insert(0, _Before(package, act))


class _Before(importlib.abc.MetaPathFinder):
    """Finds nothing: it is asked first, and acts when it is asked for its package."""

    def __init__(self, package: str, act: Callable[[Path], None]) -> None:
        self.package, self.act = package, act

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if fullname == self.package and fullname not in sys.modules:
            spec = own_imports.find(fullname)
            for folder in (spec and spec.submodule_search_locations) or []:
                self.act(Path(folder))
