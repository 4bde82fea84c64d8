"""Names and dimnames: along with the values both ways, or a LossyWarning."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch

import torchbridge as tb

# Each with the type of its Series.
NAMED = {
    "integer": ("c(a = 1L, b = 2L)", "int32"),
    "integer with NA": ("c(a = 1L, b = NA)", "Int32"),
    "logical": ("c(a = TRUE, b = FALSE)", "bool"),
    "logical with NA": ("c(a = TRUE, b = NA)", "boolean"),
    "double": ("c(a = 1.5, b = NA, c = NaN)", "float64"),
    "complex": ("c(a = 1i, b = 2 + 1i)", "complex128"),
    "raw": ("c(a = as.raw(1), b = as.raw(2))", "uint8"),
    "text": ("c(a = 'x', b = NA)", pd.Series([""]).dtype),
    "factor": ("setNames(factor(c('u', 'v', NA)), c('a', 'b', 'c'))", "category"),
    "one factor": ("setNames(factor('u'), 'a')", "category"),
    "ordered": ("setNames(factor(c('u', 'v'), ordered = TRUE), c('a', 'b'))", "category"),
    "Date": ("setNames(as.Date(c('2020-01-01', NA)), c('a', 'b'))", "date32[day][pyarrow]"),
    "POSIXct": (
        "setNames(as.POSIXct(c('2020-01-01 12:00', NA), tz = 'Europe/Berlin'), c('a', 'b'))",
        "datetime64[us, Europe/Berlin]",
    ),
    "difftime": ("setNames(as.difftime(c(1, 2), units = 'secs'), c('a', 'b'))", "timedelta64[us]"),
    "some without a name": ("c(a = 1, 2)", "float64"),
    "a name that is NA": ("setNames(1:2, c(NA, 'b'))", "int32"),
    "a name twice": ("c(a = 1, a = 2)", "float64"),
    "names beyond ASCII": ("setNames(1:2, c('\\u00e9', '\\u4e2d'))", "int32"),
    "no values": ("setNames(numeric(0), character(0))", "float64"),
}

SCRIPT = """
value <- function(code) eval(parse(text = code))
same <- function(code, f) identical(f(value(code)), value(code))
text <- function(x) paste(deparse(x), collapse = "")
"""


@pytest.fixture(scope="module")
def script():
    return tb.source(text=SCRIPT)


@pytest.fixture(autouse=True)
def nothing_lost():
    """A LossyWarning that no test expects is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", tb.LossyWarning)
        yield


@pytest.mark.parametrize("name", NAMED)
def test_a_named_vector_is_a_series_and_comes_back_identical(script, name):
    code, dtype = NAMED[name]
    x = script.value(code)
    assert type(x) is pd.Series
    assert x.dtype == dtype
    labels = script.value(f"as.list(names({code}))")
    assert [None if pd.isna(label) else label for label in x.index] == labels
    assert script.same(code, lambda v: v)


def test_values_are_those_without_names(script):
    x = script.value("c(a = 1, b = 2.5)")
    assert x["b"] == 2.5
    assert np.array_equal(np.exp(x), np.exp([1, 2.5]))
    assert np.dot(x, x) == 7.25


def test_integer64_has_names_too():
    back = tb.source(text="id <- function(x) x").id(
        pd.Series([2**60, None], index=["a", "b"], dtype="Int64")
    )
    assert back["a"] == 2**60
    assert list(back.index) == ["a", "b"]


@pytest.mark.parametrize("code", ["c(a = 1)", "c(a = 'x')", "c(a = 1L)", "c(a = TRUE)"])
def test_one_value_is_a_scalar_whose_name_is_told(script, code):
    with pytest.warns(tb.LossyWarning, match="the name 'a' is left out"):
        x = script.value(code)
    assert x == script.value(f"unname({code})")
    assert not hasattr(x, "index") or isinstance(x, str)


def test_one_value_without_a_name_is_no_loss(script):
    assert script.value("setNames(1, '')") == 1
    assert script.value("setNames(1, NA)") == 1


def test_the_warning_is_where_the_users_code_is(script):
    with pytest.warns(tb.LossyWarning) as told:
        script.value("c(a = 1)")
    assert told[0].filename == __file__


# ---- lists ----


