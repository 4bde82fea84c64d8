"""A bar that shows how far a fit is.

Tests: tests/models/callbacks/test_callbacks.py.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from torchbridge.process.notebook import kernel_shell

from ..arguments import flag
from .callback import Callback

if TYPE_CHECKING:
    from ..training.loop import Loop


class ProgressBar(Callback):
    """Shows epochs and losses on standard error while a fit runs.

    Needs the package tqdm.

    Args:
        leave: leave the bar on the screen at the end.
    """

    in_session = True

    def __init__(self, leave: bool = True) -> None:
        try:
            from tqdm.auto import tqdm
        except ImportError as error:
            raise ImportError("a progress bar needs the package tqdm") from error
        self.leave = flag("leave", leave)
        self.make_bar: Any = tqdm
        self.bar: Any = None

    def on_epoch_begin(self, loop: Loop) -> None:
        """Show the bar."""
        if self.bar is None and loop.accelerator.rank == 0:
            self.bar = self.make_bar(
                total=loop.epochs, initial=loop.epoch - 1, unit="epoch", leave=self.leave
            )

    def on_epoch_logged(self, loop: Loop) -> None:
        """Show the losses."""
        if self.bar is not None:
            self.bar.set_postfix({n: f"{v:.4g}" for n, v in loop.row.items()}, refresh=False)
            self.bar.update()

    def on_fit_end(self, loop: Loop) -> None:
        """Leave the bar."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def is_interactive() -> bool:
    """Does a person watch: Python's prompt or a notebook?"""
    return hasattr(sys, "ps1") or kernel_shell() is not None
