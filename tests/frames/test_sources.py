"""Tables wherever they are: each kind gives its rows, in order, as often as it is asked."""

from __future__ import annotations

import builtins
import gzip

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.dataset as ds
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

import torchbridge as tb
from torchbridge.frames import sources
from torchbridge.frames.sources import is_source, open_source

TABLE = pa.table(
    {
        "n": pa.array([None if i % 7 == 0 else i / 2 for i in range(100)]),
        "k": list(range(100)),
        "s": [None if i % 11 == 0 else "zyx"[i % 3] for i in range(100)],
        "f": pa.array(["v", "u"] * 50).dictionary_encode(),
    }
)
PLAIN = pa.table(
    [c.cast("string") if i == 3 else c for i, c in enumerate(TABLE)], TABLE.schema.names
)


def rows(source, columns=None):
    found = pa.Table.from_batches(source.batches(columns))
    for i, name in enumerate(found.schema.names):
        if name in ("f", "s"):  # polars writes large strings
            found = found.set_column(i, name, found.column(i).cast("string"))
    return found


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(sources, "ROWS", 30)


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for i, name in enumerate(("a", "b")):
        pq.write_table(TABLE.slice(50 * i, 50), folder / f"{name}.parquet", row_group_size=20)
    (folder / "README.md").write_text("no data")
    (folder / "_part.parquet").write_text("none either")
    csv.write_csv(PLAIN, tmp_path / "x.csv")
    feather.write_feather(TABLE, str(tmp_path / "x.feather"), chunksize=40)
    (tmp_path / "y.csv.gz").write_bytes(gzip.compress((tmp_path / "x.csv").read_bytes()))
    return tmp_path


OPENED = {
    "folder": lambda at: at / "data",
    "pattern": lambda at: str(at / "data" / "[ab].parquet"),
    "list": lambda at: [at / "data" / "a.parquet", at / "data" / "b.parquet"],
    "csv": lambda at: at / "x.csv",
    "gzip": lambda at: at / "y.csv.gz",
    "feather": lambda at: at / "x.feather",
    "dataset": lambda at: ds.dataset(at / "data", format="parquet", exclude_invalid_files=True),
    "in memory": lambda at: ds.dataset(TABLE),
    "reader": lambda at: TABLE.to_reader(max_chunksize=35),
    "query": lambda at: f"select * from '{at}/data/[ab].parquet' order by k",
    "relation": lambda at: duckdb.sql(f"from '{at}/data/[ab].parquet' order by k"),
    "lazy": lambda at: pl.scan_parquet(str(at / "data" / "[ab].parquet")),
    "frame_batches": lambda at: tb.frame_batches(at / "data" / "a.parquet", columns=["k", "f"]),
}


@pytest.mark.parametrize("kind", OPENED)
def test_each_kind_gives_its_rows_again_and_again(files, kind):
    given = OPENED[kind](files)
    assert is_source(given)
    source = open_source(given)
    expected = PLAIN.slice(0, 50).select(["k", "f"]) if kind == "frame_batches" else PLAIN
    for _ in range(2):
        assert rows(source).equals(expected)
    assert rows(source, ["f", "k"]).equals(expected.select(["f", "k"]))
    assert all(len(batch) <= 30 for batch in source.batches())
    pieces = [sum(map(len, source.piece(i, ["k"]))) for i in range(len(source.pieces))]
    assert sum(pieces) == len(expected)
    if source.n_rows is not None:
        assert [piece.n_rows for piece in source.pieces] == pieces
    assert rows(source, ["k"]).equals(expected.select(["k"]))


def test_pieces_are_row_groups_and_can_be_chosen(files):
    source = open_source(files / "data")
    assert [piece.n_rows for piece in source.pieces] == [20, 20, 10, 20, 20, 10]
    assert source.n_rows == 100
    chosen = pa.Table.from_batches(source.batches(["k"], pieces=[4, 0]))
    assert chosen.column("k").to_pylist() == [*range(70, 90), *range(20)]


