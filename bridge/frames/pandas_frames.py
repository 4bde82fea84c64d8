"""pandas frames, series, dates and categories <-> R data frames and typed vectors.

Column by column, by type; NA stays NA. Numbers are copied as they are; text, categories,
dates and times cross as Arrow arrays, which pandas keeps or reads in place.
"""

from __future__ import annotations

import datetime
import numbers
import sys
from typing import TYPE_CHECKING, Any, TypeAlias

from torchbridge.arrays import type_table
from torchbridge.arrays.convert import to_numpy
from torchbridge.arrays.into_r import to_robject
from torchbridge.frames import arrow, categories, kept_types, labels, plain_columns
from torchbridge.process import host
from torchbridge.process.errors import naming_column, warn_lossy

if TYPE_CHECKING:
    import pandas

    from torchbridge._native import RObject
    from torchbridge.arrays.protocols import NDArray

    #: What pandas makes a column of.
    Column: TypeAlias = NDArray | pandas.api.extensions.ExtensionArray

# ---- R -> Python ------------------------------------------------------------------


def from_r(x: RObject) -> pandas.DataFrame:
    """The pandas DataFrame of an R data.frame (RObject); R's row names, if given, are the index."""
    import pandas as pd

    names, rows, row_names, columns, kinds = x.frame_parts()
    with naming_column("row.names"):
        index = pd.RangeIndex(rows) if row_names is None else _index(row_names)
    found = plain_columns.block_of(columns, kinds, rows)
    if found is not None and not found[1]:
        return pd.DataFrame(found[0].T, index=index, columns=names, copy=False)
    made: list[Column] = []
    for i, (column, name, kind) in enumerate(zip(columns, names, kinds, strict=True)):
        if found is None:
            made.append(_column(column, name, kind, rows))
        else:
            made.append(nullable(column) if i in found[1] else found[0][i])
    # Each column is a copy already. Names that come twice are no keys.
    if len(set(names)) == len(names) > 0:
        return pd.DataFrame(dict(zip(names, made, strict=True)), index=index, copy=False)
    frame = pd.DataFrame(dict(enumerate(made)), index=index, copy=False)
    frame.columns = pd.Index(names, dtype=object if not names else None)
    return frame


def _index(x: RObject) -> pandas.Index:
    """The pandas Index of R's row names."""
    import numpy as np
    import pandas as pd

    return labels.index_of(x) if x.typeof == "character" else pd.Index(np.array(x, np.int64))


def _column(x: RObject, name: str, kind: str, rows: int) -> Column:
    array = None if kind == "." else plain_columns.array_of(x, kind, rows)
    if array is not None:
        return array
    with naming_column(name):
        return _plain_column(x)


def _plain_column(x: RObject) -> Column:
    import pandas as pd

    x.check()
    if "data.frame" in x.classes or (x.dim is not None and len(x.dim) > 1):
        labels.tell_inner_names(x)
        return pd.arrays.ArrowExtensionArray(arrow.to_array(x))
    return vector_column(x)


def vector_column(x: RObject) -> Column:
    """What a pandas column, or a Series, holds of an R vector (RObject)."""
    import numpy as np
    import pandas as pd

    if type_table.added_of(x.classes):
        array = kept_types.with_type(arrow.to_array(x), kept_types.text_of(x))
        return pd.arrays.ArrowExtensionArray(array)
    typed = typed_from_r(x, scalar=False)
    if typed is not None:
        return typed.array if isinstance(typed, pd.Index) else typed
    if x.typeof == "character":
        return labels.text(x)
    tell_class(x)
    if x.typeof == "list":
        labels.tell_inner_names(x)
        return pd.Series([item.value() for item in x.items()], dtype=object).array
    if x.typeof in ("integer", "logical"):
        return nullable(x) if x.any_na() else np.array(x, bool if x.typeof == "logical" else None)
    return to_numpy(x)


def tell_class(x: RObject) -> None:
    """Says which class of an R vector (RObject) has no place in Python."""
    for name in x.classes:  # what goes through Arrow is warned of there
        if name not in type_table.PLAIN:
            warn_lossy([f"its class {name} is dropped, its values stay"])
            break


