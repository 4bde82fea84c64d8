"""The table of R's types: one row says what a class of R's makes of the numbers that have it.

Tensors, frames and files read it, so a new type is one row::

    type_table.add(TypeRow("yearmon"))

Then a tensor of a ``yearmon`` has an ``.r_type``, comes back from it and from a file as what it
was, and so does a column of a data frame. What a row leaves open is for the later classes of a
vector to say, as in S3 (of ``c("hms", "difftime")`` a row ``hms`` says only that the class
stays), and then for R's storage.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class TypeRow:
    """What a class of R's makes of a vector of numbers.

    Attributes:
        name: the class.
        attributes: the R attributes that say more of its values: text or numbers.
        also: a further class that vectors of this one may have, and that means nothing without.
        dtype: the dtype of its tensor.
        memory: the dtype of R's memory, where it is not that of R's storage: an integer64 is an
            int64 in the place of a double.
        coded: are its numbers codes of ``levels``, which count from 1 in R?
        beside: is its meaning kept beside the tensor? False where the dtype says it all.
        arrow: how the format of its Arrow array begins, if this very class comes back from such
            an array. Else its values go as the later classes or the storage say, and the class
            is kept beside them.
        pandas: the kind of its pandas column, a name of ``pandas_frames``; likewise.
        refused: why it is no tensor.
    """

    name: str
    attributes: tuple[str, ...] = ()
    also: str | None = None
    dtype: str | None = None
    memory: str | None = None
    coded: bool = False
    beside: bool = True
    arrow: str | None = None
    pandas: str | None = None
    refused: str | None = None


#: Those of R and its packages. Where Arrow has a type for one, the native core has its functions
#: (arrow/types.c).
_ROWS = (
    TypeRow(
        "factor",
        attributes=("levels",),
        also="ordered",
        dtype="int64",
        coded=True,
        arrow="dictionary",
        pandas="category",
    ),
    TypeRow("Date", dtype="float64", arrow="td", pandas="date"),
    TypeRow(
        "POSIXct", attributes=("tzone",), also="POSIXt", dtype="float64", arrow="ts", pandas="time"
    ),
    TypeRow("difftime", attributes=("units",), dtype="float64", arrow="tD", pandas="span"),
    TypeRow("integer64", dtype="int64", memory="int64", beside=False, arrow="l", pandas="integer"),
    TypeRow("nanotime", dtype="int64", memory="int64", beside=False, arrow="ts"),
    TypeRow(
        "POSIXlt",
        also="POSIXt",
        beside=False,
        arrow="ts",
        refused="a POSIXlt is a list of its parts; as.POSIXct(x) in R is one number a time",
    ),
)
_table = {row.name: row for row in _ROWS}

#: Classes that say nothing of the values.
PLAIN = frozenset(("AsIs", "matrix", "array", "list", "table", "xtabs", "noquote"))


def add(row: TypeRow) -> None:
    """Add a type; one of this name is an error."""
    if row.name in _table:
        raise ValueError(f"row: there is a type '{row.name}' already")
    _table[row.name] = row
    _forget()


def remove(name: str) -> None:
    """Take away a type that was added."""
    if name not in _table or _table[name] in _ROWS:
        raise ValueError(f"name: no type '{name}' was added")
    del _table[name]
    _forget()


def rows() -> tuple[TypeRow, ...]:
    """All rows."""
    return tuple(_table.values())


@lru_cache
def rows_of(classes: tuple[str, ...]) -> tuple[TypeRow, ...]:
    """The rows of an R object's classes, in their order."""
    return tuple(_table[name] for name in classes if name in _table)


@lru_cache
def numbers_of(classes: tuple[str, ...]) -> TypeRow | None:
    """The row that says what the numbers of these classes are; None: plain numbers."""
    return next((row for row in rows_of(classes) if row.dtype is not None), None)


@lru_cache
def added_of(classes: tuple[str, ...]) -> tuple[TypeRow, ...]:
    """The rows whose class does not come back from an Arrow array by itself."""
    return tuple(row for row in rows_of(classes) if row.arrow is None)


def _forget() -> None:
    for found in (rows_of, numbers_of, added_of):
        found.cache_clear()
