"""Datasets and batches: rows of tensors for R, R's datasets for Python's ``DataLoader``.

What is random is drawn as ``torch.utils.data.DataLoader`` draws it, so that the batches of
R's ``dataloader()`` are those of Python at the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from torchbridge.arrays.from_r import to_array
from torchbridge.arrays.torch_arrays import TorchArrays
from torchbridge.process import host, rpy2_objects
from torchbridge.process.errors import RError

if TYPE_CHECKING:
    from rpy2.rinterface_lib.sexp import Sexp

    from torchbridge._native import RObject

#: An item of a dataset, or a batch of items: a tensor, text, or a tuple, list or dict of such.
Item: TypeAlias = Any

#: The dtype of R's numbers in a batch, as R torch has it.
_DTYPES = {"double": "float32", "integer": "int64", "logical": "bool", "complex": "complex64"}


class RDataset(Dataset[Item]):
    """An R dataset for Python: ``DataLoader(RDataset(dataset), batch_size=32)``.

    Indices count from 0 here, and from 1 in R. The items are R's: a list is a tuple, a named
    list a dict, numbers are tensors (double: float32, integer: int64, logical: bool), text is
    str. Where the dataset has a ``.getbatch``, a whole batch is one call of R.

    R runs on one thread of one process: no other thread can use it, and worker processes
    only where they are forks of this one (``multiprocessing_context="fork"``).

    Args:
        dataset: an R object that ``dataset()`` made.
    """

    def __init__(self, dataset: RObject | Sexp) -> None:
        core = host.native()
        if rpy2_objects.is_rpy2(dataset):
            dataset = rpy2_objects.robject(dataset)
        package = core.base_function("getNamespace").call("torchbridge")
        functions = core.base_function("get").call("dataset_functions", package)
        self._length, self._item, self._batch = functions.call(dataset).items()
        self._has_batch = self._batch.typeof != "NULL"

    def __len__(self) -> int:
        return int(self._length())

    def __getitem__(self, index: int) -> Item:
        return to_item(self._item.call(self._position(index)))

    def __getitems__(self, indices: Sequence[int]) -> list[Item]:
        positions = [self._position(index) for index in indices]
        if not self._has_batch:
            return [to_item(self._item.call(position)) for position in positions]
        return _rows(to_item(self._batch.call(positions), batch=True), len(positions))

    def _position(self, index: int) -> int:
        size = len(self)
        if not -size <= index < size:
            raise IndexError(f"index {index} is out of range: the dataset has {size} items")
        return int(index) % size + 1

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "an R dataset cannot be sent to another process: use num_workers=0, or "
            "multiprocessing_context='fork'"
        )


def to_item(x: RObject, batch: bool = False) -> Item:
    """The Python item, or batch of items, of an R value (RObject).

    A single number is a tensor of no dims, but in a batch the one item of it.
    """
    kind = x.typeof
    if kind == "list":
        items = [to_item(item, batch) for item in x.items()]
        names = x.attr("names")
        if names is None:
            return tuple(items)
        names = names.value()
        return dict(zip([names] if isinstance(names, str) else names, items, strict=True))
    if kind not in (*_DTYPES, "raw"):
        value = x.value()
        return [value] if batch and isinstance(value, str) else value
    result = to_tensor(x)
    single = result.shape == (1,) and x.dim is None and not batch
    return result.reshape(()) if single else result


def to_tensor(x: RObject) -> Tensor:
    """The tensor of R's numbers (RObject), in a batch's dtype."""
    dtype = None if x.classes else _DTYPES.get(x.typeof)
    return to_array(x, TorchArrays(dtype, None), False, "error", first=1)


def _rows(batch: Item, size: int) -> list[Item]:
    """A batch, item by item."""
    if isinstance(batch, dict):
        columns = [_rows(column, size) for column in batch.values()]
        return [dict(zip(batch, row, strict=True)) for row in zip(*columns, strict=True)]
    if isinstance(batch, tuple):
        return list(zip(*(_rows(column, size) for column in batch), strict=True))
    rows = list(batch)
    if len(rows) != size:
        raise ValueError(f"`.getbatch` must give {size} rows, one an index, not {len(rows)}")
    return rows


# ---- rows of tensors ----


class Batches:
    """Batches of tensors' rows, one gather a tensor a batch, on the tensors' own device.

    A call gives the next batch, as a list, and None after the last.
    """

    def __init__(
        self,
        tensors: list[Tensor],
        rows: Tensor | None,
        batch_size: int,
        shuffle: bool,
        drop_last: bool,
        pin_memory: bool,
    ) -> None:
        size = len(tensors[0]) if rows is None else len(rows)
        order = _order(size, shuffle)
        if rows is not None:
            order = rows if order is None else rows[order]
        self._tensors = tensors
        self._batch_size = batch_size
        self._stop = size - size % batch_size if drop_last else size
        self._at = 0
        self._pin = pin_memory
        # Once an epoch to each device.
        self._orders = [None if order is None else order.to(t.device) for t in tensors]

    def __call__(self) -> list[Tensor] | None:
        """The next batch, or None."""
        if self._at >= self._stop:
            return None
        size = min(self._batch_size, self._stop - self._at)
        batch = [
            # A copy in any case: what is done to a batch must not change the data.
            t.narrow(0, self._at, size).clone()
            if order is None
            else t.index_select(0, order.narrow(0, self._at, size))
            for t, order in zip(self._tensors, self._orders, strict=True)
        ]
        self._at += size
        return [t.pin_memory() for t in batch] if self._pin else batch


def rows_of(indices: list[float] | Tensor, rows: Tensor | None) -> Tensor:
    """R's indices (a list or a tensor), of rows or of `rows`, as positions."""
    index = torch.as_tensor(indices, dtype=torch.int64) - 1
    return index if rows is None else rows[index]


