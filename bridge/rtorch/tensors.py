"""Tensors for R: made of its vectors, given back, described for printing.

Each function gets R's own vectors (RObject) or tensors; the names are those of the R functions
they serve.

Tests: test-tensor-convert.R, test-tensor-print.R.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch.fx.experimental.proxy_tensor import get_proxy_mode, has_proxy_slot

from torchbridge.arrays import sparse
from torchbridge.arrays.from_r import to_array
from torchbridge.arrays.into_r import is_array, refuse_nested, to_robject
from torchbridge.arrays.torch_arrays import TorchArrays
from torchbridge.values import objects

if TYPE_CHECKING:
    from torch import Tensor

    from torchbridge._native import RObject
    from torchbridge.arrays.protocols import NA, Device, TorchDType

#: libtorch's names of the dtypes, as R users of torch see them printed.
TYPE_NAMES = {
    "float16": "Half",
    "bfloat16": "BFloat16",
    "float32": "Float",
    "float64": "Double",
    "uint8": "Byte",
    "int8": "Char",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "bool": "Bool",
    "uint16": "UInt16",
    "uint32": "UInt32",
    "uint64": "UInt64",
    "complex32": "ComplexHalf",
    "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
    "float8_e4m3fn": "Float8_e4m3fn",
    "float8_e5m2": "Float8_e5m2",
    "quint8": "QUInt8",
    "qint8": "QInt8",
    "qint32": "QInt32",
}


def as_torch_tensor(
    x: object, dtype: TorchDType, device: Device, share: bool, na: NA
) -> Tensor | dict[str, Tensor]:
    """R's ``as_torch_tensor``: like ``to_torch``, but a factor's codes count from 1."""
    result = to_array(x, TorchArrays(dtype, device), share, na, first=1)
    if isinstance(result, tuple):
        return {"value": result[0], "mask": result[1]}
    return result


def tensor_to_read(x: RObject) -> Tensor:
    """``as_torch_tensor(share = TRUE)`` for what only reads: R may keep x as it likes."""
    result: Tensor = to_array(x, _Readable(None, None), True, "error", first=1)
    return result


def sparse_to_read(x: RObject) -> Tensor:
    """The CSR tensor of a sparse matrix of package Matrix, for what only reads."""
    return sparse.rows_to_read(x, _read_slot)


def _read_slot(x: RObject) -> Tensor:
    if x.typeof != "logical":
        return tensor_to_read(x)
    result: Tensor = to_array(x, TorchArrays(None, None), False, "error", first=1)
    return result.double()


def damage(x: RObject) -> str | None:
    """What R object x says of itself and does not hold, in words; None where it is sound."""
    try:
        x.check()
        if "factor" in x.classes:
            x.any_na()
    except ValueError as error:
        return str(error).removeprefix("x: ")
    return None


class _Readable(TorchArrays):
    def check_owner(self, x: RObject) -> None:
        """All goes: nobody writes."""


def to_r(x: object, share: bool) -> object:
    """R's ``to_r``: the R value of a tensor or array, with its type (factor, Date, ...).

    Of any other Python object it is what a call that gave it would give in R.
    """
    if is_array(x):
        return to_robject(x, share)
    if share:
        raise TypeError(f"share=True needs a tensor or an array, not {type(x).__name__}")
    return objects.value(x)


def values(x: Tensor) -> RObject:
    """The numbers of a tensor, as a plain R vector or array.

    Raises:
        RuntimeError: a graph is being recorded, which holds for other numbers, too.
    """
    recording = get_proxy_mode()
    if recording is not None and has_proxy_slot(x, recording.tracer):
        raise RuntimeError("tried to get value out of a tracing tensor")
    return to_robject(x.to_dense() if _is_sparse(x) else x, typed=False)


def describe(x: Tensor, part: list[float], most: float) -> dict[str, Any]:
    """What printing a tensor needs: its first values and what stands below them.

    The values are those of `part` of each dim, with 64-bit integers as text (R has no
    number for them). Of a sparse tensor they are the first `most` stored entries, with
    their places, counted from 1, as `index`. They are None where R has no type for them.
    """
    name = str(x.dtype).removeprefix("torch.")
    x = x.to_dense() if x.is_mkldnn else x
    stored = _is_sparse(x)
    shown: Tensor | None = None
    index = None
    if stored and not x.is_meta:
        shown, index = _entries(x.detach(), int(min(most, x.numel())))
    elif not x.is_meta:
        shown = x.detach()
        for dim, size in enumerate(part):
            shown = shown.narrow(dim, 0, int(size))
    return {
        "values": None if shown is None else _printable(shown),
        "index": index,
        "shape": list(x.shape),
        "type": ("Sparse" if stored else "")
        + x.device.type.upper()
        + TYPE_NAMES.get(name, name.capitalize())
        + "Type",
        "requires_grad": bool(x.requires_grad),
        "grad_fn": None if x.grad_fn is None else type(x.grad_fn).__name__,
    }


def levels(x: object) -> list[str] | None:
    """The levels kept beside a factor's codes, or None."""
    rtype = getattr(x, "r_type", None)
    return rtype.levels if rtype is not None and rtype.coded else None


def shape(x: Tensor) -> list[int]:
    """R's ``dim`` of a tensor."""
    refuse_nested(x)
    return list(x.shape)


def numel(x: Tensor) -> int:
    """R's ``length`` of a tensor."""
    return x.numel()


def _is_sparse(x: Tensor) -> bool:
    return str(x.layout).startswith("torch.sparse")


def _entries(x: Tensor, most: int) -> tuple[Tensor | None, RObject | None]:
    """The first stored values of a sparse tensor, and an R matrix of their places.

    None of a hybrid tensor, whose values are tensors.
    """
    x = x.to_sparse_coo().coalesce()
    if x.dense_dim() != 0:
        return None, None
    return x.values()[:most], to_robject(x.indices()[:, :most].t() + 1)


def _printable(x: Tensor) -> list[str] | RObject | None:
    if str(x.dtype) in ("torch.int64", "torch.uint64"):
        column_major = x.permute(tuple(reversed(range(x.dim()))))
        return [str(value) for value in column_major.flatten().tolist()]
    try:
        return values(x)
    except TypeError:  # no R type for this dtype
        return None
