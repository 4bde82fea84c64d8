"""Data frames through pyarrow, polars, pandas, DuckDB and Parquet: every type, with NA."""

from __future__ import annotations

import datetime
import io
import warnings

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import torchbridge as tb
from torchbridge.frames import frame_kinds

pytestmark = pytest.mark.filterwarnings("error")

# ---- any frame, made by R itself --------------------------------------------------

DAY = datetime.date(1970, 1, 1)
UTC = datetime.timezone.utc
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
INTS = st.integers(-(2**31) + 1, 2**31 - 1)
MICROS = st.integers(-(10**15), 4 * 10**15)
WIDE = st.integers(-(2**63) + 1, 2**63 - 1)


def moment(micros):
    return datetime.datetime(1970, 1, 1, tzinfo=UTC) + datetime.timedelta(microseconds=micros)


#: name -> (R's typeof, values, R code of the column `x`, the value that Arrow has).
KINDS = {
    "double": ("double", st.floats(allow_nan=False), "x", float),
    "integer": ("integer", INTS, "x", int),
    "logical": ("logical", st.booleans(), "x", bool),
    "character": ("character", TEXT, "x", str),
    "factor": ("integer", st.integers(1, 3), "factor(c('u', '', '\\u00e9')[x], levels = c("
               "'u', '', '\\u00e9'))", lambda v: ("u", "", "é")[v - 1]),
    "Date": ("double", st.integers(-700_000, 2_900_000), "structure(x, class = 'Date')",
             lambda v: DAY + datetime.timedelta(days=v)),
    "POSIXct": ("double", MICROS.map(lambda v: v / 1e6),
                "structure(x, class = c('POSIXct', 'POSIXt'), tzone = 'UTC')",
                lambda v: moment(round(v * 1e6))),
    "difftime": ("double", MICROS.map(lambda v: v / 1e6),
                 "structure(x, class = 'difftime', units = 'secs')",
                 lambda v: datetime.timedelta(microseconds=round(v * 1e6))),
    "integer64": ("integer64", WIDE, "x", int),
}  # fmt: skip


#: Before pandas 3 a text of nothing but NA is objects, of no type.
TEXT_IS_OBJECTS = pd.Series([""]).dtype == object


@st.composite
def frames(draw, kinds=tuple(KINDS)):
    """(kind, values with None) of each column, all of one length."""
    rows = draw(st.integers(0, 5))
    names = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4))
    size = {"min_size": rows, "max_size": rows}
    return [(kind, draw(st.lists(st.none() | KINDS[kind][1], **size))) for kind in names]


def r_frame(r, columns):
    """The R data frame, by R's own functions."""
    from rpy2 import rinterface as ri

    made = {}
    for i, (kind, values) in enumerate(columns):
        typeof, _, code, _ = KINDS[kind]
        if typeof == "integer64":
            packed = np.array([-(2**63) if v is None else v for v in values], np.int64)
            x = r.vector("integer64", packed.tobytes())
        else:
            vector, na = {
                "double": (ri.FloatSexpVector, ri.NA_Real),
                "integer": (ri.IntSexpVector, ri.NA_Integer),
                "logical": (ri.BoolSexpVector, ri.NA_Logical),
                "character": (ri.StrSexpVector, ri.NA_Character),
            }[typeof]
            x = vector([na if v is None else v for v in values])
        made[f"c{i}"] = r(code, x=x)
    rows = len(columns[0][1])
    return r(
        f"structure(list({', '.join(made)}), names = c({', '.join(map(repr, made))}), "
        f"class = 'data.frame', row.names = .set_row_names({rows}))",
        **made,
    )


def expected(columns):
    """What Arrow should hold."""
    return {
        f"c{i}": [None if v is None else KINDS[kind][3](v) for v in values]
        for i, (kind, values) in enumerate(columns)
    }


def there_and_back(r, x, frame):
    back = tb.to_r(frame)
    assert r.identical(back, x), r.text("paste(deparse(x), collapse = '')", x=back)


@given(columns=frames())
@settings(max_examples=60, deadline=None)
def test_any_frame_through_pyarrow_and_parquet(r, columns):
    x = r_frame(r, columns)
    table = pa.table(tb.RFrame(x))
    table.validate(full=True)
    assert table.to_pydict() == expected(columns)
    there_and_back(r, x, table)
    file = io.BytesIO()
    pq.write_table(table, file)
    read = pq.read_table(file)
    assert read.to_pydict() == expected(columns)
    there_and_back(r, x, read)


