"""Find a learning rate by trying rates that rise.

Tests: tests/models/callbacks/test_callbacks.py.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import torch

from ..arguments import positive, whole_number
from .callback import Callback

if TYPE_CHECKING:
    from ..training.loop import Loop


class LRFinder(Callback):
    """Sets the learning rate by a range test before the first epoch.

    Trains for some steps at rates that rise from `min_lr` to `max_lr` in equal ratios,
    puts weights, optimizer and random state back, and takes the rate at which the smoothed
    loss fell most steeply per log rate (Smith, 2017, Cyclical learning rates for training
    neural networks; the suggestion is fastai's). A resumed fit keeps the rate it has.

    Args:
        min_lr, max_lr: the range; the test ends early where the loss is four times its
            lowest.
        steps: steps of the test, at least 10.

    Attributes:
        lrs, losses: the rates tried, and the smoothed loss at each.
        suggestion: the rate taken.
    """

    def __init__(self, min_lr: float = 1e-6, max_lr: float = 1.0, steps: int = 100) -> None:
        self.min_lr, self.max_lr = positive("min_lr", min_lr), positive("max_lr", max_lr)
        if self.min_lr >= self.max_lr:
            raise ValueError(f"min_lr must be below max_lr, which is {self.max_lr:g}")
        self.steps = whole_number("steps", steps, 10)
        self.lrs: list[float] = []
        self.losses: list[float] = []
        self.suggestion: float | None = None

    def origin(self, epochs: int) -> dict[str, Any]:
        """Its options."""
        return {name: getattr(self, name) for name in ("min_lr", "max_lr", "steps")}

    def on_fit_begin(self, loop: Loop) -> None:
        """Run the test and set the rate."""
        if loop.resumed:
            return
        module = copy.deepcopy(loop.module.state_dict())
        optimizer = copy.deepcopy(loop.optimizer.state_dict())
        random = loop.accelerator.random_state()
        try:
            self._test(loop)
        finally:
            loop.accelerator.set_random_state(random)
        loop.module.load_state_dict(module)
        loop.optimizer.load_state_dict(optimizer)
        self.suggestion = self._steepest()
        for group in loop.optimizer.param_groups:
            group["lr"] = self.suggestion

    def on_epoch_end(self, loop: Loop) -> None:
        """Record the rate."""
        loop.record("lr", loop.optimizer.param_groups[0]["lr"])

    def _test(self, loop: Loop) -> None:
        ratio = (self.max_lr / self.min_lr) ** (1 / (self.steps - 1))
        self.lrs, self.losses = [], []
        batches = iter(loop.batches)
        average, lowest = 0.0, math.inf
        for i in range(self.steps):
            batch = next(batches, None)
            if batch is None:
                batches = iter(loop.batches)
                batch = next(batches)
            for group in loop.optimizer.param_groups:
                group["lr"] = self.min_lr * ratio**i
            loss = loop.accelerator.of_the_whole(loop.step(batch), batch)
            average = 0.9 * average + 0.1 * float(loss)
            smooth = average / (1 - 0.9 ** (i + 1))
            lowest = min(lowest, smooth)
            if not math.isfinite(smooth) or smooth > 4 * lowest > 0:
                break
            self.lrs.append(self.min_lr * ratio**i)
            self.losses.append(smooth)

    def _steepest(self) -> float:
        if len(self.lrs) < 3:
            raise FloatingPointError(
                f"the loss diverged at once from lr {self.min_lr:g} on: try a smaller min_lr, "
                "or bring the columns of x and y to a common scale"
            )
        slopes = torch.gradient(torch.tensor(self.losses))[0]
        return self.lrs[int(slopes.argmin())]