def item(tensors: list[Tensor], index: int) -> list[Tensor]:
    """One row of each tensor; `index` counts from 1."""
    return [t[index - 1].clone() for t in tensors]


def gather(tensors: list[Tensor], rows: Tensor) -> list[Tensor]:
    """Rows of each tensor, by position."""
    return [t.index_select(0, rows.to(t.device)) for t in tensors]


# ---- order ----


def order(size: int, shuffle: bool) -> Tensor:
    """The order of an epoch, counted from 1."""
    found = _order(size, shuffle)
    return torch.arange(1, size + 1) if found is None else found + 1


def permutation(size: int) -> Tensor:
    """A random order, drawn as DataLoader and its RandomSampler draw it."""
    draw_seed()
    generator = torch.Generator()
    generator.manual_seed(draw_seed())
    return torch.randperm(size, generator=generator)


def _order(size: int, shuffle: bool) -> Tensor | None:
    if shuffle:
        return permutation(size)
    draw_seed()  # DataLoader draws the seed of its workers in any case
    return None


def draw_seed() -> int:
    """A number from PyTorch's generator, as DataLoader draws it at the start of an epoch."""
    # Named, since torch.old_seed_behavior has another one for what names none (seeds.py).
    drawn = torch.empty((), dtype=torch.int64).random_(generator=torch.default_generator)
    return int(drawn.item())


def sampled(sampler: Iterable[Any]) -> list[int | list[int]]:
    """What a Python sampler gives in one epoch, counted from 1: indices, or lists of them."""
    draw_seed()
    return [
        [int(i) + 1 for i in index] if isinstance(index, (list, tuple)) else int(index) + 1
        for index in sampler
    ]


# ---- collation of what R gives ----


def stack(items: list[Tensor]) -> Tensor:
    """Tensors of one shape, along a new first dim."""
    return torch.stack(items)


def batch_of_numbers(x: RObject, n: int, shape: list[int]) -> Tensor:
    """R's numbers of `n` items, one after the other, as a batch; an item has R's dims `shape`."""
    values = to_tensor(x)
    if not shape:
        return values
    last_first = range(len(shape), 0, -1)
    return values.reshape(n, *reversed(shape)).permute(0, *last_first).contiguous()


def last_dim_first(x: Tensor) -> Tensor:
    """R lays items one after the other: along the last dim."""
    return x.movedim(-1, 0).contiguous()


def can_pin() -> bool:
    """Whether there is a device to which pinned memory is copied faster."""
    return bool(torch.accelerator.is_available())


def pinned(batch: Any) -> Any:
    """The same with all tensors in pinned memory."""
    return _with_tensors(batch, torch.Tensor.pin_memory)


