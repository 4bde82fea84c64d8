"""The plain numbers in data frames, which the native core copies in one pass each.

What is no plain number is converted by the rules of ``pandas_frames``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torchbridge.process import host

if TYPE_CHECKING:
    import pandas

    from torchbridge._native import RObject
    from torchbridge.arrays.protocols import NDArray

#: Numbers of a frame up to which its columns are made together. A large block is new memory from
#: the system each time, where columns take what others have freed.
_TOGETHER = 100_000

#: NumPy's dtype for each letter of `RObject.frame_parts`.
_DTYPES = {"d": "float64", "i": "int32", "?": "bool"}


def array_of(x: RObject, kind: str, rows: int) -> NDArray | None:
    """The array of an R vector (RObject) of such a kind; None where NumPy has no such NA."""
    import numpy as np

    array = np.empty(rows, _DTYPES[kind])
    return None if x.copy_to(array) else array


def block_of(columns: list[RObject], kinds: str, rows: int) -> tuple[NDArray, list[int]] | None:
    """Columns that are all of one plain kind, as the rows of an array, and which of them have NA.

    pandas makes one block in half the time of a dict. None where columns are of several kinds, or
    large.
    """
    import numpy as np

    if kinds[:1] not in _DTYPES or kinds.strip(kinds[0]) or len(kinds) * rows > _TOGETHER:
        return None
    block = np.empty((len(kinds), rows), _DTYPES[kinds[0]])
    missing = [i for i, x in enumerate(columns) if x.copy_to(block[i])]
    return block, missing


def is_plain(column: pandas.Series) -> bool:
    """May a pandas column be one of those that the core copies?"""
    import numpy as np

    dtype = column.dtype
    return isinstance(dtype, np.dtype) and dtype.kind in "bif"


def new_frame(
    columns: list[Any],
    names: list[str],
    rows: int,
    row_names: RObject | None,
    other: Callable[[int], RObject],
) -> RObject:
    """The R data frame of RObjects and of arrays of numbers.

    Args:
        columns: Each is `rows` long. What the core does not take is replaced in this list.
        names: Their names.
        rows: How many rows there are.
        row_names: R's, or None: 1, 2, ...
        other: The RObject of a column that the core does not take, by its place.

    Raises:
        ValueError: there are more rows than a data frame can have.
    """
    core = host.native()
    if rows > 2**31 - 1:
        raise ValueError("R's data frames hold at most 2147483647 rows")
    made = core.RObject.new_frame(columns, names, rows, row_names)
    while isinstance(made, int):
        columns[made] = other(made)
        made = core.RObject.new_frame(columns, names, rows, row_names)
    return made
