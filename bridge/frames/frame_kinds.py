"""A frame of one Python library as that of another, by the rules of ``to_frame``.

A table of R's package arrow comes this way, too. What R has no type for follows the libraries' own
rules.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from torchbridge.arrays.into_r import to_robject
from torchbridge.frames import arrow, kept_types

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow as pa

    from torchbridge.arrays.protocols import NDArray
    from torchbridge.frames.protocols import ArrowStream


def of_kind(x: ArrowStream | pandas.DataFrame, kind: str) -> Any:
    """The ``"pandas"``, ``"polars"`` or ``"arrow"`` frame of any Python frame."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(x, pandas.DataFrame):
        if kind == "pandas":
            return x
        x = _for_arrow(x)
    if kind == "polars":
        return _to_polars(x)
    table = kept_types.as_fields(arrow.table(x))
    return table if kind == "arrow" else _to_pandas(table)


# ---- pandas ------------------------------------------------------------------------


def _to_pandas(table: pa.Table) -> pandas.DataFrame:
    import pandas as pd

    names = table.column_names
    if len(set(names)) < len(names):  # pandas finds the types of columns by name
        frame = _to_pandas(table.rename_columns([str(i) for i in range(len(names))]))
        frame.columns = pd.Index(names)
        return frame
    table = _signed_codes(table)
    frame = table.to_pandas(types_mapper=_by_arrow)
    said = table.schema.pandas_metadata or {"index_columns": []}  # pandas knows its own index
    dtypes = list(frame.dtypes)
    inner = [i for i, name in enumerate(names) if name not in said["index_columns"]]
    for place, i in enumerate(inner):
        made = _column(table.field(i), table.column(i), dtypes[place])
        if made is not None:
            frame.isetitem(place, made)
    labels = frame.get("row.names")
    text = isinstance(labels, pd.Series) and pd.api.types.is_string_dtype(labels.dtype)
    return frame.set_index("row.names").rename_axis(None) if text else frame


def _signed_codes(table: pa.Table) -> pa.Table:
    """The same, with codes of levels as every version of pyarrow gives them to pandas."""
    import pyarrow as pa

    signed = {pa.uint8(): pa.int16(), pa.uint16(): pa.int32(), pa.uint32(): pa.int64()}
    for i, field in enumerate(table.schema):
        kind = field.type
        if pa.types.is_dictionary(kind) and kind.index_type in signed:
            wider = pa.dictionary(signed[kind.index_type], kind.value_type, kind.ordered)
            table = table.set_column(i, field.with_type(wider), table.column(i).cast(wider))
    return table


def _by_arrow(kind: pa.DataType) -> pandas.ArrowDtype | None:
    """The pandas type of what pandas itself would make Python objects."""
    import pandas as pd
    import pyarrow.types as types

    if types.is_date32(kind) or types.is_struct(kind) or types.is_fixed_size_list(kind):
        return pd.ArrowDtype(kind)
    return None


def _column(field: pa.Field, values: pa.ChunkedArray, found: object) -> Any:
    """The column where pandas' own, of dtype `found`, would lose something; or None."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    kind = field.type
    if text := kept_types.text_in(field):
        whole = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], kind)
        return pd.arrays.ArrowExtensionArray(kept_types.with_type(whole, text))
    if pa.types.is_struct(kind) and [f.name for f in kind] == ["re", "im"]:
        return _complex(values)
    missing = values.null_count and isinstance(found, np.dtype)
    if missing and (pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        return pd.api.types.pandas_dtype(_nullable(str(kind))).__from_arrow__(values)
    if any(key.startswith(b"_PL_ENUM") for key in field.metadata or {}):
        return values.to_pandas().array.as_unordered()  # polars calls every Enum ordered
    return None


def _complex(values: pa.ChunkedArray) -> NDArray:
    import numpy as np

    real, imaginary = (np.array(part) for part in values.flatten())
    numbers: NDArray = real + np.zeros(1) * 1j
    numbers.imag = imaginary
    return numbers


def _nullable(name: str) -> str:
    """pandas' nullable type of Arrow's: Int64 of int64, UInt8 of uint8, boolean of bool."""
    return {"b": "boolean", "i": "I" + name[1:], "u": "UI" + name[2:]}[name[0]]


def _for_arrow(frame: pandas.DataFrame) -> pandas.DataFrame:
    """A pandas frame of what Arrow has: labels of text as a column, complex numbers as structs."""
    import pandas as pd

    index = frame.index
    text = index.nlevels == 1 and pd.api.types.is_string_dtype(index.dtype)
    if text and index.name is None and len(index):
        frame = frame.reset_index(names="row.names")
    for i, dtype in enumerate(frame.dtypes):
        if dtype.kind == "c":
            numbers = arrow.to_array(to_robject(frame.iloc[:, i].to_numpy()))
            frame = frame.copy(deep=False)
            frame.isetitem(i, pd.arrays.ArrowExtensionArray(numbers))
    return frame


# ---- polars ------------------------------------------------------------------------


def _to_polars(x: ArrowStream | pandas.DataFrame) -> polars.DataFrame:
    """The polars frame; a column of categories is an Enum."""
    import polars as pl
    import pyarrow as pa

    if isinstance(x, pl.DataFrame):
        return x
    table = kept_types.as_fields(arrow.table(x))
    levels = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_dictionary(column.type) and column.type.value_type in _texts():
            whole = column.unify_dictionaries()
            words = whole.chunk(0).dictionary.drop_null().unique() if column.num_chunks else []
            levels[name] = pl.Enum(pl.Series(name, words, pl.String))
    made = pl.DataFrame(table)
    return made.cast(levels) if levels else made


def _texts() -> tuple[pa.DataType, ...]:
    import pyarrow as pa

    return pa.string(), pa.large_string(), pa.string_view()
