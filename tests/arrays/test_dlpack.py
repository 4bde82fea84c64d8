"""Arrays of others: memory that cannot be as it is described, or that PyTorch cannot read."""

from __future__ import annotations

import ctypes
import itertools
from typing import Any

import numpy as np
import pytest
import torch

import torchbridge as tb
from torchbridge.arrays.dlpack import _Tensor

KEPT: list[Any] = []


class Offered:
    """An array that offers its memory by DLPack, described as we like."""

    def __init__(self, shape: Any = (3,), strides: Any = None, data: Any = "own", **changes: Any):
        self.memory = np.arange(1.0, 65.0)
        n = len(shape)
        self.shape = (ctypes.c_int64 * max(n, 1))(*shape)
        self.strides = None if strides is None else (ctypes.c_int64 * max(n, 1))(*strides)
        described = {
            "data": self.memory.ctypes.data if data == "own" else data,
            "device_type": 1,
            "ndim": n,
            "code": 2,
            "bits": 64,
            "lanes": 1,
            "shape": self.shape,
            **({} if strides is None else {"strides": self.strides}),
        }
        # A managed tensor: the tensor, a context and a deleter that is NULL.
        self.buffer = ctypes.create_string_buffer(ctypes.sizeof(_Tensor) + 16)
        tensor = _Tensor.from_buffer(self.buffer)
        for name, value in {**described, **changes}.items():
            setattr(tensor, name, value)
        KEPT.append(self)

    def __dlpack__(self, **_: Any) -> Any:
        new = ctypes.pythonapi.PyCapsule_New
        new.restype = ctypes.py_object
        new.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
        return new(ctypes.addressof(self.buffer), b"dltensor", None)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


NO_SHAPE = ctypes.POINTER(ctypes.c_int64)()
WRONG: dict[str, dict[str, Any]] = {
    "no memory": {"data": None},
    "no shape": {"shape": (1, 2), "data": "own", "ndim": 2},
    "a dim below 0": {"shape": (3, -1)},
    "a shape beyond memory": {"shape": (2**40, 2**40)},
    "a length beyond memory": {"shape": (2**62,)},
    "an empty shape beyond memory": {"shape": (2**62, 0)},
    "strides beyond memory": {"shape": (3, 3), "strides": (2**62, 1)},
    "strides below 0 beyond memory": {"shape": (3,), "strides": (-(2**62),)},
    "too many dims": {"shape": (1,) * 65},
    "dims below 0": {"ndim": -1},
    "many more dims": {"ndim": 2**31 - 1},
    "vectors": {"lanes": 4},
    "no bits": {"bits": 0},
    "odd bits": {"bits": 7},
    "an offset beyond memory": {"byte_offset": 2**63},
}
del WRONG["no shape"]


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("verb", [tb.to_torch, tb.to_numpy, tb.to_r])
def test_a_description_that_cannot_be_true_is_an_error(what: str, verb: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="x: "):
        verb(Offered(**WRONG[what]))


def test_without_a_shape_it_is_an_error() -> None:
    offered = Offered()
    _Tensor.from_buffer(offered.buffer).shape = NO_SHAPE
    with pytest.raises(ValueError, match="has no shape"):
        tb.to_torch(offered)


@pytest.mark.parametrize("verb", [tb.to_torch, tb.to_numpy])
def test_what_makes_sense_is_read(verb: Any) -> None:
    assert verb(Offered()).tolist() == [1, 2, 3]
    assert verb(Offered((2, 2), (1, 2))).tolist() == [[1, 3], [2, 4]]
    assert verb(Offered((2, 2), (0, 1))).tolist() == [[1, 2], [1, 2]]
    assert verb(Offered((2,), byte_offset=8)).tolist() == [2, 3]
    assert verb(Offered((0, 3), data=None)).shape == (0, 3)
    assert verb(Offered(())).tolist() == 1


@pytest.mark.parametrize("verb", [tb.to_torch, tb.to_numpy])
def test_strides_below_zero_are_read(verb: Any) -> None:
    assert verb(Offered((3,), (-1,), byte_offset=16)).tolist() == [3, 2, 1]


def test_strides_below_zero_are_not_shared() -> None:
    with pytest.raises(ValueError, match="negative"):
        tb.to_torch(Offered((3,), (-1,), byte_offset=16), share=True)


@pytest.mark.parametrize("dtype", ["c16", "c8", "f8", "f4", "f2", "i8", "i4", "i2", "u1", "?"])
@pytest.mark.parametrize("swapped", [False, True])
def test_numpy_arrays_wherever_they_lie(r: Any, dtype: str, swapped: bool) -> None:
    """Every offset, strides of every kind, both orders of bytes: the values, and no crash."""
    kind = np.dtype(dtype).newbyteorder() if swapped else np.dtype(dtype)
    values = (np.arange(24) % 2 if dtype == "?" else np.arange(24)).astype(kind)
    if dtype.startswith("c"):
        values = (values * (1 - 2j)).astype(kind)
    for offset, step in itertools.product(range(17), (1, -1, 2)):
        memory = np.zeros(24 * kind.itemsize + 32, np.uint8)
        at = memory[offset : offset + 24 * kind.itemsize].view(kind)
        at[:] = values
        x = at[::step]
        assert tb.to_torch(x).tolist() == values[::step].tolist()
        assert (tb.to_torch(x) + 0).tolist() == values[::step].tolist()
        assert tb.to_numpy(tb.to_r(x)).tolist() == values[::step].tolist()
        place = x.ctypes.data % kind.itemsize
        if place or swapped and kind.itemsize > 1 or step < 0:
            with pytest.raises(ValueError, match="share=True"):
                tb.to_torch(x, share=True)
        else:
            assert (tb.to_torch(x, share=True) + 0).tolist() == values[::step].tolist()


def test_a_broadcast_array_is_read() -> None:
    x = np.broadcast_to(np.arange(3.0), (2, 3))
    assert tb.to_torch(x).tolist() == [[0, 1, 2], [0, 1, 2]]


def test_misaligned_memory_of_others_is_copied() -> None:
    class Other:
        def __init__(self, x: Any) -> None:
            self.x = x

        def __dlpack__(self, **asked: Any) -> Any:
            return self.x.__dlpack__(**asked)

        def __dlpack_device__(self) -> Any:
            return self.x.__dlpack_device__()

    memory = np.zeros(200, np.uint8)
    start = 8 - memory.ctypes.data % 16
    z = memory[start % 16 :][: 16 * 10].view(np.complex128)
    z[:] = np.arange(10) * 1j
    assert z.ctypes.data % 16 == 8
    t = tb.to_torch(Other(z))
    assert (t * 2).tolist() == (z * 2).tolist()
    with pytest.raises(ValueError, match="misaligned"):
        tb.to_torch(Other(z), share=True)
    assert torch.equal(tb.to_torch(Other(np.arange(3))), torch.arange(3))
