"""Write the state of a fit to a file, from which it can go on.

Tests: tests/models/training/test_checkpoint.py.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..arguments import flag, kind_of, whole_number
from .callback import Callback

if TYPE_CHECKING:
    from ..training.loop import Loop


class ModelCheckpoint(Callback):
    """Writes a checkpoint at the end of epochs: `fit(..., resume=path)` goes on from it.

    It is one safetensors file: weights, the optimizer's state, the random state, the
    best weights so far, and in its header, as JSON, the history and the state of the
    callbacks. It holds no code, and a write that fails leaves the last one in place.

    Args:
        path: the file. "{epoch}" in it becomes the number of the epoch.
        every: write in every so many epochs; the last epoch is always written.
        best_only: write only in epochs that are the best so far (by early stopping's
            monitor, or `valid_loss`).
        every_batches: of data that is read from disk, write also within epochs, after so many
            batches: the fit goes on in the middle of the epoch. None: at the ends alone.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: int = 1,
        best_only: bool = False,
        every_batches: int | None = None,
    ) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"path must be a path, not {kind_of(path)}")
        if not Path(path).absolute().parent.is_dir():
            raise FileNotFoundError(f"path: there is no folder {Path(path).absolute().parent}")
        self.path = os.fspath(path)
        self.every = whole_number("every", every, 1)
        self.best_only = flag("best_only", best_only)
        self.every_batches = (
            None if every_batches is None else whole_number("every_batches", every_batches, 1)
        )

    def on_fit_begin(self, loop: Loop) -> None:
        """Check that there is a best."""
        if self.best_only and loop.best is None:
            raise ValueError("best_only needs validation data, or early stopping before it")
        if self.every_batches is None:
            return
        if not hasattr(loop.batches, "go_on"):
            raise ValueError("every_batches must be None for data in memory, which has `every`")
        if loop.metrics:
            raise ValueError("every_batches must be None with metrics, which are of whole epochs")

    def on_batch_end(self, loop: Loop) -> None:
        """Write, if it is time within the epoch."""
        if self.every_batches is not None and loop.batch % self.every_batches == 0:
            loop.save(self.path.replace("{epoch}", str(loop.epoch)))

    def on_epoch_logged(self, loop: Loop) -> None:
        """Write, if it is time."""
        last = loop.epoch == loop.epochs or loop.stop_reason is not None
        due = loop.epoch % self.every == 0 or last
        if self.best_only and loop.best is not None:
            due = loop.best.epoch == loop.epoch
        if due:
            loop.save(self.path.replace("{epoch}", str(loop.epoch)))
