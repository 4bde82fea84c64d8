"""Whole values of any kind: what R functions give to Python and take from it."""

from __future__ import annotations

import collections
import datetime
import decimal
import math
import pathlib
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import torchbridge as tb
from torchbridge.process import host, rpy2_objects

pytestmark = pytest.mark.filterwarnings("error")


TIME = "class = c('POSIXct', 'POSIXt'), tzone = 'UTC'"


@pytest.fixture(scope="module")
def from_r(r):
    """The Python value of an R expression, as an R function called from Python gives it."""
    return lambda code: rpy2_objects.robject(r(code)).value()


@pytest.fixture(scope="module")
def there_and_back(r):
    return lambda x: rpy2_objects.robject(tb.to_r(x)).value()


def same(a, b) -> bool:
    """Equal in type too; NaN is itself."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, float) and math.isnan(a):
        return math.isnan(b)
    return a == b and (not isinstance(a, float) or math.copysign(1, a) == math.copysign(1, b))


# ---- R -> Python ---------------------------------------------------------------------


EPOCH = {
    **{"year": 1970, "mon": 1, "mday": 1, "hour": 0, "min": 0, "sec": 0},
    **{"wday": 3, "yday": 1, "isdst": 0},
}
RECORD = [("a", "i4"), ("b", "f8")]
NESTED = [("y", "?"), ("g", [("a", "i2"), ("t", "U3")]), ("m", "f8", 2)]


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("NULL", None),
        ("TRUE", True),
        ("NA", None),
        ("1L", 1),
        ("NA_integer_", None),
        ("1.5", 1.5),
        ("-0", -0.0),
        ("Inf", math.inf),
        ("NaN", math.nan),
        ("2+1i", 2 + 1j),
        ("'a'", "a"),
        ("''", ""),
        ("NA_character_", None),
        ("'\\u00e9\\u65e5\\U1F600'", "é日😀"),
        ("c('a', NA)", ["a", None]),
        ("character(0)", []),
        ("c(x = 'a', y = 'b')", ["a", "b"]),
        ("as.raw(c(0, 255))", b"\x00\xff"),
        ("raw(0)", b""),
        ("as.raw(7)", b"\x07"),
        ("list()", []),
        ("list(1L, 'a', NULL)", [1, "a", None]),
        ("list(a = 1L, b = list(c = TRUE))", {"a": 1, "b": {"c": True}}),
        ("list(a = 1L, 2L)", [1, 2]),  # not every element has a name
        ("list(a = 1L, a = 2L)", [1, 2]),  # a dict would lose one
        ("c(1.5, NA)[1]", 1.5),
        ("c(a = 1)", 1.0),
        ("iconv('\\u00e9', 'UTF-8', 'latin1')", "é"),
        ("list(iconv('\\u00e9', 'UTF-8', 'latin1'))", ["é"]),
        ("structure(list(a = 1L), class = 'myclass')[['a']]", 1),
    ],
)
def test_a_scalar_string_or_list_is_python_s_own(from_r, code, value):
    assert same(from_r(code), value)


@pytest.mark.parametrize(
    ("code", "dtype", "values"),
    [
        ("c(1, 2)", "float64", [1, 2]),
        ("numeric(0)", "float64", []),
        ("1:3", "int32", [1, 2, 3]),
        ("c(TRUE, FALSE)", "bool", [True, False]),
        ("logical(0)", "bool", []),
        ("c(1i, 2)", "complex128", [1j, 2]),
        ("matrix(1:4, 2)", "int32", [[1, 3], [2, 4]]),
        ("matrix(1)", "float64", [[1]]),
        ("array(1:8, c(2, 2, 2))", "int32", [[[1, 5], [3, 7]], [[2, 6], [4, 8]]]),
        ("array(as.raw(1:2), c(1, 2))", "uint8", [[1, 2]]),
        ("structure(c(4.94e-324, 9.88e-324), class = 'integer64')", "int64", [1, 2]),
    ],
)
def test_a_vector_or_array_is_a_numpy_array(from_r, code, dtype, values):
    np.testing.assert_array_equal(np.asarray(from_r(code)), np.array(values, dtype), strict=True)


def test_na_never_becomes_a_number(from_r):
    import pandas as pd

    x = from_r("c(1, NA, NaN)")
    assert int(x.view(np.uint64)[1]) & 0xFFFFFFFF == 1954
    assert np.isnan(x).tolist() == [False, True, True]
    for code, dtype in (("c(1L, NA)", "Int32"), ("c(TRUE, NA)", "boolean")):
        x = from_r(code)
        assert x.dtype == dtype and x[1] is pd.NA and bool(x[0])
    x = from_r("structure(c(4.94e-324, -0), class = 'integer64')")
    assert x.dtype == "Int64" and x[0] == 1 and x[1] is pd.NA
    x = from_r("factor(c('a', NA))")
    assert x.tolist()[0] == "a" and x.codes.tolist() == [0, -1]


def test_a_matrix_of_text_keeps_its_places(from_r):
    x = from_r("matrix(c('a', 'b', NA, 'd'), 2)")
    assert x.dtype == object and x.tolist() == [["a", None], ["b", "d"]]
    assert from_r("matrix('a')").tolist() == [["a"]]
    assert from_r("matrix(character(0), 0, 2)").shape == (0, 2)


def test_na_in_a_matrix_is_r_s_na_in_float64_or_an_error(r, from_r):
    for code in ("matrix(c(1L, NA, 3L, 4L), 2)", "matrix(c(TRUE, NA, FALSE, TRUE), 2)"):
        x = from_r(code)
        assert (x.dtype, x.shape) == (np.float64, (2, 2))
        assert r.identical(tb.to_r(x), r(f"{code} + 0"))
    with pytest.raises(ValueError, match="na: x has NA, and int64 cannot hold it"):
        from_r("structure(c(4.94e-324, -0), class = 'integer64', dim = 1:2)")


def test_what_python_has_no_counterpart_for_stays_an_r_object(r, from_r):
    type_of = host.native().base_function("typeof")
    for code in ("new.env()", "quote(a + b)", "lm(dist ~ speed, cars)", "y ~ x", "quote(a)"):
        assert type_of(from_r(code)) == r.text(f"typeof({code})")
    f = from_r("function(x, y = 2) x + y")
    assert f(1) == 3 and f(1, y=5) == 6


def test_bytes_that_are_no_text_are_an_error(from_r):
    code = r"{ x <- '\xff'; Encoding(x) <- 'bytes'; x }"
    with pytest.raises(ValueError, match="an R string marked as bytes has no text"):
        from_r(code)
    with pytest.raises(UnicodeDecodeError):
        from_r(r"{ x <- '\xff'; Encoding(x) <- 'UTF-8'; x }")


# ---- Python -> R ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "NULL"),
        (True, "TRUE"),
        (1, "1L"),
        (2**31 - 1, "2147483647L"),
        (2**31, "2147483648"),
        (-(2**31), "-2147483648"),
        (2**53, "2^53"),
        (1.5, "1.5"),
        (-0.0, "-0"),
        (math.inf, "Inf"),
        (1 + 2j, "1+2i"),
        ("é日😀", "'\\u00e9\\u65e5\\U1F600'"),
        ("", "''"),
        (b"\x00\xff", "as.raw(c(0, 255))"),
        (bytearray(b"\x01"), "as.raw(1)"),
        (memoryview(b"\x01"), "as.raw(1)"),
        ([], "list()"),
        ([1, 2], "1:2"),
        ((1, None), "c(1L, NA)"),
        ([1, 2.5], "c(1, 2.5)"),
        ([1, 2**31], "c(1, 2147483648)"),
        ([None, 1.5], "c(NA, 1.5)"),
        ([None, True], "c(NA, TRUE)"),
        ([None, "a"], "c(NA, 'a')"),
        ([None], "list(NULL)"),
        ([1, "a"], "list(1L, 'a')"),
        ([True, 1], "list(TRUE, 1L)"),
        ([[1, 2], [3]], "list(1:2, 3L)"),
        ({}, "structure(list(), names = character(0))"),
        ({"a": 1, "b": [None, 2.5], "c": None}, "list(a = 1L, b = c(NA, 2.5), c = NULL)"),
        ({1: "x"}, "list(`1` = 'x')"),
        (range(3), "0:2"),
        ({"a": 1}.keys(), "'a'"),
        ({"a": 1}.values(), "1L"),
        ({7}, "7L"),
        (collections.OrderedDict(a=1), "list(a = 1L)"),
        (collections.namedtuple("Point", "x y")(1, "a"), "list(x = 1L, y = 'a')"),
        (time.gmtime(0), "list(" + ", ".join(f"tm_{n} = {v}L" for n, v in EPOCH.items()) + ")"),
        (pathlib.PurePosixPath("/tmp/x"), "'/tmp/x'"),
        (np.float32(0.5), "0.5"),
        (np.float64(0.5), "0.5"),
        (np.int8(3), "3L"),
        (np.int64(2**40), "2^40"),
        (np.bool_(True), "TRUE"),
        (np.complex64(1j), "1i"),
        (np.str_("a"), "'a'"),
        (np.array(["a", "b"]), "c('a', 'b')"),
        (np.array([], dtype="U1"), "character()"),
        (np.array([], dtype=RECORD), "data.frame(a = integer(), b = numeric())"),
        (np.array([(1, 2.5)] * 2, dtype=RECORD), "data.frame(a = c(1L, 1L), b = c(2.5, 2.5))"),
        (np.array([(1, 2.5)], dtype=RECORD)[0], "list(a = 1L, b = 2.5)"),
        (
            np.array([(True, (1, "x"), [1, 2])], dtype=NESTED),
            "local({ f <- data.frame(y = TRUE); f$g <- data.frame(a = 1L, t = 'x');"
            " f$m <- matrix(c(1, 2), 1); f })",
        ),
        (np.array([["a", "b"], ["c", None]], dtype=object), "matrix(c('a', 'c', 'b', NA), 2)"),
        (np.array("a"), "'a'"),
        (np.array([[1, 2], [3, 4]]), "matrix(c(1L, 3L, 2L, 4L), 2)"),
        (np.datetime64("1970-01-02", "D"), "as.Date(1, origin = '1970-01-01')"),
        (np.datetime64("1970-01-02", "ns"), f"structure(86400, {TIME})"),
        (np.timedelta64(1500, "ms"), "as.difftime(1.5, units = 'secs')"),
        (datetime.date(1970, 1, 3), "as.Date(2, origin = '1970-01-01')"),
        (datetime.timedelta(minutes=1), "as.difftime(60, units = 'secs')"),
        (
            datetime.datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=datetime.timezone.utc),
            f"structure(1.5, {TIME})",
        ),
    ],
)  # fmt: skip
def test_a_python_value_is_r_s_own(r, value, code):
    assert r.identical(tb.to_r(value), r(code))


def test_wide_integers_are_exact_or_an_error(r):
    for value in (2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63) + 1):
        x = tb.to_r(value)
        assert r.true("identical(class(x), 'integer64')", x=x)
        assert int.from_bytes(r.bytes(x), "little", signed=True) == value
    for value in (2**63, -(2**63) - 1, 10**30):
        for x in (value, [value], {"a": value}):
            with pytest.raises(OverflowError, match="an int beyond 64 bits has no R type"):
                tb.to_r(x)


def test_the_least_int64_does_not_become_na(r):
    try:
        x = tb.to_r(-(2**63))
    except OverflowError:
        return
    assert r.true("identical(x, -2^63)", x=x)


def test_lists_with_wide_integers_keep_each_exact(r):
    x = tb.to_r([1, 2**53 + 1])
    assert r.text("typeof(x)", x=x) == "list"
    assert r.true("identical(x[[1]], 1L) && inherits(x[[2]], 'integer64')", x=x)


@pytest.mark.parametrize("value", ["a\0b", ["a\0b"], {"a": "a\0b"}, {"a\0b": 1}])
def test_text_with_nul_is_an_error(r, value, nothing_left):
    with pytest.raises(ValueError, match="an R string cannot hold a NUL character"):
        tb.to_r(value)


def test_text_that_is_no_unicode_is_an_error(r, nothing_left):
    for value in ("\ud800", ["a", "\ud800"]):
        with pytest.raises(UnicodeEncodeError):
            tb.to_r(value)


def test_a_list_that_holds_itself_is_an_error(r):
    x: list = [1, "a"]
    x.append(x)
    with pytest.raises((RecursionError, ValueError, tb.RError)):
        tb.to_r(x)


def test_other_objects_and_functions_reach_r_and_come_back(r, nothing_left):
    number = decimal.Decimal("1.5")
    x = tb.to_r(number)
    assert r.text("typeof(x)", x=x) == "externalptr"
    assert rpy2_objects.robject(x).value() is number
    f = tb.to_r(lambda a, b=1: a + b)
    assert r("f(1, b = 2)", f=f)[0] == 3
    assert r.identical(r("vapply(c(1, 2, 3), f, 0)", f=f), r("c(2, 3, 4)"))


def test_a_handle_is_the_tensor_itself(r, nothing_left):
    x = torch.ones(2)
    h = tb.handle(x)
    assert h.value() is x
    assert r.true("inherits(x, 'torch_tensor')", x=tb.to_r(h))
    core = host.native()
    same_one = core.base_function("identity")(h)
    assert same_one is x
    assert tb.handle(3.5).value() == 3.5


json_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=True)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.dictionaries(
        st.text(st.characters(min_codepoint=97, max_codepoint=0x3B1), min_size=1, max_size=3),
        inner,
        min_size=1,
        max_size=3,
    ),
    max_leaves=8,
)


@given(json_like)
@settings(max_examples=150, deadline=None)
def test_nested_dicts_come_back_as_they_were(there_and_back, value):
    def expected(x):
        if isinstance(x, dict):
            return {k: expected(v) for k, v in x.items()}
        if type(x) is int and not -(2**31) < x < 2**31:
            return float(x) if -(2**53) <= x <= 2**53 else x
        return x

    assert same(there_and_back(value), expected(value))


@given(
    st.lists(st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
)
@settings(max_examples=50, deadline=None)
def test_lists_of_text_come_back_as_they_were(there_and_back, values):
    if all(v is None for v in values):
        return
    expected = values[0] if len(values) == 1 else values
    assert there_and_back(values) == expected


@pytest.mark.skipif(
    not hasattr(getattr(np, "dtypes", None), "StringDType"), reason="NumPy 2's text"
)
def test_numpys_own_text(r):
    text = np.dtypes.StringDType
    for value, code in [
        (np.array(["a", "é"], dtype=text()), "c('a', '\u00e9')"),
        (np.array([["a", "b"], ["c", "d"]], dtype=text()), "matrix(c('a', 'c', 'b', 'd'), 2)"),
        (np.array(["a", None], dtype=text(na_object=None)), "c('a', NA)"),
        (np.array(["a", np.nan], dtype=text(na_object=np.nan)), "c('a', NA)"),
        (np.array([], dtype=text()), "character()"),
    ]:
        assert r.identical(tb.to_r(value), r(code)), code
