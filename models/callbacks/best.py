"""The best epoch so far, and its weights.

Tests: tests/models/callbacks/test_callbacks.py.
"""

import math

import torch
from torch import Tensor, nn

from torchbridge.process.interrupts import uninterrupted

from ..arguments import lookup

# mode -> the sign that makes less better
_SIGNS = {"min": 1.0, "max": -1.0}


class Best:
    """Keeps a copy of the weights of the epoch that was best by one column of the history.

    Args:
        monitor: the column.
        mode: "min" where less is better, "max" where more is.
        min_delta: an epoch is better only if it is so by more than this.
        patience: epochs to wait for a better one; None waits forever.
    """

    def __init__(
        self,
        monitor: str,
        mode: str = "min",
        min_delta: float = 0.0,
        patience: int | None = None,
    ) -> None:
        self.monitor = monitor
        self.patience = patience
        self.sign = lookup("mode", mode, _SIGNS)
        self.min_delta = min_delta
        self.value = math.inf
        self.epoch = 0
        self.weights: dict[str, Tensor] = {}

    @torch.no_grad()
    def update(self, epoch: int, row: dict[str, float], module: nn.Module) -> None:
        """Take this epoch's weights if it is the best."""
        if self.monitor not in row:
            columns = ", ".join(f'"{name}"' for name in row)
            raise ValueError(f'monitor "{self.monitor}" is no column of the history: {columns}')
        value = self.sign * row[self.monitor]
        # What is not a number is no better than anything.
        value = math.inf if math.isnan(value) else value
        if self.weights and value >= self.value - self.min_delta:
            return
        self._take(epoch, value, module)

    @uninterrupted
    def _take(self, epoch: int, value: float, module: nn.Module) -> None:
        """All of them or none: half of an epoch's weights are no epoch's."""
        now = module.state_dict()
        if self.weights:
            for name, weight in now.items():
                self.weights[name].copy_(weight)
        else:
            self.weights = {name: weight.clone() for name, weight in now.items()}
        self.value, self.epoch = value, epoch

    def overdue(self, epoch: int) -> str | None:
        """Why to stop, if a better epoch is overdue."""
        if self.patience is None or epoch - self.epoch < self.patience:
            return None
        return (
            f"{self.monitor} was not better than in epoch {self.epoch} for {self.patience} epochs"
        )

    def restore(self, module: nn.Module) -> None:
        """Put the best weights back, if there are any."""
        if self.weights:
            module.load_state_dict(self.weights)

    def state(self) -> dict[str, float]:
        """What a checkpoint keeps beside the weights."""
        return {"epoch": self.epoch, "value": self.value if self.weights else 0.0}

    def load_state(self, state: dict[str, float], weights: dict[str, Tensor]) -> None:
        """Go on from a checkpoint."""
        if weights:
            self.epoch, self.value = int(state["epoch"]), state["value"]
            self.weights = weights