def _with_tensors(batch: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(batch, torch.Tensor):
        return change(batch)
    if isinstance(batch, dict):
        return {key: _with_tensors(value, change) for key, value in batch.items()}
    if type(batch) in (list, tuple):
        return type(batch)(_with_tensors(value, change) for value in batch)
    return batch


# ---- loaders of Python, for R ----


#: A batch on its way: R's values as bytes, and its tensors in the order of their places there.
Packed: TypeAlias = tuple[bytes, list[Tensor]]


class _Fetched(Dataset[Item]):
    """Batches that an R function fetches; an index is the list of a batch's indices.

    What a worker can't do or send is a `_Failure`: an exception may be of a class that the main
    process can't make again, and what can't be pickled would never arrive.
    """

    def __init__(self, fetch: Callable[[list[int]], Packed], begin: Callable[[int], object]):
        self._fetch = fetch
        self._begin = begin
        self._failure: _Failure | None = None

    def begin(self, worker: int) -> None:
        """What the worker does first."""
        self._failure = _failure_of(lambda: self._begin(worker + 1))[1]

    def __getitem__(self, indices: list[int]) -> Item:
        if self._failure is not None:
            return self._failure
        batch, failure = _failure_of(lambda: self._sent(indices))
        return batch if failure is None else failure

    def _sent(self, indices: list[int]) -> tuple[bytes, list[Tensor], list[int]]:
        """The values, the tensors, each once, and which of these each place has."""
        values, tensors = self._fetch(indices)
        several = list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
        once = {id(tensor): tensor for tensor in several}
        places = {key: place for place, key in enumerate(once)}
        for tensor in once.values():
            if tensor.device.type != "cpu" or tensor.is_nested:
                raise TypeError("a worker can't send this tensor: it must be on the CPU, and dense")
        # Sending shares memory, which this process's R still has (`_unshared`), and no graph.
        own = [_own(tensor) for tensor in once.values()]
        return values, own, [places[id(tensor)] for tensor in several]


@dataclass(frozen=True)
class _Failure:
    """An error in a worker: what of it can be sent to the main process."""

    message: str
    classes: tuple[str, ...] = ("simpleError", "error", "condition")


def _failure_of(work: Callable[[], Any]) -> tuple[Any, _Failure | None]:
    """What `work` gives, or what it failed by."""
    try:
        return work(), None
    except RError as error:
        return None, _Failure(error.message, error.classes)
    except Exception as error:
        return None, _Failure(f"{type(error).__name__}: {error}")


def worker_batches(
    fetch: Callable[[list[int]], Packed],
    indices: Callable[[], list[int] | None],
    begin: Callable[[int], object],
    workers: int,
    timeout: float,
    pin_memory: bool,
) -> Callable[[], list[Any] | None]:
    """Batches that forks of this process fetch ahead of time.

    A call gives the next, its values and its tensors, and None after the last; for an error None,
    its message and R's classes. `indices` gives those of the next batch; each worker calls `begin`
    with its number, from 1.
    """
    generator = torch.Generator()
    generator.manual_seed(draw_seed())
    fetched = _Fetched(fetch, begin)
    loader = DataLoader(
        fetched,
        batch_size=None,
        sampler=_until_none(indices),
        num_workers=workers,
        timeout=max(timeout, 0),
        worker_init_fn=fetched.begin,
        multiprocessing_context="fork",
        generator=generator,
        pin_memory=pin_memory,
        collate_fn=_as_it_is,
    )
    following = _next_of(iter(loader))

    def next_batch() -> list[Any] | None:
        try:
            batch = following()
        except RuntimeError as error:  # a worker ended, or its batch did not come in time
            batch = _Failure(str(error))
        if isinstance(batch, _Failure):
            return [None, batch.message, list(batch.classes)]
        if batch is None:
            return None
        values, tensors, places = batch
        return [values, [tensors[place] for place in places]]

    return next_batch


def _until_none(following: Callable[[], Item | None]) -> Any:
    """An iterable over what a function gives before it gives None."""
    return iter(following, None)


def _as_it_is(batch: Item) -> Item:
    return batch


def _own(x: Tensor) -> Tensor:
    """A copy without a graph."""
    return x.detach().clone().requires_grad_(x.requires_grad)


def python_loader(dataset: Dataset[Item], options: dict[str, Any]) -> DataLoader[Item]:
    """Python's own DataLoader, for a dataset that is written in Python."""
    return DataLoader(dataset, **options)


def python_batches(loader: Iterable[Item]) -> Callable[[], Item]:
    """A function that gives the next batch of a Python loader, and None after the last."""
    return _next_of(iter(loader))


def _next_of(iterator: Iterator[Any]) -> Callable[[], Item]:
    def next_batch() -> Item:
        nonlocal iterator
        batch = None
        try:
            batch = next(iterator, None)
        finally:
            if batch is None or isinstance(batch, _Failure):
                # R keeps this function until it collects: workers and their pipes must not wait.
                iterator = iter(())
        return _with_tensors(list(batch) if isinstance(batch, tuple) else batch, _unshared)

    return next_batch


def _unshared(x: Tensor) -> Tensor:
    """The same in memory of this process alone.

    A tensor between processes is a file, open as long as it lives; in R it lives until R collects,
    and a process may open 1,024.
    """
    dense = x.device.type == "cpu" and x.layout is torch.strided
    return _own(x) if dense and x.is_shared() else x
