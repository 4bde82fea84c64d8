"""A network of which each process keeps a part: FSDP2, for those that one GPU cannot hold.

Each weight, its gradient and what the optimizer keeps of it are there once, in parts, and a block
of the network is put together while it computes (Zhao et al., 2023, PyTorch FSDP).

Tests: tests/models/training/test_distributed.py.
"""

import copy
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from .batch_norm import of_whole_batches
from .distributed import RankAccelerator
from .parts import Parts
from .ranks import in_all

#: Weights that a block has at least to be put together on its own: below, one message costs more
#: than its memory is worth.
BLOCK = 2**20


class ShardedAccelerator(RankAccelerator):
    """Where a fit runs that is one process of several, each with a part of the network.

    The caller's module stays where it is, and has the trained weights at the end.
    """

    def place(self, module: nn.Module, parts: Parts | None = None) -> nn.Module:
        """A copy in parts, with the weights of the first process."""
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        if not can_shard(self.device):
            raise in_all(
                RuntimeError(
                    f'strategy "fsdp" does not run on CPUs with PyTorch {torch.__version__}: take '
                    'a later PyTorch, GPUs, or strategy "ddp"'
                )
            )
        self.from_first_all(module)
        mesh = init_device_mesh(self.device.type, (self.world_size,))
        copied = copy.deepcopy(module)
        for block in blocks(copied, BLOCK):
            fully_shard(block, mesh=mesh)
        sharded: Any = fully_shard(copied, mesh=mesh)
        self.module = sharded
        of_whole_batches(self.module, lambda: self.counts)
        return self.module

    def setup(
        self, module: nn.Module, optimizer: torch.optim.Optimizer
    ) -> tuple[Callable[..., Tensor], torch.optim.Optimizer]:
        """What puts the network together for each pass, and the optimizer of its parts."""
        if isinstance(optimizer, (torch.optim.LBFGS, torch.optim.Rprop)):
            raise in_all(
                ValueError(
                    f'optimizer "{type(optimizer).__name__.lower()}" takes weights whole, and '
                    'strategy "fsdp" has them in parts: it goes with the other optimizers'
                )
            )
        return self.local.setup(module, optimizer)

    def partly(self) -> AbstractContextManager[None]:
        """Gradients of a part of a batch, to which more are added."""
        return _unsynchronized(self.module)

    def whole(self, tensor: Tensor) -> Tensor:
        """A tensor of which each has a part, on the CPU; all must ask."""
        full = getattr(tensor, "full_tensor", None)
        return tensor if full is None else full().cpu()

    def part(self, tensor: Tensor, like: Tensor) -> Tensor:
        """This process's part of a tensor, as it has one of `like`."""
        from torch.distributed.tensor import DTensor, distribute_tensor

        if not isinstance(like, DTensor) or tensor.shape != like.shape:
            return tensor
        given = tensor.to(self.device, like.dtype)
        # Each has it whole. (PyTorch 2.6 sends the first one's all the same.)
        known = inspect.signature(distribute_tensor).parameters
        options: dict[str, Any] = {"src_data_rank": None} if "src_data_rank" in known else {}
        return distribute_tensor(given, like.device_mesh, like.placements, **options)


def can_shard(device: torch.device) -> bool:
    """Does this PyTorch's FSDP2 run there? That of 2.6 asks of the CPU's streams what they lack."""
    return device.type != "cpu" or hasattr(torch.cpu.Stream, "record_event")


def blocks(module: nn.Module, least: int) -> Iterator[nn.Module]:
    """The parts of a network that are called one after another, with so many weights or more.

    They are the elements of containers: what is inside another module may be used without being
    called, as a layer's weight may. Inner ones come first.
    """
    for part in reversed(list(module.modules())):
        if isinstance(part, (nn.Sequential, nn.ModuleList)):
            for element in part:
                if isinstance(element, (nn.Sequential, nn.ModuleList)):
                    continue
                if sum(p.numel() for p in element.parameters()) >= least:
                    yield element


@contextmanager
def _unsynchronized(module: Any) -> Iterator[None]:
    module.set_requires_gradient_sync(False)
    try:
        yield
    finally:
        module.set_requires_gradient_sync(True)
