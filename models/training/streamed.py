"""Rows that are read from disk, epoch after epoch, in batches: decoded ahead, and in random order.

The order of an epoch comes from one number, drawn at its beginning: the pieces (files, row groups)
are permuted, four are read at a time, and their rows go through a buffer from which they leave in
random order. With several processes each reads its share of the pieces' rows and no others.
"""

from __future__ import annotations  # np.random is loaded where it is used

import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import nn

from ..arguments import whole_number
from .batches import batch_sizes, share_of
from .data import Data, checked_data
from .device import Accelerator
from .losses import Loss

if TYPE_CHECKING:
    from typing_extensions import TypeIs

#: Pieces that are read at a time where rows are shuffled. (A part of what the seed means.)
WAYS = 4
#: The buffer that rows are shuffled in, unless the user says: rows, and bytes at most.
BUFFER_ROWS, BUFFER_BYTES = 2**18, 2**26
#: Lists of batches that wait for the loop.
_AHEAD = 4


class RowStream(Protocol):
    """Rows in pieces, each of which can be read by itself, again and again.

    Attributes:
        name: what errors call it.
        counts: the number of rows of each piece.
        sample: the first rows, checked: the shape and dtype of all.
        about: plain values by which a checkpoint knows the rows again.
    """

    name: str
    counts: Sequence[int]
    sample: Data
    about: Any

    def blocks(self, piece: int) -> Iterator[Data]:
        """The rows of a piece in order, some at a time, on the CPU. Called from any thread."""
        ...


def is_stream(x: object) -> TypeIs[RowStream]:
    """Is it rows that are read in pieces?"""
    return hasattr(x, "counts") and hasattr(x, "blocks") and hasattr(x, "sample")


class CheckedStream:
    """The same rows in the shapes and dtypes that a module and a loss take.

    Args:
        stream: the rows.
        prefix: what errors put before their names: "validation ".
    """

    def __init__(self, stream: RowStream, prefix: str, module: nn.Module, loss: Loss) -> None:
        self.stream, self.name, self.counts = stream, stream.name, stream.counts
        self.about = stream.about
        few = stream.sample
        self.sample = checked_data(prefix, module, few.x, few.y, loss, few.weights, few.offset)

    def blocks(self, piece: int) -> Iterator[Data]:
        """As of `RowStream`."""
        y, offset = self.sample.y, self.sample.offset
        for block in self.stream.blocks(piece):
            yield block._replace(
                y=block.y.to(y.dtype).reshape(-1, *y.shape[1:]),
                offset=None
                if offset is None or block.offset is None
                else block.offset.to(offset.dtype).reshape(-1, *offset.shape[1:]),
            )


def n_rows_of(stream: RowStream) -> int:
    """How many rows there are."""
    return sum(stream.counts)