@given(columns=frames([k for k in KINDS if k not in ("factor", "integer64")]))
@settings(max_examples=60, deadline=None)
def test_any_frame_through_polars(r, columns):
    x = r_frame(r, columns)
    frame = tb.to_frame(x, "polars")
    assert frame.to_dict(as_series=False) == expected(columns)
    there_and_back(r, x, frame)


@given(columns=frames([k for k in KINDS if k != "integer64"]))
@settings(max_examples=60, deadline=None)
def test_any_frame_through_pandas(r, columns):
    text = [values for kind, values in columns if kind == "character"]
    assume(not TEXT_IS_OBJECTS or all(any(v is not None for v in values) for values in text))
    x = r_frame(r, columns)
    frame = tb.to_frame(x)
    for name, values in expected(columns).items():
        given = [None if pd.isna(v) else v for v in frame[name].tolist()]
        assert given == values, name
    there_and_back(r, x, frame)


@given(values=st.lists(st.none() | WIDE, min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_any_64_bit_integer_is_exact_in_r(r, values):
    for frame in (pl.DataFrame({"x": values}, {"x": pl.Int64}),
                  pd.DataFrame({"x": pd.array(values, "Int64")})):  # fmt: skip
        back = tb.to_r(frame)
        assert tb.to_frame(back, "arrow").column("x").cast(pa.int64()).to_pylist() == values


@given(seconds=st.lists(st.floats(-1e11, 1e11).map(lambda v: v + 0.0), min_size=1, max_size=5))
@settings(max_examples=80, deadline=None)
def test_any_time_comes_back_or_is_told(r, seconds):
    from rpy2.rinterface import FloatSexpVector

    x = r("data.frame(t = structure(x, class = c('POSIXct', 'POSIXt'), tzone = 'UTC'))",
          x=FloatSexpVector(seconds))  # fmt: skip
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        table = pa.table(tb.RFrame(x))
    lossy = [w for w in told if issubclass(w.category, tb.LossyWarning)]
    back = tb.to_r(table)
    if lossy:
        assert "column 't'" in str(lossy[0].message)
        assert r.true("all(abs(unclass(x$t) - unclass(y$t)) <= 1e-6)", x=x, y=back)
    else:
        assert r.identical(x, back)


# ---- libraries with no code of ours -------------------------------------------------


@pytest.fixture
def cars(r):
    return tb.RFrame(r("mtcars"))


def test_every_library_takes_an_r_frame(r, cars):
    assert cars.shape == (32, 11) and cars.columns[:2] == ["mpg", "cyl"]
    table = pa.table(cars)
    assert table.column_names[:2] == ["row.names", "mpg"]
    assert pa.schema(cars).names == table.column_names
    assert pl.DataFrame(cars).shape == (32, 12)
    # from_arrow() makes a Series of structs of whatever is not pyarrow's.
    assert pl.from_arrow(cars).struct.unnest().equals(pl.DataFrame(cars))
    if hasattr(pd.DataFrame, "from_arrow"):  # pandas 3
        assert pd.DataFrame.from_arrow(cars).shape == (32, 12)
    assert duckdb.sql("select max(mpg) from cars").fetchall() == [(33.9,)]
    for frame in (table, table.to_reader(), pl.DataFrame(cars), duckdb.from_arrow(table)):
        assert r.identical(tb.to_r(frame), r("mtcars"))


def test_doubles_are_not_copied_for_arrow(r):
    x = r("data.frame(a = c(1, NA, 3), b = 1:3)")
    from torchbridge.process import rpy2_objects

    columns = rpy2_objects.robject(x).items()
    table = pa.table(tb.RFrame(x))
    for i, column in enumerate(columns):
        data = column.__array_interface__["data"][0]
        assert table.column(i).chunk(0).buffers()[1].address == data


def test_chunks_are_one_vector_and_their_dictionaries_one_factor(r):
    first = pa.table({"f": pa.array(["a", "b"]).dictionary_encode(), "x": [1.0, None]})
    second = pa.table({"f": pa.array([None, "c"]).dictionary_encode(), "x": [2.0, 3.0]})
    whole = pa.concat_tables([first, second, first.slice(2)])
    code = "data.frame(f = factor(c('a', 'b', NA, 'c')), x = c(1, NA, 2, 3))"
    assert r.identical(tb.to_r(whole), r(code))
    middle = tb.to_r(whole.slice(1, 2))
    assert r.true("identical(as.character(x$f), c('b', NA)) && identical(x$x, c(NA, 2))", x=middle)


# ---- types that R's frames do not have ----------------------------------------------


@pytest.mark.parametrize(
    ("array", "code"),
    [
        (pa.array([1, None], pa.int8()), "c(1L, NA)"),
        (pa.array([1, 255], pa.uint8()), "as.raw(c(1, 255))"),
        (pa.array([1, None], pa.uint8()), "c(1L, NA)"),
        (pa.array([2**32 - 1, None], pa.uint32()), "c(4294967295, NA)"),
        (pa.array([-(2**31), 1], pa.int32()), "c(-2147483648, 1)"),
        (pa.array([2**53, None], pa.int64()), "c(2^53, NA)"),
        (pa.array([2**63, 1], pa.uint64()), "c(2^63, 1)"),
        (pa.array([np.float16(1.5), None], pa.float16()), "c(1.5, NA)"),
        (pa.array([0.5, None], pa.float32()), "c(0.5, NA)"),
        (pa.array([float("nan"), None]), "c(NaN, NA)"),
        (pa.array([None, None]), "c(NA, NA)"),
        (pa.array(["1.25", None], pa.string()).cast(pa.decimal128(5, 2)), "c(1.25, NA)"),
        (pa.array(["a", "a longer text", None], pa.string_view()), "c('a', 'a longer text', NA)"),
        (pa.array([b"ab", None], pa.binary()), "list(as.raw(c(97, 98)), NULL)"),
        (pa.array([b"ab", None], pa.binary(2)), "list(as.raw(c(97, 98)), NULL)"),
        (pa.array([DAY, None], pa.date64()), "as.Date(c('1970-01-01', NA))"),
        (pa.array([1, None], pa.time32("s")), "as.difftime(c(1, NA), units = 'secs')"),
        (pa.array([10**6, None], pa.time64("us")), "as.difftime(c(1, NA), units = 'secs')"),
        (pa.array([1, None], pa.duration("s")), "as.difftime(c(1, NA), units = 'secs')"),
        (pa.array([1500, None], pa.timestamp("ms")),
         "structure(c(1.5, NA), tzone = 'UTC', class = c('POSIXct', 'POSIXt'))"),
        (pa.array([0], pa.timestamp("s", "+09:00")),
         "structure(0, tzone = 'UTC', class = c('POSIXct', 'POSIXt'))"),
        (pa.array([[1, 2], None, []], pa.large_list(pa.int32())), "list(1:2, NULL, integer())"),
        (pa.array([[1, 2], None], pa.list_(pa.int32(), 2)), "list(1:2, NULL)"),
        (pa.array([[1, 2], None, [3]], pa.list_view(pa.int32())), "list(1:2, NULL, 3L)"),
        (pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int32())),
         "list(data.frame(key = 'k', value = 1L), NULL)"),
        (pa.array([1.5, 1.5]).dictionary_encode(), "factor(c(1.5, 1.5))"),
    ],
)  # fmt: skip
def test_other_types_of_arrow(r, array, code):
    back = tb.to_r(pa.table({"x": array}))
    assert r.true(f"identical(x$x, {code})", x=back), r.text("paste(deparse(x$x))", x=back)
    assert r.true(f"identical(x, {code})", x=tb.to_r(array))


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        (pa.array([2**64 - 1, 1], pa.uint64()), ValueError, "fit no R type"),
        (pa.array([-(2**63), 2**62 + 1]), ValueError, "fit no R type"),
        (pa.array(["a\0b"]), ValueError, "element 1: .*NUL"),
        (pa.array([(1, 2, 3)], pa.month_day_nano_interval()), TypeError, "calendar interval"),
        (pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])]), TypeError, "union"),
        (pa.array([1, 1]).cast(pa.decimal256(40)), ValueError, "decimals of more than 128"),
        (pa.RunEndEncodedArray.from_arrays([2], [1.5]), TypeError, "run-end encoding"),
    ],
)  # fmt: skip
def test_what_r_has_no_type_for_is_an_error_that_names_the_column(array, error, message):
    with pytest.raises(error, match=f"column 'bad': .*{message}"):
        tb.to_r(pa.table({"good": pa.nulls(len(array)), "bad": array}))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (pa.array([10**18 + 1], pa.timestamp("ns")), "finer than a double"),
        (pa.array([2**60 + 1], pa.duration("us")), "finer than a double"),
        (pa.array([2**62 + 1]).cast(pa.decimal128(38)), "more digits than a double"),
    ],
)
def test_what_is_lost_is_told_and_names_the_column(array, message):
    with pytest.warns(tb.LossyWarning, match=f"column 'bad': .*{message}"):
        tb.to_r(pa.table({"bad": array}))


