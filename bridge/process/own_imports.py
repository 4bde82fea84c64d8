"""What torchbridge imports never comes from the working directory, wherever that is on the path.

Python puts the working directory first on ``sys.path`` in a session, with ``-c`` and ``-m`` and
inside R: there a ``tqdm.py`` in a folder of downloads would be run by a fit. ``sys.path`` is the
user's and stays, and so does what the user's own imports find. Imports of ours, and of libraries
while they work for us, look along the rest of the path.

Who imports is read off the stack: the nearest caller that is ours or the user's. Libraries are
neither, and belong to who called them.

This file is imported before any other of ours, and itself imports only what every Python has
loaded: neither ``typing`` nor ``__future__``.
"""

import encodings
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import FrameType, ModuleType
    from typing import Any

_US = "torchbridge"
#: What we use. R calls into these with no caller of ours on Python's stack.
_NEEDED = frozenset(
    (
        *("torch", "torchgen", "functorch", "numpy", "pandas", "pyarrow", "scipy", "sklearn"),
        *("safetensors", "matplotlib", "rpy2", "optuna", "tqdm", "tensorboard", "polars"),
        *("duckdb", "onnx", "onnxscript", "onnx_ir", "lightning_fabric", "lightning_utilities"),
    )
)
#: Where the standard library is read. (``os`` is frozen, and says where it should be: within R on
#: Python 3.14 in the virtual environment.)
_STANDARD = os.path.dirname(os.path.dirname(encodings.__file__))
_SAFE = "PYTHONSAFEPATH"
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def watch() -> None:
    """From now on our imports look along the path without the working directory."""
    search = _search()
    if search is not None and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        # Before Python's own search, and after those who have put themselves before that.
        sys.meta_path.insert(sys.meta_path.index(search), _Finder())


def find(name: str) -> "ModuleSpec | None":
    """Where an import of this package that is under way will find it."""
    path = _path()
    found = _search().find_spec(name, path if path and _is_ours(name, _caller()) else None)
    return found  # type: ignore[no-any-return]


class _Finder:
    """Answers for our imports where the path has the working directory; else it knows nothing."""

    def find_spec(
        self, name: str, path: "Sequence[str] | None", target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        if path is not None:  # a submodule: it is where its package is
            return None
        rest = _path()
        caller = _caller()
        if rest is None or not _is_ours(name, caller):
            return None
        search = _search()
        found: ModuleSpec | None = search.find_spec(name, rest, target)
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            if found is None and finder is not search and hasattr(finder, "find_spec"):
                found = finder.find_spec(name, None, target)
        if found is None and not _only_looks(caller):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return found


class working_directory_last:  # noqa: N801 - reads as a word after "with"
    """Python processes that start in this block find what is installed before what is here.

    They get the path from this one, and use it before our code can watch over them.
    """

    def __enter__(self) -> None:
        rest = _path()
        self._path = None if rest is None else sys.path[:]
        if rest is not None:
            sys.path[:] = rest + [entry for entry in sys.path if entry not in rest]
        # It has one of its own as well, before it has ours.
        self._before = os.environ.get(_SAFE)
        os.environ[_SAFE] = "1"

    def __exit__(self, *_: object) -> None:
        if self._path is not None:
            sys.path[:] = self._path
        if self._before is None:
            del os.environ[_SAFE]
        else:
            os.environ[_SAFE] = self._before


def _search() -> "Any":
    """Python's own search along the path."""
    for finder in sys.meta_path:
        if getattr(finder, "__name__", None) == "PathFinder":
            return finder
    return None


def _path() -> list[str] | None:
    """The path without the working directory; None if it is not there.

    The folder of a script that runs is its author's choice, also where it is the working
    directory, and so is what stands after the standard library (a .pth file's).
    """
    try:
        here = os.getcwd()
    except OSError:
        here = ""
    main = sys.modules.get("__main__")
    script = getattr(main, "__file__", None) if getattr(main, "__spec__", None) is None else None
    chosen = os.path.dirname(os.path.realpath(script)) if script else None
    rest, beyond = [], False
    for entry in sys.path:
        beyond = beyond or entry == _STANDARD
        if os.path.isabs(entry) and (beyond or entry.rstrip(os.sep) != here or entry == chosen):
            rest.append(entry)
    return rest if len(rest) < len(sys.path) else None


# ---- who imports ----


def _caller() -> "FrameType | None":
    """The frame that asked the import system for what we are asked for."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not _imports(frame):
        frame = frame.f_back
    while frame is not None and _imports(frame):
        frame = frame.f_back
    return frame


def _is_ours(name: str, frame: "FrameType | None") -> bool:
    if frame is None:  # R has called the core: it imports torch, and what a user names
        return name == "torch"
    nearest = _package(frame)
    needed = False
    while frame is not None:
        package = _package(frame)
        if package == _US:
            # A function of R's that we call stands on no stack: it asks for modules of the user's.
            return nearest != _US or name in _NEEDED or name in sys.stdlib_module_names
        if not (package in _NEEDED or _imports(frame) or _is_neutral(frame)):
            return False
        needed = needed or package in _NEEDED
        frame = frame.f_back
    return needed


def _imports(frame: "FrameType") -> bool:
    # reticulate has a function of its own within Python's.
    return (
        frame.f_code.co_filename.startswith("<frozen importlib._bootstrap")
        or _package(frame) == "rpytools"
    )


def _only_looks(frame: "FrameType | None") -> bool:
    """Nothing runs: importlib.util.find_spec()."""
    return frame is not None and frame.f_globals.get("__name__") == "importlib.util"


def _package(frame: "FrameType") -> str:
    name = frame.f_globals.get("__name__")
    if name == "__main__":  # python -m torchbridge is ours
        name = frame.f_globals.get("__package__")
    return name.partition(".")[0] if isinstance(name, str) else ""


def _is_neutral(frame: "FrameType") -> bool:
    """Neither ours nor the user's: what is installed, or made by code while it runs."""
    file = frame.f_code.co_filename
    if file.startswith("<"):
        return frame.f_globals.get("__name__") != "__main__"
    return file.startswith(_STANDARD + os.sep) or any(part in file for part in _INSTALLED)
