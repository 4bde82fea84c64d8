"""Factors, dates, times and spans: their numbers go to Python, their meaning stays beside."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchbridge as tb
from torchbridge.arrays.rtypes import RType

pytestmark = pytest.mark.filterwarnings("error")

TYPED = {
    "factor": "factor(c('b', 'a', 'b'), levels = c('b', 'a', 'unused'))",
    "one level": "factor(c('a', 'a'))",
    "empty factor": "factor(character(0))",
    "unicode levels": "factor(c('\\u00e9', '\\u65e5'))",
    "ordered": "factor(c('lo', 'hi'), levels = c('lo', 'hi'), ordered = TRUE)",
    "Date": "as.Date(c('1970-01-01', '2024-02-29', '1899-12-31'))",
    "Date with a part": "structure(c(0.5, -0.25), class = 'Date')",
    "infinite Date": "structure(c(Inf, 1), class = 'Date')",
    "POSIXct": "as.POSIXct(c('2024-01-01 12:00:00', '1969-12-31 23:59:59'), tz = 'UTC')",
    "POSIXct with a zone": "as.POSIXct('2024-07-01 12:00:00', tz = 'Europe/Berlin')",
    "POSIXct without a zone": "structure(1.5, class = c('POSIXct', 'POSIXt'))",
    "POSIXct of here": "structure(1.5, class = c('POSIXct', 'POSIXt'), tzone = '')",
    "sub-second": "structure(c(1.7e9 + 0.123456789, 1e-9), class = c('POSIXct', 'POSIXt'))",
    "seconds": "as.difftime(c(1.5, -2), units = 'secs')",
    "minutes": "as.difftime(c(1.5, -2), units = 'mins')",
    "hours": "as.difftime(1, units = 'hours')",
    "days": "as.Date('2024-03-01') - as.Date('2024-02-01')",
    "weeks": "as.difftime(2, units = 'weeks')",
    "matrix of dates": "structure(as.Date(c('1970-01-01', '1970-01-02')), dim = 1:2)",
}
HAVE_NA = {
    "Date": "as.Date(c('1970-01-02', NA))",
    "POSIXct": "as.POSIXct(c('2024-01-01', NA), tz = 'Asia/Seoul')",
    "difftime": "as.difftime(c(NA, 2), units = 'hours')",
}


@pytest.mark.parametrize("name", TYPED)
@pytest.mark.parametrize("convert", [tb.to_torch, tb.to_numpy])
def test_a_typed_vector_comes_back_identical(r, convert, name):
    x = r(TYPED[name])
    assert r.identical(tb.to_r(convert(x)), x)


@pytest.mark.parametrize("name", [n for n in TYPED if "factor" not in n and "level" not in n])
def test_a_shared_typed_vector_comes_back_identical(r, name):
    if name == "ordered":
        return
    x = r(TYPED[name])
    t = tb.to_torch(x, share=True)
    assert r.identical(tb.to_r(t, share=True), x)
    assert tb.to_torch(tb.to_r(t, share=True), share=True).data_ptr() == t.data_ptr()


@pytest.mark.parametrize("name", HAVE_NA)
@pytest.mark.parametrize("convert", [tb.to_torch, tb.to_numpy])
def test_na_in_a_typed_vector_comes_back_as_na(r, convert, name):
    x = r(HAVE_NA[name])
    back = tb.to_r(convert(x))
    assert r.identical(back, x)
    assert r.true("identical(is.na(x) & !is.nan(x), is.na(y))", x=back, y=x)


@pytest.mark.parametrize("convert", [tb.to_torch, tb.to_numpy])
def test_an_integer_date_comes_back_as_the_same_day(r, convert):
    x = r("structure(c(1L, NA, 19000L), class = 'Date')")
    assert r.identical(tb.to_r(convert(x)), r("structure(c(1, NA, 19000), class = 'Date')"))


def test_what_is_kept_beside_the_numbers(r):
    assert tb.to_torch(r(TYPED["factor"])).r_type == RType(
        ("factor",), {"levels": ["b", "a", "unused"]}, 0
    )
    assert tb.to_torch(r(TYPED["one level"])).r_type.levels == ["a"]
    assert tb.to_numpy(r(TYPED["ordered"])).r_type.classes == ("ordered", "factor")
    assert tb.to_torch(r(TYPED["hours"])).r_type.attributes == {"units": "hours"}
    zone = tb.to_torch(r(TYPED["POSIXct with a zone"])).r_type.attributes["tzone"]
    assert zone == "Europe/Berlin"
    with pytest.raises(AttributeError, match="an R Date has no levels"):
        tb.to_torch(r(TYPED["Date"])).r_type.levels  # noqa: B018
    assert not hasattr(tb.to_torch(r("1.5")), "r_type")


def test_the_meaning_belongs_to_that_very_tensor(r):
    x = tb.to_torch(r(TYPED["Date"]))
    assert r.identical(tb.to_r(x + 0), r("c(0, 19782, -25568)"))
    n = tb.to_numpy(r(TYPED["Date"]))
    for derived in (n + 0, n[:2], n.copy()):
        assert derived.r_type is None
        assert not r.true("inherits(x, 'Date')", x=tb.to_r(derived))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "uint64"])
@pytest.mark.parametrize("convert", [tb.to_torch, tb.to_numpy])
def test_codes_in_any_dtype_give_the_factor_back(r, convert, dtype):
    x = r(TYPED["factor"])
    assert r.identical(tb.to_r(convert(x, dtype=dtype)), x)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "float8_e4m3fn"])
def test_a_factor_with_na_comes_back_from_float_codes(r, dtype):
    for code in ("factor(c('a', NA, 'b'))", "factor(c(NA, NA))"):
        x = r(code)
        assert r.identical(tb.to_r(tb.to_torch(x, dtype=dtype)), x)


def test_an_na_level_is_a_level(r):
    x = r("addNA(factor(c('a', NA)))")
    assert r.identical(tb.to_r(tb.to_torch(x)), x)


@pytest.mark.parametrize("codes", [[3], [-1], [0.5], [float("inf")], [float("nan"), 99.0]])
def test_codes_that_are_no_level_are_refused(r, codes):
    rtype = tb.to_torch(r(TYPED["factor"])).r_type
    x = torch.tensor(codes)
    x.r_type = rtype
    with pytest.raises(ValueError, match="x: the codes of 3 levels are 0 to 2; there are others"):
        tb.to_r(x)
    x = torch.tensor([True])
    x.r_type = rtype
    with pytest.raises(ValueError, match="x: the codes of a factor are integers, not bool"):
        tb.to_r(x)


def test_codes_from_1_come_back_too(r):
    x = torch.tensor([2, 1])
    x.r_type = RType(("factor",), {"levels": ["a", "b"]}, first=1)
    assert r.identical(tb.to_r(x), r("factor(c('b', 'a'))"))
    assert r.identical(tb.to_r(x.numpy() - 1), r("c(1L, 0L)"))


def test_a_factor_is_not_shared_with_r(r):
    with pytest.raises(ValueError, match="share=True: R keeps a factor as int32 codes from 1"):
        tb.to_r(tb.to_torch(r(TYPED["factor"])), share=True)


def test_masked_codes_are_zero_and_the_mask_says_so(r):
    codes, mask = tb.to_torch(r("factor(c('b', NA), levels = c('a', 'b'))"), na="mask")
    assert codes.tolist() == [1, 0] and mask.tolist() == [True, False]
    assert codes.r_type.levels == ["a", "b"]


def test_a_subclass_comes_back_as_what_it_was(r):
    x = r("structure(1, class = c('my_date', 'Date'))")
    assert r.identical(tb.to_r(tb.to_numpy(x)), x)
    assert np.asarray(tb.to_numpy(x)).tolist() == [1]
