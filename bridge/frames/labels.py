"""Names along a vector or an array, both ways: the one rule of what becomes of them.

============================  ===================================================
R                             Python
============================  ===================================================
a vector with names           a pandas Series; the names are its index
one value with a name         the value; a LossyWarning tells its name
a table or array of one dim   a pandas Series, also of one value
an array with dimnames        a NumPy array, its dimnames (an Index or None for each
                              dim) in ``.dimnames``; a LossyWarning where the rows
                              have names other than 1 to n
a list, every name once       a dict
a list with other names       a list, with a LossyWarning
============================  ===================================================

Back, the index of a Series gives the names of a vector, and ``.dimnames`` those of an array. An
index that only counts (0 to n - 1) is none. Labels become text; several levels have a dot between
them, with a LossyWarning. Missing, empty and repeated names stay what they are. The name of a
Series has no place in R; that of its index is kept in a table's and an array's dimnames only.

Tensors have numbers alone: ``to_torch()`` and ``to_numpy()`` leave names out without a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from torchbridge.arrays.labelled_arrays import labelled
from torchbridge.frames import arrow
from torchbridge.process import host
from torchbridge.process.errors import warn_lossy

if TYPE_CHECKING:
    import pandas

    from torchbridge._native import RObject
    from torchbridge.arrays.labelled_arrays import DimNames
    from torchbridge.arrays.protocols import NDArray

# ---- R -> Python ------------------------------------------------------------------


def index_of(names: RObject) -> pandas.Index:
    """The pandas Index of R's names (RObject of text)."""
    import pandas as pd

    return pd.Index(text(names))


def text(x: RObject) -> Any:
    """Strings in pandas' own dtype of text."""
    import pandas as pd
    import pyarrow as pa

    array = arrow.to_array(x, pa.large_string())
    dtype = _dtype_of_text()
    if isinstance(dtype, pd.StringDtype):
        return dtype.__from_arrow__(array)
    return array.to_numpy(zero_copy_only=False)


@cache
def _dtype_of_text() -> Any:
    """pandas' dtype of text; finding it out takes longer than a small conversion."""
    import pandas as pd

    return pd.Series([""]).dtype


def series_index(x: RObject) -> pandas.Index | None:
    """The index of the Series that an R vector (RObject) becomes; None where it has no names.

    One value that has a name, but is no table and no factor, is a scalar, and it is told.
    """
    dim = x.dim
    if dim is not None:
        found = _dimnames(x) if len(dim) == 1 else None
        return None if found is None else found[0]
    names = x.attr("names")
    if names is None:
        return None
    index = index_of(names)
    if len(index) != 1 or "factor" in x.classes:
        return index
    if index[0] == index[0] and index[0]:
        warn_lossy([f"the name '{index[0]}' is left out: one value is a Python scalar"])
    return None


def with_dimnames(x: RObject, array: NDArray) -> Any:
    """The array of an R matrix or array (RObject) with its dimnames."""
    import pandas as pd

    found = _dimnames(x)
    if found is None or len(found) != array.ndim:
        return array
    if found[0] is not None and not isinstance(found[0], pd.RangeIndex):
        warn_lossy(
            [
                "a NumPy array has no row names: they stand in its attribute dimnames, and what is "
                "computed from it has none"
            ]
        )
    return labelled(array, None, found)


def tell_inner_names(x: RObject) -> None:
    """Says which names within a frame's column (RObject) are lost: a matrix's, a list's."""
    if x.dim is not None:
        found = x.attr("dimnames")
        if found is not None and len(found) == 2 and found.items()[1].typeof != "NULL":
            warn_lossy(["it is a matrix, and the names of its columns are left out"])
    elif x.typeof == "list" and host.native().helper("has_inner_names")(x):
        warn_lossy(["the names of its elements are left out"])


