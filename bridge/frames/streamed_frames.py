"""Data frames that do not fit in memory, as batches of tensors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.dataset as ds

from torchbridge.frames import arrow, encoded_frames, frame_encoding
from torchbridge.frames.encoded_frames import FrameTensors
from torchbridge.frames.frame_encoding import FrameEncoding

if TYPE_CHECKING:
    from torchbridge.arrays.protocols import Device, TorchDType
    from torchbridge.frames.protocols import ArrowStream

_FORMATS = {".parquet": "parquet", ".csv": "csv", ".arrow": "ipc", ".feather": "ipc"}


def frame_batches(
    source: str | os.PathLike[str] | ArrowStream,
    batch_size: int = 65536,
    columns: list[str] | None = None,
    dtype: TorchDType = "float64",
    device: Device = None,
    like: FrameTensors | FrameEncoding | None = None,
) -> FrameBatches:
    """Read a data frame piece by piece, each as tensors.

    No more than a few batches are in memory at a time, however large the source is.

    Args:
        source: The path of a Parquet, CSV or Arrow file, or of a folder of such files of one
            kind; or anything with ``__arrow_c_stream__``, such as a
            ``pyarrow.RecordBatchReader`` or a DuckDB result.
        batch_size: Rows of a batch; the last may have fewer.
        columns: The names of the columns to read; None: all.
        dtype, device: As in :func:`torchbridge.frame_tensors`.
        like: An earlier result of that, or its encoding, so that codes mean the same. None: a
            file's text columns are read once beforehand for their levels; a stream, which
            can be read only once, must have factors (dictionaries) instead.

    Returns:
        An iterable of :class:`torchbridge.FrameTensors`, with the attribute ``encoding``. Of
        files each iteration starts anew; a stream has one.

    Raises:
        FileNotFoundError: no such file.
        TypeError, ValueError: as :func:`torchbridge.frame_tensors`; an argument is wrong, or
            a stream has text and no `like`.
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ValueError(f"batch_size: expected an int of at least 1, not {batch_size!r}")
    opened = _open(source, columns)
    encoding = encoded_frames.encoding_of(like) if like is not None else opened.encoding()
    return FrameBatches(opened, encoding, batch_size, dtype, device)


class FrameBatches:
    """The batches of a source, made by :func:`torchbridge.frame_batches`."""

    def __init__(
        self,
        source: _Files | _Stream,
        encoding: FrameEncoding,
        batch_size: int,
        dtype: TorchDType,
        device: Device,
    ) -> None:
        self.encoding = encoding
        self.first = 0
        self._source = source
        self._batch_size = batch_size
        self._options = (dtype, device)

    @property
    def path(self) -> str | None:
        """The file or folder; None of a stream."""
        return self._source.path

    @property
    def columns(self) -> list[str] | None:
        """The names of the columns to read; None: all."""
        return self._source.columns

    def reader(self) -> pa.RecordBatchReader:
        """What is left of the rows, as Arrow has them."""
        return pa.RecordBatchReader.from_batches(
            self.encoding.schema, self._source.batches(self._batch_size)
        )

    def __iter__(self) -> Iterator[FrameTensors]:
        for table in _rechunk(self._source.batches(self._batch_size), self._batch_size):
            yield encoded_frames.tensors_of(table, self.encoding, *self._options, self.first)