@pytest.mark.parametrize("code", ["list(a = 1, 'x')", "list(a = 1, a = 'x')"])
def test_a_list_whose_names_are_no_keys_is_a_list_and_says_so(script, code):
    with pytest.warns(tb.LossyWarning, match="names of a list are left out") as told:
        assert script.value(code) == [1, "x"]
    assert len(told) == 1


def test_other_lists_lose_nothing(script):
    assert script.value("list(a = 1, b = 'x')") == {"a": 1, "b": "x"}
    assert script.value("setNames(list(1, 'x'), c('', ''))") == [1, "x"]
    x = script.value("list(a = c(u = 1, v = 2), b = list(c = c(w = 'x', z = 'y')))")
    assert list(x["a"].index) == ["u", "v"]
    assert list(x["b"]["c"].index) == ["w", "z"]


# ---- tables and arrays ----

TABLES = {
    "table(c('u', 'v', 'u'))": (["u", "v"], [2, 1], None),
    "table(x = c('u', 'v', 'u'))": (["u", "v"], [2, 1], "x"),
    "table(factor('u'))": (["u"], [1], None),
    "xtabs(~ cyl, mtcars)": (["4", "6", "8"], [11, 7, 14], "cyl"),
    "prop.table(table(c('u', 'v')))": (["u", "v"], [0.5, 0.5], None),
    "tapply(1:4, c('b', 'a', 'a', 'b'), sum)": (["a", "b"], [5, 5], None),
    "table(c(TRUE, NA), useNA = 'always')": (["TRUE", None], [1, 1], None),
}


@pytest.mark.parametrize("code", TABLES)
def test_a_table_of_one_dim_is_a_series(script, code):
    index, values, title = TABLES[code]
    x = script.value(code)
    assert [None if pd.isna(label) else label for label in x.index] == index
    assert x.to_list() == values
    assert x.index.name == title


def test_a_matrix_has_its_dimnames_beside_it(script):
    x = script.value("cbind(a = 1:2, b = 3:4)")
    assert isinstance(x, np.ndarray)
    assert x.dimnames[0] is None
    assert list(x.dimnames[1]) == ["a", "b"]
    assert script.same("cbind(a = 1:2, b = 3:4)", lambda v: v)


@pytest.mark.parametrize(
    "code",
    [
        "matrix(c(1, 2, 3, 4), 2, dimnames = list(c('r', 's'), c('a', 'b')))",
        "rbind(a = 1:2, b = 3:4)",
        "matrix(c('x', NA), 1, dimnames = list('r', c('a', 'b')))",
        "matrix(c(TRUE, FALSE), 1, dimnames = list('r', NULL))",
        "matrix(1i, 1, 1, dimnames = list('r', 'a'))",
        "with(mtcars, tapply(mpg, list(cyl = cyl, gear = gear), mean))",
        "array(1:8, c(2, 2, 2), dimnames = list(A = c('x', 'y'), NULL, B = c('p', 'q')))",
        "matrix(1:2, 2, dimnames = list(c('r', 'r'), NULL))",
    ],
)
def test_row_names_are_told_once_and_come_back(script, code):
    with pytest.warns(tb.LossyWarning, match="row names") as told:
        x = script.value(code)
    assert len(told) == 1
    rows = script.value(f"as.list(rownames({code}))")
    assert list(x.dimnames[0]) == rows
    with pytest.warns(tb.LossyWarning):
        assert script.same(code, lambda v: v)


def test_row_names_that_count_say_nothing(script):
    code = "matrix(1:4, 2, dimnames = list(c('1', '2'), c('a', 'b')))"
    assert script.value(code).dimnames[0].equals(pd.RangeIndex(1, 3))
    assert script.same(code, lambda v: v)


def test_dimnames_make_a_frame(script):
    with pytest.warns(tb.LossyWarning):
        x = script.value("xtabs(~ cyl + gear, mtcars)")
    frame = pd.DataFrame(x, *x.dimnames)
    assert frame.loc["8", "3"] == 12
    assert (frame.index.name, frame.columns.name) == ("cyl", "gear")


def test_a_flat_table_is_an_array_with_dimnames(script):
    with pytest.warns(tb.LossyWarning, match="row names"):
        x = script.value("ftable(Titanic)")
    assert x.shape == (4, 2, 2, 2)
    assert [i.name for i in x.dimnames] == ["Class", "Sex", "Age", "Survived"]


