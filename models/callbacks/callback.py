"""The events of a fit, and what listens to them.

Tests: tests/models/callbacks/test_callbacks.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from torchbridge.models.training.loop import Loop

#: In the order in which they come.
EVENTS = (
    "on_fit_begin",
    "on_epoch_begin",
    "on_batch_begin",
    "on_gradients",
    "on_batch_end",
    "on_validation_begin",
    "on_validation_end",
    "on_epoch_end",
    "on_epoch_logged",
    "on_fit_end",
)


class Callback:
    """Something done at the events of a fit: define the methods of those it needs.

    Every method gets the `Loop`. The methods of batches are called for every batch, and
    cost accordingly; those of epochs once an epoch. Every optimizer and the compiled step send
    all events.

    A callback belongs to one fit at a time. What it must remember over an interruption it
    gives in `state` and takes in `load_state`.

    Attributes:
        traceable: whether `on_gradients` consists of the same tensor operations in every step, so
            that `compile` can make it part of the compiled step. Else it is called between the
            compiled gradients and the compiled update.
        reads_loss: whether `on_batch_end` looks at `loop.batch_loss`. Where several processes
            train, each has the loss of its share of the batch; for such a callback they add up
            that of the whole.
        in_session: where a session trains on several devices, in processes of their own, whether it
            is called in the session, with a loop of `epoch`, `epochs`, `batch`, `batches`, `row`,
            `history`, `record` and `stop` alone; else each process has its own copy, and the first
            one's attributes come back.
        here_only: why a session cannot train on several devices with it, if it cannot.

    Where several processes train, each calls its callbacks, and `loop.accelerator.rank` says which
    it is; losses and the history are those of the whole.
    """

    traceable = False
    reads_loss = True
    in_session = False
    here_only: str | None = None

    def on_fit_begin(self, loop: Loop) -> None:
        """Before the first epoch, the weights being the initial ones."""

    def on_epoch_begin(self, loop: Loop) -> None:
        """Before the first batch of an epoch."""

    def on_batch_begin(self, loop: Loop) -> None:
        """Before a step; `loop.batch` is the number of the batch in its epoch, from 1."""

    def on_gradients(self, loop: Loop, gradients: list[Tensor]) -> None:
        """Between backward and the optimizer's step: change the gradients in place.

        With "lbfgs", which computes them several times a step, after each.
        """

    def on_batch_end(self, loop: Loop) -> None:
        """After a step; `loop.batch_loss` is the loss before it, a tensor on the device."""

    def on_validation_begin(self, loop: Loop) -> None:
        """Before the evaluation of the validation data, where there are any."""

    def on_validation_end(self, loop: Loop) -> None:
        """After it."""

    def on_epoch_end(self, loop: Loop) -> None:
        """After the evaluation, with `loop.row` still open to `loop.record`."""

    def on_epoch_logged(self, loop: Loop) -> None:
        """After `on_epoch_end` of all callbacks, with the epoch in `loop.history`."""

    def on_fit_end(self, loop: Loop) -> None:
        """After the last epoch, also where something stopped or interrupted the fit."""

    def origin(self, epochs: int) -> Mapping[str, Any] | None:
        """What it is, for a checkpoint: a fit that resumes must have the like.

        Its class and attributes as they are before the fit; None, which may be left out or added,
        where it changes no number: unless said otherwise, where it has neither `on_gradients` nor
        a `state`.

        Args:
            epochs: the fit's number of epochs.
        """
        if type(self).on_gradients is Callback.on_gradients and type(self).state is Callback.state:
            return None
        return {"class": type(self), **vars(self)}

    def state(self) -> dict[str, Any]:
        """What a checkpoint must keep, as values that JSON has."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take what `state` gave; called after `on_fit_begin` where a fit is resumed."""
