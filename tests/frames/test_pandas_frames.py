"""Data frames, dates and categories through pandas: every type of column, with its NA."""

from __future__ import annotations

import datetime
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import torchbridge as tb
from torchbridge.process import rpy2_objects

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def from_r(r):
    """The Python value of an R expression (or R object)."""
    return lambda x: rpy2_objects.robject(r(x) if isinstance(x, str) else x).value()


# ---- frames that come back identical -------------------------------------------------

#: The bits of 2^62 + 1, which no double equals.
WIDE = "readBin(as.raw(c(1, 0, 0, 0, 0, 0, 0, 64)), 'double')"
#: Without rows these lose their type, in pandas or (two columns) in data.frame().
NO_ROWS = ["list", "list with NULL", "integer64", "integer64 NA", "all NA", "data frame"]
if pd.Series([""]).dtype == object:  # before pandas 3
    NO_ROWS += ["character", "character NA"]
TIME = "class = c('POSIXct', 'POSIXt')"
COLUMNS = {
    "double": "c(1.5, -0, NA)",
    "double with NaN": "c(NaN, Inf, NA)",
    "integer": "c(1L, -2L, 3L)",
    "integer NA": "c(1L, NA, 3L)",
    "logical": "c(TRUE, FALSE, TRUE)",
    "logical NA": "c(TRUE, NA, FALSE)",
    "character": "c('a', '', '\\u00e9')",
    "character NA": "c('a', NA, 'NA')",
    "factor": "factor(c('b', 'a', 'b'), levels = c('b', 'a', 'unused'))",
    "factor NA": "factor(c('b', NA, 'a'))",
    "ordered": "factor(c('hi', 'lo', NA), levels = c('lo', 'hi'), ordered = TRUE)",
    "Date": "as.Date(c('2024-02-29', NA, '1899-12-31'))",
    "POSIXct UTC": "as.POSIXct(c('2024-01-01 12:00:00', NA, '1969-12-31 23:59:59'), tz = 'UTC')",
    "POSIXct zone": "as.POSIXct(c('2024-07-01', NA, '2024-01-01'), tz = 'Asia/Seoul')",
    "sub-second": f"structure(c(0.5, 1.7e9 + 0.123456, NA), {TIME}, tzone = 'UTC')",
    "far away": "as.POSIXct(c('3000-01-01', '1000-01-01', NA), tz = 'UTC')",
    "seconds": "as.difftime(c(1.5, NA, -2), units = 'secs')",
    "complex": "c(1+2i, NA, 3)",
    "raw": "as.raw(c(0, 1, 255))",
    "integer64": f"structure(c(4.94e-324, 0, {WIDE}), class = 'integer64')",
    "integer64 NA": f"structure(c(4.94e-324, -0, {WIDE}), class = 'integer64')",
    "list": "list(1:2, 'a', c(2.5, NA))",
    "list with NULL": "list(c(1, 2), NULL, list(1L, 'b'))",
    "all NA": "c(NA, NA, NA)",
    "data frame": "data.frame(p = c(1, NA, 3), q = c('a', NA, 'c'))",
}


@pytest.mark.parametrize("name", COLUMNS)
def test_every_type_of_column_comes_back_identical(r, from_r, name):
    x = r(f"{{ x <- data.frame(y = 1:3); x$x <- {COLUMNS[name]}; x }}")
    back = tb.to_r(from_r(x))
    assert r.identical(back, x), r.text("paste(deparse(x), collapse = '')", x=back)


@pytest.mark.parametrize("name", [n for n in COLUMNS if n not in NO_ROWS])
def test_a_frame_without_rows_keeps_its_columns(r, from_r, name):
    code = f"data.frame(x = {COLUMNS[name]}, y = 1:3)[0, ]"
    x = from_r(code)
    assert x.shape == (0, 2)
    back = tb.to_r(x)
    assert r.identical(back, r(code))