def test_what_arrow_loses_is_told(r):
    time = "structure(0.1234567890123, class = c('POSIXct', 'POSIXt'))"
    for code, what in (("structure(0.5, class = 'Date')", "part of a day"), (time, "rounded")):
        x = r(f"data.frame(bad = {code})")
        for kind in ("arrow", "pandas", "polars"):
            with pytest.warns(tb.LossyWarning, match=f"column 'bad': .*{what}"):
                tb.to_frame(x, kind)


def test_units_storage_and_row_names_come_back_through_arrow(r):
    code = """{ x <- data.frame(row.names = c('p', 'q'))
      x$h <- as.difftime(c(1.5, NA), units = 'hours')
      x$d <- structure(c(1L, NA), class = 'Date')
      x$t <- structure(c(0L, NA), class = c('POSIXct', 'POSIXt'))
      x$z <- c(1+2i, NA); x$r <- as.raw(1:2)
      x$i <- structure(c(4.94e-324, 0), class = 'integer64')
      x$l <- list(list('a', c('b', NA)), NULL); x$f <- data.frame(u = 1:2); x }"""
    x = r(code)
    there_and_back(r, x, tb.to_frame(x, "arrow"))
    latin = r("data.frame(x = iconv('\\u00e9t\\u00e9', 'UTF-8', 'latin1'))")
    assert tb.to_frame(latin, "arrow").to_pydict() == {"x": ["été"]}


