"""Where a fit runs that is one of several processes: each has its share of the rows of a batch.

The gradient of a batch is the sum of those of its rows, wherever they are, so that the fit is that
of one process. DDP (`torch.nn.parallel`) adds gradients up; FSDP2 (`sharding.py`) moreover keeps
of each weight a part in each process.

Tests: tests/models/training/test_distributed.py.
"""

import hashlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ..sparse import part
from .batch_norm import as_before, of_whole_batches
from .data import Data
from .device import Accelerator
from .parts import Parts, mode
from .ranks import Group


class RankAccelerator(Accelerator):
    """Where a fit runs that is one process of several.

    Args:
        group: the processes.
        local: the accelerator of one process, which knows device and precision.
    """

    def __init__(self, group: Group, local: Accelerator) -> None:
        super().__init__(local.device)
        self.group, self.local = group, local
        self.rank, self.world_size = group.rank, group.world_size
        self.common: dict[str, Tensor] = {}
        self.module: nn.Module = nn.Identity()
        self.synced: Any = None
        self.counts = True

    # --- what processes do together ---

    def agreed(self) -> AbstractContextManager[None]:
        """Each has done this without an error, or each ends in one."""
        return self.group.agreed()

    def check_same(self, what: dict[str, Any]) -> None:
        """An error where an argument is not the same in all of them."""
        self.group.check_same(what)

    def launch(self, train: Callable[..., Any], *args: Any) -> Any:
        """Call `train(accelerator, *args)`, as each process does."""
        try:
            with self.group.together():
                return train(self, *args)
        finally:
            as_before(self.module)

    def alike(self, *values: float) -> bool:
        """Are these numbers the same in all of them?"""
        mine = torch.tensor(values, dtype=torch.float64)
        both = torch.cat([mine, -mine])
        dist.all_reduce(both, dist.ReduceOp.MAX)
        return bool((both[: len(mine)] == -both[len(mine) :]).all())

    def from_first(self, function: Callable[[], Any]) -> Any:
        """What a function of the user's gives in the first process, where alone it is called."""
        return self.group.from_first(function() if self.rank == 0 else None)

    def of_the_whole(self, loss: Tensor, batch: Data) -> Tensor:
        """The loss of the whole batch, of that of this process's share."""
        return self.group.sum(loss * (batch.n_rows / batch.whole))

    def mean(self, total: Tensor, n_rows: int) -> Tensor:
        """A mean over the rows of all, of this one's total and number of rows."""
        both = self.group.sum(torch.stack([total, total.new_tensor(n_rows)]))
        return both[0] / both[1]

    def rows_of_all(self, value: Tensor) -> Tensor:
        """The rows of each one's tensor."""
        return self.group.rows_of_all(value)

    # --- random numbers ---

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """What is drawn within, such as the order of the rows, each draws alike."""
        own = super().random_state()
        super().set_random_state(self.common)
        try:
            yield
        finally:
            self.common = super().random_state()
            super().set_random_state(own)

    def random_state(self) -> dict[str, Tensor]:
        """That of what each draws alike."""
        return self.common

    def set_random_state(self, state: dict[str, Tensor]) -> None:
        """Put it back."""
        self.common = {**self.common, **state}

    def begin(self) -> None:
        """The first process's random state is that of all; afterwards what a fit has left."""
        self.common = self.group.from_first(super().random_state())

    def end(self) -> None:
        """Go on from what all have in common."""
        super().set_random_state(self.common)

    def begin_epoch(self, epoch: int) -> None:
        """A random state of its own for dropout and the like, which follows from the common one."""
        content = b"".join(t.numpy().tobytes() for t in self.common.values())
        digest = hashlib.sha256(content + f"{epoch} {self.rank}".encode()).digest()
        seed = int.from_bytes(digest[:7], "little")
        torch.default_generator.manual_seed(seed)
        for gpu in self.gpus:
            torch.cuda.default_generators[gpu.index].manual_seed(seed)

    # --- training ---

    def place(self, module: nn.Module, parts: Parts | None = None) -> nn.Module:
        """The module on the device, with the weights of the first process."""
        self.module = self.local.place(module, parts)
        self.from_first_all(self.module)
        of_whole_batches(self.module, lambda: self.counts)
        return self.module

    def from_first_all(self, module: nn.Module) -> None:
        """Give the module the weights that it has in the first process."""
        with torch.no_grad():
            for tensor in module.state_dict().values():
                if isinstance(tensor, Tensor):
                    dist.broadcast(tensor, src=0)

    def setup(
        self, module: nn.Module, optimizer: torch.optim.Optimizer
    ) -> tuple[Callable[..., Tensor], torch.optim.Optimizer]:
        """The module as DDP has it, and its optimizer."""
        forward, optimizer = self.local.setup(module, optimizer)
        self.forward: Any = forward
        return self._forward, optimizer

    def _forward(self, *x: Tensor) -> Tensor:
        if self.synced is None:
            if not torch.is_grad_enabled():
                return self.forward(*x)
            self.synced = self._synchronized(x)
        return self.synced(*x)

    def _synchronized(self, x: tuple[Tensor, ...]) -> nn.Module:
        """The module in DDP, once it is known whether each parameter has a part in the output."""
        trained = [p for p in self.module.parameters() if p.requires_grad]
        with mode(self.module, training=False):
            first = tuple(part(t, 0, 1) for t in x)
            output = self.forward(*first)
            self.local.backward(output.sum(), Data(first, output))
        unused = float(any(p.grad is None for p in trained))
        for p in trained:
            p.grad = None
        device = self.device.index
        # The weights are the first process's: DDP need not send them (that of PyTorch 2.6 does).
        known = inspect.signature(nn.parallel.DistributedDataParallel).parameters
        options: dict[str, Any] = {"init_sync": False} if "init_sync" in known else {}
        return nn.parallel.DistributedDataParallel(
            self.forward,
            device_ids=None if device is None else [device],
            find_unused_parameters=bool(self.group.sum(torch.tensor(unused))),
            gradient_as_bucket_view=True,
            **options,
        )

    def output(self, forward: Callable[..., Tensor], batch: Data) -> Tensor:
        """The module's output for this process's share of a batch."""
        self.counts = batch.n_rows > 0
        return forward(*batch.x)

    def backward(self, loss: Tensor, batch: Data) -> None:
        """The gradients of the whole batch: each counts as its rows, and DDP takes the mean."""
        share = batch.n_rows * self.world_size / batch.whole
        self.local.backward(loss * share, batch._replace(share=None))

    def unscale(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Make the gradients what they are, where half precision has scaled them."""
        self.local.unscale(module, optimizer)

    def partly(self) -> AbstractContextManager[None]:
        """Gradients of a part of a batch, to which more are added."""
        return nullcontext() if self.synced is None else self.synced.no_sync()

    def weights(self, module: nn.Module) -> dict[str, Tensor]:
        """The parameters and buffers, whole; the first process's buffers, which may differ."""
        buffers = dict(module.named_buffers())
        found = {}
        for name, tensor in module.state_dict().items():
            if name in buffers:
                dist.broadcast(tensor, src=0)
            found[name] = self.whole(tensor)
        return found
