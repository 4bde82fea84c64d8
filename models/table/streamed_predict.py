"""Predictions for what is read batch by batch, written as they are made.

Tests: tests/models/table/test_streamed_predict.py.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from torchbridge.frames.sources import Source
from torchbridge.process.interrupts import let_r_look
from torchbridge.process.whole_files import replacing

from ..training.streamed import Ahead
from .formula import Layout, columns_in
from .frame import Columns
from .streamed_columns import Types

#: Rows of a file of a folder.
FILE_ROWS = 2**22


def needed_columns(layout: Layout, offset: str | None, names: Sequence[str]) -> list[str]:
    """The columns that predictions are made of."""
    parts = [part for term in layout.terms for part in term]
    parts += [] if offset is None else [offset]
    return list(dict.fromkeys(name for part in parts for name in columns_in(part, names)))


def predictions(
    source: Source, columns: Sequence[str], types: Types, predict: Callable[[Columns], pd.DataFrame]
) -> Iterator[pd.DataFrame]:
    """Predictions of the rows of a source in their order, some at a time.

    Args:
        source: of `open_source`.
        columns: the columns that are read.
        types: what they become.
        predict: makes predictions of columns, a row for each row.
    """
    # Without a column to read a batch would not say how many rows it has.
    read = list(columns) or source.schema.names[:1]
    with Ahead(lambda: (types.frame(batch) for batch in source.batches(read))) as frames:
        for frame in frames:
            let_r_look()
            yield predict(frame)


def write_predictions(to: str | os.PathLike[str], frames: Iterator[pd.DataFrame]) -> int:
    """Write data frames, in their order, as Parquet; how many rows they have.

    Args:
        to: a folder that is not there yet, or is empty, for files `part-00000.parquet` and so on;
            or the name of one file that ends in `.parquet`. Nothing is there before all is.
        frames: with the same columns each.
    """
    path = Path(to)
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"to: there is no folder {path.absolute().parent}")
    if path.suffix == ".parquet":
        with replacing(path) as file:
            return _write_files(frames, lambda _: file, None)
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise ValueError(f"to: {path} must be a folder that is empty or not there")
    folder = path.absolute().parent / f".{path.name}-{os.getpid()}.part"
    folder.mkdir()
    try:
        n = _write_files(frames, lambda i: folder / f"part-{i:05}.parquet", FILE_ROWS)
        if path.is_dir():
            path.rmdir()
        folder.rename(path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return n


def _write_files(
    frames: Iterator[pd.DataFrame], place: Callable[[int], object], most: int | None
) -> int:
    total, n_files, rows = 0, 0, 0
    writer: pq.ParquetWriter | None = None
    schema: pa.Schema | None = None
    try:
        for frame in frames:
            table = pa.Table.from_pandas(frame, schema, preserve_index=False)
            if schema is None:  # of text that is missing so far, pandas can't tell the type
                kinds = [pa.string() if pa.types.is_null(f.type) else f.type for f in table.schema]
                schema = pa.schema(list(zip(table.schema.names, kinds, strict=True)))
            table = table.cast(schema)
            if writer is None or (most is not None and rows + len(frame) > most):
                if writer is not None:
                    writer.close()
                writer = pq.ParquetWriter(place(n_files), schema)
                n_files, rows = n_files + 1, 0
            writer.write_table(table)
            rows += len(frame)
            total += len(frame)
    finally:
        if writer is not None:
            writer.close()
    if total == 0:
        raise ValueError("newdata has no rows")
    return total