def test_objects_of_polars_are_refused():
    objects = pl.Series("bad", [object()], dtype=pl.Object)
    for x in (objects, pl.DataFrame({"good": [1]}).with_columns(objects)):
        with pytest.raises(TypeError, match="column 'bad': R has no type for polars' Object"):
            tb.to_r(x)


def test_matrices_and_lists_of_data_frames_come_back(r):
    matrices = """{ x <- data.frame(a = 1:3)
      x$d <- matrix(c(1, NA, NaN, 4, 5, 6), 3)
      x$i <- matrix(c(NA, 1:5), 3); x$l <- matrix(c(TRUE, NA), 3, 2)
      x$s <- matrix(c('a', NA, 'b'), 3); x$z <- matrix(c(1i, NA, 2), 3); x }"""
    nested = """{ x <- data.frame(a = 1:3)
      x$f <- list(data.frame(u = c(1, NA), v = c('a', NA)), NULL, data.frame(u = 2, v = 'b')[0, ])
      x$f[[2]] <- data.frame(u = 3, v = 'c'); x$f[[1]]$w <- 1:2; x$f[[2]]$w <- 5L
      x$f[[3]]$w <- integer(); x }"""
    for code in (matrices, nested):
        without_rows = code == nested
        for kind in ("arrow", "polars", "pandas"):
            if not (kind == "pandas" and without_rows and TEXT_IS_OBJECTS):
                there_and_back(r, r(code), tb.to_frame(r(code), kind))
        there_and_back(r, r(f"({code})[0, ]"), tb.to_frame(r(f"({code})[0, ]"), "arrow"))
    frame = tb.to_frame(r(matrices), "polars")
    assert frame["i"].to_list() == [[None, 3], [1, 4], [2, 5]]
    assert tb.to_frame(r(nested), "arrow")["f"].to_pylist()[1] == [{"u": 3, "v": "c", "w": 5}]
    named = (
        "{ x <- data.frame(a = 1:2); x$m <- matrix(1:4, 2, dimnames = list(NULL, c('', 'é'))); x }"
    )
    there_and_back(r, r(named), tb.to_frame(r(named), "arrow"))
    chunks = pa.chunked_array([pa.array([[1.0, 2.0]], pa.list_(pa.float64(), 2))] * 2)
    assert r.identical(tb.to_r(chunks), r("matrix(c(1, 1, 2, 2), 2)"))


def test_a_class_or_row_names_that_arrow_has_no_place_for_are_told(r):
    nested = "{ x <- data.frame(a = 1:2); x$bad <- %s; x }"
    for code, message in (
        (nested % "structure(1:2, class = 'own')", "class own is dropped"),
        (nested % "structure(1:2, class = c('hms', 'difftime'), units = 'secs')", "class hms is"),
        (nested % "mtcars[1:2, ]", "row names of a data frame"),
        (nested % "list(mtcars, mtcars)", "row names of its data frames"),
    ):
        with pytest.warns(tb.LossyWarning, match=f"column 'bad': .*{message}"):
            tb.to_frame(r(code), "arrow")
    with pytest.warns(tb.LossyWarning, match="column 'bad': its class own is dropped"):
        tb.to_frame(r(nested % "structure(1:2, class = 'own')"))


