"""Tensors and arrays -> R vectors: which R type holds every value, and the copy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from torchbridge.arrays import sparse, type_table
from torchbridge.arrays.array_library import is_ndarray, is_tensor, offers
from torchbridge.arrays.dlpack import Checked
from torchbridge.arrays.kept_storage import keep_in_place
from torchbridge.arrays.rtypes import RType, set_rtype
from torchbridge.process import host

if TYPE_CHECKING:
    import torch
    from typing_extensions import TypeIs

    from torchbridge._native import RObject
    from torchbridge.arrays.protocols import NDArray, SupportsDLPack
    from torchbridge.process.native_core import NativeCore

V = TypeVar("V")

_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1
_SMALL = 256  # numbers, see bridge/native/values/array.c
_EXACT = 2**53  # every integer up to here is a double

#: dtype -> R type; the wide integers are decided by their values.
_R_TYPE = {
    "bool": "logical",
    "int8": "integer",
    "int16": "integer",
    "uint16": "integer",
    "uint8": "raw",
    "float16": "double",
    "bfloat16": "double",
    "float32": "double",
    "float64": "double",
    "complex32": "complex",
    "complex64": "complex",
    "complex128": "complex",
    "float8_e4m3fn": "double",
    "float8_e4m3fnuz": "double",
    "float8_e5m2": "double",
    "float8_e5m2fnuz": "double",
    "float8_e8m0fnu": "double",
}


def to_robject(x: SupportsDLPack, share: bool = False, typed: bool = True) -> RObject:
    """The R vector of a tensor or array, as an RObject.

    typed=False gives the numbers alone, whatever ``.r_type`` says.
    """
    if type(x).__name__ == "FakeTensor":
        # R code that is being traced (tracing.py knows this error by its word).
        raise RuntimeError("x: data-dependent: a tensor that is being traced has no values")
    core = host.native()
    rtype = getattr(x, "r_type", None) if typed else None
    if is_tensor(x):
        refuse_nested(x)
        x = x.to_dense() if x.is_mkldnn and not share else x
    if share:
        if rtype is not None and rtype.coded:
            raise ValueError("share=True: R keeps a factor as int32 codes from 1; use share=False")
        result = _shared(core, x)
        if rtype is not None:
            set_rtype(result, rtype)
        result.freeze()
        return result
    if is_tensor(x):
        result = _tensor_to_r(core, x, rtype)
    else:
        import numpy as np

        if not isinstance(x, np.ndarray):
            x = np.from_dlpack(Checked(x))
        result = _ndarray_to_r(core, x, rtype)
    if rtype is not None:
        set_rtype(result, rtype)
    return result


def refuse_nested(x: torch.Tensor) -> None:
    """An error for a tensor of tensors of several sizes, whose own shape PyTorch does not know."""
    if x.is_nested:
        raise TypeError(
            "x: a nested tensor holds tensors of several sizes, and R has no such array; "
            "x.unbind() is a list of them"
        )


def _shared(core: NativeCore, x: SupportsDLPack) -> RObject:
    if is_tensor(x):
        if x.layout is not sys.modules["torch"].strided:
            raise ValueError("share=True needs a dense tensor: R keeps sparse matrices differently")
        if x.is_meta:
            raise ValueError("x: a meta tensor has no values")
        if x.is_conj() or x.is_neg():
            raise ValueError(
                "share=True: the memory of a conjugate view is not its values; use x.resolve_conj()"
            )
        x = x.detach()
        if x.device.type == "cpu":
            keep_in_place(x)
    elif not hasattr(x, "__dlpack__"):
        raise TypeError(f"share=True needs a tensor or an array, not {type(x).__name__}")
    elif is_ndarray(x):
        _check_unmasked(x)
    try:
        try:
            capsule = x.__dlpack__(max_version=(1, 0))
        except TypeError:  # producers of DLPack before 1.0 know no max_version
            capsule = x.__dlpack__()
    except BufferError as error:
        raise ValueError(f"x: this array cannot be shared: {error}") from error
    return core.foreign_vector(capsule)


def _tensor_to_r(core: NativeCore, x: torch.Tensor, rtype: RType | None) -> RObject:
    torch = sys.modules["torch"]
    if x.is_meta:
        raise ValueError("x: a meta tensor has no values")
    if x.layout is not torch.strided:
        return sparse.to_r(core, x, to_robject)
    x = x.detach()
    if x.is_quantized:
        x = x.dequantize()
    name = str(x.dtype).removeprefix("torch.")
    small = name in ("float64", "float32") and rtype is None and x.ndim and x.numel() <= _SMALL
    if small and x.device.type == "cpu" and not x.is_neg():
        return core.to_r(x.double().numpy())  # which the core copies itself
    if name == "uint64":  # torch can do little with it
        return _ndarray_to_r(core, x.cpu().numpy(), rtype)
    if rtype is not None and rtype.coded:
        plain = x.float() if name == "bfloat16" or "float8" in name else x
        return _ndarray_to_r(core, plain.cpu().numpy(), rtype)
    kind = _kind_of(name, rtype)
    if kind is None and name in ("int32", "uint32", "int64"):
        values = x.to(torch.int64) if name == "uint32" else x
        low, high = (int(v.item()) for v in values.aminmax()) if x.numel() else (0, 0)
        kind = _integer_kind(low, high, lambda: bool((values.double().long() == values).all()))
        x = values
    elif kind is None:
        raise TypeError(f"x: R has no type for a tensor of dtype {name}")
    result, view = _new_vector(core, kind, tuple(x.shape), torch.from_dlpack)
    x = x.reshape(view.shape)
    if kind == "complex":
        # R aligns its numbers to 8 bytes, torch writes complex numbers as 16 at once.
        view, x = torch.view_as_real(view), torch.view_as_real(x.resolve_conj().resolve_neg())
    view.copy_(x)
    return result


def _ndarray_to_r(core: NativeCore, x: NDArray, rtype: RType | None) -> RObject:
    import numpy as np

    _check_unmasked(x)
    name = x.dtype.name
    kind: str | None
    if rtype is not None and rtype.coded:
        x, kind = _r_codes(x, rtype), "integer"
    else:
        kind = _kind_of(name, rtype)
    if kind is None and x.dtype.kind in "iu":
        low, high = (int(x.min()), int(x.max())) if x.size else (0, 0)
        kind = _integer_kind(low, high, lambda: bool((x.astype(float).astype(x.dtype) == x).all()))
    elif kind is None:
        raise TypeError(f"x: R has no type for a NumPy array of dtype {x.dtype}")
    result, view = _new_vector(core, kind, x.shape, np.asarray)
    np.copyto(view, x.reshape(view.shape), casting="unsafe")
    return result


def _kind_of(dtype: str, rtype: RType | None) -> str | None:
    """The R type of a tensor's dtype, or of its meaning; None if its values decide."""
    row = type_table.numbers_of(rtype.classes) if rtype is not None else None
    meant = _R_TYPE.get(row.dtype or "") if row is not None else None
    return meant or _R_TYPE.get(dtype)


