"""Data frames of any columns as tensors, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from torchbridge.arrays.torch_arrays import TorchArrays
from torchbridge.frames import arrow, frame_encoding, kept_types, pandas_frames, r_arrow
from torchbridge.frames.frame_encoding import FrameEncoding
from torchbridge.process import rpy2_objects

if TYPE_CHECKING:
    from torch import Tensor

    from torchbridge.arrays.protocols import Device, NDArray, TorchDType

#: Rows that are written together, so that a block of the result stays in the cache.
_ROWS = 8192


@dataclass(frozen=True, repr=False, eq=False)
class FrameTensors:
    """The tensors of a data frame of n rows.

    Attributes:
        numeric: the columns that are numbers, (n, p), 0 where one is missing.
        numeric_mask: bool, (n, p), True where there is a value.
        codes: the columns that are factors or text, (n, q), int64, as places among their
            levels, counted from `first`; `first` - 1 where one is missing.
        codes_mask: bool, (n, q), True where there is a value.
        encoding: which column is which, and the levels; give it to the next `frame_tensors`.
        first: the code of the first level: 0 in Python, 1 in R.
    """

    numeric: Tensor
    numeric_mask: Tensor
    codes: Tensor
    codes_mask: Tensor
    encoding: FrameEncoding
    first: int = 0

    @property
    def levels(self) -> dict[str, tuple[str, ...]]:
        """The levels of each column of `codes`, by name."""
        return self.encoding.levels

    def __repr__(self) -> str:
        names = ", ".join((*self.encoding.numeric, *self.encoding.coded))
        return (
            f"<FrameTensors of {len(self)} rows: {self.numeric.shape[1]} columns of numbers, "
            f"{self.codes.shape[1]} of codes: {names}>"
        )

    def __len__(self) -> int:
        return len(self.numeric)

    def __iter__(self) -> Iterator[Tensor]:
        """The four tensors, in the order of the attributes."""
        return iter((self.numeric, self.numeric_mask, self.codes, self.codes_mask))

    def to(self, device: Device) -> FrameTensors:
        """The same on another device."""
        numeric, numeric_mask, codes, codes_mask = (x.to(device) for x in self)
        return replace(
            self,
            numeric=numeric,
            numeric_mask=numeric_mask,
            codes=codes,
            codes_mask=codes_mask,
        )

    def to_arrow(self) -> pa.Table:
        """The data frame again, as a pyarrow Table: exact, where `numeric` is float64."""
        numeric, *others = (x.detach().cpu() for x in self)
        schema, columns = self.encoding.schema, {}
        values, (valid, codes, known) = numeric.double().numpy(), (x.numpy() for x in others)
        places = np.where(known, codes - self.first, -1)
        for j, name in enumerate(self.encoding.numeric):
            kind = schema.field(name).type
            columns[name] = frame_encoding.column_of(values[:, j], valid[:, j], kind)
        for j, (name, levels) in enumerate(self.encoding.levels.items()):
            columns[name] = frame_encoding.words_of(places[:, j], levels, schema.field(name).type)
        fields = [f.with_type(columns[f.name].type) for f in schema]
        return pa.table(
            [columns[f.name] for f in schema], schema=pa.schema(fields, schema.metadata)
        )


def frame_tensors(
    x: object,
    dtype: TorchDType = "float64",
    device: Device = None,
    like: FrameTensors | FrameEncoding | None = None,
) -> FrameTensors:
    """Encode a data frame as tensors: a block of numbers, a block of codes, and their masks.

    Numbers and logicals are themselves, dates days since 1970, times and spans seconds.
    Factors and text are codes of their levels. What each column was is kept, so that
    ``to_arrow()`` (in R ``as.data.frame()``) undoes it.

    Args:
        x: An R data frame or table of R's arrow (an rpy2 object or a :class:`torchbridge.RFrame`),
            a pandas frame, or anything with ``__arrow_c_stream__``.
        dtype: The floating dtype of the numbers; float64 holds them exactly.
        device: Where the tensors go.
        like: An earlier result, or its encoding: the same columns, levels and so codes. `x`
            may have further columns, which are left out. None: by `x` itself.

    Returns:
        A :class:`FrameTensors`.

    Raises:
        TypeError: x is no data frame, or a column is neither numbers nor text; it is named.
        ValueError: a column is not there, or has a value that is none of the levels of `like`.

    Warns:
        LossyWarning: integers beyond 2^53, or what the frame's own conversion loses.
    """
    table = to_table(x)
    encoding = encoding_of(like) if like is not None else encode(table)
    return tensors_of(table, encoding, dtype, device)


def to_table(x: object) -> pa.Table:
    """The pyarrow Table of any data frame."""
    if rpy2_objects.is_rpy2(x) or "RObject" in type(x).__name__:
        x = r_arrow.stream_of(x) or arrow.RFrame(x)
    if pandas_frames.is_pandas(x) and hasattr(x, "columns"):
        return kept_types.as_fields(pa.Table.from_pandas(x, preserve_index=False))
    if not arrow.has_stream(x):
        raise TypeError(f"x: expected a data frame, not {type(x).__name__}")
    return arrow.table(x)


def encode(table: pa.Table) -> FrameEncoding:
    """The encoding of a table by its own levels."""
    levels = {
        field.name: frame_encoding.levels_of(table.column(i))
        for i, field in enumerate(table.schema)
        if frame_encoding.is_coded(field.type)
    }
    return frame_encoding.make_encoding(table.schema, levels)


def encoding_of(like: object) -> FrameEncoding:
    """The encoding that the argument `like` stands for."""
    like = like.encoding if isinstance(like, FrameTensors) else like
    if not isinstance(like, FrameEncoding):
        raise TypeError(f"like: expected FrameTensors or its encoding, not {type(like).__name__}")
    return like


def tensors_of(
    table: pa.Table, encoding: FrameEncoding, dtype: TorchDType, device: Device, first: int = 0
) -> FrameTensors:
    """The tensors of a table by an encoding."""
    library = TorchArrays(dtype, device)
    torch = library.torch
    target = library.dtype_or("float64")
    if not target.is_floating_point:
        raise ValueError(f"dtype: expected a floating dtype, not {dtype!r}")
    places = Counter(table.schema.names)
    for name in encoding.schema.names:
        if places[name] != 1:
            many = "no" if not places[name] else "more than one"
            raise ValueError(f"x: {many} column '{name}', which the encoding has")
    n = table.num_rows
    narrow = library.name_of(target) == "float32"
    numeric = np.empty((n, len(encoding.numeric)), np.float32 if narrow else np.float64)
    codes = np.empty((n, len(encoding.levels)), np.int64)
    numeric_mask, codes_mask = np.empty(numeric.shape, bool), np.empty(codes.shape, bool)
    columns = [(name, _whole(table, name)) for name in encoding.numeric]
    _write(numeric, [frame_encoding.numbers(column, name) for name, column in columns])
    _write(numeric_mask, [_valid(column) for _, column in columns])
    for j, (name, levels) in enumerate(encoding.levels.items()):
        found = frame_encoding.codes(_whole(table, name), name, levels)
        codes_mask[:, j] = found >= 0
        codes[:, j] = found + first
    placed = [
        library.place(torch.from_numpy(x)) for x in (numeric, numeric_mask, codes, codes_mask)
    ]
    return FrameTensors(placed[0].to(target), placed[1], placed[2], placed[3], encoding, first)


def _whole(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name).unify_dictionaries()
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _valid(column: pa.Array) -> NDArray:
    if column.null_count == 0:
        return np.broadcast_to(np.True_, len(column))
    valid: NDArray = column.is_valid().to_numpy(zero_copy_only=False)
    return valid


def _write(block: NDArray, columns: list[NDArray]) -> None:
    """Writes columns side by side, some rows of all of them at a time."""
    for start in range(0, len(block), _ROWS):
        part = slice(start, start + _ROWS)
        for j, column in enumerate(columns):
            block[part, j] = column[part]
