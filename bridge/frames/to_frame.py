"""R data frames as pandas, polars and Arrow frames, and all of these in R."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from torchbridge.arrays import type_table
from torchbridge.frames import arrow, frame_kinds, labels, pandas_frames, r_arrow
from torchbridge.frames.arrow import RFrame
from torchbridge.process import host
from torchbridge.process.errors import naming_column, warn_lossy

if TYPE_CHECKING:
    import polars
    from typing_extensions import TypeIs

    from torchbridge._native import RObject
    from torchbridge.frames.protocols import ArrowStream

KINDS = ("pandas", "polars", "arrow")


def to_frame(x: object, kind: str = "pandas") -> Any:
    """Convert an R data frame to a frame of a Python library.

    =====================  ==========================  ==============================
    R                      pandas                      polars
    =====================  ==========================  ==============================
    double                 float64 (NA is NaN)         Float64
    integer, logical       int32, bool; with NA:       Int32, Boolean
                           Int32, boolean
    character              str                         String
    factor, ordered        category                    Enum (back: unordered)
    Date                   date32[day][pyarrow]        Date
    POSIXct                datetime64[us, its zone]    Datetime("us", its zone)
    difftime               timedelta64[us]             Duration("us")
    integer64              int64; with NA: Int64       Int64
    complex, raw           complex128, uint8           Struct of re and im, UInt8
    list                   object                      List
    data frame             struct[pyarrow]             Struct
    list of data frames    object                      List of Struct
    matrix                 fixed_size_list[pyarrow]    Array
    row names              the index                   a column "row.names" (if text)
    =====================  ==========================  ==============================

    A POSIXct without a zone goes in that of R's session: its clock is the same.

    Args:
        x: An R data frame: an rpy2 object or a :class:`torchbridge.RFrame`; or a table, dataset,
            query, array or stream of R's packages arrow and nanoarrow.
        kind: ``"pandas"`` (a DataFrame), ``"polars"`` (a DataFrame) or ``"arrow"`` (a
            pyarrow Table).

    Returns:
        The frame. It is a copy, but for pyarrow's: that reads R's own memory where it can.

    Raises:
        TypeError: x is no R data frame, or a column has no type there; the message names it.
        ValueError: an unknown kind, or a value that the type cannot hold.
        ImportError: the library is not installed.

    Warns:
        LossyWarning: a column loses something, such as the part of a day of a Date, a level that
            is NA, the names of a matrix's columns, or a class of its own.
    """
    _check_kind(kind)
    stream = r_arrow.stream_of(x)
    if stream is not None:
        return frame_kinds.of_kind(stream, kind)
    frame = RFrame(x)
    if kind == "pandas":
        return pandas_frames.from_r(frame.robject)
    return _to_polars(frame) if kind == "polars" else frame_kinds.of_kind(frame, kind)


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(map(repr, KINDS))}, not {kind!r}")


def _to_polars(frame: RFrame) -> polars.DataFrame:
    import polars as pl

    made = pl.DataFrame(frame)
    # polars numbers the categories of all frames together; an Enum has its own, in order.
    core = host.native()
    levels: dict[Any, polars.Enum] = {}
    for name, column in zip(frame.columns, frame.robject.items(), strict=True):
        _tell_dropped(column, name)
        if "factor" in column.classes:
            words = core.base_function("levels").call(column).value()
            words = words if isinstance(words, list) else [words]  # one is a scalar
            levels[name] = pl.Enum([word for word in words if word is not None])
    return made.cast(levels) if levels else made


def _tell_dropped(x: RObject, name: str) -> None:
    """polars has no place for what Arrow's metadata keeps: a class, the names of columns."""
    with naming_column(name):
        labels.tell_inner_names(x)
    for row in type_table.added_of(x.classes):
        warn_lossy([f"column '{name}': its class {row.name} is dropped, its values stay"])


def is_frame(x: object) -> TypeIs[ArrowStream]:
    """Is x a data frame of a Python library, or a stream of one?"""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(x, pandas.DataFrame):
        return True
    return arrow.has_stream(x)


def to_robject(x: object) -> RObject:
    """The R data frame or vector (RObject) of a Python frame, series or Arrow stream."""
    return arrow.to_robject(x) if arrow.has_stream(x) else pandas_frames.to_r(x)
