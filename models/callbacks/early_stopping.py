"""Stop when training no longer improves.

Tests: tests/models/callbacks/test_callbacks.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..arguments import flag, number, whole_number
from .best import Best
from .callback import Callback

if TYPE_CHECKING:
    from ..training.loop import Loop


class EarlyStopping(Callback):
    """Stops when no epoch was better than the best for `patience` epochs.

    Args:
        patience: epochs to wait for a better one, at least 1.
        monitor: a column of the history; None takes `valid_loss` where the fit has
            validation data, else `train_loss`.
        mode: "min" where less is better, "max" where more is.
        min_delta: an epoch is better only if it is so by more than this, at least 0.
        restore_best: put the weights of the best epoch back at the end, however it came.
    """

    def __init__(
        self,
        patience: int = 10,
        monitor: str | None = None,
        mode: str = "min",
        min_delta: float = 0.0,
        restore_best: bool = True,
    ) -> None:
        self.patience = whole_number("patience", patience, 1)
        self.monitor = monitor
        self.mode = mode
        self.min_delta = number("min_delta", min_delta)
        self.restore_best = flag("restore_best", restore_best)
        Best(monitor or "train_loss", mode)  # a wrong mode is an error here

    def origin(self, epochs: int) -> dict[str, Any]:
        """Its options."""
        return vars(self)

    def on_fit_begin(self, loop: Loop) -> None:
        """Let the loop keep the best epoch by it, and stop where a better one is overdue."""
        default = "train_loss" if loop.valid is None else "valid_loss"
        loop.best = Best(self.monitor or default, self.mode, self.min_delta, self.patience)

    def on_fit_end(self, loop: Loop) -> None:
        """Put the best weights back."""
        if self.restore_best and loop.best is not None:
            loop.best.restore(loop.module)