def typed_from_r(x: RObject, scalar: bool = True) -> Any:
    """pandas' value of a factor, Date, POSIXct, difftime or integer64; None for other vectors.

    With scalar, one date or time is a ``datetime`` object.
    """
    if "POSIXlt" in x.classes:
        x = host.native().base_function("as.POSIXct").call(x)
    make = next((_KINDS[row.pandas] for row in type_table.rows_of(x.classes) if row.pandas), None)
    if make is None:
        return None
    if make in (_dates, _times, _spans) and x.dim is not None and len(x.dim) > 1:
        return _with_dims(x, make)
    values = make(x)
    if not scalar or make is categories.from_r or len(values) != 1:
        return values
    if make is _integers:
        return values.item() if x.dim is None and hasattr(values, "item") else values
    return _one(values)


def _with_dims(x: RObject, make: Any) -> NDArray:
    """A matrix or array of dates, times or spans: NumPy's, which has no time zone."""
    import numpy as np

    assert x.dim is not None
    flat = host.native().helper("with_attribute").call(x, "dim", None)
    if make is _dates:
        array = np.array(arrow.to_array(flat).to_numpy(zero_copy_only=False))
    else:
        values = make(flat)
        if make is _times:
            if str(values.tz) not in ("UTC", "GMT"):
                warn_lossy([f"an array of times has no time zone ({values.tz}): they are in UTC"])
            values = values.tz_convert(None)
        array = values.to_numpy()
    return array.reshape(x.dim, order="F")


def _one(values: pandas.Index | pandas.api.extensions.ExtensionArray) -> Any:
    import pandas as pd

    try:
        value = values[0]
    except (ValueError, OverflowError) as error:
        raise ValueError("Python's dates end at the year 9999; this is a later one") from error
    return pd.NaT if value is pd.NA else value


def _integers(x: RObject) -> Column:
    one_dim = x.dim is None or len(x.dim) == 1
    return nullable(x) if one_dim and x.any_na() else to_numpy(x)


def _dates(x: RObject) -> pandas.arrays.ArrowExtensionArray:
    import pandas as pd

    return pd.arrays.ArrowExtensionArray(arrow.to_array(x))


def _times(x: RObject) -> pandas.DatetimeIndex:
    import pandas as pd

    array = arrow.to_array(x)
    try:
        dtype = pd.DatetimeTZDtype(array.type.unit, array.type.tz)
    except (TypeError, KeyError) as error:
        raise ValueError(f"Python does not know the time zone '{array.type.tz}'") from error
    return pd.DatetimeIndex(dtype.__from_arrow__(array).copy())


def _spans(x: RObject) -> pandas.TimedeltaIndex:
    import numpy as np
    import pandas as pd

    return pd.TimedeltaIndex(np.array(arrow.to_array(x).to_numpy(zero_copy_only=False)))


#: How pandas keeps a type, by the name that the table of R's types has for it.
_KINDS = {
    "integer": _integers,
    "category": categories.from_r,
    "date": _dates,
    "span": _spans,
    "time": _times,
}


def nullable(x: RObject) -> pandas.api.extensions.ExtensionArray:
    """pandas' nullable array (Int32, boolean, Int64) of an R vector with NA."""
    import numpy as np
    import pandas as pd

    values = np.array(x)
    missing = np.asarray(x.na_mask()) == 0
    if x.typeof == "logical":
        return pd.arrays.BooleanArray(values == 1, missing)
    values[missing] = 0
    return pd.arrays.IntegerArray(values, missing)


# ---- Python -> R ------------------------------------------------------------------


def is_pandas(x: object) -> bool:
    """Is x a pandas object or a date or time, which this file converts?"""
    if isinstance(x, (datetime.date, datetime.timedelta)):
        return True
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return False
    kinds = (pandas.DataFrame, pandas.Series, pandas.Index, pandas.api.extensions.ExtensionArray)
    return isinstance(x, kinds) or x is pandas.NA or x is pandas.NaT