def test_dimnames_belong_to_that_very_array(script):
    x = script.value("cbind(a = c(1, 2), b = c(3, 5))")
    for other in (x + 1, x.sum(axis=0), np.linalg.inv(x), x @ x, np.sqrt(x)):
        assert type(other) is np.ndarray
    assert type(x.sum()) is np.float64
    assert x.T.dimnames is None
    assert script.text(x.T) == "structure(c(1, 3, 2, 5), dim = c(2L, 2L))"
    assert torch.from_numpy(x).tolist() == [[1, 3], [2, 5]]
    again = pickle.loads(pickle.dumps(x))
    assert np.array_equal(again, x)
    assert again.dimnames[1].equals(x.dimnames[1])
    assert type(pickle.loads(pickle.dumps(x.T))) is np.ndarray
    x.dimnames = (None, pd.Index(["too", "many", "names"]))
    assert script.text(x) == "structure(c(1, 2, 3, 5), dim = c(2L, 2L))"


@pytest.mark.parametrize("code", ["ts(1:3)", "dist(matrix(1:4, 2))", "structure(1:2, class = 'u')"])
def test_a_class_without_a_place_is_told(script, code):
    with pytest.warns(tb.LossyWarning, match="its class [a-z]+ is dropped, its values stay"):
        script.value(code)


# ---- within frames ----

INNER = {
    "data.frame(x = addNA(factor(c('a', NA, 'b'))))": "its level NA is left out",
    "local({ d <- data.frame(i = 1:2); d$x <- cbind(u = 1:2, v = 3:4); d })": "it is a matrix",
    "local({ d <- data.frame(i = 1:2); d$x <- list(c(a = 1), 2); d })": "the names of its elements",
}


@pytest.mark.parametrize("code", INNER)
def test_names_within_a_column_are_told(script, code):
    with pytest.warns(tb.LossyWarning, match=f"^column 'x': {INNER[code]}") as told:
        script.value(code)
    assert len(told) == 1
    assert told[0].filename == __file__


@pytest.mark.parametrize(
    ("code", "values", "levels"),
    [
        ("addNA(factor(c('a', NA, 'b')))", ["a", None, "b"], ["a", "b"]),
        ("factor(c('a', NA, 'b'), c(NA, 'b', 'a'), exclude = NULL)", ["a", None, "b"], ["b", "a"]),
        ("addNA(factor(c('b', 'a')))", ["b", "a"], ["a", "b"]),
        ("addNA(factor(NA))", [None], []),
    ],
)
def test_a_level_that_is_na_is_no_category(script, code, values, levels):
    with pytest.warns(tb.LossyWarning, match="its level NA is left out"):
        x = script.value(code)
    assert [None if pd.isna(v) else v for v in x] == values
    assert list(x.categories) == levels


# ---- Python -> R ----

SERIES = {
    "text": (pd.Series([1.5, 2], index=["a", "b"]), "c(a = 1.5, b = 2)"),
    "a missing label": (pd.Series([1.5, 2], index=["a", None]), "setNames(c(1.5, 2), c('a', NA))"),
    "numbers": (pd.Series([1.5, 2], index=[3, 100000]), "c('3' = 1.5, '100000' = 2)"),
    "a step": (pd.Series([1.5, 2], index=pd.RangeIndex(5, 9, 2)), "c('5' = 1.5, '7' = 2)"),
    "fractions": (pd.Series([1.5, 2], index=[0.5, np.nan]), "setNames(c(1.5, 2), c('0.5', NA))"),
    "logicals": (pd.Series([1.5, 2], index=[True, False]), "c('TRUE' = 1.5, 'FALSE' = 2)"),
    "days": (
        pd.Series([1.5, 2], index=pd.to_datetime(["2020-01-01", "2020-01-02"])),
        "c('2020-01-01 00:00:00' = 1.5, '2020-01-02 00:00:00' = 2)",
    ),
    "categories": (pd.Series([1.5, 2], index=pd.CategoricalIndex(["u", "v"])), "c(u = 1.5, v = 2)"),
    "objects": (pd.Series([1.5, 2], index=pd.Index(["a", "b"], dtype=object)), "c(a = 1.5, b = 2)"),
    "twice": (pd.Series([1.5, 2], index=["a", "a"]), "c(a = 1.5, a = 2)"),
    "counting": (pd.Series([1.5, 2]), "c(1.5, 2)"),
    "a category": (
        pd.Series(pd.Categorical(["u", "v"]), index=["a", "b"]),
        "setNames(factor(c('u', 'v')), c('a', 'b'))",
    ),
    "mixed": (pd.Series([1, "x"], index=["a", "b"]), "list(a = 1L, b = 'x')"),
    "text values": (pd.Series(["x", None], index=["a", "b"]), "c(a = 'x', b = NA)"),
    "logicals with NA": (pd.Series([True, None], index=["a", "b"]), "c(a = TRUE, b = NA)"),
    "a zone": (
        pd.Series(pd.to_datetime(["2020-01-01 12:00"]).tz_localize("Europe/Berlin"), index=["a"]),
        "structure(c(a = 1577876400), tzone = 'Europe/Berlin', class = c('POSIXct', 'POSIXt'))",
    ),
}


