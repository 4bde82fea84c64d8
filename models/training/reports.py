"""What a worker and the session that started it tell each other: lines of JSON, on a socket.

In a worker a `Relay` stands in the place of each callback that is called in the session
(`Callback.in_session`): the first worker's tells of the fit's events, and asks at an epoch's end,
where the session may add to the history or stop the fit. `Stopping` ends all workers at one batch
where the session was interrupted.

Tests: tests/models/training/test_workers.py.
"""

from __future__ import annotations

import json
import mmap
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ..callbacks import Callback
from .device import Accelerator

if TYPE_CHECKING:
    from .loop import Loop

#: Seconds from one word on the batches to the next.
_EVERY = 0.5


class SessionGone(BaseException):
    """Nobody hears a worker any more."""


def send(link: Connection, message: dict[str, Any]) -> None:
    """Send a message."""
    link.send_bytes(json.dumps(message).encode())


def receive(link: Connection) -> dict[str, Any]:
    """The next message; an EOFError where the other end has gone."""
    found: dict[str, Any] = json.loads(link.recv_bytes())
    return found


# ---- in a worker ----


class Relay(Callback):
    """Stands for a callback that is called in the session.

    Attributes:
        link: to the session; a worker has one.

    Args:
        index: its place among the fit's callbacks.
        hears: the events that it hears.
    """

    link: Any = None

    def __init__(self, index: int, hears: Sequence[str]) -> None:
        self.index, self.hears = index, frozenset(hears)
        self.due = 0.0

    def on_fit_begin(self, loop: Loop) -> None:
        """Tell."""
        self._tell("on_fit_begin", loop)

    def on_epoch_begin(self, loop: Loop) -> None:
        """Tell."""
        self._tell("on_epoch_begin", loop)

    def on_batch_end(self, loop: Loop) -> None:
        """Tell now and then."""
        if "on_batch_end" in self.hears and time.monotonic() >= self.due:
            self.due = time.monotonic() + _EVERY
            self._tell("on_batch_end", loop)

    def on_epoch_end(self, loop: Loop) -> None:
        """Ask, and do what the session says."""
        if "on_epoch_end" not in self.hears:
            return
        answer = loop.accelerator.from_first(lambda: self._asked(loop))
        for name, value in answer["row"].items():
            loop.record(name, value)
        if answer["stop"] is not None:
            loop.stop(answer["stop"])

    def on_epoch_logged(self, loop: Loop) -> None:
        """Tell."""
        self._tell("on_epoch_logged", loop)

    def on_fit_end(self, loop: Loop) -> None:
        """Tell."""
        self._tell("on_fit_end", loop)

    def _tell(self, event: str, loop: Loop) -> None:
        if event in self.hears and loop.accelerator.rank == 0:
            self._send(event, loop)

    def _asked(self, loop: Loop) -> dict[str, Any]:
        self._send("on_epoch_end", loop)
        try:
            return receive(self.link)
        except (EOFError, OSError) as error:
            raise SessionGone from error

    def _send(self, event: str, loop: Loop) -> None:
        try:
            n_batches = len(loop.batches)
        except TypeError:  # a loader may not know
            n_batches = None
        at = {"epoch": loop.epoch, "batch": loop.batch, "n_batches": n_batches, "row": loop.row}
        try:
            send(self.link, {"callback": self.index, "event": event, "at": at})
        except OSError as error:
            raise SessionGone from error


class Stopping(Callback):
    """Ends the fit at the same batch in every worker, once the session was interrupted.

    Nobody is further than the gradients that were last added up: a worker that begins a batch has
    seen all that the first one wrote before it began the batch whose gradients came before.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.flags: Any = None
        self.batches = 0

    def on_fit_begin(self, loop: Loop) -> None:
        """Look into the file from now on."""
        self.flags = _flags(self.path)

    def on_batch_begin(self, loop: Loop) -> None:
        """Look whether this is the last batch."""
        self.batches += 1
        asked, last = self.flags
        if asked and not last and loop.accelerator.rank == 0:
            self.flags[1] = last = self.batches + 1
        if last and self.batches >= last:
            raise KeyboardInterrupt


def _flags(path: Path) -> memoryview:
    """Two numbers that all processes share: was a stop asked for, and at which batch it is."""
    with path.open("r+b") as file:
        return memoryview(mmap.mmap(file.fileno(), 16)).cast("q")


# ---- in the session ----


def new_flags(path: Path) -> memoryview:
    """The file of `Stopping`."""
    path.write_bytes(bytes(16))
    return _flags(path)


@dataclass
class Mirror:
    """What a callback in the session sees of the loop in the workers.

    Attributes:
        epoch, epochs, batch, row, stop_reason, history: as of `Loop`.
        batches: has a length, where the loop's have.
        accelerator: one of one process.
    """

    epochs: int
    epoch: int = 0
    batch: int = 0
    row: dict[str, float] = field(default_factory=dict)
    history: dict[str, list] = field(default_factory=lambda: {"epoch": []})
    stop_reason: str | None = None
    batches: Any = None
    accelerator: Accelerator = field(default_factory=lambda: Accelerator(torch.device("cpu")))

    def record(self, name: str, value: float) -> None:
        """Add a value to this epoch's line of the history."""
        self.row[name] = value

    def stop(self, reason: str) -> None:
        """End the fit after this epoch."""
        self.stop_reason = reason

    def call(self, callback: Callback, event: str, at: dict[str, Any]) -> dict[str, Any]:
        """Call a callback as the loop stands there; what it has done."""
        self.epoch, self.batch = at["epoch"], at["batch"]
        self.row, self.stop_reason = at["row"], None
        self.batches = _Sized(at["n_batches"])
        if event == "on_epoch_logged" and self.epoch not in self.history["epoch"]:
            for name, value in {"epoch": self.epoch, **self.row}.items():
                self.history.setdefault(name, []).append(value)
        before = dict(self.row)
        getattr(callback, event)(self)
        added = {name: value for name, value in self.row.items() if before.get(name) != value}
        return {"row": added, "stop": self.stop_reason}


class _Sized:
    def __init__(self, n: int | None) -> None:
        self.n = n

    def __len__(self) -> int:
        if self.n is None:
            raise TypeError("the loader has no length")
        return self.n
