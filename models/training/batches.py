"""What a loop iterates over in an epoch: rows of tensors, or anyone's loader.

Tests: tests/models/training/test_fit.py.
"""

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, Protocol

import torch

from ..arguments import kind_of
from .data import Data


class Batches(Protocol):
    """An epoch of batches, each time it is iterated."""

    def __iter__(self) -> Iterator[Data]: ...

    def __len__(self) -> int:
        """The number of batches."""
        ...


class TensorBatches:
    """Batches gathered on the device by one random order of the rows.

    Args:
        data: all rows, on the device.
        batch_size: rows in a batch; the last has what is left.
        shuffle: draw a new order every epoch, or keep the rows' own.
        least: rows that a batch must have: fewer that are left join the batch before.
        rank, world_size: with several processes each gets its part of the order, all as
            many rows: the first of the order come twice where they do not divide.
    """

    def __init__(
        self,
        data: Data,
        batch_size: int,
        shuffle: bool,
        least: int = 1,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.data = data
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.rank, self.world_size = rank, world_size
        self.sizes = _sizes(-(-data.n_rows // world_size), batch_size, least)

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[Data]:
        n_rows, device = self.data.n_rows, self.data.y.device
        if self.world_size == 1 and (self.batch_size >= n_rows or not self.shuffle):
            yield from self.data.split(self.sizes)
            return
        order = torch.randperm(n_rows, device=device) if self.shuffle else torch.arange(n_rows)
        if self.world_size > 1:
            missing = -n_rows % self.world_size
            order = torch.cat([order, order[:missing]])[self.rank :: self.world_size]
        for index in order.split(self.sizes):
            yield self.data.rows(index)


def _sizes(n_rows: int, batch_size: int, least: int) -> list[int]:
    """Rows of each batch."""
    sizes = [batch_size] * (n_rows // batch_size)
    left = n_rows % batch_size
    if left and (left >= least or not sizes):
        return [*sizes, left]
    if left:
        sizes[-1] += left
    return sizes


class LoaderBatches:
    """The batches of a loader, such as `torch.utils.data.DataLoader`, moved to the device.

    Args:
        name: what errors call the loader.
        loader: gives (x, y) or (x, y, weights), every time it is iterated; x is a tensor
            or, for a module of several arguments, a tuple or list of them.
        check: makes checked data of them (of x, y and weights).
        device: where the batches go.
    """

    def __init__(
        self, name: str, loader: Iterable, check: Callable[..., Data], device: torch.device
    ) -> None:
        self.name, self.loader, self.check, self.device = name, loader, check, device

    def __len__(self) -> int:
        if not isinstance(self.loader, Sized):
            raise TypeError(f"{self.name} must have a length (a number of batches) for this")
        return len(self.loader)

    def __iter__(self) -> Iterator[Data]:
        empty = True
        for batch in self.loader:
            if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
                raise TypeError(
                    f"{self.name} must give batches (x, y) or (x, y, weights), not {kind_of(batch)}"
                )
            empty = False
            yield self.check(*batch).to(self.device)
        if empty:
            raise ValueError(f"{self.name} gave no batches")


def is_loader(x: Any) -> bool:
    """Is it something to iterate over, rather than tensors?"""
    return (
        not isinstance(x, (torch.Tensor, tuple, list, str))
        and isinstance(x, Iterable)
        and (not hasattr(x, "__array__"))
    )
