"""What of a source can be read by itself: a row group of Parquet, batches of Arrow, a CSV file.

Tests: tests/frames/test_sources.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.dataset as ds
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

#: The end of a file's name -> its kind.
SUFFIXES = {".parquet": "parquet", ".csv": "csv", ".arrow": "ipc", ".feather": "ipc"}

#: Bytes of a column that are read at once, and of a block of CSV.
_COLUMN_BYTES, _CSV_BYTES = 1 << 16, 1 << 22
#: Pieces of one file, at most.
_MOST = 4096
_NOTHING = "__HIVE_DEFAULT_PARTITION__"


class Piece(Protocol):
    """A part of a source.

    Attributes:
        path: the file.
        n_rows: how many rows it has, or None where only reading tells.
    """

    path: str
    n_rows: int | None

    def read(self, columns: list[str], size: int) -> Iterator[pa.RecordBatch]:
        """Its rows, in batches of about this size."""
        ...


def file_pieces(
    kind: str, path: str, partition: Mapping[str, str]
) -> tuple[pa.Schema, Sequence[Any]]:
    """The columns of a file, and its pieces; `partition` are further columns of one value each."""
    values = {key: _value(text) for key, text in partition.items()}
    schema, pieces = {"parquet": _parquet, "ipc": _arrow, "csv": _csv}[kind](path, values)
    for key, value in values.items():
        if key not in schema.names:
            schema = schema.append(pa.field(key, pa.scalar(value).type))
    return schema, pieces


def is_text(kind: pa.DataType) -> bool:
    """Is it a type of text?"""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _value(text: str) -> int | str | None:
    text = unquote(text)
    if text == _NOTHING:
        return None
    return int(text) if text.lstrip("-").isdecimal() else text


class _Whole:
    """A piece of a file with columns of one value: those of its folders."""

    def __init__(self, path: str, n_rows: int | None, values: Mapping[str, Any]) -> None:
        self.path, self.n_rows, self.values = path, n_rows, values

    def read(self, columns: list[str], size: int) -> Iterator[pa.RecordBatch]:
        """Its rows."""
        own = [name for name in columns if name not in self.values]
        for batch in self.rows(own, size):
            arrays = [
                batch.column(name)
                if name in own
                else pa.repeat(pa.scalar(self.values[name]), len(batch))
                for name in columns
            ]
            yield pa.RecordBatch.from_arrays(arrays, names=columns)

    def rows(self, columns: list[str], size: int) -> Iterator[pa.RecordBatch]:
        """The rows as the file has them."""
        raise NotImplementedError


def _parquet(path: str, values: Mapping[str, Any]) -> tuple[pa.Schema, Sequence[Any]]:
    with pq.ParquetFile(path) as file:
        about = file.metadata
        counts = [about.row_group(i).num_rows for i in range(about.num_row_groups)]
        schema = file.schema_arrow
        texts = [f.name for f in schema if is_text(f.type)]
        pieces = [ParquetPiece(path, i, n, values, texts) for i, n in enumerate(counts)]
        return schema, pieces


class ParquetPiece(_Whole):
    """A row group.

    Its `texts`, the columns of text, are read as dictionaries, which in Parquet they mostly are.
    """

    def __init__(
        self,
        path: str,
        group: int,
        n_rows: int,
        values: Mapping[str, Any],
        texts: Sequence[str] = (),
    ) -> None:
        super().__init__(path, n_rows, values)
        self.group, self.texts = group, set(texts)

    def rows(self, columns: list[str], size: int) -> Iterator[pa.RecordBatch]:
        """Read a page at a time: a row group may be hundreds of megabytes."""
        texts = [name for name in columns if name in self.texts]
        with pq.ParquetFile(
            self.path, pre_buffer=False, buffer_size=_COLUMN_BYTES, read_dictionary=texts
        ) as file:
            yield from file.iter_batches(size, [self.group], columns, use_threads=False)


def _arrow(path: str, values: Mapping[str, Any]) -> tuple[pa.Schema, Sequence[Any]]:
    with pa.OSFile(path) as file, ipc.open_file(file) as reader:
        n = reader.num_record_batches
        step = -(-n // _MOST) or 1
        pieces = [ArrowPiece(path, i, min(i + step, n), None, values) for i in range(0, n, step)]
        return reader.schema, pieces


class ArrowPiece(_Whole):
    """Some batches of an Arrow file. (Not by a map of it: its pages would count as ours.)"""

    def __init__(
        self,
        path: str,
        first: int,
        end: int,
        n_rows: int | None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(path, n_rows, values or {})
        self.first, self.end = first, end

    def rows(self, columns: list[str], size: int) -> Iterator[pa.RecordBatch]:
        """Read a batch at a time."""
        with pa.OSFile(self.path) as file:
            schema = ipc.open_file(file).schema
            places = [schema.get_field_index(name) for name in columns]
            options = ipc.IpcReadOptions(included_fields=places)
            with ipc.open_file(file, options=options) as reader:
                for i in range(self.first, self.end):
                    yield reader.get_batch(i)


def _csv(path: str, values: Mapping[str, Any]) -> tuple[pa.Schema, Sequence[Any]]:
    piece = CsvPiece(path, None, values)
    return piece.schema, [piece]


class CsvPiece(_Whole):
    """A CSV file, as R reads it: NA or nothing, without quotes, is missing in text too."""

    types: pa.Schema | None = None

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns, by the first block; a column of nothing may hold numbers later."""
        with self._opened([]) as reader:
            found = reader.schema
        types = [pa.float64() if pa.types.is_null(f.type) else f.type for f in found]
        return pa.schema(list(zip(found.names, types, strict=True)))

    def rows(self, columns: list[str], size: int) -> Iterator[pa.RecordBatch]:
        """Read a block at a time."""
        try:
            with self._opened(columns) as reader:
                yield from reader
        except pa.ArrowInvalid as error:
            if "conversion error" not in str(error):
                raise
            raise pa.ArrowInvalid(
                f"{str(error).splitlines()[0]} (types are told by the first {_CSV_BYTES >> 20} MB "
                "of a file: write it as Parquet, or put a row that shows the type first)"
            ) from error

    def _opened(self, columns: list[str]) -> csv.CSVStreamingReader:
        types = self.types
        return csv.open_csv(
            pa.input_stream(self.path, compression="detect"),
            read_options=csv.ReadOptions(use_threads=False, block_size=_CSV_BYTES),
            convert_options=csv.ConvertOptions(
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                include_columns=columns,
                column_types=types if types is not None else None,
            ),
        )


class FragmentPiece:
    """A part of a user's data set."""

    def __init__(self, fragment: Any, schema: pa.Schema) -> None:
        self.path, self.fragment, self.schema = fragment.path, fragment, schema
        groups = getattr(fragment, "row_groups", None)
        self.n_rows = sum(group.num_rows for group in groups) if groups else None

    def read(self, columns: list[str], size: int) -> Iterator[pa.RecordBatch]:
        """Its rows."""
        options = {}
        if isinstance(self.fragment, ds.ParquetFileFragment):
            options["fragment_scan_options"] = ds.ParquetFragmentScanOptions(pre_buffer=False)
        yield from self.fragment.scanner(
            schema=self.schema,
            columns=columns,
            batch_size=size,
            batch_readahead=1,
            fragment_readahead=1,
            use_threads=False,
            **options,
        ).to_batches()
