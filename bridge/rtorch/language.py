"""The R tensor language: what R's verbs on tensors mean, called by the R package.

Operators themselves are in operators.py; here is what R torch does differently from
PyTorch: default dtypes, closed ranges, subscripts that select every combination.

Tests: test-tensor-creation.R, test-tensor-indexing.R.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from torchbridge.arrays.from_r import is_robject, to_array
from torchbridge.arrays.torch_arrays import TorchArrays
from torchbridge.process import host
from torchbridge.rtorch.operators import as_dtype, zero_based
from torchbridge.rtorch.tensor_members import METHODS
from torchbridge.values.protocols import RValue

if TYPE_CHECKING:
    from torchbridge._native import RObject
    from torchbridge.arrays.protocols import Device, TorchDType

#: R torch's dtypes, where as_torch_tensor() keeps R's own precision.
_DEFAULTS = {
    "float64": torch.float32,
    "int32": torch.int64,
    "complex128": torch.complex64,
}


class _RTorchArrays(TorchArrays):
    """Tensors of R torch's dtypes, straight from R's memory: each pass less is half the time."""

    def dtype_or(self, natural: str) -> torch.dtype:
        return self.dtype or _DEFAULTS.get(natural) or super().dtype_or(natural)


def torch_tensor(x: RValue, dtype: TorchDType, device: Device, requires_grad: bool) -> Tensor:
    """R's ``torch_tensor``: double -> float32, integer -> int64, logical -> bool.

    A list of R vectors of like shape is stacked along a new first dim.
    """
    if isinstance(x, torch.Tensor):
        result = x.detach().clone()
    elif isinstance(x, (list, tuple)) or getattr(x, "typeof", None) == "list":
        items: Sequence[RValue]
        if isinstance(x, (list, tuple)):
            items = x
        else:
            x = cast("RObject", x)
            x.check("x")
            items = x.items()
        result = torch.stack([torch_tensor(item, None, None, False).squeeze() for item in items])
    elif isinstance(x, (bool, int, float, complex)):
        result = torch.tensor(x)
    else:
        result = to_array(x, _RTorchArrays(as_dtype(dtype), None), False, "error", first=1)
    if dtype is not None:
        result = result.to(as_dtype(dtype))
    if device is None and not isinstance(x, torch.Tensor):
        device = torch.get_default_device()
    if device is not None:
        result = result.to(device)
    return result.requires_grad_(requires_grad) if requires_grad else result


def as_operand(x: RValue, beside: Tensor | None) -> Tensor:
    """A tensor of an R vector that stands where an operator wants one, with R torch's dtypes.

    It is on the device of `beside`, the first tensor that the operator was given.
    """
    return torch_tensor(x, None, None if beside is None else beside.device, False)


def few_numbers(values: list[float], requires_grad: bool) -> Tensor:
    """R's ``torch_tensor`` of a short plain vector without NA."""
    dtype = torch.float32 if isinstance(values[0], float) else None
    return torch.tensor(values, dtype=dtype, requires_grad=requires_grad)


def torch_arange(
    _: object,
    start: float,
    end: float,
    step: float,
    dtype: TorchDType,
    device: Device,
    requires_grad: bool,
) -> Tensor:
    """R's ``torch_arange``: both ends included, as in ``seq()``; float32 unless all are ints."""
    if dtype is None:
        whole = all(isinstance(v, int) for v in (start, end, step))
        dtype = torch.int64 if whole else torch.get_default_dtype()
    count = math.floor((end - start) / step + 1e-10)
    if count < 0:
        raise ValueError(f"step: {step} leads from {start} away from {end}")
    result = torch.arange(count + 1, dtype=torch.float64).mul_(step).add_(start)
    return result.to(dtype=as_dtype(dtype), device=device).requires_grad_(requires_grad)


def python(x: object) -> RObject:
    """R's ``python()``: the object as Python has it, no tensor in R's eyes."""
    return host.native().object_handle(x)


def same(x: object, y: RValue) -> object:
    """Python's ``x == y``; a dtype or device is equal to its name."""
    return x == (as_dtype(y) if isinstance(x, torch.dtype) and isinstance(y, str) else y)


