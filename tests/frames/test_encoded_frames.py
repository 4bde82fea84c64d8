"""Frames as tensors: numbers, codes and masks, and back again."""

from __future__ import annotations

import datetime
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch

import torchbridge as tb
from torchbridge.frames import encoded_frames

pytestmark = pytest.mark.filterwarnings("error")

MIXED = """data.frame(
  a = c(1.5, 2, NA), i = c(1L, NA, -3L), l = c(TRUE, NA, FALSE),
  f = factor(c('u', NA, 'v'), levels = c('v', 'u', 'w')), s = c('q', NA, 'b'),
  d = as.Date('1970-01-03') + c(0, NA, 2), t = as.POSIXct(c(0.25, NA, 2), origin = '1970-01-01',
  tz = 'UTC'), h = as.difftime(c(90, NA, 1), units = 'secs'))"""


def test_each_column_is_where_it_belongs(r):
    x = tb.frame_tensors(r(MIXED))
    assert x.encoding.numeric == ("a", "i", "l", "d", "t", "h") and x.encoding.coded == ("f", "s")
    assert x.levels == {"f": ("v", "u", "w"), "s": ("b", "q")}
    expected = [[1.5, 1, 1, 2, 0.25, 90], [2, 0, 0, 0, 0, 0], [0, -3, 0, 4, 2, 1]]
    assert torch.equal(x.numeric, torch.tensor(expected, dtype=torch.float64))
    assert x.numeric_mask.tolist() == [[True] * 6, [True] + [False] * 5, [False] + [True] * 5]
    assert x.codes.tolist() == [[1, 1], [-1, -1], [0, 0]] and x.codes.dtype == torch.int64
    assert x.codes_mask.tolist() == [[True, True], [False, False], [True, True]]
    assert len(x) == 3 and "3 rows: 6 columns of numbers, 2 of codes" in repr(x)


def test_it_can_be_undone(r):
    assert r.identical(tb.to_r(tb.frame_tensors(r(MIXED)).to_arrow()), r(MIXED))
    code = "iris[c(1, 51, 101), ]"
    back = tb.to_r(tb.frame_tensors(r(code)).to_arrow())
    assert r.true("identical(x, y)", x=back, y=r(f"`rownames<-`({code}, NULL)"))
    empty = tb.frame_tensors(r("iris[0, ]"))
    assert empty.numeric.shape == (0, 4) and r.identical(tb.to_r(empty.to_arrow()), r("iris[0, ]"))


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_frames_of_every_library_have_the_same_tensors(r, kind):
    x = r(MIXED)
    theirs = tb.frame_tensors(tb.to_frame(x, kind))
    assert all(torch.equal(a, b) for a, b in zip(tb.frame_tensors(x), theirs, strict=True))


def test_an_encoding_means_the_same_for_other_data(r):
    first = tb.frame_tensors(r("data.frame(n = 1:2, s = c('b', 'd'))"), dtype="float32")
    assert first.numeric.dtype == torch.float32
    other = pd.DataFrame({"extra": [0], "s": ["d"], "n": [5.0]})
    for like in (first, first.encoding):
        x = tb.frame_tensors(other, like=like)
        assert x.codes.tolist() == [[1]] and x.numeric.tolist() == [[5.0]]
    with pytest.raises(ValueError, match="column 's': 'new' is none of the 2 levels"):
        tb.frame_tensors(pl.DataFrame({"n": [1], "s": ["new"]}), like=first)
    with pytest.raises(ValueError, match="no column 'n'"):
        tb.frame_tensors(pl.DataFrame({"s": ["b"]}), like=first)
    with pytest.raises(TypeError, match="like: expected FrameTensors"):
        tb.frame_tensors(other, like={})


def test_what_is_no_number_and_no_text_is_named():
    with pytest.raises(TypeError, match="column 'x': Arrow's list"):
        tb.frame_tensors(pa.table({"x": [[1]]}))
    with pytest.raises(ValueError, match="two have the name 'a'"):
        tb.frame_tensors(pa.table([[1], [2]], names=["a", "a"]))
    with pytest.raises(TypeError, match="expected a data frame, not list"):
        tb.frame_tensors([1])
    with pytest.raises(ValueError, match="dtype: expected a floating dtype"):
        tb.frame_tensors(pa.table({"x": [1]}), dtype=torch.int32)
    with pytest.warns(tb.LossyWarning, match="column 'x': integers beyond 2"):
        tb.frame_tensors(pa.table({"x": [2**60 + 1]}))