def buffer_rows(stream: RowStream, wanted: Any, batch_size: int) -> int:
    """Rows of the buffer: what the user wants, if there is memory for it, or the default."""
    size = sum(
        t.element_size() * t[:1].numel()
        for t in (*stream.sample.x, stream.sample.y, stream.sample.weights, stream.sample.offset)
        if t is not None
    )
    if wanted is None:
        return max(batch_size, min(BUFFER_ROWS, BUFFER_BYTES // max(size, 1)))
    rows = min(whole_number("shuffle_buffer", wanted, 1), n_rows_of(stream))
    free = _free_bytes()
    if rows * size > free // 2:
        raise ValueError(
            f"shuffle_buffer of {rows:,} rows takes {rows * size / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} GB are free: at most half of that, {free // 2 // size:,} rows"
        )
    return rows


def _free_bytes() -> int:
    """Memory that is there for the taking: Linux's own figure, else what is unused."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            found = next(line for line in lines if line.startswith("MemAvailable:"))
        return int(found.split()[1]) * 1024
    except (OSError, StopIteration):
        return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


class StreamBatches:
    """The batches of a stream, as `TensorBatches` has those of rows in memory.

    Where several processes train, each has its own part of an epoch's rows, of which its shares of
    all batches come.

    Args:
        stream: the rows.
        batch_size, shuffle, least, accelerator: as of `TensorBatches`.
        buffer: rows of the buffer of a shuffle.
    """

    def __init__(
        self,
        stream: RowStream,
        batch_size: int,
        shuffle: bool,
        least: int,
        accelerator: Accelerator,
        buffer: int = BUFFER_ROWS,
    ) -> None:
        self.stream, self.shuffle, self.buffer = stream, shuffle, buffer
        self.least, self.accelerator = least, accelerator
        n, world = n_rows_of(stream), accelerator.world_size
        self.sizes = batch_sizes(n, batch_size, least)
        if n < world * least:
            raise ValueError(
                f"{stream.name} has {n} complete rows, and there are {world} processes: each needs "
                f"{least}"
            )
        self.seed: int | None = None
        self.skip = 0

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[Data]:
        """Batches; of an epoch that goes on, those after the first `skip`."""
        skip, self.skip = self.skip, 0
        if skip == 0 and self.shuffle:
            with self.accelerator.drawing():
                self.seed = int(torch.randint(2**62, ()))
        with Ahead(lambda: self._several(self.seed or 0)) as ahead:
            for rows, shares in ahead:
                # One copy for several batches: on a GPU each would wait for its own.
                moved = rows.to(self.accelerator.device)
                parts = moved.split([own for own, _ in shares])
                for part, share in zip(parts, shares, strict=True):
                    if skip:
                        skip -= 1
                    else:
                        yield self._shared(part, share)

    def go_on(self, batch: int, seed: int | None) -> int:
        """Begin the next epoch, of this seed, after so many batches; this process's rows of them.

        They are read again, and not trained on.
        """
        self.skip, self.seed = batch, seed
        return sum(own for own, _ in self.shares(self.accelerator.rank)[:batch])

    def shares(self, rank: int) -> list[tuple[int, tuple[int, int]]]:
        """How many rows of each batch a process has, and the `share` of its `Data`."""
        found = [share_of(self.accelerator, n, self.least, rank)[1] for n in self.sizes]
        return [(own, (own, n)) for own, n in found]

    def _several(self, seed: int) -> Iterator[tuple[Data, list[tuple[int, tuple[int, int]]]]]:
        """The epoch's rows, and the shares of the batches that they are."""
        waiting = self.shares(self.accelerator.rank)[::-1]
        left: Data | None = None
        for block in self._rows(seed):
            rows = block if left is None else _joined([left, block])
            found: list[tuple[int, tuple[int, int]]] = []
            taken = 0
            while waiting and taken + waiting[-1][0] <= rows.n_rows:
                found.append(waiting.pop())
                taken += found[-1][0]
            whole, left = rows.split([taken, rows.n_rows - taken])
            if found:
                yield whole, found
        if waiting or (left is not None and left.n_rows):
            raise ValueError(f"{self.stream.name} has other rows than when it was read first")

    def _shared(self, part: Data, share: tuple[int, tuple[int, int]]) -> Data:
        """A process without rows of a batch has some that do not count."""
        if self.accelerator.world_size == 1:
            return part
        if part.n_rows == 0:
            device = self.accelerator.device
            part = self.stream.sample.each(lambda t: t[: self.least].to(device))
        return part._replace(share=share[1])

    def _rows(self, seed: int) -> Iterator[Data]:
        """The rows of this process in the order of the epoch, a block at a time."""
        if not self.shuffle:
            yield from self._read(self._share(range(len(self.stream.counts))), 1)
            return
        random = np.random.default_rng(seed)
        order = random.permutation(len(self.stream.counts)).tolist()
        yield from shuffled(self._read(self._share(order), WAYS), self.buffer, random)

    def _share(self, order: Sequence[int]) -> list[tuple[int, int, int]]:
        """The pieces of this process: place, first row, end."""
        counts = self.stream.counts
        ends = accumulate(counts[place] for place in order)
        of_ranks = [
            sum(own for own, _ in self.shares(rank)) for rank in range(self.accelerator.rank + 1)
        ]
        low, high = sum(of_ranks[:-1]), sum(of_ranks)
        found = []
        for place, end in zip(order, ends, strict=True):
            start = end - counts[place]
            if counts[place] and start < high and low < end:
                found.append((int(place), max(low - start, 0), min(high, end) - start))
        return found

    def _read(self, share: list[tuple[int, int, int]], ways: int) -> Iterator[Data]:
        """Blocks of some pieces at a time in turn, each read ahead by a thread."""
        waiting = iter(share)
        with ThreadPoolExecutor(min(ways, os.cpu_count() or 1)) as pool:
            open_: list[tuple[Iterator[Data], Future[Data | None]]] = []

            def begin() -> None:
                part = next(waiting, None)
                if part is not None:
                    blocks = self._part(*part)
                    open_.append((blocks, pool.submit(next, blocks, None)))

            for _ in range(ways):
                begin()
            while open_:
                blocks, coming = open_.pop(0)
                block = coming.result()
                if block is None:
                    begin()
                    continue
                open_.append((blocks, pool.submit(next, blocks, None)))
                yield block

    def _part(self, place: int, first: int, end: int) -> Iterator[Data]:
        """Rows of a piece."""
        at = 0
        for block in self.stream.blocks(place):
            low, high = max(first - at, 0), min(end - at, block.n_rows)
            at += block.n_rows
            if low < high:
                yield block.each(lambda t, low=low, high=high: t[low:high])
            if at >= end:
                return
        if at < end:
            raise ValueError(f"{self.stream.name} has other rows than when it was read first")


def shuffled(blocks: Iterator[Data], size: int, random: np.random.Generator) -> Iterator[Data]:
    """Rows in random order, by a buffer: each new row takes the place of one that leaves.

    The places are gone through in one random order after the other, so that a row leaves at the
    latest when twice as many rows as the buffer has came after it.
    """
    buffer: Data | None = None
    filled, order, at = 0, np.empty(0, int), 0
    for block in blocks:
        while block.n_rows:
            if buffer is None:
                buffer = block.each(lambda t: t.new_empty((size, *t.shape[1:])))
            if filled < size:
                n = min(size - filled, block.n_rows)
                _put(buffer, slice(filled, filled + n), block.each(lambda t, n=n: t[:n]))
                filled += n
            else:
                if at == size:
                    order, at = random.permutation(size), 0
                elif len(order) == 0:
                    order = random.permutation(size)
                n = min(size - at, block.n_rows)
                places = order[at : at + n]
                at += n
                yield _taken(buffer, places)
                _put(buffer, places, block.each(lambda t, n=n: t[:n]))
            block = block.each(lambda t, n=n: t[n:])
    if buffer is not None:
        places, step = random.permutation(filled), 2**15
        for start in range(0, filled, step):
            yield _taken(buffer, places[start : start + step])


# By NumPy: torch's own gathers start threads here, which take the cores from the training loop's.
def _taken(buffer: Data, places: np.ndarray) -> Data:
    return buffer.each(lambda t: torch.from_numpy(t.numpy().take(places, 0)))


def _put(buffer: Data, places: Any, rows: Data) -> None:
    for into, t in zip(_tensors(buffer), _tensors(rows), strict=True):
        into.numpy()[places] = t.numpy()


def _cat(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate([part.numpy() for part in parts]))


def _tensors(data: Data) -> list[torch.Tensor]:
    found = [*data.x, data.y, data.weights, data.offset]
    return [t for t in found if t is not None]


def _joined(parts: Sequence[Data]) -> Data:
    weights = [part.weights for part in parts if part.weights is not None]
    offsets = [part.offset for part in parts if part.offset is not None]
    return Data(
        tuple(_cat(columns) for columns in zip(*(part.x for part in parts), strict=True)),
        _cat([part.y for part in parts]),
        _cat(weights) if weights else None,
        _cat(offsets) if offsets else None,
    )


@dataclass
class _Failed:
    error: BaseException


class Ahead:
    """What an iterator gives, made ahead by a thread of its own; the thread ends with the block."""

    def __init__(self, begin: Callable[[], Iterator[Any]]) -> None:
        self.begin = begin
        self.ready: queue.Queue[Any] = queue.Queue(_AHEAD)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._work, name="torchbridge-rows", daemon=True)

    def __enter__(self) -> Iterator[Any]:
        self.thread.start()
        return self._items()

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        while self.thread.is_alive():
            try:
                self.ready.get(timeout=0.01)
            except queue.Empty:
                continue

    def _items(self) -> Iterator[Any]:
        while (found := self.ready.get()) is not None:
            if isinstance(found, _Failed):
                raise found.error
            yield found

    def _work(self) -> None:
        items = self.begin()
        try:
            for item in items:
                if self.ended.is_set():
                    return
                self.ready.put(item)
            self.ready.put(None)
        except BaseException as error:
            self.ready.put(_Failed(error))
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
