"""frames/plain_columns.py: the numbers of pandas frames, to R and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import torchbridge as tb


def identical(r, a, b):
    return r("function(a, b) identical(a, b)")(a, b)[0]


@pytest.mark.parametrize("rows", [0, 1, 5, 5000, 60_000])
@pytest.mark.parametrize("make", ["as.double", "as.integer", "as.logical"])
def test_one_kind_there_and_back(r, rows, make):
    x = r(f"data.frame(a = {make}(seq_len({rows}) %% 3), b = {make}(rev(seq_len({rows})) %% 2))")
    frame = tb.to_frame(x)
    assert frame.shape == (rows, 2)
    assert set(frame.dtypes) == {np.dtype({"d": float, "i": np.int32, "l": bool}[make[3]])}
    assert identical(r, tb.to_r(frame), x)


@pytest.mark.parametrize(
    ("code", "dtypes"),
    [
        ("data.frame(a = c(1L, NA), b = 1:2)", ["Int32", "int32"]),
        ("data.frame(a = c(TRUE, NA), b = c(FALSE, TRUE))", ["boolean", "bool"]),
        ("data.frame(a = c(1, NA), b = c(NaN, 2))", ["float64", "float64"]),
    ],
)
def test_na_among_columns_of_one_kind(r, code, dtypes):
    x = r(code)
    frame = tb.to_frame(x)
    assert [str(dtype) for dtype in frame.dtypes] == dtypes
    assert frame["a"].isna().tolist() == [False, True]
    made = tb.to_r(frame)
    assert identical(r, made, x)
    assert list(r("function(x) is.nan(x$b)")(made)) == [dtypes[1] == "float64", False]


def test_several_kinds_and_names_that_come_twice(r):
    x = r("data.frame(a = 1:2, a = c(1, 2), b = c(TRUE, FALSE), check.names = FALSE)")
    frame = tb.to_frame(x)
    assert list(frame.columns) == ["a", "a", "b"]
    assert [str(dtype) for dtype in frame.dtypes] == ["int32", "float64", "bool"]
    assert identical(r, tb.to_r(frame), x)
    x = r("data.frame(a = 1, a = 2, check.names = FALSE)")
    assert list(tb.to_frame(x).columns) == ["a", "a"]
    assert identical(r, tb.to_r(tb.to_frame(x)), x)


def test_row_names_go_along_with_one_kind(r):
    x = r("data.frame(a = c(1, 2), b = c(3, 4), row.names = c('u', 'v'))")
    frame = tb.to_frame(x)
    assert list(frame.index) == ["u", "v"]
    assert identical(r, tb.to_r(frame), x)


def test_the_two_sides_share_no_memory(r):
    x = r("data.frame(a = c(1, 2, 3), b = c(4, 5, 6))")
    frame = tb.to_frame(x)
    frame.loc[0, "a"] = 100.0
    assert list(x[0]) == [1, 2, 3]
    made = tb.to_r(frame)
    frame.loc[1, "b"] = 7.0
    assert list(made[1]) == [4, 5, 6]
    changed = r("function(x) { x$a[1] <- 0; x }")(made)
    assert (changed[0][0], made[0][0], frame.loc[0, "a"]) == (0, 100, 100)


def test_sequences_that_r_keeps_as_their_ends(r):
    frame = tb.to_frame(r("data.frame(a = 1:100000, b = 100000:1)"))
    assert frame["a"].tolist() == list(range(1, 100001))
    assert frame["b"].tolist() == list(range(100000, 0, -1))


def test_columns_that_do_not_lie_together(r):
    whole = pd.DataFrame(np.arange(30.0).reshape(10, 3), columns=list("abc"))
    for frame in (whole, whole[::2], whole[::-1].reset_index(drop=True), whole[["c", "a"]]):
        made = tb.to_r(frame)
        for column, name in zip(made, frame, strict=True):
            assert list(column) == frame[name].tolist()
    wide = pd.DataFrame(np.arange(12, dtype=np.int32).reshape(3, 4).T)
    assert [list(column) for column in tb.to_r(wide)] == [wide[i].tolist() for i in wide]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2**31 - 1, -(2**31) + 1], "integer"),
        ([1, 2**31], "double"),
        ([1, -(2**31)], "double"),
        ([2**53, -(2**53)], "double"),
        ([2**53 + 1, 0], "integer64"),
        ([2**60, 0], "double"),  # which a double holds
    ],
)
def test_wide_integers_by_their_values(r, values, kind):
    (column,) = tb.to_r(pd.DataFrame({"a": np.array(values)}))
    kinds = r("function(x) c(class(x), typeof(x))")(column)
    assert kind in kinds
    if kind != "integer64":
        assert list(column) == values


def test_each_dtype_beside_numbers(r):
    frame = pd.DataFrame(
        {
            "int8": np.array([1, -2], np.int8),
            "uint8": np.array([1, 2], np.uint8),
            "float16": np.array([1.5, 2], np.float16),
            "float32": np.array([1.5, 2], np.float32),
            "swapped": np.array([1.5, 2], ">f8"),
            "Int64": pd.array([1, None], "Int64"),
            "text": ["a", "b"],
            "factor": pd.Categorical(["u", None]),
            "time": pd.to_datetime(["2024-01-01", "2024-01-02"]),
            "double": [1.0, np.nan],
        }
    )
    made = tb.to_r(frame)
    kinds = list(r("function(x) vapply(x, function(x) class(x)[1], '')")(made))
    assert kinds == [
        *("integer", "raw", "numeric", "numeric", "numeric", "integer", "character", "factor"),
        *("POSIXct", "numeric"),
    ]
    missing = list(r("function(x) is.na(x)[2, ]")(made))
    assert missing == [name in ("Int64", "factor", "double") for name in frame]


def test_an_error_names_the_column(r):
    frame = pd.DataFrame({"a": [1.0], "b": [2**64 - 1]}, dtype=None)
    with pytest.raises(ValueError, match="column 'b': "):
        tb.to_r(frame)
