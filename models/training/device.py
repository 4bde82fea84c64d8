"""Where training runs: the one place that knows devices.

Tests: tests/models/training/test_fit.py.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from ..arguments import kind_of
from .data import Data
from .parts import Parts


def training_device(device: str | torch.device | None) -> torch.device:
    """The device to train on."""
    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device is None:
        if n_gpus == 0:
            return torch.device("cpu")
        device = "cuda"
    if not isinstance(device, (str, torch.device)):
        raise TypeError(f"device must be a string or None, not {kind_of(device)}")
    if not re.fullmatch(r"cpu|cuda(:\d+)?", str(device)):
        raise ValueError(
            f'device must be "cpu", "cuda", "cuda:1" and so on, or None, not "{device}"'
        )
    wanted = torch.device(device)
    if wanted.type == "cpu":
        return wanted
    if n_gpus <= (wanted.index or 0):
        raise ValueError(f'device is "{device}", but torch sees {n_gpus} GPUs here')
    # With its number, so that it compares equal to where tensors say they are.
    index = torch.cuda.current_device() if wanted.index is None else wanted.index
    return torch.device("cuda", index)


class Accelerator:
    """Where a fit runs: one device, in the dtype that the module has.

    `fabric.py` has the one for mixed precision and several devices.
    """

    rank = 0
    world_size = 1

    def __init__(self, device: torch.device) -> None:
        self.device = device

    @property
    def gpus(self) -> list[torch.device]:
        """The GPUs whose random state is part of the fit's."""
        return [self.device] if self.device.type == "cuda" else []

    # --- what several processes do together; one alone has nothing to do ---

    def agreed(self) -> AbstractContextManager[None]:
        """Each process has done this without an error, or each ends in one."""
        return nullcontext()

    def check_same(self, what: dict[str, Any]) -> None:
        """An error where an argument is not the same in all of them."""

    def alike(self, *values: float) -> bool:
        """Are these numbers the same in all of them?"""
        return True

    def from_first(self, function: Callable[[], Any]) -> Any:
        """What a function of the user's gives in the first process, where alone it is called."""
        return function()

    def of_the_whole(self, loss: Tensor, batch: Data) -> Tensor:
        """The loss of the whole batch, of that of this process's share."""
        return loss

    def mean(self, total: Tensor, n_rows: int) -> Tensor:
        """A mean over the rows of all processes, of this one's total and number of rows."""
        return total / n_rows

    def rows_of_all(self, value: Tensor) -> Tensor:
        """The rows of each process's tensor."""
        return value

    # --- random numbers ---

    def random_state(self) -> dict[str, Tensor]:
        """Torch's random state, by "cpu" and "cuda"."""
        state = {"cpu": torch.get_rng_state()}
        for gpu in self.gpus:
            state["cuda"] = torch.cuda.get_rng_state(gpu)
        return state

    def set_random_state(self, state: dict[str, Tensor]) -> None:
        """Put it back; one that was taken on a CPU leaves the GPU's."""
        torch.set_rng_state(state["cpu"])
        if "cuda" in state:
            for gpu in self.gpus:
                torch.cuda.set_rng_state(state["cuda"], gpu)

    def drawing(self) -> AbstractContextManager[None]:
        """What is drawn within, such as the order of the rows, each process draws alike."""
        return nullcontext()

    def begin(self) -> None:
        """Before the first epoch: random states are what they must be."""

    def end(self) -> None:
        """After the last."""

    def begin_epoch(self, epoch: int) -> None:
        """Before each."""

    # --- training ---

    def launch(self, train: Callable[..., Any], *args: Any) -> Any:
        """Call `train(accelerator, *args)` in every process; what the first one returns."""
        return train(self, *args)

    def place(self, module: nn.Module, parts: Parts | None = None) -> nn.Module:
        """The module that is trained, which is on the device; `parts` are its, where known."""
        if self.device.type == "cpu" and (parts or Parts(module)).are_on(self.device):
            return module  # to() takes as long as a step of a small network
        return module.to(self.device)

    def setup(
        self, module: nn.Module, optimizer: torch.optim.Optimizer
    ) -> tuple[Callable[..., Tensor], torch.optim.Optimizer]:
        """What the loop calls for outputs, and the optimizer."""
        return module, optimizer

    def output(self, forward: Callable[..., Tensor], batch: Data) -> Tensor:
        """The module's output for a batch."""
        return forward(*batch.x)

    def backward(self, loss: Tensor, batch: Data) -> None:
        """Add the gradients of a batch's loss; of a part of a batch, as much as it is of it."""
        (loss if batch.share is None else loss * (batch.n_rows / batch.whole)).backward()

    def partly(self) -> AbstractContextManager[None]:
        """Gradients of a part of a batch, to which more are added."""
        return nullcontext()

    def unscale(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Make the gradients what they are, where half precision has scaled them."""

    def weights(self, module: nn.Module) -> dict[str, Tensor]:
        """The parameters and buffers of the module that is trained, whole."""
        return module.state_dict()

    def whole(self, tensor: Tensor) -> Tensor:
        """A tensor of which each process may have a part."""
        return tensor

    def part(self, tensor: Tensor, like: Tensor) -> Tensor:
        """This process's part of a tensor, as it has one of `like`."""
        return tensor


#: Multiplications in one step, forward, below which a second thread costs more than it brings:
#: threads wait for each other after every operation, and on a busy machine for the scheduler
#: too (the demo's network: 44 s with two threads beside other work, 4 s with one).
SMALL_STEP = 2**22


@contextmanager
def threads_for(step: float) -> Iterator[None]:
    """One thread of torch's where a step of so many multiplications is small.

    Afterwards as many as before. Never more than the user has set.
    """
    before = torch.get_num_threads()
    if step < SMALL_STEP and before > 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if torch.get_num_threads() != before:
            torch.set_num_threads(before)