def _check_unmasked(x: NDArray) -> None:
    masked = sys.modules["numpy"].ma
    if isinstance(x, masked.MaskedArray) and masked.is_masked(x):
        raise TypeError("x: a masked array; fill it, or convert it with pandas' nullable types")


def _new_vector(
    core: NativeCore, kind: str, shape: tuple[int, ...], view: Callable[[RObject], V]
) -> tuple[RObject, V]:
    """A new R vector and a writable view of it; integer64 is a double in R's eyes."""
    result = core.RObject.new_vector("double" if kind == "integer64" else kind, shape)
    if kind == "integer64":
        result.set_attr("class", core.to_r("integer64"))
    return result, view(result)


def _integer_kind(low: int, high: int, exact: Callable[[], bool]) -> str:
    """The R type that holds every integer from low to high: never truncated, never NA.

    `exact` says whether every one is a double. It is asked only if the ends are: then no
    value rounds to one beyond them.
    """
    if low > _INT_MIN and high <= _INT_MAX:
        return "integer"
    if low >= -_EXACT and high <= _EXACT:
        return "double"
    if int(float(low)) == low and int(float(high)) == high and exact():
        return "double"
    if low > -(2**63) and high < 2**63:
        return "integer64"
    raise ValueError(
        f"x: integers from {low} to {high} fit no R type (integer64 ends at 2^63 - 1, and -2^63 "
        "is its NA)"
    )


def _r_codes(x: NDArray, rtype: RType) -> NDArray:
    """R's codes of a factor: int32 from 1, NA where a float code is NaN."""
    import numpy as np

    if x.dtype.kind not in "iuf":
        raise ValueError(f"x: the codes of a factor are integers, not {x.dtype}")
    missing = np.isnan(x)
    codes = np.where(missing, rtype.first, x)
    last = rtype.first + len(rtype.levels) - 1
    fits = (codes >= rtype.first) & (codes <= last) & (codes == np.floor(codes))
    if not (fits | missing).all():
        raise ValueError(
            f"x: the codes of {len(rtype.levels)} levels are {rtype.first} to {last}; "
            "there are others"
        )
    return np.where(missing, _INT_MIN, codes.astype(np.int64) + (1 - rtype.first))


def is_array(x: object) -> TypeIs[SupportsDLPack]:
    """Does x go to R as an array: a tensor, a NumPy array, or anything with DLPack?"""
    return is_tensor(x) or is_ndarray(x) or offers(x, "__dlpack__")
