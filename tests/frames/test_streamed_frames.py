"""Frames piece by piece: files, folders and streams, with little memory."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
import torch

import torchbridge as tb

TABLE = pa.table(
    {
        "n": pa.array([None if i % 7 == 0 else i / 2 for i in range(100)]),
        "s": [None if i % 11 == 0 else "zyx"[i % 3] for i in range(100)],
        "f": pa.array(["u", "v"] * 50).dictionary_encode(),
    }
)
WHOLE = tb.frame_tensors(TABLE)


def joined(batches):
    return [torch.cat(parts) for parts in zip(*batches, strict=True)]


def write(path, kind, table=TABLE):
    if kind == "csv":
        csv.write_csv(table, path)
    elif kind == "parquet":
        pq.write_table(table, path, row_group_size=13)
    else:
        feather.write_feather(table, str(path), chunksize=13)


@pytest.mark.parametrize("kind", ["csv", "parquet", "feather"])
@pytest.mark.parametrize("size", [1, 7, 50, 64, 1000])
def test_the_batches_of_a_file_are_the_whole_frame(tmp_path, kind, size):
    path = tmp_path / f"x.{kind}"
    write(path, kind)
    batches = tb.frame_batches(path, batch_size=size)
    for _ in range(2):  # files can be read again
        read = list(batches)
        assert [len(b) for b in read[:-1]] == [size] * (len(read) - 1)
        assert all(torch.equal(a, b) for a, b in zip(joined(read), WHOLE, strict=True))
    assert batches.encoding.levels == {"s": ("x", "y", "z"), "f": ("u", "v")}


def test_a_folder_is_its_files_in_order(tmp_path):
    write(tmp_path / "a.parquet", "parquet", TABLE.slice(0, 30))
    write(tmp_path / "b.parquet", "parquet", TABLE.slice(30))
    read = joined(tb.frame_batches(str(tmp_path), batch_size=40))
    assert all(torch.equal(a, b) for a, b in zip(read, WHOLE, strict=True))


def test_columns_are_chosen_and_ordered(tmp_path):
    write(tmp_path / "x.parquet", "parquet")
    batches = tb.frame_batches(tmp_path / "x.parquet", columns=["f", "n"], batch_size=100)
    assert batches.encoding.numeric == ("n",) and batches.encoding.coded == ("f",)
    assert torch.equal(next(iter(batches)).codes[:, 0], WHOLE.codes[:, 1])


def test_a_stream_is_read_once_and_not_ahead():
    given = []

    def produce():
        for batch in TABLE.drop(["s"]).to_batches(max_chunksize=10):
            given.append(len(batch))
            yield batch

    schema = TABLE.drop(["s"]).schema
    batches = tb.frame_batches(pa.RecordBatchReader.from_batches(schema, produce()), batch_size=10)
    steps = iter(batches)
    next(steps)
    assert sum(given) <= 20
    assert sum(len(b) for b in steps) == 90
    assert list(batches) == []


def test_text_in_a_stream_needs_levels_of_before():
    with pytest.raises(
        ValueError, match="like: column 's' is text, and a stream is read only once"
    ):
        tb.frame_batches(TABLE.to_reader())
    read = joined(tb.frame_batches(TABLE.to_reader(), batch_size=9, like=WHOLE))
    assert all(torch.equal(a, b) for a, b in zip(read, WHOLE, strict=True))


def test_an_r_frame_streams(r):
    read = joined(tb.frame_batches(tb.RFrame(r("iris")), batch_size=60))
    assert torch.equal(read[0], tb.frame_tensors(r("iris")).numeric)


def test_memory_stays_bounded(tmp_path):
    rows, written = 800_000, pa.default_memory_pool()
    path = tmp_path / "x.parquet"
    column = pa.array(range(rows), pa.float64())
    pq.write_table(pa.table({f"c{i}": column for i in range(8)}), path, row_group_size=10_000)
    before, most = written.bytes_allocated(), 0
    total = 0.0
    for batch in tb.frame_batches(path, batch_size=5_000):
        most = max(most, written.bytes_allocated() - before)
        total += float(batch.numeric[:, 0].sum())
    assert total == rows * (rows - 1) / 2
    assert most < rows * 8 * 8 / 4  # bytes of the whole frame, and a quarter of it


def test_bad_arguments_are_named(tmp_path):
    write(tmp_path / "x.csv", "csv")
    with pytest.raises(FileNotFoundError, match="source: no file or folder"):
        tb.frame_batches(tmp_path / "none.csv")
    (tmp_path / "x.txt").write_text("a")
    with pytest.raises(ValueError, match="source: .*x.txt"):
        tb.frame_batches(tmp_path / "x.txt")
    with pytest.raises(ValueError, match="columns: no column 'q'; there are: n, s, f"):
        tb.frame_batches(tmp_path / "x.csv", columns=["q"])
    for size in (0, 1.5, True):
        with pytest.raises(ValueError, match="batch_size: expected an int"):
            tb.frame_batches(tmp_path / "x.csv", batch_size=size)
    with pytest.raises(TypeError, match="source: expected a path or an Arrow stream, not int"):
        tb.frame_batches(3)