def test_the_pandas_side_of_every_column(from_r):
    columns = ", ".join(f"`{name}` = {code}" for name, code in COLUMNS.items())
    x = from_r(f"structure(list({columns}), class = 'data.frame', row.names = 1:3)")
    assert x.columns.tolist() == list(COLUMNS)
    text = pd.Series(["a"]).dtype
    expected = {
        "double": np.float64,
        "integer": np.int32,
        "integer NA": pd.Int32Dtype(),
        "logical": np.bool_,
        "logical NA": pd.BooleanDtype(),
        "character": text,
        "character NA": text,
        "factor": pd.CategoricalDtype(["b", "a", "unused"]),
        "ordered": pd.CategoricalDtype(["lo", "hi"], ordered=True),
        "Date": pd.ArrowDtype(pa.date32()),
        "POSIXct UTC": pd.DatetimeTZDtype("us", "UTC"),
        "POSIXct zone": pd.DatetimeTZDtype("us", "Asia/Seoul"),
        "seconds": np.dtype("m8[us]"),
        "complex": np.complex128,
        "raw": np.uint8,
        "integer64": np.int64,
        "integer64 NA": pd.Int64Dtype(),
        "list": object,
        "all NA": pd.BooleanDtype(),
    }
    for name, dtype in expected.items():
        assert x[name].dtype == dtype, name
    for name in COLUMNS:
        if "NA" in name and "all" not in name:
            assert x[name].isna().tolist().count(True) == 1, name
    assert x["integer NA"].tolist()[0] == 1 and x["integer NA"][1] is pd.NA
    assert x["character NA"].tolist()[::2] == ["a", "NA"]
    assert x["Date"].tolist() == [datetime.date(2024, 2, 29), pd.NA, datetime.date(1899, 12, 31)]
    assert x["POSIXct zone"][0] == pd.Timestamp("2024-07-01", tz="Asia/Seoul")
    assert x["far away"][0] == pd.Timestamp(year=3000, month=1, day=1, tz="UTC")
    assert x["sub-second"][1] == pd.Timestamp("2023-11-14 22:13:20.123456", tz="UTC")
    assert x["seconds"][0] == pd.Timedelta("1.5s")
    assert x["integer64"].tolist() == [1, 0, 2**62 + 1]
    assert x["list"][0].tolist() == [1, 2] and x["list"][1] == "a"
    assert x["list with NULL"][1] is None


@given(
    numbers=st.lists(st.none() | st.floats(), max_size=6),
    names=st.lists(st.text(max_size=3).filter(lambda t: "\0" not in t), min_size=1, max_size=3),
)
@settings(max_examples=40, deadline=None)
def test_any_names_and_numbers_come_back(r, from_r, numbers, names):
    try:
        "".join(names).encode()
    except UnicodeEncodeError:
        return
    column = pd.array([0.0 if v is None else v for v in numbers], dtype="float64")
    x = pd.DataFrame(dict(enumerate([column] * len(names))))
    x.columns = names
    back = from_r(tb.to_r(x))
    pd.testing.assert_frame_equal(back, x, check_exact=True, check_column_type=False)


# ---- names, rows and columns ---------------------------------------------------------


def test_the_same_name_twice_and_names_in_any_script(r, from_r):
    code = "{ x <- data.frame(1:2, 3:4, 5:6); names(x) <- c('a', 'a', '\\u65e5\\u672c'); x }"
    x = from_r(code)
    assert x.columns.tolist() == ["a", "a", "日本"]
    assert x.iloc[:, 1].tolist() == [3, 4]
    assert r.identical(tb.to_r(x), r(code))


@pytest.mark.parametrize(
    "code",
    [
        "data.frame()",
        "data.frame(a = 1:3)[, 0]",
        "data.frame(a = 1:3)[0, , drop = FALSE]",
        "data.frame(a = 1:3, b = c('x', 'y', 'z'))",
        "data.frame(a = 1:3, row.names = c('x', 'y', '\\u00e9'))",
        "data.frame(a = 1:5)[c(5, 2), , drop = FALSE]",
        "data.frame(a = 1:5)[3, , drop = FALSE]",
        "data.frame(a = 1, row.names = '7')",
        "mtcars",
        "iris[c(1, 51, 101), ]",
        "head(airquality)",
        "airquality",
        "ToothGrowth",
    ],
)
def test_rows_columns_and_their_names_come_back_identical(r, from_r, code):
    back = tb.to_r(from_r(code))
    assert r.identical(back, r(code)), r.text("paste(deparse(x), collapse = '')", x=back)