def test_arguments_are_checked(r):
    with pytest.raises(TypeError, match="expected an R data frame, not int"):
        tb.to_frame(1)
    with pytest.raises(TypeError, match="expected an R data frame"):
        tb.RFrame(r("1:3"))
    with pytest.raises(ValueError, match="kind: expected one of 'pandas', 'polars', 'arrow'"):
        tb.to_frame(r("mtcars"), "numpy")


def test_frames_of_any_library_go_into_r_functions(tmp_path):
    script = tmp_path / "count.R"
    script.write_text("count <- function(x) { stopifnot(is.data.frame(x)); nrow(x) }\n")
    count = tb.source(script).count
    table = pa.table({"a": [1, 2]})
    for frame in (table, pl.DataFrame(table), table.to_pandas(), duckdb.from_arrow(table)):
        assert count(frame) == 2


# ---- damaged data frames ----


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
@pytest.mark.parametrize(
    ("column", "words"),
    {
        "structure(0:1, levels = c('a', 'b'), class = 'factor')": "row 1 has code 0",
        "structure(c(1L, 3L), levels = c('a', 'b'), class = 'factor')": "row 2 has code 3",
        "structure(1:2, levels = c('a', 'a'), class = 'factor')": "a factor whose level 2 is",
        "structure(1:2, class = 'integer64')": "a vector of class integer64 must be of type double",
        "structure(c('a', 'b'), class = 'Date')": "a vector of class Date must be numeric",
        "structure(c(1i, 2i), class = c('POSIXct', 'POSIXt'))": "a vector of class POSIXct must",
        "structure(list(1, 2), class = 'difftime')": "a vector of class difftime must be numeric",
        "1:3": "3 elements in a data frame of 2 rows",
        "I(list(1))": "1 elements in a data frame of 2 rows",
        "matrix(1:3, 3)": "3 elements in a data frame of 2 rows",
    }.items(),
)
def test_a_damaged_column_is_named(r, column, words, kind):
    x = r(f"structure(list(a = 1:2, b = {column}), row.names = 1:2, class = 'data.frame')")
    with pytest.raises(ValueError, match=f"column 'b': {words}.*: this R object is damaged"):
        tb.to_frame(x, kind)


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_a_damaged_data_frame_is_an_error(r, kind):
    for facts, words in {
        "row.names = c(NA, -3L)": "2 columns with 0 names",
        "row.names = c(NA, -3L), names = 'a'": "column 2 has no name",
        "row.names = c('x', NA, 'y'), names = c('a', 'b')": "row name 2 is NA",
        "names = c('a', 'b')": "row.names are of type NULL",
        "row.names = c(NA, -7L), names = c('a', 'b')": "column 'a': 3 elements in .* 7 rows",
    }.items():
        x = r(f"structure(list(1:3, 4:6), {facts}, class = 'data.frame')")
        with pytest.raises(ValueError, match=f"{words}.*: this R object is damaged"):
            tb.to_frame(x, kind)


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_dates_of_na_alone_are_dates(r, kind):
    """.POSIXct(NA) is a logical with a class."""
    x = r("data.frame(a = structure(NA, class = 'Date'), b = .POSIXct(NA, 'UTC'))")
    y = tb.to_r(tb.to_frame(x, kind))
    assert r.true("inherits(y$a, 'Date') && inherits(y$b, 'POSIXct') && all(is.na(y))", y=y)


# ---- what a producer raises ----


class Failing:
    """A stream whose second batch is an exception."""

    def __init__(self, error):
        self.error = error

    def batches(self):
        yield pa.record_batch({"a": [1]})
        raise self.error

    def __arrow_c_stream__(self, requested_schema=None):
        schema = pa.schema({"a": pa.int64()})
        return pa.RecordBatchReader.from_batches(schema, self.batches()).__arrow_c_stream__()


@pytest.mark.parametrize(
    "error",
    [KeyboardInterrupt(), SystemExit(), SystemExit(3), SystemExit("words"), GeneratorExit()],
    ids=repr,
)
@pytest.mark.parametrize(
    "read",
    [
        tb.to_r,
        tb.frame_tensors,
        lambda x: list(tb.frame_batches(x)),
        lambda x: frame_kinds.of_kind(x, "pandas"),
        lambda x: frame_kinds.of_kind(x, "polars"),
    ],
)
def test_what_is_no_error_stays_itself(read, error):
    with pytest.raises(type(error)) as found:
        read(Failing(error))
    assert str(found.value) == str(error)
    assert getattr(found.value, "code", None) == getattr(error, "code", None)


def test_an_error_of_a_producer_says_its_words():
    for read in (tb.to_r, tb.frame_tensors):
        with pytest.raises(ValueError, match="no such row"):
            read(Failing(KeyError("no such row")))
