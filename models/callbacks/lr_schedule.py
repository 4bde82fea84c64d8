"""A learning rate that changes as training goes on.

Tests: tests/models/callbacks/test_callbacks.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch.optim import lr_scheduler as schedulers

from ..arguments import check_options, lookup
from .callback import Callback

if TYPE_CHECKING:
    from ..training.loop import Loop

# name in torch.optim.lr_scheduler, in lower case and without LR
# -> (class, whether it steps after every batch)
SCHEDULES: dict[str, tuple[Any, bool]] = {
    "constant": (schedulers.ConstantLR, False),
    "linear": (schedulers.LinearLR, False),
    "polynomial": (schedulers.PolynomialLR, False),
    "step": (schedulers.StepLR, False),
    "multi_step": (schedulers.MultiStepLR, False),
    "exponential": (schedulers.ExponentialLR, False),
    "cosine_annealing": (schedulers.CosineAnnealingLR, False),
    "cosine_annealing_warm_restarts": (schedulers.CosineAnnealingWarmRestarts, False),
    "one_cycle": (schedulers.OneCycleLR, True),
    "reduce_on_plateau": (schedulers.ReduceLROnPlateau, False),
}


# Schedules that are as long as the fit -> the options of which one says otherwise.
_LENGTHS = {
    "cosine_annealing": {"T_max"},
    "linear": {"total_iters"},
    "polynomial": {"total_iters"},
    "one_cycle": {"total_steps", "epochs"},
}


class LRSchedule(Callback):
    """Changes the learning rate by one of torch.optim.lr_scheduler's schedules.

    The rate of each epoch is in the history, as `lr`: what its last step used.

    Args:
        name: "constant", "linear", "polynomial", "step", "multi_step", "exponential",
            "cosine_annealing", "cosine_annealing_warm_restarts", "one_cycle" (which
            steps with every batch, the others with every epoch) or "reduce_on_plateau"
            (of `valid_loss` where there is one, else of `train_loss`).
        options: torch's own, by name. What follows from the fit may be left out: `T_max`
            and `total_iters` are the number of epochs, `total_steps` that of batches,
            `max_lr` the fit's `lr`.
    """

    reads_loss = False

    def __init__(self, name: str, **options: Any) -> None:
        self.scheduler_class, self.every_batch = lookup("lr_schedule", name, SCHEDULES)
        check_options("lr_schedule", name, self.scheduler_class, options)
        self.name, self.options = name, options

    def origin(self, epochs: int) -> dict[str, Any]:
        """Its options, and the number of epochs where it follows from that."""
        found = {"name": self.name, **self.options}
        if not _LENGTHS.get(self.name, self.options.keys()) & self.options.keys():
            found["epochs, on which it depends,"] = epochs
        return found

    def on_fit_begin(self, loop: Loop) -> None:
        """Set the rate of the first step."""
        # Only asked for where needed: a loader may not know its length.
        follows: dict[str, Any] = {}
        if self.name == "cosine_annealing":
            follows = {"T_max": loop.epochs}
        elif self.name in ("polynomial", "linear"):
            follows = {"total_iters": loop.epochs}
        elif self.name == "one_cycle":
            follows = {
                "max_lr": loop.optimizer.param_groups[0]["lr"],
                "total_steps": loop.epochs * len(loop.batches),
            }
        self.scheduler = self.scheduler_class(loop.optimizer, **(follows | self.options))
        self.steps_left = loop.epochs * len(loop.batches) if self.every_batch else 0

    def on_batch_end(self, loop: Loop) -> None:
        """Step, if it is a schedule of batches."""
        if self.every_batch:
            self.lr = loop.optimizer.param_groups[0]["lr"]
            self.steps_left -= 1
            if self.steps_left > 0:
                self.scheduler.step()

    def on_epoch_end(self, loop: Loop) -> None:
        """Step, if it is a schedule of epochs, and record."""
        if self.every_batch:
            loop.record("lr", self.lr)
            return
        loop.record("lr", loop.optimizer.param_groups[0]["lr"])
        if self.name == "reduce_on_plateau":
            self.scheduler.step(loop.row.get("valid_loss", loop.row["train_loss"]))
        else:
            self.scheduler.step()

    def state(self) -> dict[str, Any]:
        """The scheduler's."""
        known = (bool, int, float, str, list, dict, type(None))
        kept: dict[str, Any] = {
            k: v for k, v in self.scheduler.state_dict().items() if isinstance(v, known)
        }
        # JSON has no infinity and no keys but strings.
        if self.name == "reduce_on_plateau":
            kept["best"] = repr(kept["best"])
            kept["mode_worse"] = repr(kept["mode_worse"])
        if "milestones" in kept:
            kept["milestones"] = sorted(kept["milestones"].items())
        return {"scheduler": kept, "steps_left": self.steps_left}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on where it was."""
        # The scheduler would take any attribute.
        known = self.scheduler.state_dict()
        kept = {name: value for name, value in state["scheduler"].items() if name in known}
        for name in ("best", "mode_worse"):
            if name in kept:
                kept[name] = float(kept[name])
        if "milestones" in kept:
            kept["milestones"] = type(self.scheduler.milestones)(dict(kept["milestones"]))
        self.scheduler.load_state_dict(self.scheduler.state_dict() | kept)
        self.steps_left = state["steps_left"]