def _rechunk(batches: Iterator[pa.RecordBatch], size: int) -> Iterator[pa.Table]:
    """Tables of `size` rows each, but the last."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        start = 0
        while len(batch) - start >= size - rows:
            take = size - rows
            yield pa.Table.from_batches([*waiting, batch.slice(start, take)])
            start, waiting, rows = start + take, [], 0
        if start < len(batch):
            waiting.append(batch.slice(start))
            rows += len(batch) - start
    if rows:
        yield pa.Table.from_batches(waiting)


class _Files:
    """A file or a folder, which can be read again."""

    def __init__(self, path: str, columns: list[str] | None) -> None:
        kind = _FORMATS.get(_suffix(Path(path)))
        if kind is None:
            raise ValueError(f"source: {path} has no files of {', '.join(_FORMATS)}")
        self.path = path
        self._data = ds.dataset(path, format=_csv() if kind == "csv" else kind)
        _check_columns(columns, self._data.schema.names)
        self.columns = columns
        self._options = (
            ds.ParquetFragmentScanOptions(pre_buffer=False) if kind == "parquet" else None
        )

    def encoding(self) -> FrameEncoding:
        schema = self._schema()
        coded = [f.name for f in schema if frame_encoding.is_coded(f.type)]
        found: dict[str, dict[str, None]] = {name: {} for name in coded}
        for batch in self._scan(coded, 65536) if coded else ():
            for name in coded:
                column = pa.chunked_array([batch.column(name)])
                found[name] |= dict.fromkeys(frame_encoding.levels_of(column))
        levels = {
            name: list(words) if pa.types.is_dictionary(schema.field(name).type) else sorted(words)
            for name, words in found.items()
        }
        return frame_encoding.make_encoding(schema, levels)

    def _schema(self) -> pa.Schema:
        schema = self._data.schema
        if self.columns is None:
            return schema
        return pa.schema([schema.field(name) for name in self.columns], schema.metadata)

    def _scan(self, columns: list[str] | None, size: int) -> Iterator[pa.RecordBatch]:
        # With threads, all of the file may be read ahead and wait in memory.
        scanner = self._data.scanner(
            columns=columns,
            batch_size=size,
            batch_readahead=1,
            fragment_readahead=1,
            use_threads=False,
            fragment_scan_options=self._options,
        )
        batches: Iterator[pa.RecordBatch] = scanner.to_batches()
        return batches

    def batches(self, size: int) -> Iterator[pa.RecordBatch]:
        return self._scan(self.columns, min(size, 65536))


class _Stream:
    """An Arrow stream: read once."""

    path = None

    def __init__(self, stream: ArrowStream, columns: list[str] | None) -> None:
        with arrow.producing():
            self._reader = pa.RecordBatchReader.from_stream(stream)
        _check_columns(columns, self._reader.schema.names)
        self.columns = columns
        self._looked_at: list[pa.RecordBatch] = []

    def encoding(self) -> FrameEncoding:
        first = next(self._read(), None)
        schema = self._reader.schema if first is None else first.schema
        if first is not None:
            self._looked_at.append(first)
        levels = {}
        for f in schema:
            if pa.types.is_dictionary(f.type):
                column = [] if first is None else [first.column(f.name)]
                levels[f.name] = frame_encoding.levels_of(pa.chunked_array(column, f.type))
            elif frame_encoding.is_coded(f.type):
                raise ValueError(
                    f"like: column '{f.name}' is text, and a stream is read only once: its levels "
                    "must come from an earlier frame_tensors()"
                )
        return frame_encoding.make_encoding(schema, levels)

    def _read(self) -> Iterator[pa.RecordBatch]:
        while True:
            with arrow.producing():
                batch = next(self._reader, None)
            if batch is None:
                return
            yield batch if self.columns is None else batch.select(self.columns)

    def batches(self, size: int) -> Iterator[pa.RecordBatch]:
        while self._looked_at:
            yield self._looked_at.pop(0)
        yield from self._read()


def _csv() -> ds.CsvFileFormat:
    """CSV as R reads it: NA or nothing, without quotes, is a missing value in text too."""
    options = csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False)
    return ds.CsvFileFormat(convert_options=options)


def _open(source: object, columns: list[str] | None) -> _Files | _Stream:
    columns = [columns] if isinstance(columns, str) else columns
    if isinstance(source, (str, os.PathLike)):
        path = os.path.expanduser(os.fspath(source))
        if not os.path.exists(path):
            raise FileNotFoundError(f"source: no file or folder at {path}")
        return _Files(path, columns)
    if not hasattr(source, "__arrow_c_stream__"):
        raise TypeError(f"source: expected a path or an Arrow stream, not {type(source).__name__}")
    return _Stream(source, columns)


def _suffix(path: Path) -> str:
    """What kind of file it is; of a folder, its first file of a kind that can be read."""
    if path.is_dir():
        suffixes = (p.suffix.lower() for p in sorted(path.rglob("*")) if p.is_file())
        return next((s for s in suffixes if s in _FORMATS), "")
    return path.suffix.lower()


def _check_columns(columns: list[str] | None, there: list[str]) -> None:
    known = set(there)
    for name in columns or ():
        if name not in known:
            raise ValueError(f"columns: no column '{name}'; there are: {', '.join(there)}")
