"""A function called at the end of every epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..arguments import kind_of
from .callback import Callback

if TYPE_CHECKING:
    from ..loop import Loop


class EpochEnd(Callback):
    """Calls a function with each epoch's line of the history.

    Args:
        function: gets a dict such as {"epoch": 3, "train_loss": 0.5, "valid_loss": 0.6}.
            If it returns False the fit stops after this epoch; what else it returns does
            not matter.
    """

    def __init__(self, function: Callable[[dict[str, float]], Any]) -> None:
        if not callable(function):
            raise TypeError(f"function must be a function, not {kind_of(function)}")
        self.function = function

    def on_epoch_end(self, loop: Loop) -> None:
        """Call it."""
        if self.function({"epoch": loop.epoch, **loop.row}) is False:
            loop.stop("the function at the epoch's end returned False")
