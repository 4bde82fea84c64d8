"""values/missing.c: R's NA in vectors of numbers."""

from __future__ import annotations

import numpy as np
import pytest

from torchbridge import RError

NA = {
    "c(TRUE, NA, FALSE)": [1, 0, 1],
    "c(1L, NA, -2147483647L)": [1, 0, 1],
    "c(NA, NaN, 1, -Inf, Inf, -0)": [0, 1, 1, 1, 1, 1],
    "c(NA_complex_, complex(real = NA, imaginary = 1), complex(real = 1, imaginary = NA), complex(real = NaN, imaginary = 0))": [
        0,
        0,
        0,
        1,
    ],
    "as.raw(0:3)": [1, 1, 1, 1],
    "structure(c(0, -0, 5e-324, NaN), class = 'integer64')": [1, 0, 1, 1],
    "NA + 0": [0],
    "-NA_real_": [0],
    "NA_real_ * NaN": None,  # which of the two it is, is the processor's choice
    "numeric(0)": [],
}


@pytest.mark.parametrize(("code", "mask"), NA.items())
def test_na(r, code, mask):
    x = r(code)
    found = np.asarray(x.na_mask())
    assert found.dtype == np.uint8 and found.shape == (len(x),)
    if mask is not None:
        assert found.tolist() == mask
    assert x.any_na() is bool((found == 0).any())


@pytest.mark.parametrize("where", [0, 1, 4095, 4096, 4097, 8191, 8192, 9999])
@pytest.mark.parametrize("code", ["rep(TRUE, 1e4)", "rep(1L, 1e4)", "rep(1, 1e4)", "rep(1i, 1e4)"])
def test_na_is_found_wherever_it_is(r, code, where):
    x = r(f"{{ x <- {code}; x[{where + 1}] <- NA; x }}")
    assert x.any_na() is True
    assert np.flatnonzero(np.asarray(x.na_mask()) == 0).tolist() == [where]


def test_the_mask_has_the_shape_of_the_array(r):
    mask = r("array(c(1, NA), 2:4)").na_mask()
    assert mask.dim == (2, 3, 4) and mask.typeof == "raw" and mask.writable


@pytest.mark.parametrize("code", ["'text'", "NULL", "list(NA)", "sum"])
def test_na_of_what_has_no_numbers(r, code):
    with pytest.raises(RError, match="not a vector of numbers"):
        r(code).any_na()
    with pytest.raises((RError, TypeError)):
        r(code).na_mask()