def is_method(x: object, name: str) -> bool:
    """Is x$name a method (and not an attribute)?"""
    return name in METHODS or callable(getattr(type(x), name, None))


def summarise(_: object, name: str, parts: list[RValue], na_rm: bool) -> Tensor:
    """R's Summary functions of several tensors, or without NaN."""
    tensors = [part if isinstance(part, torch.Tensor) else torch.as_tensor(part) for part in parts]
    x = torch.cat([t.reshape(-1) for t in tensors])
    if na_rm:
        x = x[~x.isnan()]
    return torch.stack([x.min(), x.max()]) if name == "range" else getattr(x, name)()


def bind(_: object, parts: list[RValue], how: str) -> Tensor:
    """R's ``rbind`` and ``cbind``; R vectors take the first tensor's dtype and device."""
    first = next(part for part in parts if isinstance(part, torch.Tensor))
    tensors = [torch.as_tensor(part, dtype=first.dtype, device=first.device) for part in parts]
    if how == "rbind":
        return torch.cat([t.reshape(1, -1) if t.dim() < 2 else t for t in tensors], 0)
    return torch.cat([t.reshape(-1, 1) if t.dim() < 2 else t for t in tensors], 1)


def signif(x: Tensor, digits: float = 6) -> Tensor:
    """R's ``signif``: rounded to so many significant digits."""
    scale = 10 ** (int(digits) - 1 - x.abs().log10().floor())
    return torch.where(x == 0, x, (x * scale).round() / scale)


def gamma(x: Tensor) -> Tensor:
    """R's ``gamma``: exp(lgamma) with the sign of the gamma function."""
    negative = (x < 0) & (x.floor().remainder(2) != 0)
    return torch.where(negative, -1.0, 1.0) * torch.lgamma(x).exp()


def trigamma(x: Tensor) -> Tensor:
    """R's ``trigamma``: the second derivative of lgamma."""
    # zeta(2, x) for x > 0 is exact where polygamma's series has an error of 1e-10.
    positive = torch.where(x > 0, x, 1.0)
    return torch.where(x > 0, torch.special.zeta(2.0, positive), torch.polygamma(1, x))


def cospi(x: Tensor) -> Tensor:
    """R's ``cospi``: cos(pi x)."""
    return torch.cos(math.pi * x)


def sinpi(x: Tensor) -> Tensor:
    """R's ``sinpi``: sin(pi x)."""
    return torch.sin(math.pi * x)


def tanpi(x: Tensor) -> Tensor:
    """R's ``tanpi``: tan(pi x)."""
    return torch.tan(math.pi * x)


#: The subscript that is left out.
_WHOLE = slice(None)
#: Tensors of PyTorch's own, without rules of a subclass.
_PLAIN = frozenset((torch.Tensor, torch.nn.Parameter))


def get_index(x: Tensor, key: tuple[Any, ...]) -> Tensor:
    """x[key], where key has vectors: every combination of them, as in R.

    The numbers of key count from 0, a tensor in it from 1 still.
    """
    found = _chosen(x, key) if x.__class__ in _PLAIN else None
    if found is not None:
        return found
    key = tuple(map(_counted, key))
    if _is_mask(key) or (len(key) == 1 and _is_mask_of_rows(key[0], x)):
        return x[key]
    view, chosen = _split(x, key)
    for dim, index in reversed(chosen):  # the last first: positions of several dims add dims
        view = view.index_select(dim, index.reshape(-1))
        if index.dim() > 1:
            view = view.unflatten(dim, index.shape)
    return view


def _chosen(x: Tensor, key: tuple[Any, ...]) -> Tensor | None:
    """x[key] of the commonest keys: one tensor or list, the other dims whole.

    None where it needs a closer look. That counts negative positions from the end and says what is
    wrong with others: PyTorch refuses both, so that nothing is searched for them here.
    """
    part: Any = None
    for place, other in enumerate(key):
        if other.__class__ is not slice:
            if part is not None:
                return None
            part, dim = other, place
        elif other != _WHOLE:
            return None
    listed = part.__class__ is list
    if not listed and part.__class__ is not torch.Tensor:
        return None
    try:
        if listed:
            part = torch.tensor(part)
        elif part.dtype is torch.bool:
            return x[part] if len(key) == 1 and part.shape == x.shape else None
        if part.dtype is not torch.int64 or part.dim() != 1 or len(key) > x.dim():
            return None
        if not (x.is_cpu and part.is_cpu) or not x.numel():  # on other devices nothing is checked
            return None
        return x.index_select(dim, part if listed else part.sub(1))
    except (IndexError, RuntimeError):
        return None


