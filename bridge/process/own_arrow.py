"""pyarrow keeps its own Arrow libraries where the system has some of the same version.

A process of R looks into the system's folders before a wheel's own: with a system's libarrow of
pyarrow's version, half of pyarrow would be the system's, and it cannot be imported. So pyarrow's
libraries are loaded by their paths just before it. R's package arrow, loaded later, takes them.

Had R's package brought the system's before, the linker would take those for pyarrow, too, by
their names. No process can have both, and the error says what to load first.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from torchbridge.process.before_import import call_before

#: Each needs some of those before it.
_LIBRARIES = (
    *("arrow", "parquet", "arrow_compute"),
    *("arrow_acero", "arrow_dataset", "arrow_substrait"),
)


def watch() -> None:
    """From now on pyarrow has its own libraries when it is imported; too late once it is there."""
    call_before("pyarrow", _load)


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
