"""pandas frames, series, dates and categories <-> R data frames and typed vectors.

Column by column, by type; NA stays NA. Columns of R's Date become ``datetime.date``
objects, so that they come back as Date and not as date-times.
"""

from __future__ import annotations

import datetime
import math
import numbers
import sys
from typing import Any

from torchbridge import host
from torchbridge.arrays import NA_REAL
from torchbridge.convert import to_numpy
from torchbridge.into_r import to_robject
from torchbridge.numpy_arrays import NumPyArrays
from torchbridge.rtypes import RType

_NULLABLE = {"integer": "Int32", "logical": "boolean", "int64": "Int64"}


# ---- R -> Python ------------------------------------------------------------------


def from_r(x: Any) -> Any:
    """The pandas DataFrame of an R data.frame (RObject); R's row names, if given, are the index."""
    import pandas as pd

    helper = host.native().helper
    names = helper("frame_names")(x)
    columns = [_column(item, name) for name, item in zip(names, x.items(), strict=True)]
    index = helper("frame_row_names")(x)
    rows = helper("frame_rows")(x)
    frame = pd.DataFrame(
        dict(enumerate(columns)), index=pd.RangeIndex(rows) if index is None else index
    )
    frame.columns = pd.Index(names, dtype=object if not names else None)
    return frame


def _column(x: Any, name: str) -> Any:
    import pandas as pd

    try:
        if "data.frame" in x.classes or (x.dim is not None and len(x.dim) > 1):
            raise TypeError("a matrix or a data frame within a column; give it columns of its own")
        typed = typed_from_r(x, scalar=False)
        if typed is None and x.typeof == "character":
            text = host.native().helper("plain_text")(x)
            text = [text] if isinstance(text, str) or text is None else text
            typed = pd.Series(text, dtype=pd.Series([""]).dtype)  # pandas' own dtype of text
        elif typed is None and x.typeof == "list":
            typed = pd.Series([item.value() for item in x.items()], dtype=object)
        elif typed is None and x.any_na() and x.typeof in _NULLABLE:
            typed = nullable(x)
        elif typed is None:
            typed = to_numpy(x)
    except (TypeError, ValueError) as error:
        raise type(error)(f"column '{name}': {error}") from error
    return typed.array if isinstance(typed, pd.Series) else typed


def typed_from_r(x: Any, scalar: bool = True) -> Any:
    """pandas' value of a factor, Date, POSIXct, difftime or integer64; None for other vectors.

    Times are kept to the microsecond. With scalar, one date or time is a ``datetime`` object.
    """
    if "POSIXlt" in x.classes:
        x = host.native().base_function("as.POSIXct").call(x)
    classes = x.classes
    known = {"factor", "Date", "POSIXct", "difftime", "integer64"}.intersection(classes)
    if not known:
        return None
    import numpy as np
    import pandas as pd

    if "integer64" in known:
        one_dim = x.dim is None or len(x.dim) == 1
        if one_dim and x.any_na():
            return nullable(x)
        values = to_numpy(x)
        return values.item() if scalar and x.dim is None and values.shape == (1,) else values
    if "factor" in known:
        codes, valid = to_numpy(x, na="mask")
        kept = codes.r_type
        return pd.Categorical.from_codes(
            np.where(valid, codes, -1), categories=kept.levels, ordered="ordered" in classes
        )
    values = to_numpy(x)
    kept = values.r_type
    if "Date" in known:
        dates = [None if np.isnan(v) else _date(v) for v in values]
        if scalar and len(dates) == 1:
            return pd.NaT if dates[0] is None else dates[0]
        return pd.Series(dates, dtype=object)
    if "difftime" in known:
        values = np.where(np.isnan(values), np.nan, values)  # R's NA alarms NumPy's arithmetic
        seconds = values * _SECONDS[kept.attributes.get("units", "secs")]
        unit = "ns" if not len(seconds) or np.nanmax(np.abs(seconds), initial=0) < 9e9 else "us"
        spans = pd.to_timedelta(_counts(seconds, unit).view(f"m8[{unit}]"))
        return spans[0] if scalar and len(spans) == 1 else spans
    zone = kept.attributes.get("tzone")
    zone = zone[0] if isinstance(zone, list) else zone
    times = pd.to_datetime(_counts(values, "us").view("M8[us]"), utc=True)
    times = times.tz_convert(zone or "UTC")
    return times[0] if scalar and len(times) == 1 else times


_EPOCH = datetime.date(1970, 1, 1)
_SECONDS = {"secs": 1, "mins": 60, "hours": 3600, "days": 86400, "weeks": 7 * 86400}
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def _date(days: float) -> datetime.date:
    """The date of R's Date; a part of a day does not count."""
    try:
        return _EPOCH + datetime.timedelta(days=math.floor(days))
    except OverflowError as error:
        raise ValueError(
            f"Python's dates end at the year 9999; {days} days from 1970 do not"
        ) from error


