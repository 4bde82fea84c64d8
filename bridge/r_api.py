"""What the R package calls: each function gets R's own vectors (RObject) or tensors.

The names are those of the R functions they serve.
"""

from __future__ import annotations

from typing import Any

import torchbridge
from torchbridge.arrays import TorchArrays, wants_mask
from torchbridge.from_r import to_array
from torchbridge.into_r import is_array, to_robject

#: libtorch's names of the dtypes, as R users of torch see them printed.
_TYPE_NAMES = {
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
    "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
}


def version(_: Any) -> str:
    """The version of the Python package, which must be the R package's."""
    return torchbridge.__version__


def as_torch_tensor(x: Any, dtype: Any, device: Any, share: bool, na: Any) -> Any:
    """R's ``as_torch_tensor``: like ``to_torch``, but a factor's codes count from 1."""
    result = to_array(x, TorchArrays(dtype, device), share, na, first=1)
    return {"value": result[0], "mask": result[1]} if wants_mask(na) else result


def to_r(x: Any, share: bool) -> Any:
    """R's ``to_r``: the R value of a tensor or array, with its type (factor, Date, ...)."""
    if not is_array(x):
        raise TypeError(f"x: expected a tensor or an array, not {type(x).__name__}")
    return to_robject(x, share)


def values(x: Any) -> Any:
    """The numbers of a tensor, as a plain R vector or array."""
    return to_robject(x, typed=False)


def describe(x: Any, most: int) -> dict[str, Any]:
    """What printing a tensor needs: its first values and what stands below them."""
    dense = x.detach().to_dense() if x.layout is not _strided() else x.detach()
    name = str(x.dtype).removeprefix("torch.")
    kind = "Meta" if x.is_meta else x.device.type.upper()
    grad_fn = None if x.grad_fn is None else type(x.grad_fn).__name__
    shown = None if x.is_meta else values(_head(dense, most))
    return {
        "values": shown,
        "shape": list(x.shape),
        "type": f"{kind}{_TYPE_NAMES.get(name, name)}Type",
        "requires_grad": bool(x.requires_grad),
        "grad_fn": grad_fn,
    }


def levels(x: Any) -> Any:
    """The levels kept beside a factor's codes, or None."""
    rtype = getattr(x, "r_type", None)
    return rtype.levels if rtype is not None and "factor" in rtype.classes else None


def shape(x: Any) -> list[int]:
    """R's ``dim`` of a tensor."""
    return list(x.shape)


def numel(x: Any) -> int:
    """R's ``length`` of a tensor."""
    return int(x.numel())


def text(x: Any) -> str:
    """Python's own text for an object that is no tensor."""
    return repr(x)


def attributes(x: Any) -> list[str]:
    """The public attributes of an object, for completion at R's prompt."""
    return [name for name in dir(x) if not name.startswith("_")]


def put(x: Any) -> None:
    """Leave an object here for the other bridge (reticulate) to `take`."""
    _left.append(x)


def take(*_: Any) -> Any:
    """Take what was left."""
    return _left.pop()


_left: list[Any] = []


def _head(x: Any, most: int) -> Any:
    """The first `most` entries of every dim: printing a large tensor copies little."""
    for dim in range(x.dim()):
        if x.shape[dim] > most:
            x = x.narrow(dim, 0, most)
    return x


def _strided() -> Any:
    import torch

    return torch.strided
