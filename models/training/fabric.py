"""Mixed precision and several devices, by lightning-fabric."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ..arguments import kind_of, lookup, whole_number
from .data import Data
from .device import Accelerator
from .distributed import RankAccelerator
from .ranks import Rank, find_rank, join
from .sharding import ShardedAccelerator
from .workers import Workers

# Fabric's names -> whether it takes Fabric
PRECISIONS = {
    "32-true": False,
    "16-mixed": True,
    "bf16-mixed": True,
    "bf16-true": True,
    "64-true": True,
}


#: How processes train together, by name.
STRATEGIES: dict[str, type[RankAccelerator]] = {
    "auto": RankAccelerator,
    "ddp": RankAccelerator,
    "ddp_spawn": RankAccelerator,  # the name of it where Fabric starts processes
    "fsdp": ShardedAccelerator,
}


def find_accelerator(
    device: torch.device, precision: Any, devices: Any, strategy: Any
) -> Accelerator:
    """Where a fit runs that is to run so."""
    by_fabric = lookup("precision", precision, PRECISIONS)
    place = find_rank()
    n = _n_devices(devices, place)
    if not isinstance(strategy, str):
        raise TypeError(f"strategy must be a string, not {kind_of(strategy)}")
    together = lookup("strategy", strategy, STRATEGIES) if place is not None else RankAccelerator
    if place is not None and (n > 1 or strategy != "auto"):
        device = _own_device(device, place)
        group = join(place, device.type)
        local = FabricAccelerator(device, 1, precision, "auto") if by_fabric else None
        return together(group, local or Accelerator(device))
    if not by_fabric and n == 1 and strategy == "auto":
        return Accelerator(device)
    if n > 1:
        return Workers(device, n, precision, strategy)
    return FabricAccelerator(device, n, precision, strategy)


def _n_devices(devices: Any, place: Rank | None) -> int:
    """How many processes or devices train together."""
    here = 1 if place is None else place.world_size
    if devices is None or (place is not None and devices == "all"):
        return here
    n = whole_number("devices", devices, 1)
    if place is not None and n not in (1, here):
        raise ValueError(
            f"devices is {n}, and this process is one of a job of {here}: leave devices out, or "
            "start as many"
        )
    return n


def _own_device(device: torch.device, place: Rank) -> torch.device:
    """The GPU of this process among those of its machine."""
    if device.type != "cuda":
        return device
    own = torch.device("cuda", place.local_rank % torch.cuda.device_count())
    torch.cuda.set_device(own)
    return own


class FabricAccelerator(Accelerator):
    """Where a fit runs, as a `lightning_fabric.Fabric` has it.

    Args:
        device: the device to train on, or the kind of the devices.
        devices: how many.
        precision: Fabric's name of it: "16-mixed", "bf16-mixed", "64-true", ...
        strategy: Fabric's name of it: "auto", "ddp", "ddp_spawn", "fsdp", ...
    """

    def __init__(self, device: torch.device, devices: int, precision: str, strategy: str) -> None:
        try:
            from lightning_fabric import Fabric
        except ImportError as error:
            raise ImportError(
                "precision, devices and strategy need the package lightning-fabric"
            ) from error
        super().__init__(device)
        wanted: Any = [device.index] if device.type == "cuda" and devices == 1 else devices
        name: Any = precision
        strategy = "ddp" if strategy == "ddp_spawn" else strategy
        self.fabric: Any = Fabric(
            accelerator=device.type, devices=wanted, precision=name, strategy=strategy
        )

    @property
    def rank(self) -> int:  # type: ignore[override]
        """The number of this process."""
        return self.fabric.global_rank

    @property
    def world_size(self) -> int:  # type: ignore[override]
        """The number of processes."""
        return self.fabric.world_size

    def launch(self, train: Callable[..., Any], *args: Any) -> Any:
        """Call `train(accelerator, *args)` in every process; what the first one returns."""
        return self.fabric.launch(lambda _, *given: train(self, *given), *args)

    def setup(
        self, module: nn.Module, optimizer: torch.optim.Optimizer
    ) -> tuple[Callable[..., Tensor], torch.optim.Optimizer]:
        """Both wrapped: Fabric casts inputs, shards, and adds up gradients."""
        module, optimizer = self.fabric.setup(module, optimizer)
        self.device = self.fabric.device
        return module, optimizer

    def backward(self, loss: Tensor, batch: Data) -> None:
        """Compute the gradients, scaled and added up as need be."""
        self.fabric.backward(loss)

    def unscale(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Fabric unscales in its own clipping; a limit that nothing reaches leaves just that."""
        self.fabric.clip_gradients(
            module, optimizer, max_norm=float("inf"), error_if_nonfinite=False
        )

    def mean(self, total: Tensor, n_rows: int) -> Tensor:
        """The mean over the processes."""
        return self.fabric.all_reduce(total / n_rows, reduce_op="mean")