@pytest.mark.parametrize("name", SERIES)
def test_an_index_gives_names(script, name):
    series, code = SERIES[name]
    same = tb.source(text=SCRIPT + f"is <- function(x) identical(x, {code})")
    assert getattr(same, "is")(series), script.text(series)


def test_several_levels_are_joined_and_told(script):
    series = pd.Series([1.5, 2], index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]))
    with pytest.warns(tb.LossyWarning, match="2 levels of the index"):
        assert script.text(series) == "c(a.1 = 1.5, b.2 = 2)"


def test_an_index_label_that_is_no_text_is_an_error(script):
    with pytest.raises(ValueError, match="name 2 is no text"):
        script.text(pd.Series([1.5, 2], index=pd.Index(["a", "\ud800"], dtype=object)))


def test_a_column_of_a_frame_has_no_names(script):
    frame = pd.DataFrame({"x": [1.5, 2]}, index=["a", "b"])
    assert script.text(frame) == (
        'structure(list(x = c(1.5, 2)), row.names = c("a", "b"), class = "data.frame")'
    )


def test_times_without_a_zone_keep_their_clock():
    s = tb.source(
        text="""
        zone <- function(zone) if (is.null(zone)) Sys.unsetenv("TZ") else Sys.setenv(TZ = zone)
        get <- function() Sys.getenv("TZ", NA)
        time <- function() as.POSIXct(c("2020-01-01 12:00:00", "2020-07-01 12:00:00"))
        clock <- function(x) format(x, "%H:%M:%S")
        """
    )
    before = s.get()
    try:
        for zone in ("America/New_York", "Europe/Berlin", "UTC"):
            s.zone(zone)
            x = s.time()
            assert [t.hour for t in x] == [12, 12]
            assert str(x.dtype) == f"datetime64[us, {zone}]"
            assert s.clock(x) == ["12:00:00", "12:00:00"]
            assert s.clock(pd.Timestamp("2020-01-01 12:00:00")) == "12:00:00"
        s.zone("<+03>-3")  # no name that others know
        assert [t.hour for t in s.time()] == [9, 9]
    finally:
        s.zone(before)


# ---- where they meet Python's functions ----


def test_callbacks_get_names_and_may_give_them():
    s = tb.source(text="run <- function(f) f(c(a = 1, b = 2))[['b']]")
    assert s.run(lambda p: p * p["b"]) == 4


def test_a_series_of_numbers_is_a_tensor():
    series = pd.Series([1.5, 2], index=["a", "b"])
    assert tb.to_torch(series).tolist() == [1.5, 2]
    assert tb.to_numpy(series, dtype="float32").tolist() == [1.5, 2]
    with pytest.raises(TypeError, match="choose an encoding"):
        tb.to_torch(pd.Series(["a"]))


def test_derivatives_by_name():
    s = tb.source(text="f <- function(p) p[['a']]^2 * p[['b']]; start <- c(a = 3, b = 5)")
    assert tb.autograd.grad(s.f, s.start).tolist() == [30, 9]
    assert tb.autograd.hessian(s.f, s.start).tolist() == [[10, 6], [6, 0]]


def test_explicit_arrays_have_numbers_alone():
    x = tb.source(text="x <- c(a = 1, b = 2)")["x"]
    assert type(tb.to_numpy(tb.to_r(x))) is np.ndarray
