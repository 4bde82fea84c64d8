"""arrow/factor.c, arrow/level.c: dictionaries become factors, and none of their values is lost.

What a level's text must be is Python's own: `repr()` of numbers, `str()` of times.
"""

from __future__ import annotations

import datetime
import decimal
import random
import struct

import numpy as np
import pyarrow as pa
import pytest

from torchbridge.frames import to_frame


def dictionary(codes, values, **options):
    codes = pa.array(codes, pa.int32())
    return pa.DictionaryArray.from_arrays(codes, values, **options)


@pytest.fixture
def read(core):
    """read(*chunks): the levels, and the text of each element, None for NA."""

    def run(*chunks):
        x = core.arrow_to_r(pa.chunked_array(chunks).__arrow_c_stream__())
        levels = core.base_function("levels")(x) or []
        levels = [levels] if isinstance(levels, str) else list(levels)
        codes = core.base_function("as.integer")(x)
        codes = [codes] if codes is None or isinstance(codes, int) else codes
        missing = core.base_function("is.na")(x)
        missing = [missing] if isinstance(missing, bool) else missing
        return levels, [
            None if na else levels[code - 1] for code, na in zip(codes, missing, strict=True)
        ]

    return run


def times(unit, zone, *values):
    return pa.array(values, pa.timestamp(unit, zone))


NS = 1_700_000_000_123_456_789
EXACT = {
    "int8": (pa.array([-128, 127], pa.int8()), ["-128", "127"]),
    "uint8": (pa.array([10, 200], pa.uint8()), ["10", "200"]),
    "int16": (pa.array([-(2**15), 1], pa.int16()), ["-32768", "1"]),
    "uint16": (pa.array([2**16 - 1, 1], pa.uint16()), ["65535", "1"]),
    "int32": (pa.array([-(2**31), 100000], pa.int32()), ["-2147483648", "100000"]),
    "uint32": (pa.array([2**32 - 1, 0], pa.uint32()), ["4294967295", "0"]),
    "int64": (
        pa.array([100000, 10**10, 2**53 + 1, -(2**63)]),
        ["100000", "10000000000", "9007199254740993", "-9223372036854775808"],
    ),
    "uint64": (pa.array([2**64 - 1, 1], pa.uint64()), ["18446744073709551615", "1"]),
    "float64": (
        pa.array([0.1, 0.1 + 0.2, 0.3, 1e5, 1e300, -0.0, 5e-324, float("inf"), float("nan")]),
        ["0.1", "0.30000000000000004", "0.3", "100000", "1e+300", "-0", "5e-324", "Inf", "NaN"],
    ),
    "float32": (pa.array([0.1, 1e-45, 16777216], pa.float32()), ["0.1", "1e-45", "16777216"]),
    "float16": (pa.array(np.array([0.1, 2], np.float16)), ["0.099975586", "2"]),
    "bool": (pa.array([True, False]), ["TRUE", "FALSE"]),
    "text": (pa.array(["b", "", "\u00e9", "NA"]), ["b", "", "\u00e9", "NA"]),
    "large text": (pa.array(["b", "a"], pa.large_string()), ["b", "a"]),
    "text views": (pa.array(["b", "a" * 20], pa.string_view()), ["b", "a" * 20]),
    "date": (
        pa.array([datetime.date(2024, 2, 29), datetime.date(1, 1, 1)]),
        ["2024-02-29", "0001-01-01"],
    ),
    "date64": (pa.array([0, 86400000 * 365], pa.date64()), ["1970-01-01", "1971-01-01"]),
    "time": (
        times("us", None, 1000, 2000),
        ["1970-01-01 00:00:00.001000", "1970-01-01 00:00:00.002000"],
    ),
    "time UTC": (
        times("ns", "UTC", 0, NS),
        ["1970-01-01 00:00:00+00:00", "2023-11-14 22:13:20.123456789+00:00"],
    ),
    "time before 1970": (times("ms", "UTC", -1), ["1969-12-31 23:59:59.999000+00:00"]),
    "time of an offset": (times("s", "-03:30", 0), ["1969-12-31 20:30:00-03:30"]),
    "time of day": (pa.array([0, 3661001], pa.time32("ms")), ["00:00:00", "01:01:01.001000"]),
    "span": (pa.array([60_000, -1500], pa.duration("ms")), ["60", "-1.5"]),
    "decimal": (
        pa.array([decimal.Decimal("1.25"), decimal.Decimal("-0.05")], pa.decimal128(38, 2)),
        ["1.25", "-0.05"],
    ),
    "wide decimal": (
        pa.array([decimal.Decimal(10**37 + 1)], pa.decimal128(38, 0)),
        ["10000000000000000000000000000000000001"],
    ),
    "null": (pa.nulls(2), []),
}