def test_an_index_becomes_row_names(r, from_r):
    x = pd.DataFrame({"a": [1, 2, 3]}, index=["x", "y", "z"])
    assert list(r("row.names(x)", x=tb.to_r(x))) == ["x", "y", "z"]
    x = pd.DataFrame({"a": [1, 2, 3]})[lambda d: d.a > 1]
    assert list(r("attr(x, 'row.names')", x=tb.to_r(x))) == [1, 2]
    x = pd.DataFrame({"a": [1, 2]}, index=["same", "same"])  # R's row names differ
    with pytest.warns(tb.LossyWarning, match="index is left out"):
        assert list(r("attr(x, 'row.names')", x=tb.to_r(x))) == [1, 2]
    x = pd.DataFrame({"g": ["x", "x"], "h": [1, 2], "a": [3, 4]}).set_index(["g", "h"])
    assert r.identical(tb.to_r(x), r("data.frame(g = c('x', 'x'), h = 1:2, a = 3:4)"))
    x = pd.DataFrame({("a", "min"): [1], ("a", "max"): [2], ("b", ""): [3]})
    assert list(r("names(x)", x=tb.to_r(x))) == ["a.min", "a.max", "b"]
    x = pd.DataFrame({3: [1], "b": [2]})
    assert list(r("names(x)", x=tb.to_r(x))) == ["3", "b"]


def test_a_tibble_like_class_is_a_frame(from_r):
    x = from_r(
        "structure(list(a = 1:2), class = c('tbl_df', 'tbl', 'data.frame'), row.names = 1:2)"
    )
    assert isinstance(x, pd.DataFrame) and x["a"].tolist() == [1, 2]


def test_frames_are_copies(r, from_r):
    x = r("data.frame(a = c(1, 2))")
    frame = from_r(x)
    frame.loc[0, "a"] = 100
    assert r.identical(x, r("data.frame(a = c(1, 2))"))
    back = tb.to_r(frame)
    frame.loc[0, "a"] = 5
    assert list(r("x$a", x=back)) == [100, 2]


#: What R's own factor() would round, and so merge.
CATEGORIES = {
    "double": "factor(1:4, c(4, 1, 2, 3), c('0.30000000000000004', '1.5', '2', '100000'))",
    "int64": "factor(2:1, 1:2, c('9007199254740992', '9007199254740993'))",
    "time": "factor(1:2, 1:2, c('1970-01-01 00:00:00', '1970-01-01 00:00:00.000000001'))",
}