def set_index(x: Tensor, key: tuple[Any, ...], value: Any) -> None:
    """x[key] = value, in place; a value of another dtype or device is converted.

    Key is that of get_index().
    """
    if isinstance(value, torch.Tensor):
        value = value.to(device=x.device, dtype=x.dtype)
    key = tuple(map(_counted, key))
    if not any(isinstance(part, (list, torch.Tensor)) for part in key) or _is_mask(key):
        x[key] = value
        return
    view, chosen = _split(x, key)
    if len(chosen) == 1:
        ((dim, index),) = chosen
        view[(_WHOLE,) * dim + (index,)] = value
        return
    indices = [torch.arange(size, device=x.device) for size in view.shape]
    for dim, index in chosen:
        indices[dim] = index.reshape(-1)
    # One index tensor a dim, each along its own: their broadcast is every combination.
    rank = view.dim()
    view[
        tuple(
            v.reshape([-1 if d == dim else 1 for d in range(rank)]) for dim, v in enumerate(indices)
        )
    ] = value


def _counted(part: Any) -> Any:
    """A subscript as PyTorch counts; a tensor without dims is a number, which drops its dim."""
    if part is None or part is Ellipsis or isinstance(part, (int, list, slice)):
        return part
    if is_robject(part):  # a matrix or an array
        part = to_array(part, TorchArrays(_INDEX[part.typeof], None), False, "error", first=1)
    elif not isinstance(part, torch.Tensor):
        part = torch.as_tensor(part)
    if part.is_floating_point() or part.is_complex():
        raise IndexError(
            f"subscript: a tensor of positions has dtype torch_long(), not {part.dtype}; "
            "x$to(dtype = torch_long()) makes it one"
        )
    part = zero_based(part, "subscript")
    return int(part) if part.dim() == 0 and part.dtype != torch.bool else part


#: What a matrix of R is among subscripts.
_INDEX = {"double": "int64", "integer": "int64", "logical": "bool"}


def _is_mask(key: tuple[Any, ...]) -> bool:
    """Is it x[mask] or x[positions] with a tensor of any shape? Then PyTorch's own rule holds."""
    return len(key) == 1 and isinstance(key[0], torch.Tensor) and (key[0].dim() != 1)


def _is_mask_of_rows(part: Any, x: Tensor) -> bool:
    """A bool tensor with one value for each row (element of a vector)?"""
    if not isinstance(part, torch.Tensor) or part.dtype != torch.bool:
        return False
    return part.dim() == 1 and x.dim() > 0 and part.shape[0] == x.shape[0]


def _split(x: Tensor, key: tuple[Any, ...]) -> tuple[Tensor, list[tuple[int, Tensor]]]:
    """The view that the other subscripts give, and (dim of it, positions) for each vector."""
    simple, vectors, dim = [], [], 0
    rank = sum(part is not None and part is not Ellipsis for part in key)
    for part in key:
        if isinstance(part, (list, torch.Tensor)):
            vectors.append((dim, part))
            part = slice(None)
        simple.append(part)
        if part is Ellipsis:
            dim += x.dim() - rank
        elif not isinstance(part, int):
            dim += 1
    view = x[tuple(simple)]
    return view, [(dim, _positions(part, view.shape[dim], view.device)) for dim, part in vectors]


def _positions(part: list[int] | Tensor, size: int, device: torch.device) -> Tensor:
    index = torch.as_tensor(part, device=device)
    if index.dtype == torch.bool:
        if index.numel() != size:
            raise IndexError(
                f"a logical subscript of length {index.numel()} for a dim of size {size}"
            )
        return index.nonzero().reshape(-1)
    index = index.long()
    if not index.numel():
        return index
    least, most = map(int, torch.aminmax(index))
    if most >= size or least < -size:
        raise IndexError(f"subscript out of bounds: the dim has size {size}")
    return index if least >= 0 else torch.where(index < 0, index + size, index)
