"""values.c: scalars, strings, lists and dicts, there and back."""

from __future__ import annotations

import collections
import enum
import math
import struct

import numpy as np
import pytest
import torch

from torchbridge import RError


@pytest.fixture
def there_and_back(core):
    return lambda x: core.base_function("identity")(x)


# ---- Python -> R -> Python ----


@pytest.mark.parametrize(
    ("value", "typeof"),
    [
        (None, "NULL"),
        (True, "logical"),
        (False, "logical"),
        (0, "integer"),
        (2**31 - 1, "integer"),
        (-(2**31) + 1, "integer"),
        (0.0, "double"),
        (-0.0, "double"),
        (math.inf, "double"),
        (5e-324, "double"),
        (1 + 2j, "complex"),
        ("", "character"),
        ("text", "character"),
        ("h\u00f6he \U0001f642 \u4e2d", "character"),
        (b"", "raw"),
        (b"\x00\xff", "raw"),
        ([1, 2], "integer"),
        ([], "list"),
        ({"a": 1}, "list"),
        ({"a": [1, {"b": None}], "c": ["x", "y"]}, "list"),
        ([[1, 2], "a"], "list"),
        (["a", None], "character"),
        ([None, "NA"], "character"),
    ],
)
def test_a_value_and_its_r_type(core, there_and_back, value, typeof):
    x = core.to_r(value)
    assert x.typeof == typeof
    back = there_and_back(value)
    if typeof == "integer" and isinstance(value, list):
        back = back.tolist()
    if typeof == "list" and isinstance(value, dict) and "c" in value:
        assert back["a"][1] == {"b": None} and back["c"] == ["x", "y"]
    elif value == [[1, 2], "a"]:
        assert back[0].tolist() == [1, 2] and back[1] == "a"
    else:
        assert back == value and type(back) is type(value)
    if isinstance(value, float):
        assert math.copysign(1, back) == math.copysign(1, value)


@pytest.mark.parametrize(
    ("value", "typeof", "classes"),
    [
        (-(2**31), "double", ()),  # R's integer NA
        (2**31, "double", ()),
        (2**53, "double", ()),
        (-(2**53), "double", ()),
        (2**53 + 1, "double", ("integer64",)),
        (2**63 - 1, "double", ("integer64",)),
        (-(2**63) + 1, "double", ("integer64",)),
    ],
)
def test_ints_are_never_truncated(core, there_and_back, value, typeof, classes):
    x = core.to_r(value)
    assert (x.typeof, x.classes) == (typeof, classes)
    assert int(there_and_back(value)) == value


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**30])
def test_ints_beyond_64_bits(core, value):
    with pytest.raises(OverflowError, match="64 bits"):
        core.to_r(value)


def test_the_least_int64_is_not_made_na(core, there_and_back):
    """-2^63 is integer64's NA, and exact as a double."""
    x = core.to_r(-(2**63))
    assert (x.typeof, x.classes, x.any_na()) == ("double", (), False)
    assert there_and_back(-(2**63)) == -(2**63)


def test_every_bit_of_a_double(core, there_and_back):
    for bits in (
        0x7FF00000000007A2,
        0x7FF8000000000000,
        0xFFF8000000000001,
        0x7FF0000000000001 | 1 << 51,
    ):
        value = struct.unpack("<d", struct.pack("<Q", bits))[0]
        x = core.to_r(value)
        assert np.asarray(x).tobytes() == struct.pack("<Q", bits)
        assert struct.pack("<d", x.value()) == struct.pack("<Q", bits)


@pytest.mark.parametrize(
    ("items", "typeof"),
    [
        ([True, None], "logical"),
        ([1, None, 3], "integer"),
        ([1.5, 2, None], "double"),
        ([2**40, 1.5], "double"),
        (["a", None], "character"),
        ((1, 2), "integer"),
        ([True, 1], "list"),
        ([1, "a"], "list"),
        ([None, None], "list"),
        ([2**60, 1], "list"),
        ([b"a"], "list"),
    ],
)
def test_which_lists_are_vectors(core, items, typeof):
    x = core.to_r(items)
    assert x.typeof == typeof and len(x) == len(items)
    if typeof not in ("list", "character"):
        assert x.any_na() is (None in items)


def test_subclasses_are_what_they_derive_from(core):
    class Colour(enum.IntEnum):
        RED = 3

    class Text(str):
        pass

    class Number(float):
        pass

    Pair = collections.namedtuple("Pair", "a b")
    assert core.to_r(Colour.RED).value() == 3
    assert core.to_r(Text("t")).value() == "t"
    assert core.to_r(Number(1.5)).value() == 1.5
    assert core.to_r(np.float64(1.5)).value() == 1.5
    assert core.to_r(collections.OrderedDict(b=1, a=2)).value() == {"b": 1, "a": 2}
    assert core.to_r(Pair(1, 2)).value() == {"a": 1, "b": 2}
    assert core.to_r(range(3)).value().tolist() == [0, 1, 2]
    assert sorted(core.to_r({3, 4}).value().tolist()) == [3, 4]
    assert core.to_r(bytearray(b"ab")).value() == b"ab"


def test_dict_keys_become_names(core, r):
    x = core.to_r({1: "a", None: "b", ("c", 2): "c", "h\u00f6he": "d"})
    assert r("names")(x) == ["1", "None", "('c', 2)", "h\u00f6he"]
    with pytest.raises(ValueError, match="NUL"):
        core.to_r({"a\0b": 1})


