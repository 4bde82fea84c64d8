"""Types of R that Arrow has none for: the class stays beside the values of a column.

The native core asks here for a class that it does not know. What the table of R's types has
(`type_table`) stands as text in the metadata of the Arrow field, under ``r.type``; a pandas column
has it in its dtype, an Arrow extension type.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from torchbridge.arrays import rtypes, type_table
from torchbridge.arrays.type_table import TypeRow

if TYPE_CHECKING:
    import pyarrow as pa

    from torchbridge._native import RObject

_KEY = b"r.type"


def describe(x: RObject) -> tuple[str | None, str | None]:
    """The text that keeps the type of an R vector (RObject), and the class that it does not keep.

    The text is None where Arrow's own types say all, the class where all are kept.
    """
    known = _classes(x) + list(type_table.PLAIN)
    dropped = next((name for name in x.classes if name not in known), None)
    return text_of(x) if type_table.added_of(x.classes) else None, dropped


def text_of(x: RObject) -> str:
    """The text that keeps the type of an R vector (RObject)."""
    attributes = rtypes.attributes_of(x, _own_attributes(type_table.rows_of(x.classes)))
    return json.dumps({"classes": _classes(x), "attributes": attributes})


def _classes(x: RObject) -> list[str]:
    """The classes of x that the table has."""
    rows = type_table.rows_of(x.classes)
    known = [name for row in rows for name in (row.name, row.also)]
    return [name for name in x.classes if name in known]


def restore(x: RObject, text: str) -> str | None:
    """Give a vector just made (RObject) the type that `describe` wrote.

    What Arrow's own type gave it stays. Gives the class that the table does not have, and then
    does nothing: a file may say anything.
    """
    try:
        found = json.loads(text)
        classes = tuple(str(name) for name in found["classes"])
        attributes = dict(found["attributes"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"its metadata r.type is damaged ({error!r})") from error
    own, rows = x.classes, type_table.rows_of(classes)
    added = {row.name for row in type_table.added_of(classes)}
    unknown = next((name for name in classes if name not in own and name not in added), None)
    if classes and unknown is None and set(own) <= set(classes):
        allowed = {k: v for k, v in attributes.items() if k in _own_attributes(rows)}
        rtypes.set_class(x, classes, allowed)
    return unknown


def _own_attributes(rows: tuple[TypeRow, ...]) -> list[str]:
    """The attributes that Arrow's own type does not bring back: units are none of them."""
    arrows = {name for row in rows if row.arrow is not None for name in row.attributes}
    return [name for row in rows for name in row.attributes if name not in arrows]


# ---- pandas ------------------------------------------------------------------------


@cache
def _extension() -> type[Any]:
    """The Arrow type of values that have a type of R's; pyarrow is not imported before."""
    import pyarrow as pa

    class Kept(pa.ExtensionType):  # type: ignore[misc]
        def __init__(self, storage: Any, text: str) -> None:
            self.text = text
            super().__init__(storage, "torchbridge.r_type")

        def __arrow_ext_serialize__(self) -> bytes:
            return self.text.encode()

        @classmethod
        def __arrow_ext_deserialize__(cls, storage: Any, serialized: bytes) -> Any:
            return cls(storage, serialized.decode())

        def __str__(self) -> str:
            return "/".join(json.loads(self.text)["classes"])

    return Kept


def with_type(array: pa.Array, text: str) -> pa.Array:
    """A pyarrow array whose type has the text beside it."""
    import pyarrow as pa

    return pa.ExtensionArray.from_storage(_extension()(array.type, text), array)


def text_in(field: pa.Field) -> str | None:
    """The text that `as_fields` and the native core write beside a column."""
    text: bytes | None = (field.metadata or {}).get(_KEY)
    return None if text is None else text.decode()


def is_kept(kind: pa.DataType) -> bool:
    """Is an Arrow type one of values with a type of R's?"""
    return type(kind).__name__ == "Kept" and isinstance(kind, _extension())


def as_fields(table: pa.Table) -> pa.Table:
    """A table whose columns of such types are plain ones, the text in the metadata of their fields.

    So the native core, Parquet files and every library read them.
    """
    import pyarrow as pa

    for i, field in enumerate(table.schema):
        if is_kept(field.type):
            metadata = {**(field.metadata or {}), _KEY: field.type.text.encode()}
            plain = field.with_type(field.type.storage_type).with_metadata(metadata)
            chunks = [chunk.storage for chunk in table.column(i).chunks]
            column = pa.chunked_array(chunks, type=field.type.storage_type)
            table = table.set_column(i, plain, column)
    return table
