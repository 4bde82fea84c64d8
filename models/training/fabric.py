"""Where a fit runs: one process or several, and mixed precision by lightning-fabric."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ..arguments import lookup, whole_number
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
    "ddp_spawn": RankAccelerator,  # what it was called before
    "fsdp": ShardedAccelerator,
}


def find_accelerator(
    device: torch.device, precision: Any, devices: Any, strategy: Any
) -> Accelerator:
    """Where a fit runs that is to run so."""
    by_fabric = lookup("precision", precision, PRECISIONS)
    place = find_rank()
    n = _n_devices(devices, place, device)
    together = lookup("strategy", strategy, STRATEGIES)
    if place is not None and (n > 1 or strategy != "auto"):
        device = _own_device(device, place)
        group = join(place)
        local = FabricAccelerator(device, precision) if by_fabric else Accelerator(device)
        return together(group, local)
    if n > 1:
        return Workers(device, n, precision, strategy)
    return FabricAccelerator(device, precision) if by_fabric else Accelerator(device)


def _n_devices(devices: Any, place: Rank | None, device: torch.device) -> int:
    """How many processes or devices train together."""
    here = 1 if place is None else place.world_size
    if isinstance(devices, str) and devices != "all":
        raise ValueError(f'devices must be a whole number or "all", not "{devices}"')
    if devices is None or (place is not None and devices == "all"):
        return here
    if devices == "all":
        # A CPU is one device: torch's threads are on all of its cores.
        return torch.cuda.device_count() if device.type == "cuda" else 1
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
    """Where a fit runs on one device in another precision, as a `lightning_fabric.Fabric` has it.

    Args:
        device: the device to train on.
        precision: Fabric's name of it: "16-mixed", "bf16-mixed", "64-true", ...
    """

    def __init__(self, device: torch.device, precision: str) -> None:
        try:
            from lightning_fabric import Fabric
            from lightning_fabric.plugins import DoublePrecision
            from lightning_fabric.strategies.single_device import SingleDeviceStrategy
        except ImportError as error:
            raise ImportError("precision needs the package lightning-fabric") from error
        super().__init__(device)
        name: Any = precision

        class Double(DoublePrecision):
            """Outputs stay in double precision: Fabric's own rounds them to float32."""

            def convert_output(self, data: Any) -> Any:
                """As they are."""
                return data

        is_double = precision == "64-true"
        how: dict[str, Any] = {"plugins": Double()} if is_double else {"precision": name}
        # By its own strategy it looks around for a job to be part of.
        self.fabric: Any = Fabric(**how, strategy=SingleDeviceStrategy(device))

    def setup(
        self, module: nn.Module, optimizer: torch.optim.Optimizer
    ) -> tuple[Callable[..., Tensor], torch.optim.Optimizer]:
        """Both wrapped: Fabric casts inputs, and scales what half precision asks for."""
        forward, optimizer = self.fabric.setup(module, optimizer, move_to_device=False)
        return forward, optimizer

    def backward(self, loss: Tensor, batch: Data) -> None:
        """Compute the gradients, scaled as need be."""
        share = 1.0 if batch.share is None else batch.n_rows / batch.whole
        self.fabric.backward(loss if share == 1 else loss * share)

    def unscale(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Fabric unscales in its own clipping; a limit that nothing reaches leaves just that."""
        self.fabric.clip_gradients(
            module, optimizer, max_norm=float("inf"), error_if_nonfinite=False
        )
