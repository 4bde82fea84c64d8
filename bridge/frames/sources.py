"""Tables wherever they are, as Arrow record batches, again and again, in little memory.

Files are read where they are. What can be read only once (a reader, a query) is written to a
temporary Arrow file while it is read for the first time, and read from there after that.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.ipc as ipc

from torchbridge.frames import arrow
from torchbridge.frames.source_pieces import (
    SUFFIXES,
    ArrowPiece,
    CsvPiece,
    FragmentPiece,
    Piece,
    file_pieces,
    is_text,
)
from torchbridge.frames.streamed_frames import FrameBatches

if TYPE_CHECKING:
    from torchbridge.frames.protocols import ArrowStream

#: Rows of a batch, at most.
ROWS = 16384

_QUERY = re.compile(r"\s*(select|with|from|pivot|values)\b", re.IGNORECASE)


class Source:
    """A table that is read batch by batch.

    Attributes:
        name: what errors call it: "data".
        schema: the columns, each in the one type that it has in all files.
        first_schema: the same as it was before a stream was kept: with its factors.
        pieces: what can be read by itself, in the order of the rows.
        levels: of columns that are factors, where who gave the source has said them.
        about: plain values by which a checkpoint knows it again.
    """

    def __init__(
        self,
        name: str,
        schema: pa.Schema,
        pieces: Sequence[Piece],
        conflicts: dict[str, str] | None = None,
        about: dict[str, Any] | None = None,
    ) -> None:
        self.name, self.schema, self.pieces = name, schema, list(pieces)
        self.first_schema = schema
        self.about = about or {}
        self.levels: dict[str, list[str]] = {}
        self._conflicts = conflicts or {}

    @property
    def n_rows(self) -> int | None:
        """The number of rows, or None where only reading tells."""
        counts = [piece.n_rows for piece in self.pieces]
        return None if None in counts else sum(n for n in counts if n is not None)

    def need(self, columns: Iterable[str]) -> list[str]:
        """These columns; an error names the first that is not in all files, or of two kinds."""
        found = list(columns)
        for column in found:
            if column in self._conflicts:
                raise ValueError(f"{self.name}: {self._conflicts[column]}")
            if column not in self.schema.names:
                there = ", ".join(self.schema.names)
                raise ValueError(f'{self.name} has no column "{column}"; it has {there}')
        return found

    def batches(
        self, columns: Iterable[str] | None = None, pieces: Iterable[int] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """The rows in order, in batches of at most `ROWS`; each call reads them anew.

        Text may come as a dictionary.

        Args:
            columns: the names of the columns to read; None: all.
            pieces: which pieces to read, by their places, in this order; None: all.

        Raises:
            ValueError: a column that is not there, or a file that cannot be read; it is named.
        """
        return (batch for _, batch in self.placed(columns, pieces))

    def placed(
        self, columns: Iterable[str] | None = None, pieces: Iterable[int] | None = None
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        """The same, each batch with the place of its piece."""
        names = self.need(self.schema.names if columns is None else columns)
        for place in range(len(self.pieces)) if pieces is None else pieces:
            for batch in self.piece(place, names):
                yield place, batch

    def piece(self, place: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The rows of one piece."""
        piece = self.pieces[place]
        schema = pa.schema([self.schema.field(column) for column in columns])
        with reading(self.name, piece.path):
            for batch in piece.read(list(columns), ROWS):
                for start in range(0, len(batch), ROWS):
                    yield as_schema(batch.slice(start, ROWS), schema, coded=True)


