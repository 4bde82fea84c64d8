"""pandas frames, series, dates and categories <-> R data frames and typed vectors.

Column by column, by type; NA stays NA. Columns of R's Date become ``datetime.date``
objects, so that they come back as Date and not as date-times.
"""

from __future__ import annotations

import datetime
import sys
from typing import Any

from torchbridge import host
from torchbridge.arrays import NA_REAL, NumPyArrays
from torchbridge.convert import to_numpy
from torchbridge.into_r import to_robject
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
    frame = pd.DataFrame(dict(enumerate(columns)), index=pd.RangeIndex(rows) if index is None else index)
    frame.columns = pd.Index(names, dtype=object if not names else None)
    return frame


def _column(x: Any, name: str) -> Any:
    import pandas as pd

    try:
        typed = typed_from_r(x, scalar=False)
        if typed is None and x.typeof == "character":
            text = host.native().helper("plain_text")(x)
            typed = pd.Series([text] if isinstance(text, str) or text is None else text, dtype=object)
        elif typed is None and x.typeof == "list":
            typed = pd.Series([item.value() for item in x.items()], dtype=object)
        elif typed is None and x.any_na() and x.typeof in _NULLABLE:
            typed = nullable(x)
        elif typed is None:
            typed = to_numpy(x)
    except (TypeError, ValueError) as error:
        raise type(error)(f"column '{name}': {error}") from error
    return typed.to_numpy() if isinstance(typed, pd.Series) else typed


def typed_from_r(x: Any, scalar: bool = True) -> Any:
    """pandas' value of a factor, Date, POSIXct, difftime or integer64; None for other vectors.

    With scalar, one date or time is a ``datetime`` object.
    """
    classes = x.classes
    known = {"factor", "Date", "POSIXct", "difftime", "integer64"}.intersection(classes)
    if not known:
        return None
    import numpy as np
    import pandas as pd

    if "integer64" in known:
        return nullable(x) if x.any_na() else to_numpy(x)
    if "factor" in known:
        codes, valid = to_numpy(x, na="mask")
        kept = codes.r_type
        return pd.Categorical.from_codes(
            np.where(valid, codes, -1), categories=kept.levels, ordered="ordered" in classes
        )
    numbers = to_numpy(x)
    kept = numbers.r_type
    if "Date" in known:
        values = [None if np.isnan(v) else _EPOCH + datetime.timedelta(days=int(v // 1)) for v in numbers]
        return values[0] if scalar and len(values) == 1 else pd.Series(values, dtype=object)
    if "difftime" in known:
        seconds = numbers * _SECONDS[kept.attributes.get("units", "secs")]
        spans = pd.to_timedelta(_nanoseconds(seconds))
        return spans[0] if scalar and len(spans) == 1 else spans
    zone = kept.attributes.get("tzone") or None
    zone = zone[0] if isinstance(zone, list) else zone
    times = pd.to_datetime(_nanoseconds(numbers), utc=True)
    times = times.tz_convert(zone or "UTC") if zone != "" else times
    return times[0] if scalar and len(times) == 1 else times


_EPOCH = datetime.date(1970, 1, 1)
_SECONDS = {"secs": 1, "mins": 60, "hours": 3600, "days": 86400, "weeks": 7 * 86400}


def _nanoseconds(seconds: Any) -> Any:
    """Seconds -> NumPy's int64 nanoseconds, NaN -> NaT; whole seconds stay exact."""
    import numpy as np

    seconds = np.asarray(seconds, dtype=np.float64)
    missing = ~np.isfinite(seconds)
    whole = np.floor(np.where(missing, 0, seconds))
    part = np.where(missing, 0, seconds) - whole
    result = whole.astype(np.int64) * 1_000_000_000 + np.round(part * 1e6).astype(np.int64) * 1000
    return np.where(missing, np.iinfo(np.int64).min, result)


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
        plain_index = isinstance(x.index, pd.RangeIndex) and x.index.start == 0 and x.index.step == 1
        rows = None if plain_index or not x.index.is_unique else [str(label) for label in x.index]
        return core.helper("new_frame").call(columns, names, len(x), rows)
    if x is pd.NA or x is pd.NaT:
        return core.to_r([None])
    if isinstance(x, (datetime.date, datetime.timedelta)):
        return _vector(pd.Series([x], dtype=object if type(x) is datetime.date else None))
    return _vector(pd.Series(x))


def array_to_r(x: Any) -> Any:
    """The R value of a NumPy array: numbers by the tensor's rules, text as character."""
    import numpy as np

    if x.dtype.kind in "biufc":
        return to_robject(x)
    if x.dtype.kind in "mM":
        return to_r(x.reshape(-1)) if x.ndim < 2 else NotImplemented
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
        return core.helper("new_factor").call(to_robject(codes.astype(np.int32)), levels, bool(dtype.ordered))
    if isinstance(dtype, pd.DatetimeTZDtype) or dtype.kind == "M":
        zone = str(dtype.tz) if isinstance(dtype, pd.DatetimeTZDtype) else "UTC"
        stamps = x if isinstance(dtype, pd.DatetimeTZDtype) else x.dt.tz_localize("UTC")
        seconds = _seconds(stamps.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[ns]"))
        return _typed(seconds, ("POSIXct", "POSIXt"), {"tzone": zone})
    if dtype.kind == "m":
        return _typed(_seconds(x.astype("timedelta64[ns]")), ("difftime",), {"units": "secs"})
    if isinstance(dtype, pd.StringDtype):
        return core.to_r([None if pd.isna(v) else str(v) for v in x])
    if pd.api.types.is_extension_array_dtype(dtype):
        return _nullable_to_r(x)
    if dtype.kind in "biufc":
        return to_robject(x.to_numpy())
    values = [None if v is None or v is pd.NA or v is pd.NaT or v != v else v for v in x]
    present = [v for v in values if v is not None]
    if present and all(type(v) is datetime.date for v in present):
        days = np.array([np.nan if v is None else (v - _EPOCH).days for v in values], dtype=np.float64)
        return _typed(days, ("Date",), {})
    if not present and values:
        return core.helper("all_na").call(len(values))
    return core.to_r(values)


def _nullable_to_r(x: Any) -> Any:
    core = host.native()
    valid = ~x.isna().to_numpy()
    kind = x.dtype.kind
    plain = x.array.to_numpy(dtype={"b": bool, "i": "int64", "u": "uint64", "f": "float64"}[kind], na_value=0)
    return core.helper("put_na").call(to_robject(plain), to_robject(~valid))


def _typed(numbers: Any, classes: tuple[str, ...], attributes: dict[str, Any]) -> Any:
    import numpy as np

    numbers = np.where(np.isnan(numbers), NA_REAL, numbers)
    return to_robject(NumPyArrays(None).attach(numbers, RType(classes, attributes)))


def _seconds(x: Any) -> Any:
    """A pandas Series of nanosecond times -> seconds as float64, NaT -> NaN."""
    import numpy as np

    count = x.to_numpy().astype(np.int64)
    whole, part = np.divmod(count, 1_000_000_000)
    return np.where(x.isna().to_numpy(), np.nan, whole + part / 1e9)
