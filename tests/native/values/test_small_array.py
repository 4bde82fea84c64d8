"""Small arrays reach R as large ones do."""

import numpy as np
import pytest
import torch

import torchbridge as tb

SHAPES = [(3,), (1,), (0,), (256,), (257,), (3, 4), (2, 3, 4), (0, 3), (3, 0), (1,) * 9]


@pytest.mark.parametrize("shape", SHAPES)
def test_values_and_dims_are_those_of_the_array(r, shape):
    x = np.arange(np.prod(shape), dtype=float).reshape(shape)
    for given in (x, x.T, x[::-1], np.asfortranarray(x), x.astype(">f8"), x.view()):
        found = tb.to_r(given)
        dim = r("dim")(found)
        assert (None if dim is None or len(dim) == 0 else tuple(dim)) == (
            given.shape if given.ndim > 1 else None
        )
        assert np.array_equal(np.asarray(found).reshape(given.shape, order="F"), given)


def test_na_nan_and_bits_stay_what_they_are(r):
    na = np.asarray(r("c(NA_real_, NaN, -0, Inf, 4.9e-324)"))
    found = np.asarray(tb.to_r(na.copy()))
    assert np.array_equal(found.view(np.int64), na.view(np.int64))
    t = torch.from_numpy(na.copy())
    assert np.array_equal(np.asarray(tb.to_r(t)).view(np.int64), na.view(np.int64))


def test_r_owns_what_it_got(r):
    x = np.array([1.0, 2.0])
    t = torch.tensor([1.0, 2.0], requires_grad=True)
    of_x, of_t = tb.to_r(x), tb.to_r(t)
    x[0], t.data[0] = 9, 9
    assert list(of_x) == list(of_t) == [1.0, 2.0]


def test_what_is_more_than_an_array_keeps_its_rules(r):
    with pytest.raises(TypeError, match="masked"):
        tb.to_r(np.ma.masked_array([1.0, 2.0], [True, False]))
    assert r("is.integer")(tb.to_r(np.array([1, 2])))
    assert r("is.logical")(tb.to_r(np.array([True])))
    assert list(tb.to_r(torch.tensor([1.0, -2.0]).neg())) == [-1.0, 2.0]
    assert list(tb.to_r(torch.imag(torch.tensor([1 + 2j, 3 - 4j]).conj()))) == [-2.0, 4.0]