class StreamSource(Source):
    """What can be read only once: the first reading of all keeps the columns that it reads."""

    def __init__(
        self, name: str, reader: pa.RecordBatchReader, about: dict[str, Any] | None = None
    ) -> None:
        super().__init__(name, reader.schema, [], about=about)
        self._reader: pa.RecordBatchReader | None = reader
        self._whole = False

    @property
    def n_rows(self) -> int | None:
        """The number of rows; None before they were read."""
        return super().n_rows if self._whole else None

    def placed(
        self, columns: Iterable[str] | None = None, pieces: Iterable[int] | None = None
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        """As of `Source`; the first time all pieces, and later columns that were read then."""
        if self._reader is not None:
            yield from enumerate(self._kept(self._reader, columns))
            return
        if not self._whole:
            raise ValueError(f"{self.name}: the stream was read in part, and cannot be again")
        yield from super().placed(columns, pieces)

    def _kept(
        self, reader: pa.RecordBatchReader, columns: Iterable[str] | None
    ) -> Iterator[pa.RecordBatch]:
        """The rows, which are written as they are read; each batch becomes a piece."""
        names = self.need(self.schema.names if columns is None else columns)
        self._reader = None
        folder = tempfile.mkdtemp(prefix="torchbridge-stream-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        path = os.path.join(folder, "rows.arrow")
        self.schema = plain_schema(pa.schema([reader.schema.field(name) for name in names]))
        counts = []
        with ipc.new_file(path, self.schema) as file:
            for batch in _read(self.name, reader):
                kept = batch.select(names)
                for start in range(0, len(kept), ROWS):
                    part = kept.slice(start, ROWS)
                    file.write_batch(as_schema(part, self.schema))
                    counts.append(len(part))
                    yield part
        self.pieces = [ArrowPiece(path, i, i + 1, n) for i, n in enumerate(counts)]
        self._whole = True


def is_source(data: object) -> bool:
    """Is it read batch by batch, rather than a table in memory?"""
    if isinstance(data, (str, os.PathLike, Source, FrameBatches, ds.Dataset)):
        return True
    if isinstance(data, (list, tuple)):
        return bool(data) and all(isinstance(part, (str, os.PathLike)) for part in data)
    streams = arrow.has_stream(data) and not hasattr(data, "to_pandas")
    return streams or _is_lazy(data)


def is_query(text: str) -> bool:
    """Is it SQL, rather than a path?"""
    return _QUERY.match(text) is not None and not os.path.exists(text)


def open_source(data: object, name: str = "data") -> Source:
    """Open a table that is read batch by batch.

    Args:
        data: the path of a Parquet, CSV or Arrow (Feather) file, of a folder of such files of one
            kind (with those of `key=value` folders below it), or of several by a pattern with
            `*`, or a list of paths; a query of SQL, for DuckDB; a `pyarrow.dataset.Dataset`; a
            polars LazyFrame; `frame_batches()`; or anything with `__arrow_c_stream__`, such as a
            `pyarrow.RecordBatchReader` or a DuckDB relation.
        name: what errors call it.

    Raises:
        FileNotFoundError: no such file, or a folder without any.
        ModuleNotFoundError: a query, and no DuckDB.
        TypeError, ValueError: it is nothing of that, or cannot be read.
    """
    if isinstance(data, Source):
        return data
    if isinstance(data, FrameBatches):
        return _of_frame_batches(data, name)
    if isinstance(data, ds.Dataset):
        return _of_dataset(data, name)
    if isinstance(data, (str, os.PathLike, list, tuple)):
        return _of_text(data, name)
    if _is_lazy(data):
        return _of_lazy(data, name)
    if not arrow.has_stream(data):
        raise TypeError(
            f"{name} must be a path, a query, a data set or an Arrow stream, "
            f"not {type(data).__name__}"
        )
    return StreamSource(name, _reader_of(data))


@contextmanager
def reading(name: str, path: str) -> Iterator[None]:
    """Where a file is read: what is wrong with it is an error that names it."""
    try:
        yield
    except (pa.ArrowException, OSError, EOFError) as error:
        if isinstance(error, MemoryError):
            raise
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{name}: {path} cannot be read: {first}") from error


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The same with dictionaries as what they hold."""
    types = [f.type.value_type if pa.types.is_dictionary(f.type) else f.type for f in schema]
    return pa.schema([pa.field(f.name, kind) for f, kind in zip(schema, types, strict=True)])


def as_schema(batch: pa.RecordBatch, schema: pa.Schema, coded: bool = False) -> pa.RecordBatch:
    """The columns of a schema, in its order and types; `coded`: text may stay a dictionary."""
    columns, fields = [], []
    for field in schema:
        column = batch.column(field.name)
        if coded and pa.types.is_dictionary(column.type) and is_text(field.type):
            field = field.with_type(column.type)
        columns.append(column if column.type == field.type else column.cast(field.type))
        fields.append(field)
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


# ---- files ----


def _of_text(data: Any, name: str) -> Source:
    many = [data] if isinstance(data, (str, os.PathLike)) else list(data)
    if len(many) == 1 and isinstance(many[0], str):
        text = many[0]
        if is_query(text):
            return _of_query(text, name)
    paths: list[tuple[str, str]] = []
    for each in many:
        paths += _files(os.path.expanduser(os.fspath(each)), name)
    kinds = sorted({_suffix(path) for path, _ in paths})
    if len(kinds) > 1:
        raise ValueError(
            f"{name}: there are files of {' and '.join(kinds)}: give a pattern of one kind, such "
            f'as "folder/*{kinds[-1]}"'
        )
    return _of_files(name, paths, SUFFIXES[kinds[0]])


def _of_files(name: str, paths: list[tuple[str, str]], kind: str) -> Source:
    schemas: dict[str, pa.Schema] = {}
    pieces: list[Piece] = []
    for path, root in paths:
        with reading(name, path):
            schemas[path], found = file_pieces(kind, path, _partition(path, root))
        pieces += found
    schema, conflicts = _one_schema(schemas)
    for piece in pieces:
        if isinstance(piece, CsvPiece):
            piece.types = schema
    about = {"files": [[path, os.path.getsize(path)] for path, _ in paths]}
    return Source(name, schema, pieces, conflicts, about)


def _files(path: str, name: str) -> list[tuple[str, str]]:
    """Files, each with the folder from which `key=value` folders count."""
    if os.path.isdir(path):
        found = sorted(str(p) for p in Path(path).rglob("*") if p.is_file())
        found = [p for p in found if _suffix(p) and not _is_hidden(os.path.relpath(p, path))]
        if not found:
            raise FileNotFoundError(
                f"{name}: the folder {path} has no files of {', '.join(SUFFIXES)}"
            )
        return [(p, path) for p in found]
    if os.path.exists(path):
        found = [path]
    elif glob.has_magic(path):
        found = sorted(p for p in glob.glob(path, recursive=True) if os.path.isfile(p))
    else:
        raise FileNotFoundError(f"{name}: there is no file or folder {path}")
    if not found:
        raise FileNotFoundError(f"{name}: no file matches {path}")
    wrong = [p for p in found if not _suffix(p)]
    if wrong:
        raise ValueError(f"{name}: {wrong[0]} is no file of {', '.join(SUFFIXES)}")
    return [(p, os.path.dirname(p) if p == path else "") for p in found]


def _suffix(path: str) -> str:
    """What kind of file it is, by its name; "" where it is none of ours."""
    stem, suffix = os.path.splitext(path.lower())
    if suffix in (".gz", ".bz2", ".zst"):
        stem, suffix = os.path.splitext(stem)
        return suffix if suffix == ".csv" else ""
    return suffix if suffix in SUFFIXES else ""


def _is_hidden(path: str) -> bool:
    return any(part.startswith((".", "_")) for part in Path(path).parts)


def _partition(path: str, root: str) -> dict[str, str]:
    """The values of the `key=value` folders between a file and where it was looked for."""
    parts = Path(os.path.relpath(path, root) if root else path).parts[:-1]
    return dict(part.split("=", 1) for part in parts if "=" in part.strip("="))


def _one_schema(schemas: dict[str, pa.Schema]) -> tuple[pa.Schema, dict[str, str]]:
    """The type of each column, and what is wrong with those that have none."""
    first = next(iter(schemas))
    types: dict[str, pa.DataType] = {}
    where: dict[str, str] = {}
    conflicts: dict[str, str] = {}
    for path, schema in schemas.items():
        for field in schema:
            kind = types.setdefault(field.name, field.type)
            where.setdefault(field.name, path)
            if kind != field.type:
                try:
                    parts = [pa.schema([(field.name, one)]) for one in (kind, field.type)]
                    unified = pa.unify_schemas(parts, promote_options="permissive")
                    types[field.name] = unified.field(0).type
                except (pa.ArrowTypeError, pa.ArrowInvalid):
                    conflicts[field.name] = (
                        f'column "{field.name}" is {kind} in {where[field.name]} and {field.type} '
                        f"in {path}"
                    )
    for path, schema in schemas.items():
        for column in set(types) - set(schema.names):
            other = where[column] if path == first else first
            conflicts.setdefault(column, f'column "{column}" is in {other}, and not in {path}')
    return pa.schema(list(types.items())), conflicts


# ---- others ----


def _of_dataset(data: ds.Dataset, name: str) -> Source:
    chosen = getattr(data, "_scan_options", None)  # of filter(): such a set has no fragments
    if chosen or not isinstance(data, ds.FileSystemDataset):
        return StreamSource(name, data.scanner(batch_size=ROWS, use_threads=False).to_reader())
    pieces: list[Piece] = []
    for fragment in data.get_fragments():
        with reading(name, fragment.path):
            split = isinstance(fragment, ds.ParquetFileFragment)
            parts = fragment.split_by_row_group() if split else [fragment]
            pieces += [FragmentPiece(part, data.schema) for part in parts]
    if not pieces:
        raise ValueError(f"{name}: the data set has no files")
    return Source(name, data.schema, pieces, about={"files": list(data.files)})


def _of_frame_batches(data: FrameBatches, name: str) -> Source:
    found = StreamSource(name, data.reader()) if data.path is None else open_source(data.path, name)
    if data.columns is not None:
        found.schema = pa.schema([found.schema.field(column) for column in data.columns])
    found.levels = {column: list(levels) for column, levels in data.encoding.levels.items()}
    return found


def _of_query(query: str, name: str) -> Source:
    try:
        import duckdb
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'{name}: a query needs the package duckdb: pip install duckdb (and "{query[:40]}" is '
            "no file)"
        ) from error
    try:
        relation = duckdb.sql(query)
    except duckdb.Error as error:
        raise ValueError(f"{name}: the query cannot be run: {error}") from error
    if relation is None:
        raise ValueError(f"{name}: the query gives no rows")
    return StreamSource(name, _reader_of(relation), {"query": query})


def _reader_of(data: ArrowStream) -> pa.RecordBatchReader:
    if isinstance(data, pa.RecordBatchReader):
        return data
    for method in ("to_arrow_reader", "fetch_arrow_reader"):  # DuckDB's: in pieces
        if type(data).__name__ == "DuckDBPyRelation" and hasattr(data, method):
            return getattr(data, method)(ROWS)
    with arrow.producing():
        return pa.RecordBatchReader.from_stream(data)


def _is_lazy(data: object) -> bool:
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(data, polars.LazyFrame)


def _of_lazy(data: Any, name: str) -> Source:
    """polars writes what it computes itself, a part at a time."""
    folder = tempfile.mkdtemp(prefix="torchbridge-stream-")
    path = os.path.join(folder, "rows.parquet")
    data.sink_parquet(path, row_group_size=ROWS)
    found = _of_files(name, [(path, folder)], "parquet")
    weakref.finalize(found, shutil.rmtree, folder, ignore_errors=True)
    found.about = {}
    return found


def _read(name: str, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    while True:
        try:
            with arrow.producing():
                batch = next(reader, None)
        except (pa.ArrowException, OSError) as error:
            said = str(error).rstrip().rpartition("\n")[2]
            raise ValueError(f"{name}: the stream cannot be read: {said}") from error
        if batch is None:
            return
        yield batch
