"""Lines that tell how far something is, where nobody watches a progress bar.

Tests: tests/models/callbacks/test_callbacks.py.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .callback import Callback

if TYPE_CHECKING:
    from ..training.loop import Loop

#: Seconds before the first line; what takes less shows nothing.
FIRST = 10.0
#: Seconds between two lines at most; they come twice as far apart each time up to it.
APART = 60.0


class Lines:
    """Says a line once something has taken ten seconds, and then now and then.

    Args:
        say: is called with a line; by default it writes it on standard error.
    """

    def __init__(self, say: Callable[[str], object] | None = None) -> None:
        self.say = _to_stderr if say is None else say
        self.begin()

    def begin(self) -> None:
        """Start the clock."""
        self.begun = time.monotonic()
        self.due = self.begun + FIRST

    def look(self, line: Callable[[float], str]) -> None:
        """Say `line(seconds)` if it is time."""
        now = time.monotonic()
        if now < self.due:
            return
        taken = now - self.begun
        self.due = now + min(taken, APART)
        self.say(line(taken))


class ProgressLines(Callback):
    """Says how far a fit is, once it has taken ten seconds.

    Args:
        say: as of `Lines`.
    """

    reads_loss = False
    in_session = True

    def __init__(self, say: Callable[[str], object] | None = None) -> None:
        self.lines = Lines(say)
        self.first = 0
        self.n_batches: int | None = None
        self.losses = ""

    def on_epoch_begin(self, loop: Loop) -> None:
        """Start with the first epoch."""
        if self.first == 0:
            self.first = loop.epoch
            self.lines.begin()
            with contextlib.suppress(TypeError):  # a loader may not know
                self.n_batches = len(loop.batches)

    def on_batch_end(self, loop: Loop) -> None:
        """Say it, if it is time."""
        if loop.accelerator.rank == 0:
            self.lines.look(lambda taken: self._line(loop, taken))

    def on_epoch_logged(self, loop: Loop) -> None:
        """Know the losses."""
        self.losses = "".join(f", {name} {value:.4g}" for name, value in loop.row.items())
        self.n_batches = loop.batch

    def _line(self, loop: Loop, taken: float) -> str:
        where = f"epoch {loop.epoch} of {loop.epochs}"
        if self.n_batches is None:
            return f"{where}, batch {loop.batch}"
        if loop.epoch == self.first:
            where += f", batch {loop.batch} of {self.n_batches}"
        done = loop.epoch - self.first + loop.batch / self.n_batches
        left = taken / done * (loop.epochs - self.first + 1 - done)
        return f"{where}{self.losses}; {taken:.0f} s, at most {left:.0f} s to go"


def _to_stderr(line: str) -> None:
    print(f"torchbridge: {line}", file=sys.stderr, flush=True)