@pytest.mark.parametrize("name", EXACT)
def test_levels_are_exact_text(read, name):
    values, text = EXACT[name]
    levels, elements = read(dictionary(range(len(values)), values))
    assert levels == text
    assert elements == (text or [None, None])


def test_an_hour_that_comes_twice_is_two_levels(read):
    instants = times("s", "Europe/Berlin", 1729987200, 1729990800)
    levels, _ = read(dictionary([0, 1], instants))
    assert levels == ["2024-10-27 02:00:00+02:00", "2024-10-27 02:00:00+01:00"]


def test_random_doubles_read_back_to_the_same_bits(read):
    rng = random.Random(1)
    values = [struct.unpack("<d", rng.randbytes(8))[0] for _ in range(2000)]
    values = sorted({v for v in values if v == v})
    levels, _ = read(dictionary(range(len(values)), pa.array(values)))
    assert [float(level) for level in levels] == values
    narrow = np.unique(np.array([v for v in values[::7] if abs(v) < 3e38], np.float32))
    levels, _ = read(dictionary(range(len(narrow)), pa.array(narrow)))
    assert [np.float32(level) for level in levels] == list(narrow)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pa.array([b"ab"]), "a dictionary of bytes"),
        (pa.array([b"ab"], pa.large_binary()), "a dictionary of bytes"),
        (pa.array([b"ab"], pa.binary(2)), "a dictionary of bytes"),
        (pa.array([[1]]), "a dictionary of lists"),
        (pa.array([{"a": 1}]), "a dictionary of lists, structs"),
    ],
)
def test_bytes_and_nested_values_are_refused_by_name(core, values, message):
    table = pa.table({"bad": dictionary([0], values)})
    with pytest.raises(TypeError, match=f"column 'bad': {message}"):
        core.arrow_to_r(table.__arrow_c_stream__())
    with pytest.raises(ValueError, match="decimals of more than 128 bits"):
        core.arrow_to_r(
            pa.chunked_array(
                [dictionary([0], pa.array([decimal.Decimal(1)], pa.decimal256(40, 1)))]
            ).__arrow_c_stream__()
        )


def test_equal_values_are_one_level_and_no_others(read):
    levels, elements = read(
        dictionary([0, 1, None], pa.array([0.3, 0.1 + 0.2])),
        dictionary([0, 1, 2], pa.array([0.1 + 0.2, 0.3, None])),
        dictionary([2, 1, 0], pa.array([7.0, 0.3, 7.0])),
    )
    assert levels == ["0.3", "0.30000000000000004", "7"]
    assert elements == [
        *("0.3", "0.30000000000000004", None, "0.30000000000000004", "0.3", None),
        *("7", "0.3", "7"),
    ]


def test_ordered_chunks_must_agree(core, read):
    low = dictionary([0, 1], pa.array(["lo", "hi"]), ordered=True)
    more = dictionary([0, 1], pa.array(["hi", "top"]), ordered=True)
    assert read(low, more) == (["lo", "hi", "top"], ["lo", "hi", "hi", "top"])
    other = dictionary([0], pa.array(["hi", "lo"]), ordered=True)
    between = dictionary([0], pa.array(["lo", "mid", "hi"]), ordered=True)
    for wrong in (other, between):
        with pytest.raises(ValueError, match="ordered categories in different orders"):
            read(low, wrong)


def test_a_dictionary_that_chunks_share_is_read_once(core):
    words = pa.array([f"k{i}" for i in range(100_000)])
    # Read once a chunk it would take minutes, or be refused as too many words.
    for values in (words, words.cast(pa.string_view())):
        whole = dictionary(range(6000), values)
        chunks = pa.chunked_array([whole.slice(i, 1) for i in range(6000)])
        x = core.arrow_to_r(chunks.__arrow_c_stream__())
        assert len(core.base_function("levels").call(x)) == 100_000
        codes = np.asarray(core.base_function("as.integer").call(x))
        assert codes.tolist() == list(range(1, 6001))


def test_slices_of_one_dictionary_are_told_apart(read):
    values = pa.array(["a", "b", "c", None])
    chunks = [dictionary([0], values.slice(i, 2)) for i in (0, 1, 2, 0)]
    assert read(*chunks) == (["a", "b", "c"], ["a", "b", "c", "a"])


def test_polars_goes_the_same_way(r):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"e": pl.Series(["b", "a", None], dtype=pl.Enum(["b", "a"]))})
    same = r("function(x) identical(x, data.frame(e = factor(c('b', 'a', NA), c('b', 'a'))))")
    assert same(to_frame.to_robject(frame))
    frame = pl.DataFrame({"e": pl.Series(["b", "a", None], dtype=pl.Categorical)})
    words = r("function(x) identical(as.character(x$e), c('b', 'a', NA))")
    assert words(to_frame.to_robject(frame))
