"""The history as TensorBoard shows it.

Tests: tests/models/callbacks/test_callbacks.py.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..arguments import flag, kind_of
from .callback import Callback

if TYPE_CHECKING:
    from ..training.loop import Loop


class TensorBoard(Callback):
    """Writes the columns of the history for TensorBoard, epoch by epoch.

    Needs the package tensorboard.

    Args:
        log_dir: the folder of this run; `tensorboard --logdir` shows it.
        weights: write histograms of the weights as well.
    """

    def __init__(self, log_dir: str | os.PathLike[str], weights: bool = False) -> None:
        if not isinstance(log_dir, (str, os.PathLike)):
            raise TypeError(f"log_dir must be a path, not {kind_of(log_dir)}")
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ImportError("TensorBoard needs the package tensorboard") from error
        self.log_dir = os.fspath(log_dir)
        self.weights = flag("weights", weights)
        self.make_writer: Any = SummaryWriter
        self.writer: Any = None

    def on_epoch_logged(self, loop: Loop) -> None:
        """Write this epoch's values."""
        weights = loop.weights() if self.weights else {}
        if loop.accelerator.rank != 0:
            return
        if self.writer is None:
            # What a run wrote after the checkpoint that this one goes on from is void.
            self.writer = self.make_writer(self.log_dir, purge_step=loop.epoch)
        for name, values in loop.history.items():
            if name != "epoch":
                self.writer.add_scalar(name, values[-1], loop.epoch)
        for name, _ in loop.module.named_parameters():
            if name in weights:
                self.writer.add_histogram(name, weights[name].detach().cpu(), loop.epoch)
        self.writer.flush()

    def on_fit_end(self, loop: Loop) -> None:
        """Close the file."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None
