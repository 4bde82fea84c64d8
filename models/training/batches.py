"""What a loop iterates over in an epoch: rows of tensors, or anyone's loader.

Tests: tests/models/training/test_fit.py.
"""

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, Protocol

import torch

from ..arguments import kind_of
from ..sparse import is_sparse_matrix, part
from .data import Data
from .device import Accelerator
from .ranks import in_all


class Batches(Protocol):
    """An epoch of batches, each time it is iterated."""

    def __iter__(self) -> Iterator[Data]: ...

    def __len__(self) -> int:
        """The number of batches."""
        ...


class TensorBatches:
    """Batches gathered on the device by one random order of the rows.

    Where several processes train, each gets its share of every batch.

    Args:
        data: all rows, on the device.
        batch_size: rows in a batch; the last has what is left.
        shuffle: draw a new order every epoch, or keep the rows' own.
        least: rows that a batch must have: fewer that are left join the batch before.
        accelerator: which of the processes this is.
    """

    def __init__(
        self,
        data: Data,
        batch_size: int,
        shuffle: bool,
        least: int,
        accelerator: Accelerator,
    ) -> None:
        self.data = data
        self.shuffle = shuffle and batch_size < data.n_rows
        self.least, self.accelerator = least, accelerator
        self.sizes = batch_sizes(data.n_rows, batch_size, least)

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[Data]:
        n_rows, device = self.data.n_rows, self.data.y.device
        alone = self.accelerator.world_size == 1
        if alone and not self.shuffle:
            yield from [self.data] if len(self) == 1 else self.data.split(self.sizes)
            return
        with self.accelerator.drawing():
            draw = torch.randperm if self.shuffle else torch.arange
            order = draw(n_rows, device=device)
        for index in order.split(self.sizes):
            if alone:
                yield self.data.rows(index)
            else:
                rows, share = share_of(self.accelerator, len(index), self.least)
                yield self.data.rows(index[rows])._replace(share=share)


def share_of(
    accelerator: Accelerator, n_rows: int, least: int, rank: int | None = None
) -> tuple[slice, tuple[int, int]]:
    """Which rows of a batch are a process's, and the `share` of the `Data` that has them.

    The process is the accelerator's own, unless `rank` says.

    All get as many, as near as may be, and `least` at least. Where there is nothing left for the
    last ones, they get the first rows, which do not count.
    """
    parts = max(1, min(accelerator.world_size, n_rows // least))
    rank = accelerator.rank if rank is None else rank
    if rank >= parts:
        return slice(0, min(least, n_rows)), (0, n_rows)
    rows = slice(n_rows * rank // parts, n_rows * (rank + 1) // parts)
    return rows, (rows.stop - rows.start, n_rows)


def batch_sizes(n_rows: int, batch_size: int, least: int) -> list[int]:
    """Rows of each batch: fewer than `least` that are left join the one before."""
    sizes = [batch_size] * (n_rows // batch_size)
    left = n_rows % batch_size
    if left and (left >= least or not sizes):
        return [*sizes, left]
    if left:
        sizes[-1] += left
    return sizes


class LoaderBatches:
    """The batches of a loader, such as `torch.utils.data.DataLoader`, moved to the device.

    Where several processes train, each goes over the whole loader, which must give the same batches
    in each, and takes its share of the rows.

    Args:
        name: what errors call the loader.
        loader: gives (x, y) or (x, y, weights), every time it is iterated; x is a tensor
            or, for a module of several arguments, a tuple or list of them.
        check: makes checked data of them (of x, y and weights).
        accelerator: where the batches go.
        least: rows that a process's share must have.
    """

    def __init__(
        self,
        name: str,
        loader: Iterable,
        check: Callable[..., Data],
        accelerator: Accelerator,
        least: int = 1,
    ) -> None:
        self.name, self.loader, self.check = name, loader, check
        self.accelerator, self.least = accelerator, least

    def __len__(self) -> int:
        if not isinstance(self.loader, Sized):
            raise TypeError(f"{self.name} must have a length (a number of batches) for this")
        return len(self.loader)

    def __iter__(self) -> Iterator[Data]:
        accelerator, empty = self.accelerator, True
        with accelerator.drawing():
            batches = iter(self.loader)
        while True:
            with accelerator.drawing():  # loaders draw as they go
                batch = next(batches, _END)
            found = None if batch is _END else self._checked(batch)
            if accelerator.world_size > 1:
                found = self._share(found)
            if found is None:
                break
            empty = False
            yield found.to(accelerator.device)
        if empty:
            raise ValueError(f"{self.name} gave no batches")

    def _checked(self, batch: Any) -> Data:
        if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
            raise TypeError(
                f"{self.name} must give batches (x, y) or (x, y, weights), not {kind_of(batch)}"
            )
        return self.check(*batch)

    def _share(self, whole: Data | None) -> Data | None:
        """This process's rows of a batch that all have; None after the last."""
        n = 0 if whole is None else whole.n_rows
        of_y = 0.0 if whole is None else float(whole.y.double().sum())
        if not self.accelerator.alike(float(n), of_y):
            raise in_all(
                ValueError(
                    f"{self.name} does not give the same batches in each process of the job: set "
                    "the seed that its order comes from"
                )
            )
        if whole is None:
            return None
        rows, share = share_of(self.accelerator, n, self.least)
        return whole.each(lambda t: part(t, rows.start, rows.stop))._replace(share=share)


_END = object()


def is_loader(x: Any) -> bool:
    """Is it something to iterate over, rather than tensors?"""
    return (
        not isinstance(x, (torch.Tensor, tuple, list, str))
        and isinstance(x, Iterable)
        and not (hasattr(x, "__array__") or is_sparse_matrix(x))
    )
