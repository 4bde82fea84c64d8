"""Python processes that work for this one, and import what it imports.

Tests: tests/process/test_child_process.py.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from torchbridge.process.own_imports import working_directory_last

_PROGRAM = """import sys
with open(sys.argv[2] + "/path", encoding="utf-8", errors="surrogateescape") as file:
    sys.path[:] = file.read().split("\\0")
import importlib
importlib.import_module(sys.argv[1]).main(*sys.argv[2:])
"""


def child_command(module: str, folder: Path, *arguments: str) -> list[str]:
    """A command that calls ``main(folder, *arguments)``, all text, of a module of ours.

    No script of the user's runs again. The process has this one's path as it is now, which is left
    in the folder; the working directory is the last of it: nothing of ours comes from there.
    """
    with working_directory_last():
        path = "\0".join(map(os.path.abspath, sys.path))
    (folder / "path").write_text(path, encoding="utf-8", errors="surrogateescape")
    return [sys.executable, "-c", _PROGRAM, module, str(folder), *arguments]
