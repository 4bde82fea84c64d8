"""Tensors for R: made of its vectors, and given back.

Each function gets R's own vectors (RObject) or tensors; the names are those of the R functions
they serve.

Tests: test-tensor-convert.R.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import contiguous_format
from torch.fx.experimental.proxy_tensor import get_proxy_mode, has_proxy_slot
from torch.utils.dlpack import from_dlpack

from torchbridge.arrays import sparse
from torchbridge.arrays.from_r import to_array
from torchbridge.arrays.into_r import is_array, refuse_nested, to_robject
from torchbridge.arrays.torch_arrays import TorchArrays
from torchbridge.frames import arrow
from torchbridge.values import objects

if TYPE_CHECKING:
    from torch import Tensor

    from torchbridge._native import RObject
    from torchbridge.arrays.protocols import NA, Device, TorchDType


def as_torch_tensor(
    x: object, dtype: TorchDType, device: Device, share: bool, na: NA
) -> Tensor | dict[str, Tensor]:
    """R's ``as_torch_tensor``: like ``to_torch``, but a factor's codes count from 1."""
    result = to_array(x, TorchArrays(dtype, device), share, na, first=1)
    if isinstance(result, tuple):
        return {"value": result[0], "mask": result[1]}
    return result


def tensor_to_read(x: RObject) -> Tensor:
    """``as_torch_tensor(share = TRUE)`` for what only reads: R may keep x as it likes.

    A few plain numbers are copied, which takes less than to see to it that they stay.
    """
    kind = x.typeof
    if kind in ("double", "integer") and not x.classes and len(x) <= _FEW:
        x.check("x")
        if kind == "double" or not x.any_na():
            return from_dlpack(x).clone(memory_format=contiguous_format)
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


#: Numbers that are copied in no time.
_FEW = 4096


class _Readable(TorchArrays):
    def check_owner(self, x: RObject) -> None:
        """All goes: nobody writes."""


def to_r(x: object, share: bool) -> object:
    """R's ``to_r``: the R value of a tensor or array, with its type (factor, Date, ...).

    Of what gives an Arrow stream (frames and columns of polars, pyarrow, DuckDB) it is the data
    frame or vector, of any other Python object what a call that gave it would give in R.
    """
    if is_array(x):
        return to_robject(x, share)
    if share:
        raise TypeError(f"share=True needs a tensor or an array, not {type(x).__name__}")
    return arrow.to_robject(x) if arrow.has_stream(x) else objects.value(x)


def values(x: Tensor) -> RObject:
    """The numbers of a tensor, as a plain R vector or array.

    Raises:
        RuntimeError: a graph is being recorded, which holds for other numbers, too.
    """
    refuse_traced(x)
    return to_robject(x.to_dense() if _is_sparse(x) else x, typed=False)


def refuse_traced(x: Tensor) -> None:
    """An error where a graph is being recorded, which holds for other numbers, too."""
    recording = get_proxy_mode()
    if recording is not None and has_proxy_slot(x, recording.tracer):
        raise RuntimeError("tried to get value out of a tracing tensor")


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