# ---- pandas' own types ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: pd.Series([1, 2]), "1:2"),
        (lambda: pd.Series([1, 2], dtype="int8"), "1:2"),
        (lambda: pd.Series([2**40, 1]), "c(2^40, 1)"),
        (lambda: pd.Series([1.5, np.nan]), "c(1.5, NaN)"),
        (lambda: pd.Series([1.5, None], dtype="Float64"), "c(1.5, NA)"),
        (lambda: pd.Series([1.5, None], dtype="Float32"), "c(1.5, NA)"),
        (lambda: pd.Series([1, None], dtype="Int64"), "c(1L, NA)"),
        (lambda: pd.Series([255, None], dtype="UInt8"), "c(255L, NA)"),
        (lambda: pd.Series([2**40, None], dtype="Int64"), "c(2^40, NA)"),
        (lambda: pd.Series([True, None], dtype="boolean"), "c(TRUE, NA)"),
        (lambda: pd.Series([True, None], dtype=object), "c(TRUE, NA)"),
        (lambda: pd.Series(["a", None]), "c('a', NA)"),
        (lambda: pd.Series(["a", None], dtype="string"), "c('a', NA)"),
        (lambda: pd.Series(["a", np.nan, pd.NA, pd.NaT], dtype=object), "c('a', NA, NA, NA)"),
        (lambda: pd.Series([1, None], dtype=object), "c(1L, NA)"),
        (lambda: pd.Series([1, "a"], dtype=object), "list(1L, 'a')"),
        (lambda: pd.Series([None, None], dtype=object), "c(NA, NA)"),
        (lambda: pd.Series([np.float32("nan"), "a"], dtype=object), "c(NA, 'a')"),
        (lambda: pd.Series([], dtype="string"), "character(0)"),
        (lambda: pd.Series([], dtype=object), "logical(0)"),
        (lambda: pd.Categorical(["b", None, "a"]), "factor(c('b', NA, 'a'))"),
        (lambda: pd.Categorical([2, 1, 2]), "factor(c(2, 1, 2))"),
        (lambda: pd.Categorical([1.5, 2, 1e5, 0.1 + 0.2]), CATEGORIES["double"]),
        (lambda: pd.Categorical([2**53 + 1, 2**53]), CATEGORIES["int64"]),
        (
            lambda: pd.Categorical(np.array([200, 10], np.uint8)),
            "factor(c('200', '10'), c(10, 200))",
        ),
        (lambda: pd.Categorical([True, False]), "factor(c(TRUE, FALSE))"),
        (lambda: pd.Categorical(pd.to_datetime([0, 1])), CATEGORIES["time"]),
        (lambda: pd.Categorical([], categories=["a"]), "factor(character(0), levels = 'a')"),
        (lambda: pd.Categorical([None, None]), "factor(c(NA, NA))"),
        (lambda: pd.Index(["a", "b"]), "c('a', 'b')"),
        (lambda: pd.RangeIndex(3), "0:2"),
        (lambda: pd.NA, "NA"),
        (lambda: pd.NaT, "NA"),
        (lambda: np.datetime64("NaT"), "as.POSIXct(NA, tz = 'UTC')"),
        (lambda: np.timedelta64("NaT"), "as.difftime(NA_real_, units = 'secs')"),
        (
            lambda: pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["g", None]),
            "data.frame(g = c('a', 'b'), level_1 = 1:2)",
        ),
        (lambda: pd.Series([decimal.Decimal("1.25"), None]), "c(1.25, NA)"),
        (lambda: pd.Series([datetime.time(0, 1), None]), "as.difftime(c(60, NA), units = 'secs')"),
        (lambda: pd.Series([datetime.date(1970, 1, 2), None]), "as.Date(c('1970-01-02', NA))"),
        (lambda: pd.to_timedelta(["1min", None]), "as.difftime(c(60, NA), units = 'secs')"),
        (lambda: pd.Timedelta(days=1), "as.difftime(86400, units = 'secs')"),
        (lambda: pd.Timedelta(1, unit="ns"), "as.difftime(1e-9, units = 'secs')"),
    ],
)
def test_pandas_values_are_r_s_own(r, make, code):
    back = tb.to_r(make())
    assert r.identical(back, r(code)), r.text("paste(deparse(x), collapse = '')", x=back)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_times_of_every_unit_and_zone_are_the_same_instant(r, unit, zone):
    instants = pd.to_datetime(["2024-07-01 12:00:01", None, "1969-12-31 23:59:59"], utc=True)
    x = (
        instants.tz_convert(zone).as_unit(unit)
        if zone
        else instants.tz_localize(None).as_unit(unit)
    )
    back = tb.to_r(x)
    assert list(r("unclass(x)[c(1, 3)]", x=back)) == [1719835201, -1]
    assert r.true("is.na(x[2]) && !is.nan(x[2])", x=back)
    assert r.text("attr(x, 'tzone')", x=back) == (zone or "UTC")


def test_fixed_offsets_are_told_in_utc(r):
    zone = datetime.timezone(datetime.timedelta(hours=9))
    x = tb.to_r(datetime.datetime(1970, 1, 1, 9, tzinfo=zone))
    assert r.true("as.numeric(x) == 0 && attr(x, 'tzone') == 'UTC'", x=x)


