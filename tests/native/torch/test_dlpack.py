"""dlpack.c: R memory as DLPack capsules, old and new, and what becomes of them."""

from __future__ import annotations

import ctypes
import inspect
import re

import numpy as np
import pytest
import torch

TYPES = {
    "c(TRUE, NA, FALSE)": torch.int32,  # R keeps logicals in ints
    "1:3": torch.int32,
    "c(1.5, NA, Inf)": torch.float64,
    "c(1i, NA, 2)": torch.complex128,
    "as.raw(0:2)": torch.uint8,
    "structure(c(0, 5e-324, 1), class = 'integer64')": torch.int64,
    "structure(c(0, 5e-324, 1), class = 'nanotime')": torch.int64,
}


#: PyTorch before DLPack 1.0 takes and gives the older capsules alone.
KNOWS_VERSIONS = "max_version" in inspect.signature(torch.Tensor.__dlpack__).parameters


def name_of(capsule):
    return re.search(r'object "(\w+)"', repr(capsule))[1]


@pytest.mark.parametrize(("code", "dtype"), TYPES.items())
@pytest.mark.parametrize("version", [None, (0, 8), (1, 0), (1, 3), (2, 0)])
def test_every_type_in_every_version(r, code, dtype, version):
    x = r(code)
    capsule = x.__dlpack__() if version is None else x.__dlpack__(max_version=version)
    versioned = version is not None and version[0] >= 1
    assert name_of(capsule) == ("dltensor_versioned" if versioned else "dltensor")
    if versioned and not KNOWS_VERSIONS:
        return
    tensor = torch.utils.dlpack.from_dlpack(capsule)
    assert tensor.dtype == dtype and tensor.shape == (3,)
    assert tensor.numpy().tobytes() == np.asarray(x).tobytes()


def test_element_ijk_keeps_its_value(r):
    x = r("array(0:23, 2:4)")
    tensor = torch.from_dlpack(x)
    assert tensor.shape == (2, 3, 4) and tensor.stride() == (1, 2, 6)
    assert np.array_equal(tensor.numpy(), np.arange(24).reshape(2, 3, 4, order="F"))
    assert np.array_equal(np.from_dlpack(x), np.asarray(x))
    assert x.__dlpack_device__() == (1, 0)


@pytest.mark.parametrize("dims", [(0,), (0, 3), (3, 0), (2, 0, 3), (2**31 - 1, 0, 1000)])
def test_empty_arrays_whatever_their_dims(core, dims):
    x = core.RObject.new_vector("double", dims)
    assert len(x) == 0
    assert torch.from_dlpack(x).shape == dims
    assert np.asarray(x).shape == dims
    assert np.from_dlpack(x).shape == dims


def test_an_empty_array_beyond_all_arrays(core):
    x = core.RObject.new_vector("double", (2**31 - 1, 2**31 - 1, 2**31 - 1, 0))
    with pytest.raises(BufferError, match="such dims"):
        torch.from_dlpack(x)
    with pytest.raises(ValueError):
        np.asarray(x)


def test_r_values_are_read_only_for_those_who_ask(core, r):
    x = r("c(1, 2)")
    assert not np.from_dlpack(x).flags.writeable
    assert not np.asarray(x).flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(x)[0] = 5
    fresh = core.RObject.new_vector("double", (2,))
    assert np.asarray(fresh).flags.writeable
    fresh.freeze()
    assert not np.asarray(fresh).flags.writeable


def test_a_vector_that_r_has_seen_is_no_longer_writable(core):
    x = core.RObject.new_vector("double", (2,))
    assert x.writable
    core.base_function("identity").call(x)
    assert not x.writable


def test_a_capsule_that_nobody_uses_releases_the_vector(core, r):
    before = core.live()["r_objects"]
    x = r("c(1, 2)")
    capsules = [x.__dlpack__(), x.__dlpack__(max_version=(1, 0))]
    del x
    assert core.live()["r_objects"] == before + 2
    del capsules
    assert core.live()["r_objects"] == before


def test_a_used_capsule_is_left_alone(core, r):
    capsule = r("c(1, 2)").__dlpack__()
    tensor = torch.utils.dlpack.from_dlpack(capsule)
    assert name_of(capsule) == "used_dltensor"
    del capsule
    assert tensor.tolist() == [1, 2]
    with pytest.raises(TypeError, match="can be used once"):
        core.foreign_vector(spent(r))


def spent(r):
    capsule = r("c(1, 2)").__dlpack__()
    torch.utils.dlpack.from_dlpack(capsule)
    return capsule


def test_the_memory_is_rs_own(r):
    x = r("c(1, 2)")
    data, read_only = x.__array_interface__["data"]
    assert torch.from_dlpack(x).data_ptr() == np.from_dlpack(x).ctypes.data == data
    assert ctypes.c_double.from_address(data).value == 1
    assert read_only


@pytest.mark.parametrize(
    "code", ["1:1000", "sort(c(3, 1, 2) + 0)", "rev(1:10)", "seq(2, 20, by = 2)"]
)
def test_vectors_that_r_keeps_in_compact_form(r, collect, code):
    expected = r(code).value().tolist()
    tensor = torch.from_dlpack(r(code))
    collect()
    assert tensor.tolist() == expected


@pytest.mark.parametrize("code", ["'text'", "NULL", "list(1)", "sum", "quote(x)", "globalenv()"])
def test_what_is_no_vector_of_numbers_is_refused(r, code):
    with pytest.raises(TypeError, match="not a vector of numbers"):
        r(code).__dlpack__()
    with pytest.raises(AttributeError, match="not a vector of numbers"):
        r(code).__array_interface__  # noqa: B018


def test_what_the_protocol_allows_and_we_do_not_offer(r):
    x = r("c(1, 2)")
    with pytest.raises(BufferError, match="copy"):
        x.__dlpack__(copy=True)
    with pytest.raises(BufferError, match="CPU"):
        x.__dlpack__(dl_device=(2, 0))
    with pytest.raises(TypeError):
        x.__dlpack__(max_version=3)
    with pytest.raises(TypeError):
        x.__dlpack__(max_version=("a", "b"))
    with pytest.raises(TypeError):
        x.__dlpack__(verison=(1, 0))
    assert torch.utils.dlpack.from_dlpack(
        x.__dlpack__(copy=False, dl_device=(1, 0), stream=None)
    ).tolist() == [1, 2]


def test_an_s4_vector_is_its_numbers(core, r):
    """Looking at the class of an S4 object may run R code; the core must not."""
    r("methods::setClass('Celsius', contains = 'numeric')")
    x = r("new('Celsius', c(1, 2))")
    assert torch.from_dlpack(x).tolist() == [1, 2]
    r("methods::removeClass('Celsius')")
