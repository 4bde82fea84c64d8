"""Every kind of frame from every other: as_py_frame() of R, in both hosts, by to_frame's rules."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal
from polars.testing import assert_frame_equal as assert_polars_equal

import torchbridge as tb
from torchbridge.frames.frame_kinds import of_kind

#: A column of every type of R's, with NA.
COLUMNS = {
    "double": "c(1.5, -2, 3)",
    "integer": "c(1L, NA, -3L)",
    "logical": "c(TRUE, NA, FALSE)",
    "whole": "1:3",
    "flag": "c(TRUE, FALSE, TRUE)",
    "character": "c('a', NA, 'b')",
    "factor": "factor(c('b', NA, 'a'), levels = c('b', 'a', 'z'))",
    "Date": "as.Date(c('2024-02-29', NA, '1899-12-31'))",
    "POSIXct": "as.POSIXct(c('2024-07-01', NA, '1969-12-31'), tz = 'Asia/Seoul')",
    "difftime": "as.difftime(c(90, NA, -2), units = 'secs')",
    "integer64": "structure(c(4.9e-324, NA, 1.5), class = 'integer64')",
    "complex": "c(1 + 2i, 3, -1i)",
    "raw": "as.raw(c(0, 1, 255))",
    "frame": "I(data.frame(p = c(1, NA, 3), q = c('x', NA, 'z')))",
    "matrix": "matrix(c(1, 2, 3, 4, 5, 6), 3)",
}


def frame(r, name):
    code = COLUMNS[name].replace("NA, 1.5", "-0, 1.5") if name == "integer64" else COLUMNS[name]
    return r(f"{{ x <- data.frame(row = 1:3); x[['{name}']] <- {code}; x$row <- NULL; x }}")


def same(x, y):
    """The same kind of frame, with the same types and values."""
    assert type(x) is type(y)
    if isinstance(x, pl.DataFrame):
        assert_polars_equal(x, y)
        assert x.schema == y.schema
    elif isinstance(x, pa.Table):
        assert x.equals(y) and x.schema.types == y.schema.types
    else:
        assert_frame_equal(x, y, check_exact=True)


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
@pytest.mark.parametrize("source", ["pandas", "polars", "arrow"])
def test_a_frame_of_a_frame_is_that_of_the_r_data_frame(r, source, kind, name):
    x = frame(r, name)
    made, wanted = of_kind(tb.to_frame(x, source), kind), tb.to_frame(x, kind)
    if name in ("character", "factor", "frame") and kind != "polars" and kind != source:
        # The libraries' widths of text and of codes differ: what R makes of them does not.
        assert r.identical(tb.to_r(made), tb.to_r(wanted))
    else:
        same(made, wanted)
    if name != "frame" and kind == "pandas":
        same(made, wanted)


def test_levels_and_missing_integers_stay_from_every_library():
    table = pa.table(
        {
            "i": pa.array([2**60 + 1, None], pa.int64()),
            "u": pa.array([2**63 + 1, None], pa.uint64()),
            "b": pa.array([True, None]),
            "f": pa.chunked_array(
                [
                    pa.DictionaryArray.from_arrays(pa.array([1], pa.int8()), ["z", "a"]),
                    pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), ["b"]),
                ]
            ),
        }
    )
    frame = of_kind(table, "pandas")
    assert list(map(str, frame.dtypes)) == ["Int64", "UInt64", "boolean", "category"]
    assert frame["i"].tolist() == [2**60 + 1, pd.NA] and frame["u"].tolist() == [2**63 + 1, pd.NA]
    assert frame["f"].cat.categories.tolist() == ["z", "a", "b"] and list(frame["f"]) == ["a", "b"]
    made = of_kind(table, "polars")
    assert made.schema["f"] == pl.Enum(["z", "a", "b"]) and made["f"].to_list() == ["a", "b"]
    same(of_kind(frame, "polars"), made)
    same(of_kind(made, "pandas"), frame)
    same(of_kind(frame, "pandas"), frame)
    same(of_kind(made, "polars"), made)


def test_what_pandas_wrote_comes_back_as_it_was():
    index = pd.DatetimeIndex(["2024-01-01", "2024-01-02"], name="day")
    frame = pd.DataFrame({"x": pd.array([1, 2], "Int64"), "y": [1.5, np.nan]}, index=index)
    same(of_kind(of_kind(frame, "arrow"), "pandas"), frame)
    longer = of_kind(frame, "arrow").append_column("z", pa.array([2**60 + 1, None]))
    z = of_kind(longer, "pandas")
    assert str(longer.schema.names) == "['x', 'y', 'day', 'z']"
    same(z[["x", "y"]], frame)
    assert z["z"].tolist() == [2**60 + 1, pd.NA]


def test_row_names_are_the_index_and_columns_may_share_a_name(r):
    x = r("mtcars[1:3, 1:2]")
    for source in ("pandas", "polars", "arrow"):
        for kind in ("pandas", "polars", "arrow"):
            made = of_kind(tb.to_frame(x, source), kind)
            assert r.identical(tb.to_r(made), x)
        same(of_kind(tb.to_frame(x, source), "pandas"), tb.to_frame(x))
    twice = pa.Table.from_arrays([pa.array([1, None]), pa.array(["a", "b"])], ["x", "x"])
    frame = of_kind(twice, "pandas")
    assert frame.columns.tolist() == ["x", "x"]
    assert list(map(str, frame.dtypes)) == ["Int64", str(pd.Series(["a"]).dtype)]
    assert of_kind(pa.table({}), "pandas").shape == (0, 0)


def test_types_that_r_has_not_follow_the_library():
    table = pa.table(
        {
            "bytes": pa.array([b"a", None]),
            "decimal": pa.array([1, None], pa.decimal128(5, 2)),
            "list": pa.array([[1], None], pa.list_(pa.int64())),
            "nano": pa.array([1, None], pa.timestamp("ns")),
            "none": pa.nulls(2),
        }
    )
    same(of_kind(table, "pandas"), table.to_pandas())
