"""The history as a CSV file, line by line as it grows.

Tests: tests/models/callbacks/test_callbacks.py.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torchbridge.process.whole_files import append_file, write_file

from ..arguments import kind_of
from .callback import Callback

if TYPE_CHECKING:
    from ..training.loop import Loop


class CSVLog(Callback):
    """Writes each epoch's line of the history to a CSV file, with a header.

    A resumed fit writes the lines up to its checkpoint again, so that the file is the
    history of the whole. A line is in the file whole or not at all, and the file that was
    there before until the first one is.

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
        if self.begun:
            append_file(self.path, _text(lines[-1:]))
        else:
            write_file(self.path, _text([tuple(columns), *lines]))
        self.begun = True


def _text(lines: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()