def test_callables_modules_and_classes_are_handles(core, there_and_back):
    for x in (
        len,
        torch.add,
        torch.ones(1).view,
        lambda: 1,
        torch.Tensor,
        torch.nn.Linear,
        dict,
        np,
        torch,
    ):
        assert there_and_back(x) is x
    assert core.to_r(torch.Tensor).typeof == "closure"
    assert core.to_r(len).classes == ("python_callable", "python_object")


@pytest.mark.parametrize("text", ["a\0b", "\0"])
def test_nul_in_text(core, text):
    with pytest.raises(ValueError, match="NUL"):
        core.to_r(text)
    with pytest.raises(ValueError, match="NUL"):
        core.to_r(["a", text])


def test_lone_surrogates(core):
    for value in ("\ud800", ["a", "\ud800"], {"\ud800": 1}):
        with pytest.raises(UnicodeEncodeError):
            core.to_r(value)


# ---- values that contain themselves, or change underway ----


def nested(depth, wrap):
    x = 1
    for _ in range(depth):
        x = wrap(x)
    return x


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: {"a": x}, lambda x: (x, None)])
def test_deep_but_not_too_deep(core, wrap):
    assert len(core.to_r(nested(900, wrap))) in (1, 2)
    with pytest.raises(RecursionError, match="nested more than 1000 deep"):
        core.to_r(nested(5000, wrap))


def test_a_list_and_a_dict_that_contain_themselves(core):
    a: list = [1, "a"]
    a.append(a)
    b: dict = {"a": 1}
    b["b"] = [b]
    for x in (a, b):
        with pytest.raises(RecursionError):
            core.to_r(x)
    a.clear()
    b.clear()


def test_a_deep_r_list(r):
    with pytest.raises(RecursionError):
        r("{ x <- 1; for (i in 1:2000) x <- list(x); x }").value()
    with pytest.raises(RecursionError):
        r("function(f) { x <- 1; for (i in 1:2000) x <- list(a = x); f(x) }")(lambda x: x)


class Meddler(collections.abc.Mapping):
    """Empties the container it is in while it is converted."""

    def __init__(self, container):
        self.container = container

    def __getitem__(self, key):
        return 1

    def __iter__(self):
        self.container.clear()
        return iter(["a"])

    def __len__(self):
        return 1


def test_a_list_that_changes_while_it_is_converted(core):
    x: list = [object(), "text"]
    x[1:1] = [Meddler(x), object()]
    assert len(core.to_r(x)) == 4
    assert x == []


def test_a_dict_that_changes_while_it_is_converted(core):
    x: dict = {"a": object(), "c": object()}
    x = {"a": x["a"], "b": Meddler(x), "c": object()}
    x["b"].container = x
    assert len(core.to_r(x)) == 3
    assert x == {}


# ---- R -> Python ----


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("NULL", None),
        ("NA", None),
        ("NA_integer_", None),
        ("NA_character_", None),
        ("c('a', NA)", ["a", None]),
        ("character(0)", []),
        ("list()", []),
        ("list(a = 1L, b = NULL)", {"a": 1, "b": None}),
        ("list(a = 1L, 2L)", [1, 2]),
        ("list(a = 1L, a = 2L)", [1, 2]),
        ("structure(list(1L, 2L), names = c('a', NA))", [1, 2]),
        ("list(list(), list(list()))", [[], [[]]]),
        ("c(a = 1)", 1.0),
    ],
)
def test_values_of_r(r, code, value):
    assert r(code).value() == value


def test_strings_in_any_encoding(r):
    latin1 = r(r"iconv('h\u00f6he', 'UTF-8', 'latin1')")
    assert r("Encoding")(latin1) == "latin1"
    assert latin1.value() == "h\u00f6he"
    assert r(r"c('\u4e2d', 'a', iconv('\u00e9', 'UTF-8', 'latin1'))").value() == [
        "\u4e2d",
        "a",
        "\u00e9",
    ]
    assert r(
        r"list2 <- structure(list(1L), names = iconv('\u00e9', 'UTF-8', 'latin1'))"
    ).value() == {"\u00e9": 1}
    r("rm(list2)")
    with pytest.raises(ValueError, match="marked as bytes"):
        r(r"{ x <- '\xff'; Encoding(x) <- 'bytes'; x }").value()
    with pytest.raises(UnicodeDecodeError):
        r(r"{ x <- '\xff\xfe'; Encoding(x) <- 'UTF-8'; x }").value()


def test_lists_for_functions_that_r_looks_up_arrays_for_callbacks(r, core):
    """A plain vector is an array as a result of R's, and for a function that R was given; one that
    R looks up (torch$zeros) gets a list."""
    call = r("function(f) f(c(1, 2))")
    assert call(type) is np.ndarray
    looked_up = core.helper("wrap_callable").call(core.handle(type))
    assert call(looked_up) is list
    assert isinstance(r("c(1, 2)").value(), np.ndarray)


def test_a_long_vector_for_a_python_function(r):
    assert r("function(f) f(as.numeric(1:100000))")(sum) == 5000050000


def test_strings_that_r_makes_lazily(r):
    """as.character(1:n) is ALTREP: its strings are made when they are looked at."""
    assert r("as.character(1:1000)").value()[999] == "1000"
    assert r("function(f) f(as.character(1:1000))")(lambda x: x[999]) == "1000"


def test_an_error_in_a_conversion_of_r_reaches_python(r):
    with pytest.raises(RError):
        r(
            "function() structure(list(1), class = 'data.frame', names = 'a', row.names = stop('no rows'))"
        )()
