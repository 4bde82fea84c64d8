"""How the columns of a data frame become numbers, and numbers such columns again.

An encoding is made once, of one frame, and then means the same for every other: for the next
batch, for the data to predict.

Tests: tests/frames/test_encoded_frames.py.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torchbridge.process.errors import LossyWarning

if TYPE_CHECKING:
    from torchbridge.arrays.protocols import NDArray

#: A time's or span's unit -> how many are one second.
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_EXACT = 2**53


@dataclass(frozen=True)
class FrameEncoding:
    """Which columns are numbers, which are codes, and of what.

    Attributes:
        schema: the Arrow schema of the frame, with what it knows of R.
        numeric: the names of the columns that are numbers: numbers, logicals, dates (days
            since 1970), times and spans (seconds).
        levels: the levels of each column that is codes (factors and text), by name; those of
            a factor in its order, those of text sorted by code point.
    """

    schema: pa.Schema
    numeric: tuple[str, ...]
    levels: dict[str, tuple[str, ...]] = field(hash=False)

    @property
    def coded(self) -> tuple[str, ...]:
        """The names of the columns that are codes."""
        return tuple(self.levels)


def make_encoding(schema: pa.Schema, levels: Mapping[str, Iterable[str]]) -> FrameEncoding:
    """The encoding of frames of this schema; `levels` has those of each factor and text column."""
    repeated = [name for name, n in Counter(schema.names).items() if n > 1]
    if repeated:
        raise ValueError(f"columns: two have the name '{min(repeated)}'; names must differ")
    plain = [f for f in schema if not is_coded(f.type)]
    for f in plain:
        if not _is_numeric(f.type):
            raise TypeError(f"column '{f.name}': Arrow's {f.type} is neither a number nor text")
    numeric = tuple(f.name for f in plain)
    return FrameEncoding(schema, numeric, {k: tuple(v) for k, v in levels.items()})


def is_coded(kind: pa.DataType) -> bool:
    """Is a column of this type turned into codes?"""
    return pa.types.is_dictionary(kind) or _is_text(kind)


def _is_text(kind: pa.DataType) -> bool:
    t = pa.types
    return bool(t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind))


def _is_numeric(kind: pa.DataType) -> bool:
    t = pa.types
    plain = t.is_integer(kind) or t.is_floating(kind) or t.is_boolean(kind) or t.is_decimal(kind)
    return bool(plain or t.is_date(kind) or t.is_timestamp(kind) or t.is_duration(kind))


def levels_of(column: pa.ChunkedArray) -> list[str]:
    """The levels of a factor, or the different values of a text column, sorted."""
    if not pa.types.is_dictionary(column.type):
        return sorted(v for v in pc.unique(column.cast(pa.string())).to_pylist() if v is not None)
    levels: dict[str, None] = {}
    for chunk in column.chunks:
        levels |= dict.fromkeys(w for w in _words(chunk.dictionary).to_pylist() if w is not None)
    return list(levels)


def _words(values: pa.Array) -> pa.Array:
    """The text of a dictionary's values, as Python writes each."""
    kind = values.type
    if _is_text(kind):
        return values.cast(pa.string())
    if not _is_numeric(kind) and not pa.types.is_null(kind) and not pa.types.is_time(kind):
        raise TypeError(f"a dictionary of {kind}: its values are neither numbers nor text")
    return pa.array([None if v is None else str(v) for v in values.to_pylist()], pa.string())


# ---- columns -> numbers -----------------------------------------------------------


def numbers(column: pa.Array, name: str) -> NDArray:
    """The numbers of a column, 0 where it is missing."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        counts = _plain(column.cast(pa.int64())).astype(np.float64)
        return counts / _PER_SECOND[kind.unit]
    if pa.types.is_date(kind):
        return _plain(column.cast(pa.date32()).cast(pa.int32()))
    if pa.types.is_decimal(kind):
        return _plain(column.cast(pa.float64()))
    values = _plain(column)
    if values.dtype.itemsize == 8 and values.dtype.kind in "iu" and len(values):
        lost = max(abs(int(values.min())), int(values.max())) > _EXACT
        if lost and (values.astype(np.float64).astype(values.dtype) != values).any():
            warnings.warn(
                f"column '{name}': integers beyond 2^53 are rounded to doubles",
                LossyWarning,
                stacklevel=2,
            )
    return values


def _plain(column: pa.Array) -> NDArray:
    zero = False if pa.types.is_boolean(column.type) else 0
    filled = column.fill_null(zero) if column.null_count else column
    values: NDArray = filled.to_numpy(zero_copy_only=False)
    return values


def codes(column: pa.Array, name: str, levels: tuple[str, ...]) -> NDArray:
    """The places of a column's values among the levels, counted from 0; -1 where it is missing."""
    known = pa.array(levels, pa.string())
    if pa.types.is_dictionary(column.type):
        words = _words(column.dictionary)
        places = pc.index_in(words, known)
        used = column.indices
    else:
        places, used = pc.index_in(column.cast(pa.string()), known), None
        words = column
    found = places if used is None else places.take(used)
    unknown = pc.and_(pc.is_valid(column), pc.is_null(found))
    if pc.any(unknown).as_py():
        value = column[pc.index(unknown, True).as_py()].as_py()
        raise ValueError(
            f"column '{name}': '{value}' is none of the {len(levels)} levels that were encoded"
        )
    numbered: NDArray = found.fill_null(-1).to_numpy(zero_copy_only=False)
    return numbered


# ---- numbers -> columns -----------------------------------------------------------


def column_of(values: NDArray, valid: NDArray, kind: pa.DataType) -> pa.Array:
    """The Arrow column of numbers that `numbers` gave."""
    t = pa.types
    missing = ~valid
    if t.is_floating(kind) or t.is_decimal(kind):
        return pa.array(values, pa.float64(), mask=missing).cast(kind)
    if t.is_boolean(kind):
        return pa.array(values != 0, mask=missing)
    if t.is_timestamp(kind) or t.is_duration(kind):
        values = values * _PER_SECOND[kind.unit]
    counts = pa.array(np.rint(np.where(valid, values, 0)).astype(np.int64), mask=missing)
    if t.is_date(kind):
        return counts.cast(pa.int32()).cast(pa.date32()).cast(kind)
    return counts.cast(kind)


def words_of(places: NDArray, levels: tuple[str, ...], kind: pa.DataType) -> pa.Array:
    """The Arrow column of codes, counted from 0, -1 where a value is missing."""
    indices = pa.array(places.astype(np.int32), mask=places < 0)
    words = pa.DictionaryArray.from_arrays(
        indices, pa.array(levels, pa.string()), ordered=getattr(kind, "ordered", False)
    )
    return words if pa.types.is_dictionary(kind) else words.cast(kind)
