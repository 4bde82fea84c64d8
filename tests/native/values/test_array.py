"""values/array.c: R's vectors and arrays as NumPy knows arrays."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from torchbridge import RError

KINDS = ["logical", "integer", "double", "complex", "raw"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (5,), (2, 3), (0, 3), (2, 3, 4, 5, 2)])
def test_new_vectors(core, kind, shape):
    x = core.RObject.new_vector(kind, shape)
    assert x.typeof == kind and x.writable
    assert len(x) == int(np.prod(shape, dtype=np.int64))
    assert x.dim == (shape if len(shape) > 1 else None)


@pytest.mark.parametrize(
    ("kind", "shape", "error", "message"),
    [
        ("character", (2,), ValueError, "not a vector of numbers"),
        ("nonsense", (2,), ValueError, "not a vector of numbers"),
        ("double", [2], TypeError, "tuple"),
        ("double", (-1,), ValueError, "negative"),
        ("double", (2, -1), ValueError, "negative"),
        ("double", (0, -1), ValueError, "negative"),
        ("double", (2.5,), TypeError, "int"),
        ("double", (2**31, 1), ValueError, "dim 0 has 2147483648 elements"),
        ("double", (1, 0, 2**31), ValueError, "dim 2 has 2147483648 elements"),
        ("double", (2**63,), OverflowError, "int too"),
        ("double", (2**62,), ValueError, "too many"),
        ("double", (2**31 - 1,) * 3, ValueError, "too many"),
        ("raw", (2**52 + 1,), ValueError, "too many"),
        ("raw", (2**50,), RError, "cannot allocate"),
    ],
)
def test_new_vectors_that_cannot_be(core, kind, shape, error, message):
    with pytest.raises(error, match=message):
        core.RObject.new_vector(kind, shape)


def test_the_array_interface(r):
    x = r("matrix(1:6, 2)").__array_interface__
    assert (x["shape"], x["typestr"], x["strides"], x["version"]) == ((2, 3), "<i4", (4, 8), 3)
    array = np.asarray(r("matrix(c(1, 2, 3, 4), 2)"))
    gc.collect()
    assert array.flags.f_contiguous and array.tolist() == [[1, 3], [2, 4]]
