"""A function called at the end of every epoch.

Tests: tests/models/callbacks/test_callbacks.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

from torchbridge.process.interrupts import passing_interrupts

from ..arguments import kind_of
from .callback import Callback

if TYPE_CHECKING:
    from ..training.loop import Loop


class EpochEnd(Callback):
    """Calls a function with each epoch's line of the history: in the first process, of several.

    Args:
        function: gets a dict such as {"epoch": 3, "train_loss": 0.5, "valid_loss": 0.6}.
            If it returns False the fit stops after this epoch. A dict of numbers, such as
            {"accuracy": 0.9}, is added to the line, where early stopping can monitor it; what
            the line has already stays as it is. What else it returns does not matter.
    """

    in_session = True

    def __init__(self, function: Callable[[dict[str, float]], Any]) -> None:
        if not callable(function):
            raise TypeError(f"function must be a function, not {kind_of(function)}")
        self.function = function
        #: What a checkpoint knows the function by: itself, or a text; None for one that only shows.
        self.source: Any = function

    def on_epoch_end(self, loop: Loop) -> None:
        """Call it."""
        call, line = passing_interrupts(self.function), {"epoch": loop.epoch, **loop.row}
        found = loop.accelerator.from_first(lambda: decided(call(line)))
        if found is False:
            loop.stop("the function at the epoch's end returned False")
        if isinstance(found, Mapping):
            record_all(loop, found)


def decided(found: Any) -> Any:
    """What matters of what a function returned."""
    return found if found is False or isinstance(found, Mapping) else None


def record_all(loop: Loop, found: Mapping[str, Any]) -> None:
    """Add numbers to the epoch's line; what it has already stays as it is."""
    for name in found.keys() - loop.row.keys() - {"epoch"}:
        value = found[name]
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError(
                f'the function at the epoch\'s end must give numbers: "{name}" is {kind_of(value)}'
            )
        loop.record(name, float(value))
