"""pyarrow keeps its own Arrow libraries where the system has some of the same version.

A process of R looks into the system's folders before a wheel's own: with a system's libarrow of
pyarrow's version, half of pyarrow would be the system's, and it cannot be imported. So pyarrow's
libraries are loaded by their paths just before it. R's package arrow, loaded later, takes them.

Had R's package brought the system's before, the linker would take those for pyarrow, too, by
their names. No process can have both, and the error says what to load first.
"""

from __future__ import annotations

import ctypes
import importlib.abc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from torchbridge.process import own_imports

#: Each needs some of those before it.
_LIBRARIES = (
    *("arrow", "parquet", "arrow_compute"),
    *("arrow_acero", "arrow_dataset", "arrow_substrait"),
)


def watch() -> None:
    """From now on pyarrow has its own libraries when it is imported; too late once it is there."""
    if "pyarrow" not in sys.modules and not any(isinstance(f, _Before) for f in sys.meta_path):
        sys.meta_path.insert(0, _Before())


class _Before(importlib.abc.MetaPathFinder):
    """Finds nothing: it is asked first, and acts when it is asked for pyarrow."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if fullname == "pyarrow" and fullname not in sys.modules:
            spec = own_imports.find(fullname)
            for folder in (spec and spec.submodule_search_locations) or []:
                _load(Path(folder))


def _load(folder: Path) -> None:
    libraries = [path for name in _LIBRARIES for path in folder.glob(f"lib{name}.so.*")]
    others = _loaded_elsewhere(libraries)
    for library in libraries:
        if library.name in others:
            continue  # under this name the linker finds what is there
        try:
            ctypes.CDLL(str(library), mode=os.RTLD_NOW)
        except OSError as error:
            if not others:
                return  # import pyarrow will say what is wrong with it
            raise ImportError(
                f"pyarrow cannot use the {next(iter(others.values()))} of the same version, which "
                "R's package arrow has loaded. In a new session load pyarrow first "
                '(py_import("pyarrow") before library(arrow)), or install another version of it '
                f"({error})",
                name="pyarrow",
            ) from error


def _loaded_elsewhere(libraries: list[Path]) -> dict[str, str]:
    """By the names of these libraries, where the process has those of other folders from."""
    try:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    loaded = {line[line.find("/") :] for line in maps.splitlines() if "/" in line}
    return {
        library.name: path
        for library in libraries
        for path in sorted(loaded)
        # The file may have more of a version in its name (libarrow.so.2500.0.0).
        if os.path.basename(path).startswith(library.name)
        and os.path.dirname(path) != str(library.parent.resolve())
    }