def to_r(x: Any) -> RObject:
    """The R data frame, vector, factor, Date or POSIXct (RObject) of a pandas object or date."""
    import pandas as pd

    core = host.native()
    if isinstance(x, pd.MultiIndex):  # a column for each level
        levels = [f"level_{i}" if name is None else name for i, name in enumerate(x.names)]
        x = x.to_frame(index=False, name=levels)
    if isinstance(x, pd.DataFrame):
        if isinstance(x.index, pd.MultiIndex):
            x = x.reset_index()  # R's row names have one level
        return _frame_to_r(x)
    if x is pd.NA or x is pd.NaT:
        return core.helper("all_na").call(1)
    if isinstance(x, (datetime.date, datetime.timedelta)):
        return _vector(pd.Series([x], dtype=object if type(x) is datetime.date else None))
    vector = _vector(pd.Series(x))
    return labels.named(vector, x.index) if isinstance(x, pd.Series) else vector


def _frame_to_r(x: pandas.DataFrame) -> RObject:
    names, columns = [], []

    def other(i: int) -> RObject:
        with naming_column(x.columns[i]):
            return _vector(x.iloc[:, i])

    for name, column in x.items():
        names.append(_name(name))
        if plain_columns.is_plain(column):
            columns.append(column.to_numpy())
        else:
            with naming_column(name):
                columns.append(_vector(column))
    labels.refuse_surrogates(names, "name")
    return plain_columns.new_frame(columns, names, len(x), _row_names(x.index), other)


def times_to_r(items: tuple[Any, ...]) -> RObject | Any:
    """The R vector of dates, times or spans, None as NA; NotImplemented where they are mixed."""
    import pandas as pd

    kinds = {type(item) for item in items if item is not None and item is not pd.NaT}
    if kinds == {datetime.date}:
        return _vector(pd.Series(items, dtype=object))
    zones = {getattr(item, "tzinfo", None) for item in items if item is not None}
    if len(kinds) != 1 or len(zones) != 1:
        return NotImplemented
    return _vector(pd.Series(items))


def _name(name: object) -> str:
    """The name of a column; of a column of several levels, with a dot between them."""
    return ".".join(str(n) for n in name if n != "") if isinstance(name, tuple) else str(name)


def _row_names(index: pandas.Index) -> RObject | None:
    """R's row names: whole numbers stay numbers, as in R; None where they say nothing."""
    import pandas as pd

    if isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1:
        return None
    if not index.is_unique:
        warn_lossy(["the index is left out: its labels are not unique, as R's row names must be"])
        return None
    if index.dtype.kind in "iu" and not index.hasnans:
        numbers = to_robject(index.to_numpy())
        if numbers.typeof == "integer":
            return numbers
        return host.native().base_function("as.character").call(numbers)
    if isinstance(index.dtype, pd.StringDtype) and not index.hasnans:
        return _from_arrow(index)
    words = [str(label) for label in index]
    labels.refuse_surrogates(words, "row name")
    core = host.native()
    return core.base_function("as.character").call(core.to_r(words))


def array_to_r(x: NDArray) -> object:
    """The R value of a NumPy array: numbers by the tensor's rules, text as character."""
    import numpy as np

    if x.dtype.kind in "biufc":
        return labels.with_r_dimnames(to_robject(x), x)
    if x.dtype.kind in "mM" and np.datetime_data(x.dtype)[0] == "generic":
        if not np.isnat(x).all():
            raise TypeError("x: a timedelta64 without a unit; give it one: timedelta64(5, 's')")
        x = x.astype(f"{x.dtype.kind}8[us]")
    if x.dtype.kind in "mM" and x.ndim > 1:
        vector = array_to_r(x.ravel(order="F"))
        return host.native().helper("with_dim").call(vector, list(x.shape))
    if x.dtype.kind == "M" and np.datetime_data(x.dtype)[0] in "YMWD":
        return _dates_to_r(x.reshape(-1))
    if x.dtype.kind in "mM":
        return to_r(x.reshape(-1))
    if x.dtype.names is not None and x.ndim < 2:
        return _records(x.reshape(-1))
    if x.dtype.kind == "T" and x.size:  # NumPy's own text, whose missing values may be any object
        missing = getattr(x.dtype, "na_object", None)
        values = [None if v is missing else v for v in x.ravel().tolist()]
        x = np.array(values, dtype=object).reshape(x.shape)
    if x.dtype.kind in "UT" and not x.size:
        return host.native().base_function("character").call(0)
    if x.dtype.kind in "UO" and x.ndim < 2:
        return x.reshape(-1).tolist()
    if x.dtype.kind in "UO":
        shaped = host.native().helper("with_dim").call(x.ravel(order="F").tolist(), list(x.shape))
        return labels.with_r_dimnames(shaped, x)
    raise TypeError(f"x: R has no type for a NumPy array of dtype {x.dtype}{_way_out(x)}")