def test_nullable_integers_beyond_the_doubles_stay_exact_with_na(r, from_r):
    values = pd.array([2**60 + 1, None, -(2**60) - 1], dtype="Int64")
    x = tb.to_r(values)
    assert r.true("identical(class(x), 'integer64')", x=x)
    bits = np.frombuffer(r.bytes(x), np.int64)
    assert bits.tolist() == [2**60 + 1, -(2**63), -(2**60) - 1]
    assert from_r(x).tolist() == [2**60 + 1, pd.NA, -(2**60) - 1]


# ---- single dates and times ----------------------------------------------------------


def test_one_date_or_time_is_python_s_own(from_r):
    assert from_r("as.Date('2024-02-29')") == datetime.date(2024, 2, 29)
    assert type(from_r("as.Date('2024-02-29')")) is datetime.date
    assert from_r("as.Date(NA)") is pd.NaT
    assert from_r("as.POSIXct(NA)") is pd.NaT
    assert from_r("as.difftime(NA_real_, units = 'mins')") is pd.NaT
    time = from_r("as.POSIXct('2024-07-01 12:00:00', tz = 'Asia/Seoul')")
    assert time == pd.Timestamp("2024-07-01 12:00", tz="Asia/Seoul")
    assert str(time.tz) == "Asia/Seoul"
    assert from_r("as.POSIXlt('2024-07-01 12:00:00', tz = 'Asia/Seoul')") == time
    assert from_r("structure(0, class = c('POSIXct', 'POSIXt'))") == pd.Timestamp(0, tz="UTC")
    for units, seconds in (("secs", 1), ("mins", 60), ("hours", 3600), ("days", 86400)):
        assert from_r(f"as.difftime(2.5, units = '{units}')") == pd.Timedelta(seconds=2.5 * seconds)
    assert from_r("as.difftime(1, units = 'weeks')") == pd.Timedelta(days=7)
    assert from_r("as.difftime(1e-9, units = 'secs')") == pd.Timedelta(1, unit="ns")
    assert from_r("as.difftime(5e5, units = 'days')") == datetime.timedelta(days=500_000)


#: A lone surrogate, which is no character.
HALVES = pd.Index(["a", "b\udce9"], dtype=object)

# ---- what is refused -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        (
            "{ x <- data.frame(a = 1:2); x$m <- array(1:8, c(2, 2, 2)); x }",
            TypeError,
            "column 'm': an array",
        ),
        ("data.frame(d = structure(Inf, class = 'Date'))", ValueError, "column 'd': row 1 is inf"),
        (f"data.frame(t = structure(c(0, Inf), {TIME}))", ValueError, "column 't': row 2 is inf"),
        (f"data.frame(t = structure(1e15, {TIME}))", ValueError, "column 't': row 1 .* too far"),
        (
            f"data.frame(t = structure(1, {TIME}, tzone = 'No/Such'))",
            ValueError,
            "column 't': .*No/S",
        ),
        (
            "data.frame(f = structure(3L, levels = 'a', class = 'factor'))",
            ValueError,
            "column 'f': row 1",
        ),
        ("data.frame(x = `Encoding<-`('\\xe9', 'bytes'))", ValueError, "column 'x': row 1"),
    ],
)
def test_columns_without_a_pandas_type_are_named(from_r, code, error, message, nothing_left):
    with pytest.raises(error, match=message):
        from_r(code)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: pd.period_range("2024", periods=2, freq="M"),
            TypeError,
            "R has no type for pandas' period",
        ),
        (lambda: pd.interval_range(0, 2), TypeError, "R has no type for pandas' interval"),
        (lambda: pd.Series([2**63, 2**64 - 1]), ValueError, "fit no R type"),
        (lambda: pd.Categorical(["1", 1]), ValueError, "two categories have the same text"),
        (lambda: pd.Categorical(HALVES, HALVES), ValueError, "category 2 is no text"),
        (lambda: pd.Categorical([b"a", b"a"]), TypeError, "category 1 is bytes"),
    ],
)
def test_columns_without_an_r_type_are_named(make, error, message, nothing_left):
    with pytest.raises(error, match=message):
        tb.to_r(make())
    with pytest.raises(error, match=f"column 'bad': .*{message}"):
        tb.to_r(pd.DataFrame({"good": [1, 2], "bad": make()}))
