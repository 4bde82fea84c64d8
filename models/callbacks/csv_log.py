"""The history as a CSV file, line by line as it grows.

Tests: tests/models/callbacks/test_callbacks.py.
"""

from __future__ import annotations

import csv
import os
from typing import TYPE_CHECKING

from ..arguments import kind_of
from .callback import Callback

if TYPE_CHECKING:
    from ..training.loop import Loop


class CSVLog(Callback):
    """Writes each epoch's line of the history to a CSV file, with a header.

    A resumed fit writes the lines up to its checkpoint again, so that the file is the
    history of the whole.

    Args:
        path: the file; one that exists is replaced.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"path must be a path, not {kind_of(path)}")
        self.path = path
        self.begun = False

    def on_fit_begin(self, loop: Loop) -> None:
        """Begin a new file with the first epoch."""
        self.begun = False

    def on_epoch_logged(self, loop: Loop) -> None:
        """Write a line."""
        if loop.accelerator.rank != 0:
            return
        columns = loop.history
        lines = list(zip(*columns.values(), strict=True))
        with open(self.path, "a" if self.begun else "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if not self.begun:
                writer.writerow(columns)
                writer.writerows(lines[:-1])
            writer.writerow(lines[-1])
        self.begun = True