def test_columns_come_in_one_type(tmp_path):
    pq.write_table(pa.table({"a": pa.array([1], "int32"), "b": [1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"b": ["x"], "a": [2.5], "c": [1]}), tmp_path / "2.parquet")
    source = open_source(tmp_path)
    found = pa.Table.from_batches(source.batches(["a"]))
    assert found.schema.field("a").type == pa.float64()
    assert found.column("a").to_pylist() == [1.0, 2.5]
    with pytest.raises(ValueError, match=r'data: column "b" is int64 in .*1.parquet and string in'):
        next(source.batches(["b"]))
    with pytest.raises(ValueError, match=r'column "c" is in .*2.parquet, and not in .*1.parquet'):
        next(source.batches(["a", "c"]))
    with pytest.raises(ValueError, match='data has no column "q"; it has a, b, c'):
        next(source.batches(["q"]))


def test_folders_of_values_are_columns(tmp_path):
    for year, city in ((2023, "a b"), (2024, "c")):
        folder = tmp_path / f"year={year}" / f"city={city.replace(' ', '%20')}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"x": [1.0, 2.0]}), folder / "p.parquet")
    found = pa.Table.from_batches(open_source(tmp_path).batches(["city", "x", "year"]))
    assert found.column("year").to_pylist() == [2023, 2023, 2024, 2024]
    assert found.column("city").to_pylist() == ["a b", "a b", "c", "c"]


def test_a_filter_of_a_data_set_holds(files):
    data = ds.dataset(files / "data" / "a.parquet").filter(ds.field("k") >= 45)
    source = open_source(data)
    assert source.n_rows is None
    assert pa.Table.from_batches(source.batches(["k"])).column("k").to_pylist() == [*range(45, 50)]


def test_factors_of_a_stream_keep_their_levels_the_first_time(files):
    source = open_source(TABLE.to_reader())
    first = pa.Table.from_batches(source.batches(["f"])).column("f")
    assert first.chunk(0).dictionary.to_pylist() == ["v", "u"]
    assert next(source.batches(["f"])).column(0).type == pa.string()


def test_what_is_no_source():
    assert not any(map(is_source, (pd.DataFrame(), TABLE, pl.DataFrame(), {}, [], [1], 3, None)))
    with pytest.raises(TypeError, match="newdata must be a path, a query, a data set or an Arrow"):
        open_source(3, "newdata")


def test_bad_files_are_named(files, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(
        FileNotFoundError, match="data: the folder .*empty has no files of .parquet"
    ):
        open_source(empty)
    with pytest.raises(FileNotFoundError, match="data: no file matches"):
        open_source(str(empty / "*.parquet"))
    with pytest.raises(FileNotFoundError, match="data: there is no file or folder nothing"):
        open_source("nothing")
    with pytest.raises(ValueError, match="data: there are files of .csv and .feather"):
        open_source([files / "x.csv", files / "x.feather"])
    with pytest.raises(ValueError, match="README.md is no file of .parquet"):
        open_source(files / "data" / "README.md")
    whole = (files / "data" / "a.parquet").read_bytes()
    (files / "data" / "a.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="data: .*a.parquet cannot be read: Parquet magic bytes"):
        open_source(files / "data")
    # The footer is whole, and the pages are not.
    (files / "data" / "a.parquet").write_bytes(b"\0" * 400 + whole[400:])
    with pytest.raises(ValueError, match="data: .*a.parquet cannot be read"):
        rows(open_source(files / "data"))
    feathered = (files / "x.feather").read_bytes()
    (files / "x.feather").write_bytes(feathered[:-20])
    with pytest.raises(ValueError, match="data: .*x.feather cannot be read"):
        open_source(files / "x.feather")


def test_a_csv_file_tells_types_by_its_beginning(tmp_path, monkeypatch):
    monkeypatch.setattr("torchbridge.frames.source_pieces._CSV_BYTES", 1 << 10)
    path = tmp_path / "x.csv"
    path.write_text("a,b\n" + "1,\n" * 1000 + "2,0.5\n")
    assert rows(open_source(path), ["b"]).column("b").null_count == 1000
    path.write_text("a,b\n" + "1,\n" * 1000 + "2.5,\n")
    with pytest.raises(
        ValueError, match=r"data: .*x.csv cannot be read: .*column.*write it as Par"
    ):
        rows(open_source(path))


def test_a_query_needs_duckdb_and_says_what_is_wrong(monkeypatch):
    with pytest.raises(ValueError, match="data: the query cannot be run: .*nowhere"):
        open_source("select * from nowhere")
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "duckdb":
            raise ModuleNotFoundError("No module named 'duckdb'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match="a query needs the package duckdb: pip install"):
        open_source("select 1 as x")


def test_a_stream_that_fails_says_so():
    def broken():
        yield TABLE.to_batches()[0]
        raise RuntimeError("the disk is gone")

    source = open_source(pa.RecordBatchReader.from_batches(TABLE.schema, broken()))
    with pytest.raises(RuntimeError, match="the disk is gone"):
        rows(source)
    with pytest.raises(ValueError, match="data: the stream was read in part"):
        rows(source)
