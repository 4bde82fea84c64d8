"""pandas' categories and R's factors, by way of Arrow's dictionaries."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from torchbridge.frames import arrow, labels

if TYPE_CHECKING:
    import pandas
    import pyarrow

    from torchbridge._native import RObject


def from_r(x: RObject) -> pandas.Categorical:
    """The Categorical of an R factor (RObject)."""
    import pandas as pd

    array = arrow.to_array(x)
    codes = array.indices
    codes = (codes.fill_null(-1) if codes.null_count else codes).to_numpy()
    levels, ordered = tuple(array.dictionary.to_pylist()), "ordered" in x.classes
    dtype = _known_dtype(levels, ordered) if len(levels) <= _FEW else _dtype_of(levels, ordered)
    return pd.Categorical.from_codes(codes, dtype=dtype)


#: Levels of which the dtype is kept: most factors have few, and come again and again.
_FEW = 200


def _dtype_of(levels: tuple[str, ...], ordered: bool) -> pandas.CategoricalDtype:
    import pandas as pd

    return pd.CategoricalDtype(list(levels), ordered)


#: pandas takes longer to make one than for all other columns of a small frame.
_known_dtype = lru_cache(maxsize=64)(_dtype_of)


def to_arrow(x: pandas.Series, dtype: pandas.CategoricalDtype) -> pyarrow.DictionaryArray:
    """The Arrow array of a categorical series."""
    import pyarrow as pa

    codes = x.array.codes
    missing = codes < 0
    indices = pa.array(codes, mask=missing if missing.any() else None)
    return pa.DictionaryArray.from_arrays(
        indices, _levels(dtype.categories), ordered=bool(dtype.ordered)
    )


def _levels(categories: pandas.Index) -> pyarrow.Array:
    """The values of a dictionary: numbers, whose text the core knows, else the text of each."""
    import pandas as pd
    import pyarrow as pa

    dtype = categories.dtype
    if dtype.kind in "biuf":
        return pa.array(categories)
    if isinstance(dtype, pd.StringDtype) and dtype.storage == "pyarrow":  # text, each once
        found = pa.array(categories.array)
        return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    for i, level in enumerate(categories):
        if isinstance(level, bytes):
            raise TypeError(f"category {i + 1} is bytes: R's levels are text")
    levels = [str(level) for level in categories]
    if len(set(levels)) < len(levels):
        raise ValueError("two categories have the same text; R's levels differ")
    labels.refuse_surrogates(levels, "category")
    return pa.array(levels, pa.string())