# ---- frames of numbers, as one tensor ------------------------------------------------


def test_a_dictionary_of_numbers_is_codes_of_its_values_text():
    values = pa.array([2.0, 0.1 + 0.2, 0.3])
    table = pa.table({"f": pa.DictionaryArray.from_arrays(pa.array([2, 0, 1, None]), values)})
    got = tb.frame_tensors(table)
    assert got.levels == {"f": ("2.0", "0.30000000000000004", "0.3")}
    assert got.codes.tolist() == [[2], [0], [1], [-1]]
    nested = pa.DictionaryArray.from_arrays(pa.array([0]), pa.array([b"a"]))
    with pytest.raises(TypeError, match="a dictionary of binary"):
        tb.frame_tensors(pa.table({"f": nested}))


def test_a_frame_of_numbers_is_a_tensor(r):
    x = r("data.frame(a = c(1, NA), b = c(3L, NA), c = c(TRUE, NA))")
    t = tb.to_torch(x)
    assert t.dtype == torch.float64 and t.is_contiguous() and t[0].tolist() == [1, 3, 1]
    assert t[1].isnan().all()
    assert np.array_equal(tb.to_numpy(x), t.numpy(), equal_nan=True)
    values, mask = tb.to_torch(x, dtype="int32", na="mask")
    assert values.tolist() == [[1, 3, 1], [0, 0, 0]] and mask.tolist() == [[True] * 3, [False] * 3]
    assert tb.to_torch(x, dtype=torch.float16, na=-1).tolist()[1] == [-1, -1, -1]
    assert tb.to_torch(r("data.frame(a = 1:2, b = TRUE)")).dtype == torch.int32
    assert tb.to_torch(r("data.frame(a = c(TRUE, FALSE))")).dtype == torch.bool
    assert tb.to_torch(r("data.frame(a = 1:3)[0]")).shape == (3, 0)


def test_it_equals_as_matrix_beyond_one_block(r):
    x = r("{ set.seed(1); as.data.frame(matrix(rnorm(9000 * 3), 9000)) }")
    assert r.identical(tb.to_r(tb.to_torch(x)), r("unname(as.matrix(x))", x=x))


@pytest.mark.parametrize(
    ("code", "options", "error", "message"),
    [
        ("iris", {}, TypeError, "column 'Species' is no plain vector of numbers but factor"),
        ("data.frame(d = as.Date('2024-01-01'))", {}, TypeError, "column 'd'.*Date"),
        ("data.frame(s = 'a')", {}, TypeError, "column 's'.*character: frame_tensors"),
        ("data.frame(a = c(1L, NA))", {}, ValueError, "column 'a': na: there is NA, and int32"),
        ("data.frame(a = 1.5)", {"dtype": "int8", "share": True}, ValueError, "share=True: the"),
        ("data.frame(a = 300)", {"dtype": "int8"}, ValueError, "column 'a': .*int8"),
    ],
)
def test_frames_that_are_no_tensor(r, code, options, error, message):
    with pytest.raises(error, match=message):
        tb.to_torch(r(code), **options)


def test_dates_of_arrow_go_as_days():
    table = pa.table({"d": [datetime.date(1970, 1, 2), None]})
    assert tb.frame_tensors(table).numeric.tolist() == [[1.0], [0.0]]


def test_no_dtype_is_the_natural_one():
    tensors = tb.frame_tensors(pa.table({"x": [1.5]}), dtype=None)
    assert tensors.numeric.dtype is torch.float64


class Counted:
    """A table that counts how often it is asked for all its names."""

    def __init__(self, table):
        self.table, self.asked = table, 0

    @property
    def names(self):
        self.asked += 1
        return self.table.schema.names

    @property
    def schema(self):
        return self

    def __iter__(self):
        return iter(self.table.schema)

    def __getattr__(self, name):
        return getattr(self.table, name)


def test_wide_frames_are_asked_for_their_names_once():
    """Not once a column: of 20,000 columns that took minutes."""
    asked = []
    for columns in (10, 200):
        table = Counted(pa.table({f"x{i}": [1.0, 2.0] for i in range(columns)} | {"f": ["a", "b"]}))
        encoding = replace(encoded_frames.encode(table), schema=table.table.schema)
        made = encoded_frames.tensors_of(table, encoding, "float64", None)
        assert made.numeric.shape == (2, columns) and made.codes.tolist() == [[0], [1]]
        asked.append(table.asked)
    assert asked[0] == asked[1] <= 3
