"""R's packages arrow and nanoarrow; where they are not installed, these skip."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import torchbridge as tb
from torchbridge.frames import r_arrow

HAVE = "as.numeric(requireNamespace('{}', quietly = TRUE))"
FRAME = "data.frame(a = c(1L, NA, 3L), b = c('x', NA, 'z'), z = c(1.5, NA, 2))"


def in_r(code: str) -> object:
    rinterface = pytest.importorskip("rpy2.rinterface")
    rinterface.initr()
    return rinterface.evalr(code)


def needs(package: str) -> None:
    if in_r(HAVE.format(package))[0] == 0:  # type: ignore[index]
        pytest.skip(f"R's package {package} is not installed")


def test_views_of_text_become_text_whatever_they_are_in() -> None:
    text = pa.array(["a", None, "ccc"], pa.string_view())
    table = pa.table(
        {
            "text": text,
            "bytes": pa.array([b"a", None, b""], pa.binary_view()),
            "struct": pa.StructArray.from_arrays([text], ["x"]),
            "levels": pa.DictionaryArray.from_arrays(
                pa.array([0, None, 2]), pa.array(["a", "b", "ccc"], pa.string_view())
            ),
            "number": [1, 2, 3],
        }
    )
    plain = r_arrow.for_r_packages(table.to_reader()).read_all()
    kinds = [str(kind) for kind in plain.schema.types]
    assert kinds == [
        "large_string",
        "large_binary",
        "struct<x: large_string>",
        "dictionary<values=large_string, indices=int64, ordered=0>",
        "int64",
    ]
    assert plain.to_pylist() == table.to_pylist()


def test_a_stream_without_views_is_itself() -> None:
    reader = pa.table({"a": [1], "b": ["x"]}).to_reader()
    assert r_arrow.for_r_packages(reader) is reader


@pytest.mark.parametrize(
    ("package", "code"),
    [
        ("arrow", "arrow::arrow_table({})"),
        ("arrow", "arrow::record_batch({})"),
        ("arrow", "arrow::as_record_batch_reader(arrow::arrow_table({}))"),
        ("arrow", "arrow::InMemoryDataset$create(arrow::arrow_table({}))"),
        ("nanoarrow", "nanoarrow::as_nanoarrow_array({})"),
        ("nanoarrow", "nanoarrow::as_nanoarrow_array_stream({})"),
    ],
)
def test_tables_of_rs_packages_are_frames_of_python(package: str, code: str) -> None:
    needs(package)
    made = code.format(FRAME)
    wanted = tb.to_frame(in_r(FRAME), "polars")
    assert tb.to_frame(in_r(made), "polars").equals(wanted)
    assert isinstance(tb.to_frame(in_r(made)), pd.DataFrame)
    assert isinstance(tb.to_frame(in_r(made), "arrow"), pa.Table)
    again = tb.frame_tensors(in_r(made))
    assert pl.DataFrame(again.to_arrow())["b"].to_list() == ["x", None, "z"]
