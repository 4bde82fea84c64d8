"""torch and NumPy as the conversion rules see them: Python's own arrays, dtypes, full devices."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch

import torchbridge as tb
from torchbridge.arrays.array_library import NA_REAL
from torchbridge.arrays.numpy_arrays import NumPyArrays
from torchbridge.arrays.torch_arrays import TorchArrays, retry_out_of_memory
from torchbridge.process import host

pytestmark = pytest.mark.filterwarnings("error", "ignore:ComplexHalf")

BOTH = pytest.mark.parametrize("convert", [tb.to_torch, tb.to_numpy])

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
DTYPES += ["float16", "bfloat16", "float32", "float64", "complex32", "complex64", "complex128"]
DTYPES += [name for name in dir(torch) if name.startswith("float8_")]


def test_na_real_is_r_s(r):
    assert r.true("is.na(x) && !is.nan(x)", x=NA_REAL)


# ---- dtypes --------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_bounds_and_ranges_of_every_dtype(dtype):
    kind = getattr(torch, dtype)
    library = TorchArrays(dtype, None)
    assert library.dtype is kind and library.name_of(kind) == dtype
    assert library.holds_na(kind) == (kind.is_floating_point or kind.is_complex)
    low, high = library.range_of(kind)
    assert low <= 0 < high or dtype == "float8_e8m0fnu"
    if dtype in ("int64", "uint64", "uint16", "uint32", "int8"):
        assert library.bounds(torch.tensor([high, low], dtype=kind)) == (low, high)


@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("target", DTYPES)
def test_a_tensor_converts_between_all_dtypes_as_its_values_allow(source, target):
    x = torch.ones(2, 3).to(getattr(torch, source))
    kind = getattr(torch, target)
    if x.is_complex() and not kind.is_complex:
        with pytest.raises(ValueError, match="dtype: complex values do not fit"):
            tb.to_torch(x, dtype=target)
        return
    y = tb.to_torch(x, dtype=target)
    assert (y.dtype, y.shape) == (kind, x.shape)
    assert torch.view_as_real(y).float().sum() == 6 if y.is_complex() else y.float().sum() == 6
    assert y.data_ptr() != x.data_ptr()
    name = {"bfloat16": "float32", "complex32": "complex64"}.get(source, source)
    name = "float32" if "float8" in name else name
    assert tb.to_numpy(x).dtype == name
    assert np.asarray(tb.to_numpy(x)).sum() == 6


@BOTH
def test_integers_out_of_range_are_errors_between_all_integer_dtypes(convert):
    integers = DTYPES[1:9]
    for source in integers:
        for target in integers:
            a, b = torch.iinfo(getattr(torch, source)), torch.iinfo(getattr(torch, target))
            for value in (a.min, a.max):
                x = torch.tensor([value, 1], dtype=getattr(torch, source))
                if b.min <= value <= b.max:
                    assert convert(x, dtype=target).tolist() == [value, 1]
                    assert convert(x.numpy(), dtype=target).tolist() == [value, 1]
                else:
                    for y in (x, x.numpy()):
                        with pytest.raises(ValueError, match=f"do not fit {target}"):
                            convert(y, dtype=target)


@BOTH
@pytest.mark.parametrize("source", ["float64", "float32", "float16"])
def test_floats_out_of_range_are_errors(convert, source):
    for value, target in ((300, "int8"), (-1, "uint32"), (np.nan, "int64"), (np.inf, "uint8")):
        x = np.array([value], dtype=source)
        for y in (x, torch.from_numpy(x)):
            with pytest.raises(ValueError, match=f"do(es)? not fit {target}"):
                convert(y, dtype=target)
    if source != "float16":
        for value, target in ((2.0**63, "int64"), (2.0**64, "uint64")):
            with pytest.raises(ValueError, match="do not fit"):
                convert(np.array([value], dtype=source), dtype=target)


def test_a_dtype_is_a_torch_dtype_or_its_name():
    x = np.array([1.0, 2.0])
    assert tb.to_torch(x, dtype=torch.float16).dtype is torch.float16
    assert tb.to_torch(x, dtype="half").dtype is torch.float16
    assert tb.to_numpy(x, dtype=np.int8).dtype == "int8"
    assert tb.to_numpy(x, dtype="f4").dtype == "float32"


# ---- what is no R value --------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.arange(6.0)[::-1],
        lambda: np.arange(6.0).reshape(2, 3)[:, ::-2],
        lambda: np.arange(6.0).astype(">f8"),
        lambda: np.frombuffer(np.arange(6.0).tobytes()),
        lambda: np.array([(1.5, 2), (3.5, 4)], dtype=[("a", "f8"), ("b", "i4")])["a"],
        lambda: np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        lambda: np.array(1.5),
        lambda: np.zeros((0, 3)),
        lambda: np.broadcast_to(np.array([1.5]), (3,)),
        lambda: np.array([True, False]),
        lambda: np.ma.array([1.5, 2.5], mask=[False, False]),
        lambda: np.array([1 + 2j], dtype=">c8"),
    ],
)
def test_every_numpy_array_of_numbers_becomes_a_tensor_of_its_own(r, make):
    x = make()
    y = tb.to_torch(x)
    np.testing.assert_array_equal(y.numpy(), x.astype(x.dtype.newbyteorder("=")), strict=True)
    before = x.copy()
    y.fill_(0)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(tb.to_numpy(x), before)
    assert tb.to_numpy(x).ctypes.data != x.ctypes.data or x.size == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.arange(6.0)[::-1],
        lambda: np.arange(6.0).astype(">f8"),
        lambda: np.frombuffer(np.arange(6.0).tobytes()),
        lambda: np.array([(1.5, 2), (3.5, 4)], dtype=[("a", "f8"), ("b", "i4")])["a"],
    ],
)
def test_numpy_memory_that_torch_does_not_take_is_not_shared(make, nothing_left):
    with pytest.raises(ValueError, match="share=True: torch takes no"):
        tb.to_torch(make(), share=True)


def test_a_copy_of_a_tensor_is_a_copy_and_a_share_is_not():
    x = torch.arange(3.0)
    assert tb.to_torch(x).data_ptr() != x.data_ptr()
    assert tb.to_torch(x, share=True).data_ptr() == x.data_ptr()
    assert tb.to_numpy(x).ctypes.data != x.data_ptr()
    assert tb.to_numpy(x, share=True).ctypes.data == x.data_ptr()
    n = np.arange(3.0)
    assert tb.to_torch(n, share=True).data_ptr() == n.ctypes.data
    assert tb.to_numpy(n, share=True) is n


def test_gradients_flow_through_a_copy_and_not_into_numpy():
    x = torch.ones(2, requires_grad=True)
    tb.to_torch(x, dtype="float64").sum().backward()
    assert x.grad.tolist() == [1, 1]
    assert tb.to_numpy(x).tolist() == [1, 1]


def test_conjugates_and_negatives_arrive_as_values():
    x = torch.tensor([1 + 2j])
    assert tb.to_numpy(x.conj()).tolist() == [1 - 2j]
    assert tb.to_numpy(x.conj().imag).tolist() == [-2]
    assert tb.to_torch(x.conj()).tolist() == [1 - 2j]


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(2, device="meta"), ValueError, "x: a meta tensor has no values"),
        (torch.eye(2).to_sparse(), TypeError, "x: NumPy has no sparse arrays"),
    ],
)
@pytest.mark.parametrize("share", [False, True])
def test_tensors_without_an_array_are_refused_by_to_numpy(x, error, message, share):
    with pytest.raises(error, match=message):
        tb.to_numpy(x, share=share)


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.ones(2).bfloat16(),
        lambda: torch.ones(2).to(torch.float8_e5m2),
        lambda: torch.ones(2).to(torch.complex32),
        lambda: torch.tensor([1j]).conj(),
        lambda: torch.tensor([1j]).conj().imag,
    ],
)
def test_memory_that_numpy_cannot_read_is_not_shared(make):
    with pytest.raises(ValueError, match="share=True needs a plain tensor on the CPU"):
        tb.to_numpy(make(), share=True)


@BOTH
def test_sharing_changes_nothing(convert):
    for x in (torch.ones(2), np.ones(2, np.float32)):
        with pytest.raises(ValueError, match="share=True keeps dtype"):
            convert(x, dtype="float64", share=True)
    with pytest.raises(ValueError, match="share=True keeps dtype"):
        convert(np.ma.array([1.0, 2], mask=[0, 1]), share=True)
    with pytest.raises(ValueError, match="share=True keeps dtype, device"):
        tb.to_torch(torch.ones(2), device="meta", share=True)
    x, mask = convert(np.ones(2), share=True, na="mask")
    assert mask.tolist() == [True, True]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([1.0, 2.0], "x: expected an R vector, a NumPy array, a tensor or an object"),
        ("text", "not str"),
        (None, "not NoneType"),
        (1.5, "not float"),
        ({"a": 1}, "not dict"),
        (len, "not builtin_function_or_method"),
    ],
)
@BOTH
def test_what_is_no_array_is_named(convert, x, message, nothing_left):
    with pytest.raises(TypeError, match=message) as caught:
        convert(x)
    assert str(caught.value).startswith("x: ")


@BOTH
def test_pandas_is_told_to_choose_an_encoding(convert):
    import pandas as pd

    for x in (pd.DataFrame({"a": [1]}), pd.Series(["a"]), pd.Series([1, None], dtype="Int64")):
        with pytest.raises(TypeError, match="x: a (DataFrame|Series) is not a tensor: choose"):
            convert(x)


@pytest.mark.parametrize(
    "x",
    [
        np.array(["a"]),
        np.array([object()]),
        np.array(["2020-01-01"], "M8[D]"),
        np.ones(2, np.longdouble),
        np.ones(2, np.clongdouble),
        np.zeros(2, [("a", "f8")]),
        np.array([b"x"]),
    ],
)
@pytest.mark.parametrize("share", [False, True])
def test_numpy_arrays_without_a_tensor_are_named(x, share):
    with pytest.raises(TypeError, match="x: a NumPy array of dtype .* has no tensor"):
        tb.to_torch(x, share=share)


# ---- masked arrays -------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "float64", "complex64", "bool"])
def test_masked_values_follow_the_na_policy(convert, dtype):
    x = np.ma.array(np.array([1, 1, 0], dtype), mask=[False, True, False])
    values, mask = convert(x, na="mask")
    assert values.tolist() == [1, 0, 0] and mask.tolist() == [True, False, True]
    assert convert(x, na=1).tolist() == [1, 1, 0]
    assert np.asarray(x.data).tolist() == [1, 1, 0]
    if dtype in ("int32", "int64", "bool"):
        with pytest.raises(ValueError, match=f"na: x has masked values, and {dtype} cannot hold"):
            convert(x)
        assert np.isnan(np.asarray(convert(x, dtype="float64"))).tolist() == [False, True, False]
    else:
        assert np.isnan(np.asarray(convert(x))).tolist() == [False, True, False]
    if dtype == "float64":
        assert int(np.asarray(convert(x)).view(np.uint64)[1]) & 0xFFFFFFFF == 1954
    with pytest.raises(ValueError, match="na: 1.5 is not a value of int8|dtype: complex"):
        convert(x, dtype="int8", na=1.5)


@BOTH
def test_what_is_masked_need_not_fit(convert):
    x = np.ma.array([1.0, np.nan, 1e300], mask=[False, True, True])
    assert convert(x, dtype="int8", na="mask")[0].tolist() == [1, 0, 0]
    x = np.ma.array(np.array([1, 2**16 - 1], np.uint16), mask=[False, True])
    assert convert(x, dtype="int8", na=7).tolist() == [1, 7]
    assert convert(x, dtype="uint32", na=7).tolist() == [1, 7]


# ---- a full device -------------------------------------------------------------------


def test_a_full_device_gets_what_both_languages_no_longer_use_and_a_second_chance(r, live):
    live()
    x = torch.ones(1000)
    dropped = [host.native().handle(x) for _ in range(3)]
    held = host.native().live()["py_handles"]
    del dropped
    cycle = [torch.ones(1000)]
    cycle.append(cycle)
    in_a_cycle = weakref.ref(cycle[0])
    del cycle
    seen = []

    def run():
        seen.append(host.native().live()["py_handles"])
        assert (in_a_cycle() is None) == (len(seen) == 2)
        if len(seen) == 1:
            raise torch.OutOfMemoryError("the device is full")
        return "done"

    gc.disable()  # not by chance
    try:
        assert retry_out_of_memory(run) == "done"
    finally:
        gc.enable()
    assert seen == [held, held - 3]


def test_a_device_that_stays_full_is_an_error():
    attempts = []

    def run():
        attempts.append(1)
        raise torch.OutOfMemoryError("the device is full")

    with pytest.raises(torch.OutOfMemoryError, match="the device is full"):
        retry_out_of_memory(run)
    assert len(attempts) == 2


def test_other_errors_are_not_tried_again():
    attempts = []

    def run():
        attempts.append(1)
        raise ValueError("no")

    with pytest.raises(ValueError):
        retry_out_of_memory(run)
    assert len(attempts) == 1


def test_both_libraries_offer_what_the_rules_ask_for():
    names = {name for name in vars(TorchArrays) if not name.startswith("_")} - {"bounds"}
    assert names == {name for name in vars(NumPyArrays) if not name.startswith("_")}
