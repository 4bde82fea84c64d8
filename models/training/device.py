"""Where training runs: the one place that knows devices.

Tests: tests/models/training/test_fit.py.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ..arguments import kind_of


def training_device(device: str | torch.device | None) -> torch.device:
    """The device to train on."""
    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device is None:
        device = "cuda" if n_gpus else "cpu"
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

    def launch(self, train: Callable[..., Any], *args: Any) -> Any:
        """Call `train(accelerator, *args)` in every process; what the first one returns."""
        return train(self, *args)

    def setup(
        self, module: nn.Module, optimizer: torch.optim.Optimizer
    ) -> tuple[nn.Module, torch.optim.Optimizer]:
        """The module and its optimizer, ready for the loop."""
        return module, optimizer

    def backward(self, loss: Tensor) -> None:
        """Compute the gradients."""
        loss.backward()

    def unscale(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Make the gradients what they are, where half precision has scaled them."""

    def mean(self, value: Tensor) -> Tensor:
        """The mean over the processes."""
        return value


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
    if step < SMALL_STEP:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