def _dimnames(x: RObject) -> DimNames | None:
    """One Index or None for each dim, or None where there is none at all."""
    found = x.attr("dimnames")
    if found is None:
        return None
    names = found.attr("names")
    titles = [None] * len(found) if names is None else names.value()
    titles = titles if isinstance(titles, list) else [titles]  # one is a scalar
    made = tuple(_dim_index(*each) for each in zip(found.items(), titles, strict=True))
    return None if all(index is None for index in made) else made


def _dim_index(names: RObject, title: str | None) -> pandas.Index | None:
    """The names of one dim; those that only count, from 1, are a RangeIndex."""
    import pandas as pd

    if names.typeof == "NULL":
        return None
    index = pd.Index(text(names), name=title or None)
    n = len(index)
    # The ends first: all are compared only where they count.
    if n == 0 or (index[0], index[-1]) != ("1", str(n)) or not _counts(names, n):
        return index
    return pd.RangeIndex(1, n + 1, name=title or None)


def _counts(names: RObject, n: int) -> bool:
    """Are R's names 1 to n?"""
    import numpy as np
    import pyarrow as pa

    numbers: pa.Array = pa.array(np.arange(1, n + 1)).cast(pa.large_string())
    return bool(numbers.equals(arrow.to_array(names, pa.large_string())))


# ---- Python -> R ------------------------------------------------------------------


def named(vector: RObject, index: pandas.Index) -> RObject:
    """An R vector (RObject) with an index's labels as names; as it is where they only count."""
    import pandas as pd

    if isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1:
        return vector
    if index.nlevels > 1:
        warn_lossy(
            [f"the {index.nlevels} levels of the index are one name each, with a dot between them"]
        )
    return _set(vector, "names", labels_in_r(index))


def with_r_dimnames(vector: RObject, array: Any) -> RObject:
    """An R array (RObject) with the dimnames that the NumPy array has beside it."""
    found = getattr(array, "dimnames", None)
    if found is None or tuple(vector.dim or ()) != array.shape or not _fit(found, array.shape):
        return vector
    core = host.native()
    parts = [None if index is None else labels_in_r(index) for index in found]
    titles = [None if index is None else index.name for index in found]
    made = core.base_function("list").call(*parts)
    if any(title is not None for title in titles):
        made = _set(made, "names", core.to_r(["" if t is None else str(t) for t in titles]))
    return _set(vector, "dimnames", made)


def _fit(dimnames: DimNames, shape: tuple[int, ...]) -> bool:
    sizes = [None if index is None else len(index) for index in dimnames]
    return len(sizes) == len(shape) and all(
        size is None or size == extent for size, extent in zip(sizes, shape, strict=True)
    )


def labels_in_r(index: pandas.Index) -> RObject:
    """The labels of an index as R's text (RObject), missing ones as NA."""
    import pandas as pd
    import pyarrow as pa

    core = host.native()
    if index.nlevels == 1 and isinstance(index.dtype, pd.StringDtype):
        return arrow.to_robject(pa.array(index.array))
    if index.nlevels == 1 and index.dtype.kind in "iu" and not index.hasnans:
        return arrow.to_robject(pa.array(index).cast(pa.string()))
    words = [_label(label) for label in index]
    refuse_surrogates(words, "name")
    return core.base_function("as.character").call(core.to_r(words))


def _label(label: object) -> str | None:
    import numpy as np
    import pandas as pd

    if isinstance(label, tuple):
        return ".".join(str(part) for part in label)
    if isinstance(label, (bool, np.bool_)):
        return "TRUE" if label else "FALSE"
    return None if label is None or label is pd.NA or label != label else str(label)


def refuse_surrogates(words: Sequence[str | None], what: str) -> None:
    """An error for text that is none."""
    for i, word in enumerate(words):
        if word and not word.isascii() and any("\ud800" <= c <= "\udfff" for c in word):
            raise ValueError(f"{what} {i + 1} is no text: it holds a lone surrogate ({word!a})")


def _set(x: RObject, name: str, value: RObject) -> RObject:
    """The same R object with an attribute."""
    if x.writable:
        x.set_attr(name, value)
        return x
    return host.native().helper("with_attribute").call(x, name, value)
