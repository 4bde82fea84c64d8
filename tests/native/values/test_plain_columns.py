"""values/plain_columns.c: columns of plain numbers, copied in one pass, and whole data frames."""

from __future__ import annotations

import numpy as np
import pytest

from torchbridge.process import host

KINDS = {"double": "float64", "integer": "int32", "logical": "bool"}


@pytest.mark.parametrize("n", [0, 1, 1023, 1024, 1025, 100_000])
@pytest.mark.parametrize(
    ("code", "dtype"),
    [
        ("as.double({n}:1)[seq_len({n})]", "float64"),
        ("rev(seq_len({n}))", "int32"),
        ("seq_len({n})", "int32"),  # which R keeps as its ends
        ("as.double(seq_len({n}))", "float64"),
        ("seq_len({n}) %% 2L == 0L", "bool"),
    ],
)
def test_copies_each_element(r, n, code, dtype):
    x = r(code.format(n=n))
    array = np.empty(n, dtype)
    assert x.copy_to(array) is False
    assert np.array_equal(array, np.asarray(x).astype(dtype))


@pytest.mark.parametrize("at", [1, 1024, 1025, 3000])
@pytest.mark.parametrize("kind", ["integer", "logical"])
def test_finds_na_wherever_it_is(r, kind, at):
    x = r(f"{{x <- {kind}(3000); x[{at}] <- NA; x}}")
    array = np.empty(3000, KINDS[kind])
    assert x.copy_to(array) is True
    assert r(f"{kind}(3000)").copy_to(array) is False


def test_finds_na_in_what_r_keeps_otherwise_than_in_memory(r):
    x = r(".Internal(wrap_meta(c(1L, NA, 3L), FALSE, FALSE))")
    array = np.empty(3, np.int32)
    assert x.copy_to(array) is True
    assert array.tolist() == [1, -(2**31), 3]


def test_a_doubles_na_keeps_its_bits(r):
    x = r("c(NA, NaN, -0, Inf)")
    array = np.empty(4)
    assert x.copy_to(array) is False
    assert np.array_equal(array.view(np.int64), np.asarray(x).view(np.int64))


@pytest.mark.parametrize(
    "array",
    [
        np.empty(2),
        np.empty(4),
        np.empty(3, np.float32),
        np.empty(3, np.int64),
        np.empty(6)[::2],
        np.empty(3, ">f8"),
    ],
)
def test_refuses_an_array_of_another_kind(r, array):
    with pytest.raises((ValueError, BufferError)):
        r("c(1, 2, 3)").copy_to(array)


def test_refuses_what_is_no_array_to_be_written_to(r):
    array = np.empty(3)
    array.flags.writeable = False
    with pytest.raises((ValueError, BufferError)):
        r("c(1, 2, 3)").copy_to(array)
    with pytest.raises(TypeError):
        r("c(1, 2, 3)").copy_to(3)
    with pytest.raises(TypeError, match="character"):
        r("'a'").copy_to(np.empty(1))


def test_a_frames_parts(r):
    x = r(
        "structure(list(a = 1:2, b = c(1, NA), c = c(TRUE, FALSE), d = factor(1:2), e = c('x', 'y'),"
        " f = matrix(1:4, 2), g = Sys.Date() + 0:1), class = 'data.frame', row.names = 1:2)",
    )
    names, rows, row_names, columns, kinds = x.frame_parts()
    assert names == list("abcdefg")
    assert (rows, row_names, kinds) == (2, None, "id?....")
    assert [column.typeof for column in columns[:3]] == ["integer", "double", "logical"]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("1:3", None),
        ("c(NA, 3L)", None),
        ("c(NA, -3L)", None),
        ("c(1L, 2L, 3L)", None),
        ("2:4", [2, 3, 4]),
        ("c(1L, 3L, 2L)", [1, 3, 2]),
        ("c('a', 'b', 'c')", ["a", "b", "c"]),
        ("c('1', '2', '3')", ["1", "2", "3"]),
    ],
)
def test_row_names_that_only_count_are_none(r, rows, found):
    code = f"structure(list(a = c(5, 6, 7)), row.names = {rows}, class = 'data.frame')"
    _, n, row_names, _, _ = r(code).frame_parts()
    assert n == 3
    assert found == (None if row_names is None else list(row_names.value()))


def test_parts_of_no_frame_and_of_a_damaged_one(r):
    with pytest.raises(TypeError, match="data frame"):
        r("list(a = 1)").frame_parts()
    code = "structure(list(a = 1:2, b = 1:3), row.names = 1:2, class = 'data.frame')"
    with pytest.raises(ValueError, match="column 'b': 3 elements"):
        r(code).frame_parts()
    with pytest.raises(ValueError, match="name 1"):
        r(
            "structure(list(1), names = `Encoding<-`('\\xe9', 'bytes'), row.names = 1L,"
            " class = 'data.frame')",
        ).frame_parts()


