"""Arrays that others offer through DLPack, looked at before anybody reads their memory.

PyTorch ends the process over negative strides and sizes beyond memory, and reads what lies at
NULL; so a description that cannot be true is an error here, for tensors and NumPy arrays alike.
That memory is as long as its shape says, only its producer can know.

Tests: tests/arrays/test_dlpack.py.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import CapsuleType

#: The most dimensions that an array may have, as in NumPy.
_MOST_DIMS = 64


class _Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class _Versioned(ctypes.Structure):
    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("manager_ctx", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("tensor", _Tensor),
    )


class Checked:
    """Offers what `x` offers, once it makes sense.

    Attributes:
        plain: Is the memory aligned to its elements, with no offset and no stride below 0?
            Known once it was asked for; PyTorch takes no other.
    """

    def __init__(self, x: Any) -> None:
        self._x = x
        self.plain = True

    def __dlpack_device__(self) -> Any:
        return self._x.__dlpack_device__()

    def __dlpack__(self, **asked: Any) -> CapsuleType:
        capsule: CapsuleType = self._x.__dlpack__(**asked)
        self.plain = _check(_described(capsule))
        return capsule


def is_plain(x: Any) -> bool:
    """Can PyTorch take x as it is? An error where the description of x cannot be true."""
    checked = Checked(x)
    checked.__dlpack__()
    return checked.plain


def _described(capsule: CapsuleType) -> _Tensor:
    pointer, is_valid = ctypes.pythonapi.PyCapsule_GetPointer, ctypes.pythonapi.PyCapsule_IsValid
    pointer.restype, pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    is_valid.restype, is_valid.argtypes = ctypes.c_int, (ctypes.py_object, ctypes.c_char_p)
    if is_valid(capsule, b"dltensor_versioned"):
        found = _Versioned.from_address(pointer(capsule, b"dltensor_versioned"))
        if found.major != 1:
            raise BufferError(f"x: DLPack major version {found.major} is not known here (1 is)")
        tensor: _Tensor = found.tensor
        return tensor
    if is_valid(capsule, b"dltensor"):
        return _Tensor.from_address(pointer(capsule, b"dltensor"))
    raise TypeError("x: its __dlpack__() gave no unused DLPack capsule")


def _check(t: _Tensor) -> bool:
    """Is the tensor plain? ValueError where its description cannot be true."""
    if not 0 <= t.ndim <= _MOST_DIMS:
        raise ValueError(f"x: an array of {t.ndim} dimensions; there may be {_MOST_DIMS}")
    if t.ndim and not t.shape:
        raise ValueError("x: its DLPack tensor has no shape")
    if t.lanes != 1 or t.bits % 8 or not t.bits:
        raise TypeError("x: its elements are no plain numbers (DLPack lanes or bits)")
    shape = t.shape[: t.ndim]
    if any(n < 0 for n in shape):
        raise ValueError(f"x: a dimension below 0, in the shape {tuple(shape)}")
    size = t.bits // 8
    elements = size
    for n in shape:
        elements *= max(n, 1)
    if elements >= 2**63:
        raise ValueError(f"x: the shape {tuple(shape)} is beyond any memory")
    if 0 in shape:
        return True
    if not t.data:
        raise ValueError(f"x: its DLPack tensor has the shape {tuple(shape)} and no memory")
    strides = t.strides[: t.ndim] if t.ndim and t.strides else []
    reach = sum((n - 1) * abs(stride) for n, stride in zip(shape, strides, strict=False)) * size
    if reach >= 2**63 or t.byte_offset >= 2**63:
        raise ValueError(f"x: the strides {tuple(strides)} reach beyond any memory")
    aligned = t.device_type != 1 or t.data % size == 0
    return aligned and not t.byte_offset and all(stride >= 0 for stride in strides)