def _counts(seconds: Any, unit: str) -> Any:
    """Seconds -> NumPy's int64 count of a unit, NaN -> NaT; whole seconds stay exact."""
    import numpy as np

    missing = np.isnan(seconds)
    seconds = np.where(missing, 0, seconds)
    per_second = _PER_SECOND[unit]
    if (np.abs(seconds) >= 2**63 // per_second).any():
        raise ValueError("a time is infinite or too far away for pandas")
    whole = np.floor(seconds)
    part = np.round((seconds - whole) * per_second).astype(np.int64)
    return np.where(missing, np.iinfo(np.int64).min, whole.astype(np.int64) * per_second + part)


def nullable(x: Any) -> Any:
    """pandas' nullable array (Int32, boolean, Int64) of an R vector with NA."""
    import pandas as pd

    values, valid = to_numpy(x, na="mask")
    kind = "int64" if "integer64" in x.classes else x.typeof
    result = pd.array(values, dtype=_NULLABLE[kind])
    result[~valid] = pd.NA
    return result


# ---- Python -> R ------------------------------------------------------------------


def is_frame_like(x: Any) -> bool:
    """Is x a pandas object or a date or time, which this file converts?"""
    if isinstance(x, (datetime.date, datetime.timedelta)):
        return True
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return False
    kinds = (pandas.DataFrame, pandas.Series, pandas.Index, pandas.api.extensions.ExtensionArray)
    return isinstance(x, kinds) or x is pandas.NA or x is pandas.NaT


def to_r(x: Any) -> Any:
    """The R data frame, vector, factor, Date or POSIXct (RObject) of a pandas object or date."""
    import pandas as pd

    core = host.native()
    if isinstance(x, pd.DataFrame):
        columns = []
        for position, name in enumerate(x.columns):
            try:
                columns.append(_vector(x.iloc[:, position]))
            except (TypeError, ValueError) as error:
                raise type(error)(f"column '{name}': {error}") from error
        names = [str(name) for name in x.columns]
        plain_index = (
            isinstance(x.index, pd.RangeIndex) and x.index.start == 0 and x.index.step == 1
        )
        rows = None if plain_index or not x.index.is_unique else _labels(x.index)
        return core.helper("new_frame").call(columns, names, len(x), rows)
    if x is pd.NA or x is pd.NaT:
        return core.helper("all_na").call(1)
    if isinstance(x, (datetime.date, datetime.timedelta)):
        return _vector(pd.Series([x], dtype=object if type(x) is datetime.date else None))
    return _vector(pd.Series(x))


def _labels(index: Any) -> list[Any]:
    """Row names: whole numbers stay numbers, as in R."""
    if index.dtype.kind in "iu":
        return index.tolist()
    return [str(label) for label in index]


def array_to_r(x: Any) -> Any:
    """The R value of a NumPy array: numbers by the tensor's rules, text as character."""
    import numpy as np

    if x.dtype.kind in "biufc":
        return to_robject(x)
    if x.dtype.kind in "mM" and x.ndim < 2:
        return to_r(x.reshape(-1))
    if x.dtype.kind in "UO" and x.ndim < 2:
        return x.reshape(-1).tolist()
    if x.dtype.kind in "UO":
        return host.native().helper("with_dim").call(x.ravel(order="F").tolist(), list(x.shape))
    raise TypeError(f"x: R has no type for a NumPy array of dtype {np.dtype(x.dtype)}")


def _vector(x: Any) -> Any:
    """The R vector of a pandas Series."""
    import numpy as np
    import pandas as pd

    core, dtype = host.native(), x.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        codes = x.cat.codes.to_numpy()
        levels = [str(level) for level in dtype.categories]
        if len(set(levels)) < len(levels):
            raise ValueError("two categories have the same text; R's levels differ")
        return core.helper("new_factor").call(
            to_robject(codes.astype(np.int32)), levels, bool(dtype.ordered)
        )
    if isinstance(dtype, pd.DatetimeTZDtype):
        zone = getattr(dtype.tz, "key", None) or getattr(dtype.tz, "zone", None) or "UTC"
        seconds = _seconds(x.dt.tz_convert("UTC").dt.tz_localize(None))
        return _typed(seconds, ("POSIXct", "POSIXt"), {"tzone": zone})
    if dtype.kind == "M":
        return _typed(_seconds(x), ("POSIXct", "POSIXt"), {"tzone": "UTC"})
    if dtype.kind == "m":
        return _typed(_seconds(x), ("difftime",), {"units": "secs"})
    if isinstance(dtype, pd.StringDtype):
        text = [None if pd.isna(v) else str(v) for v in x]
        return core.base_function("as.character").call(text)
    if pd.api.types.is_extension_array_dtype(dtype):
        return _nullable_to_r(x)
    if dtype.kind in "biufc":
        return to_robject(x.to_numpy())
    values = [None if _is_missing(v) else v for v in x]
    present = [v for v in values if v is not None]
    if present and all(type(v) is datetime.date for v in present):
        days = np.array(
            [np.nan if v is None else (v - _EPOCH).days for v in values], dtype=np.float64
        )
        return _typed(days, ("Date",), {})
    if not present:
        return core.helper("all_na").call(len(values))
    return core.to_r(values)


def _is_missing(x: Any) -> bool:
    pandas = sys.modules["pandas"]
    return (
        x is None or x is pandas.NA or x is pandas.NaT or (isinstance(x, numbers.Real) and x != x)
    )


def _nullable_to_r(x: Any) -> Any:
    core = host.native()
    storage = {"b": bool, "i": "int64", "u": "uint64", "f": "float64"}.get(x.dtype.kind)
    if storage is None:
        raise TypeError(f"R has no type for pandas' {x.dtype}")
    valid = ~x.isna().to_numpy()
    plain = x.array.to_numpy(dtype=storage, na_value=0)
    return core.helper("put_na").call(to_robject(plain), to_robject(~valid))


def _typed(values: Any, classes: tuple[str, ...], attributes: dict[str, Any]) -> Any:
    import numpy as np

    values = np.where(np.isnan(values), NA_REAL, values)
    return to_robject(NumPyArrays(None).attach(values, RType(classes, attributes)))


def _seconds(x: Any) -> Any:
    """A pandas Series of times or spans -> seconds as float64, NaT -> NaN."""
    import numpy as np

    counts = x.to_numpy()
    per_second = _PER_SECOND[np.datetime_data(counts.dtype)[0]]
    whole, part = np.divmod(counts.astype(np.int64), per_second)
    return np.where(x.isna().to_numpy(), np.nan, whole + part / per_second)
