"""The training loop: fit -> epoch -> step, with named events between.

Everything is checked before it comes here, so that the loop costs what the same lines
written by hand would cost. What differs between two fits is in the fields; what a
feature does is in its callback.

Tests: tests/models/training/test_fit.py.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from torchbridge.process.interrupts import let_r_look, took_interrupt, uninterrupted
from torchbridge.rtorch.modes import modes, restore
from torchbridge.rtorch.steps import bare_step

from ..callbacks.best import Best
from ..callbacks.callback import EVENTS, Callback
from .batches import Batches
from .data import Data
from .device import Accelerator
from .losses import Loss
from .metrics import Metrics, Seen, check_defined
from .parts import mode
from .provenance import Provenance

_NOT_HEARD = [(event, getattr(Callback, event)) for event in EVENTS]


def _heard_by(kind: type[Callback]) -> list[str]:
    """The events that a class of callbacks listens to."""
    return [event for event, unheard in _NOT_HEARD if getattr(kind, event) is not unheard]


@dataclass(eq=False)
class Loop:
    """One fit: its parts, how far it is, and the spine. Callbacks get this object.

    Attributes:
        module: the module, in train mode except while it is evaluated.
        optimizer: its optimizer.
        forward: what is called for the module's outputs: the module, or what wraps it.
        epochs: the number of the last epoch, should nothing stop it before.
        epoch: the number of the present epoch, from 1; 0 before the first.
        row: the present epoch's line of the history; `record` adds to it.
        history: lists of equal length, one value an epoch.
        best: the best epoch so far and its weights, or None where nothing asks for it.
        stop_reason: set by `stop`: the fit ends with this epoch.
        compile: puts a compiled `step`, or a `train` of whole epochs, in the place of the eager
            one; None leaves it.
        engine: what runs the steps: "eager", or what `compile` says.
        write: writes the state of the loop to a file, for `save`.
        resumed: whether the fit goes on from a checkpoint.
        provenance: what the fit came from, for its checkpoints.
        accumulate: in how many parts a process works through its rows of a batch.
        least_rows: rows that each must have.
        batch: the number of the present batch in its epoch, from 1.
        batch_loss: the loss that the last step began with, on the device.
        metrics: what is measured beside the loss, of the training and the validation rows.
        so_far: within an epoch the total loss of its rows so far, and how many they are.
        begun: where in an epoch a fit that is resumed goes on: what `where` gave.
        seen: the epoch's batches so far, where there are metrics.
    """

    module: nn.Module
    loss: Loss
    optimizer: torch.optim.Optimizer
    forward: Callable[..., Tensor]
    batches: Batches
    valid: Batches | None
    epochs: int
    accelerator: Accelerator
    callbacks: Sequence[Callback] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    compile: Callable[["Loop"], None] | None = None
    engine: str = "eager"
    write: Callable[[str, "Loop"], None] | None = None
    resumed: bool = False
    provenance: Provenance | None = None
    accumulate: int = 1
    least_rows: int = 1
    epoch: int = 0
    row: dict[str, float] = field(default_factory=dict)
    history: dict[str, list] = field(default_factory=lambda: {"epoch": []})
    best: Best | None = None
    stop_reason: str | None = None
    interrupted: bool = False
    metrics: Metrics | None = None
    so_far: tuple[Tensor, int] | None = None
    begun: dict[str, Any] | None = None
    batch: int = 0
    batch_loss: Tensor | None = None
    seen: list[Seen] | None = None

    def __post_init__(self) -> None:
        # Only what a callback defines is called: an event nobody hears costs nothing.
        self._listeners: dict[str, list[Callable[..., None]]] = {event: [] for event in EVENTS}
        for callback in self.callbacks:
            for event in _heard_by(type(callback)):
                self._listeners[event].append(getattr(callback, event))
        #: Does a callback look at the loss of each batch? Several processes add it up for that.
        self._hear_loss = any(
            callback.reads_loss and type(callback).on_batch_end is not Callback.on_batch_end
            for callback in self.callbacks
        )
        self.parameters = [p for g in self.optimizer.param_groups for p in g["params"]]
        self.train: Callable[[], dict[str, Tensor]] = self.train_epoch
        self.step: Callable[[Data], Tensor] = self.eager_step
        if isinstance(self.optimizer, torch.optim.LBFGS):
            self.step = self.closure_step
        if self.valid is not None:
            self.best = Best("valid_loss")

    def close(self) -> None:
        """Hold itself no longer: what it trained with goes now, not at a collection of Python's."""
        del self.train, self.step

    def call(self, event: str) -> None:
        """Tell the callbacks."""
        for listener in self._listeners[event]:
            listener(self)

    def record(self, name: str, value: float) -> None:
        """Add a value to this epoch's line of the history."""
        self.row[name] = value

    def stop(self, reason: str) -> None:
        """End the fit after this epoch; the reason becomes part of its status."""
        self.stop_reason = reason

    def weights(self) -> dict[str, Tensor]:
        """The module's parameters and buffers; of several processes all must ask."""
        return self.accelerator.weights(self.module)

    def save(self, path: str) -> None:
        """Write all that a later fit needs to go on with the next epoch; of several, all do."""
        assert self.write is not None
        self.write(path, self)

    def fit(self, resume: Callable[["Loop"], None] | None = None) -> None:
        """Train until the last epoch, a reason to stop, or an interrupt."""
        self.accelerator.begin()
        self.call("on_fit_begin")
        if resume is not None:
            resume(self)
        if self.compile is not None:
            self.compile(self)
        before = modes()
        try:
            while self.epoch < self.epochs and self.stop_reason is None:
                self.epoch += 1
                self.run_epoch()
        except KeyboardInterrupt:
            restore(before)
            took_interrupt()
            self.interrupted = True
            if self.best is not None:
                self.best.restore(self.module)
        self.accelerator.end()
        self.call("on_fit_end")

    def run_epoch(self) -> None:
        """Train on every batch, evaluate, and write one line of the history."""
        self.accelerator.begin_epoch(self.epoch)
        self.call("on_epoch_begin")
        found = self.train()
        if self.valid is not None:
            self.call("on_validation_begin")
            found |= self.evaluate(self.valid)
            self.call("on_validation_end")
        # The one time in an epoch that the host waits for the device.
        losses = list(found.values())
        values = torch.stack(losses).tolist() if len(losses) > 1 else [losses[0].item()]
        self.row = dict(zip(found, values, strict=True))
        self._check_finite()
        self.call("on_epoch_end")
        if self.best is not None:
            self.best.update(self.epoch, self.row, self.module)
            self.stop_reason = self.best.overdue(self.epoch) or self.stop_reason
        self._log()
        self.call("on_epoch_logged")

    @uninterrupted
    def _log(self) -> None:
        self.history["epoch"].append(self.epoch)
        for name, value in self.row.items():
            self.history.setdefault(name, []).append(value)

    def train_epoch(self) -> dict[str, Tensor]:
        """One step a batch; the mean loss of the rows, each at its own step, and the metrics."""
        total, n_rows = self._gone_on()
        begin, end = self._listeners["on_batch_begin"], self._listeners["on_batch_end"]
        self.seen = [] if self.metrics else None
        for batch in self.batches:
            let_r_look()
            self.batch += 1
            for listener in begin:
                listener(self)
            self.batch_loss = loss = self.step(batch)
            if self._hear_loss:
                self.batch_loss = self.accelerator.of_the_whole(loss, batch)
            total.add_(loss, alpha=batch.n_rows)
            n_rows += batch.n_rows
            self.so_far = (total, n_rows)
            for listener in end:
                listener(self)
        self.so_far = None
        return {"train_loss": self.accelerator.mean(total, n_rows), **self._measured("train")}

    def _gone_on(self) -> tuple[Tensor, int]:
        """The total loss and the number of rows at the beginning of an epoch, or in its middle."""
        begun, self.begun, self.batch = self.begun, None, 0
        total, n_rows = self._zero(), 0
        if begun is not None:
            batches: Any = self.batches
            self.batch = begun["batch"]
            n_rows = batches.go_on(self.batch, begun["seed"])
            alone = self.accelerator.world_size == 1
            total += begun["loss"] * (1 if alone else n_rows)
        return total, n_rows

    def where(self) -> dict[str, Any] | None:
        """Where in an epoch the fit is, for a checkpoint; None between two.

        Its `loss` is the total so far, and of several processes the mean.
        """
        if self.so_far is None:
            return None
        total, n_rows = self.so_far
        batches: Any = self.batches
        alone = self.accelerator.world_size == 1
        loss = float(total if alone else self.accelerator.mean(total, n_rows))
        return {"batch": self.batch, "seed": batches.seed, "loss": loss}

    def eager_step(self, batch: Data) -> Tensor:
        """One step of the optimizer; the loss before it."""
        for group in self.optimizer.param_groups:  # zero_grad() takes as long as a layer
            for parameter in group["params"]:
                parameter.grad = None
        loss = self.backward(batch)
        self._send_gradients()
        bare = bare_step(self.optimizer)
        with torch.no_grad():
            _ = self.optimizer.step() if bare is None else bare(self.optimizer)
        return loss.detach()

    def backward(self, batch: Data) -> Tensor:
        """The loss of a batch, with its gradients: all at once, or added up in parts."""
        if self.accumulate == 1:
            loss = self.loss_of(batch)
            self.accelerator.backward(loss, batch)
            return loss
        total = self._zero()
        for i, part in enumerate(batch.parts(self.accumulate, self.least_rows), 1):
            with nullcontext() if i == self.accumulate else self.accelerator.partly():
                loss = self.loss_of(part)
                self.accelerator.backward(loss, part)
            total.add_(loss.detach(), alpha=part.n_rows)
        return total.div_(max(batch.n_rows, 1)).to(loss.dtype)

    def closure_step(self, batch: Data) -> Tensor:
        """One step of an optimizer that evaluates the loss itself, several times."""

        def closure() -> Tensor:
            let_r_look()
            self.optimizer.zero_grad()
            loss = self.backward(batch)
            self._send_gradients()
            return self.accelerator.of_the_whole(loss, batch)

        optimizer: Any = self.optimizer
        before = 0 if self.seen is None else len(self.seen)
        loss = optimizer.step(closure).detach()
        if self.seen is not None:
            del self.seen[before + self.accumulate :]  # the first evaluation is that of the loss
        return loss

    def _send_gradients(self) -> None:
        if self._listeners["on_gradients"]:
            self.change_gradients([p.grad for p in self.parameters if p.grad is not None])

    def change_gradients(self, gradients: list[Tensor]) -> None:
        """Let callbacks change the gradients, in place."""
        for listener in self._listeners["on_gradients"]:
            self.accelerator.unscale(self.module, self.optimizer)
            listener(self, gradients)

    def loss_of(self, batch: Data) -> Tensor:
        """The loss of a batch."""
        output = self.accelerator.output(self.forward, batch)
        if batch.offset is not None:
            output = output + batch.offset
        if self.seen is not None:
            n, weights = batch.n_rows, batch.weights
            counted = None if weights is None else weights[:n]
            self.seen.append(Seen(output.detach()[:n], batch.y[:n], counted))
        y = batch.y
        if output.dtype == torch.float64 and y.is_floating_point():
            y = y.double()  # precision "64-true" converts the module alone
        return self.loss(output, y, batch.weights)

    def evaluate(self, batches: Batches) -> dict[str, Tensor]:
        """The mean loss of the rows and the metrics, in eval mode."""
        total, n_rows = self._zero(), 0
        self.seen = [] if self.metrics else None
        with mode(self.module, training=False), torch.no_grad():
            for batch in batches:
                let_r_look()
                total.add_(self.loss_of(batch), alpha=batch.n_rows)
                n_rows += batch.n_rows
        return {"valid_loss": self.accelerator.mean(total, n_rows), **self._measured("valid")}

    def _measured(self, prefix: str) -> dict[str, Tensor]:
        """The metrics of the batches seen, which are then forgotten."""
        seen, self.seen = self.seen, None
        if self.metrics is None or seen is None:
            return {}
        return self.metrics.of(prefix, seen, self.accelerator.rows_of_all)

    def _zero(self) -> Tensor:
        """Where losses add up: on the device, in float64 whatever the module's dtype."""
        return torch.zeros((), dtype=torch.float64, device=self.accelerator.device)

    def _check_finite(self) -> None:
        for name in ("train_loss", "valid_loss"):
            value = self.row.get(name, 0.0)
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"{name} became {value} in epoch {self.epoch}: training diverged. "
                    f"Try a smaller lr (it is {self.optimizer.param_groups[0]['lr']:g}), clip "
                    "the gradients, or bring the columns of x and y to a common scale"
                )
        check_defined(self.row)