def new_frame(columns, rows, row_names=None):
    names = [f"c{i}" for i in range(len(columns))]
    return host.native().RObject.new_frame(columns, names, rows, row_names)


ARRAYS = {
    "double": [np.array([1.5, np.nan, -0.0]), np.arange(6.0)[::2], np.arange(3.0)[::-1]],
    "float32": [np.array([1.5, 2, 3], np.float32), np.arange(6, dtype=np.float32)[::2]],
    "integer": [np.array([1, -2, 2**31 - 1], np.int32), np.arange(6, dtype=np.int32)[::-2]],
    "small int64": [np.array([1, -(2**31) + 1, 2**31 - 1]), np.arange(6)[::2]],
    "large int64": [np.array([1, -(2**31), 3]), np.array([2**53, -(2**53), 0])],
    "bool": [np.array([True, False, True]), np.array([True, False] * 3)[::2]],
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_a_frame_of_arrays(r, kind):
    frame = new_frame(list(ARRAYS[kind]), 3)
    made = frame.items()
    expected = {"bool": "logical", "integer": "integer", "small int64": "integer"}
    assert {column.typeof for column in made} == {expected.get(kind, "double")}
    for column, array in zip(made, ARRAYS[kind], strict=True):
        assert np.array_equal(np.asarray(column), array, equal_nan=True)
    assert frame.classes == ("data.frame",)
    assert frame.attr("row.names").value().tolist() == [1, 2, 3]


def test_an_int32_that_r_reads_as_na_makes_doubles(r):
    for array in (np.array([1, -(2**31), 3], np.int32), np.array([3, -(2**31), 1], np.int32)[::-1]):
        (column,) = new_frame([array], 3).items()
        assert column.typeof == "double"
        assert np.asarray(column).tolist() == [1.0, -(2.0**31), 3.0]


def test_says_which_column_is_none_of_its_own(r):
    plain = np.arange(2.0)
    others = [
        np.array([2**53 + 1, 0]),
        np.array([1, 2], np.int8),
        np.array([1, 2], np.uint64),
        np.array([1, 2], ">f8"),
        np.array(["a", "b"], dtype=object),
        np.array(["2024", "2025"], dtype="datetime64[Y]"),
        np.zeros((2, 2)),
        [1.0, 2.0],
        np.float16([1, 2]),
    ]
    for other in others:
        assert new_frame([plain, other, other], 2) == 1
    packed = np.zeros(2, dtype=[("a", "i1"), ("b", "f8")])["b"]  # at odd addresses
    assert new_frame([plain, packed], 2) == 1


def test_rs_vectors_are_taken_as_they_are(r):
    x = r("c('a', NA)")
    row_names = r("c('u', 'v')")
    frame = new_frame([np.arange(2.0), x], 2, row_names)
    assert frame.items()[1].address == x.address
    assert frame.attr("row.names").value() == ["u", "v"]


def test_frames_without_rows_or_columns(r):
    frame = new_frame([np.empty(0), np.empty(0, np.int64), np.empty(0, bool)], 0)
    assert [column.typeof for column in frame.items()] == ["double", "integer", "logical"]
    identical = host.native().base_function("identical")
    expected = r("data.frame(c0 = numeric(), c1 = integer(), c2 = logical())")
    assert identical(frame, expected)
    assert len(new_frame([], 3).attr("row.names")) == 3


def test_names_are_text(r):
    core = host.native()
    frame = core.RObject.new_frame([np.arange(1.0)] * 2, ["größe", "größe"], 1, None)
    assert frame.attr("names").value() == ["größe", "größe"]
    for names, error in ((["a\0b"], ValueError), (["\ud800"], ValueError), ([1], TypeError)):
        with pytest.raises(error):
            core.RObject.new_frame([np.arange(1.0)], names, 1, None)
    with pytest.raises(ValueError, match="a name for each"):
        core.RObject.new_frame([np.arange(1.0)], ["a", "b"], 1, None)


def test_nothing_is_left_behind(r):
    core = host.native()
    x = r("data.frame(a = 1:3, b = 'x')")

    def work():
        x.frame_parts()
        array = np.arange(3.0)
        new_frame([array], 3)
        new_frame([array, [1]], 3)
        with pytest.raises(ValueError):
            core.RObject.new_frame([array], ["a\0b"], 3, None)
        array.resize(0, refcheck=False)  # which NumPy refuses where a buffer is held

    work()
    before = core.live()
    for _ in range(50):
        work()
    assert core.live() == before
