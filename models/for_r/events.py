"""Callbacks written in R: functions by the events of a fit.

Tests: test-fit-callbacks.R.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from torchbridge.process.interrupts import passing_interrupts

from ..callbacks import Callback
from ..callbacks.callback import EVENTS
from ..callbacks.epoch_end import decided, record_all

if TYPE_CHECKING:
    from torch import Tensor

    from ..training.loop import Loop

#: Where the line of the history is there to see.
_LINES = ("on_epoch_end", "on_epoch_logged", "on_fit_end")


class EventFunctions(Callback):
    """Calls functions at the events of a fit; `of` makes one that hears just those.

    A function gets a dict: `event`, `epoch`, `epochs`, `batch` (the number of the batch), `lr`,
    `module` and `optimizer`; `loss` at a batch's end; `gradients` by parameter, to be changed in
    place, between backward and the step; and the line of the history where it is written. False
    ends the fit with the epoch at hand; a dict of numbers at an epoch's end is added to its line.
    """

    here_only = "the functions of a torch_callback() see the network as it is trained, in this R"
    functions: Mapping[str, Callable[[dict[str, Any]], Any]]
    sources: Mapping[str, str]

    @staticmethod
    def of(
        functions: Mapping[str, Callable[[dict[str, Any]], Any]], sources: Mapping[str, str]
    ) -> EventFunctions:
        """The callback of these functions, by event, whose text is `sources`."""
        methods = {event: _method(event) for event in EVENTS if event in functions}
        callback: EventFunctions = type("EventFunctions", (EventFunctions,), methods)()
        callback.functions, callback.sources = functions, sources
        return callback

    def origin(self, epochs: int) -> dict[str, Any]:
        """The text of the functions."""
        return dict(self.sources)

    def tell(self, event: str, loop: Loop, gradients: list[Tensor] | None) -> None:
        """Call the function of an event, and do what it says."""
        at = {
            "event": event,
            "epoch": loop.epoch,
            "epochs": loop.epochs,
            "batch": loop.batch,
            "lr": loop.optimizer.param_groups[0]["lr"],
            "module": loop.module,
            "optimizer": loop.optimizer,
        }
        if event == "on_batch_end" and loop.batch_loss is not None:
            at["loss"] = float(loop.batch_loss)
        if event in _LINES:
            at["line"] = {"epoch": loop.epoch, **loop.row}
        if gradients is not None:
            at["gradients"] = _named(loop, gradients)
        mine = passing_interrupts(self.functions[event])(at)
        # Of several processes all call it, for it may change what it gets; the first one decides.
        found = loop.accelerator.from_first(lambda: decided(mine))
        if found is False:
            loop.stop(f"the function {event} returned False")
        if event == "on_epoch_end" and isinstance(found, Mapping):
            record_all(loop, found)


def _method(event: str) -> Callable[..., None]:
    def method(self: EventFunctions, loop: Loop, gradients: list[Tensor] | None = None) -> None:
        self.tell(event, loop, gradients)

    return method


def _named(loop: Loop, gradients: list[Tensor]) -> dict[str, Tensor]:
    """By parameter; those without a gradient in this step are not there."""
    trained = [(name, p) for name, p in loop.module.named_parameters() if p.requires_grad]
    if len(trained) != len(gradients):
        trained = [(name, p) for name, p in trained if p.grad is not None]
    return {name: g for (name, _), g in zip(trained, gradients, strict=True)}
