"""Tables, arrays and streams of R's packages arrow and nanoarrow, which hand over addresses.

Tests: tests/frames/test_r_arrow.py, test-data-frames.R.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchbridge.process import host, rpy2_objects

if TYPE_CHECKING:
    import pyarrow as pa

    from torchbridge._native import RObject

#: The classes of what is a data frame there, or a stream of one.
CLASSES = {
    "ArrowTabular",
    "RecordBatchReader",
    "Dataset",
    "arrow_dplyr_query",
    "nanoarrow_array_stream",
    "nanoarrow_array",
}


class StreamRoom:
    """Room for an Arrow stream (five pointers) that another library writes."""

    def __init__(self) -> None:
        self._room = (ctypes.c_void_p * 5)()
        self.address = float(ctypes.addressof(self._room))


def stream_of(x: object) -> pa.RecordBatchReader | None:
    """The stream of such an R object (rpy2's or an RObject); None for anything else.

    A stream that R has is read once: what Python takes is gone there.
    """
    robject = rpy2_objects.robject(x) if rpy2_objects.is_rpy2(x) else x
    if not isinstance(robject, host.native().RObject) or CLASSES.isdisjoint(robject.classes):
        return None
    return _taken(robject)


def _taken(x: RObject) -> pa.RecordBatchReader:
    core = host.native()
    room = StreamRoom()
    address, kept = core.helper("arrow_stream").call(x, core.to_r(room.address)).items()
    reader = stream_at((room, kept), address.value())
    return reader


def stream_at(_: object, address: object) -> pa.RecordBatchReader:
    """The Arrow stream at an address, taken over; the first argument holds what lies there."""
    import pyarrow as pa

    return pa.RecordBatchReader._import_from_c(int(float(str(address))))


def for_r_packages(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The same stream, without the views of text and bytes that R's packages do not know."""
    import pyarrow as pa

    schema = pa.schema(
        [field.with_type(_without_views(field.type)) for field in reader.schema],
        reader.schema.metadata,
    )
    if schema.equals(reader.schema):
        return reader

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            columns = zip(batch.columns, schema.types, strict=True)
            yield pa.RecordBatch.from_arrays([_cast(x, kind) for x, kind in columns], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _without_views(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_string_view(kind):
        return pa.large_string()
    if pa.types.is_binary_view(kind):
        return pa.large_binary()
    if pa.types.is_dictionary(kind):
        return pa.dictionary(kind.index_type, _without_views(kind.value_type), kind.ordered)
    if pa.types.is_struct(kind):
        inner = [kind.field(i) for i in range(kind.num_fields)]
        return pa.struct([field.with_type(_without_views(field.type)) for field in inner])
    for is_list, make in (
        (pa.types.is_list, pa.list_),
        (pa.types.is_large_list, pa.large_list),
    ):
        if is_list(kind):
            return make(kind.value_field.with_type(_without_views(kind.value_type)))
    if pa.types.is_fixed_size_list(kind):
        value = kind.value_field.with_type(_without_views(kind.value_type))
        return pa.list_(value, kind.list_size)
    return kind


def _cast(x: pa.Array, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if x.type.equals(kind):
        return x
    if pa.types.is_dictionary(kind):
        levels = x.dictionary.cast(kind.value_type)
        return pa.DictionaryArray.from_arrays(x.indices, levels, ordered=kind.ordered)
    return x.cast(kind)
