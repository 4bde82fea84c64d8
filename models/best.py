"""The best epoch so far, and its weights."""

import math

import torch
from torch import Tensor, nn

from .arguments import lookup

# mode -> the sign that makes less better
_SIGNS = {"min": 1.0, "max": -1.0}


class Best:
    """Keeps a copy of the weights of the epoch that was best by one column of the history.

    Args:
        monitor: the column.
        mode: "min" where less is better, "max" where more is.
        min_delta: an epoch is better only if it is so by more than this.
    """

    def __init__(self, monitor: str, mode: str = "min", min_delta: float = 0.0) -> None:
        self.monitor = monitor
        self.sign = lookup("mode", mode, _SIGNS)
        self.min_delta = min_delta
        self.value = math.inf
        self.epoch = 0
        self.weights: dict[str, Tensor] = {}

    @torch.no_grad()
    def update(self, epoch: int, row: dict[str, float], module: nn.Module) -> None:
        """Take this epoch's weights if it is the best."""
        value = self.sign * row[self.monitor]
        if self.weights and value >= self.value - self.min_delta:
            return
        self.value, self.epoch = value, epoch
        for name, now in module.state_dict().items():
            if name in self.weights:
                self.weights[name].copy_(now)
            else:
                self.weights[name] = now.clone()

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