def _way_out(x: NDArray) -> str:
    """What would be right in place of an array that R has no type for."""
    if x.dtype.kind == "S":
        return "; make it text: numpy.char.decode(x)"
    if x.dtype.names is not None:
        return f" with {x.ndim} dims; make it one: x.ravel()"
    return ""


def _records(x: NDArray) -> RObject:
    """The data frame of a structured array; a field that has fields is a frame itself."""
    names = list(x.dtype.names or ())

    def column(i: int) -> RObject:
        with naming_column(names[i]):
            return host.native().to_r(array_to_r(x[names[i]]))

    columns = [x[name] for name in names]
    return plain_columns.new_frame(columns, names, len(x), None, column)


def _dates_to_r(x: NDArray) -> RObject:
    """Days, and the first day of weeks, months and years."""
    import pyarrow as pa

    return arrow.to_robject(pa.array(x.astype("datetime64[D]"), pa.date32()))


def _vector(x: pandas.Series) -> RObject:
    """The R vector of a pandas Series."""
    import pandas as pd

    dtype = x.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return arrow.to_robject(categories.to_arrow(x, dtype))
    if isinstance(dtype, pd.SparseDtype):
        return _vector(x.sparse.to_dense())
    if isinstance(dtype, (pd.PeriodDtype, pd.IntervalDtype)):
        way = (
            "dt.to_timestamp() or astype(str)"
            if isinstance(dtype, pd.PeriodDtype)
            else "astype(str)"
        )
        raise TypeError(f"R has no type for pandas' {dtype}; convert it: {way}")
    if dtype.kind == "O" and not pd.api.types.is_extension_array_dtype(dtype):
        return _objects(x)
    if dtype.kind in "biufc" and not pd.api.types.is_extension_array_dtype(dtype):
        # Arrow's way copies and looks for R's NA in one pass.
        return _from_arrow(x.to_numpy()) if dtype == "int32" else to_robject(x.to_numpy())
    return _from_arrow(x)


def _from_arrow(x: Any) -> RObject:
    """The R vector of a series, an index or an array, through Arrow."""
    import pandas as pd
    import pyarrow as pa

    arrays = isinstance(x.dtype, (pd.StringDtype, pd.ArrowDtype))
    array = pa.array(x.array if arrays else x)
    if array.type == pa.uint8() and not array.null_count and not isinstance(x.dtype, pd.ArrowDtype):
        array = array.cast(pa.int16())  # a nullable integer is a number, no byte
    return arrow.to_robject(array)


def _objects(x: pandas.Series) -> RObject:
    """The R vector of a series of Python objects: typed where all are of one type."""
    import pyarrow as pa

    core = host.native()
    try:
        array = pa.array(x.to_numpy(), from_pandas=True)
    except (pa.ArrowException, UnicodeError, OverflowError):
        array = None
    alike = (pa.string(), pa.large_string(), pa.bool_(), pa.int64(), pa.float64(), pa.date32())
    if array is not None and len(array):
        kind = array.type
        if kind in alike or pa.types.is_decimal(kind) or pa.types.is_time(kind):
            return arrow.to_robject(array)
    values = [None if _is_missing(v) else v for v in x]
    if all(v is None for v in values):
        return core.helper("all_na").call(len(values))
    return core.to_r(values)


def _is_missing(x: object) -> bool:
    pandas = sys.modules["pandas"]
    return (
        x is None or x is pandas.NA or x is pandas.NaT or (isinstance(x, numbers.Real) and x != x)
    )
