"""Members of tensors that R torch has otherwise than PyTorch: methods that are attributes there, or
take other arguments; and what R asks of dtypes and other objects of PyTorch's.

Tests: test-tensor-members.R.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from torchbridge.arrays.into_r import to_robject
from torchbridge.rtorch.dialect import no_names
from torchbridge.rtorch.printing import TYPE_NAMES


def _attribute(name: str) -> Callable[[Tensor], object]:
    def method(self: Tensor) -> object:
        return getattr(self, name)

    method.__name__ = name
    return method


def to(
    self: Tensor, *args: Any, dtype: Any = None, device: Any = None, other: Any = None, **more: Any
) -> Tensor:
    """By position in either order, dtype or device; ``other`` gives both."""
    if other is not None:
        if args or dtype is not None or device is not None:
            raise ValueError("other: has dtype and device; leave those out")
        return self.to(other, **more)
    for value in args:
        if isinstance(value, torch.Tensor):
            return self.to(*args, **more)
        named = getattr(torch, value, None) if isinstance(value, str) else value
        if isinstance(named, torch.dtype):
            dtype = named
        elif value is not None:
            device = value
    # R's torch takes it for the CPU, which packages that choose a device themselves rely on.
    device = "cpu" if device == "auto" else device
    return self.to(device=device, dtype=dtype, **more)


def set_grad_(self: Tensor, new_grad: Tensor | None) -> None:
    """Puts another gradient there."""
    self.grad = new_grad


def set_data(self: Tensor, new_data: Tensor) -> None:
    """Puts other values there."""
    self.data = new_data


def stride(self: Tensor, dim: int | None = None) -> list[float] | float:
    """Elements from one place of a dim to the next."""
    return [float(step) for step in self.stride()] if dim is None else float(self.stride(dim))


def slice_(
    self: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """Places `start` (from 0, in R too) to before `end` of a dim, a view."""
    part: Tensor = torch.ops.aten.slice(self, dim, start, end, step)
    return part


def _unnamed(name: str) -> Callable[..., object]:
    def method(self: Tensor, *args: Any, **options: Any) -> object:
        raise no_names(f"${name}()")

    method.__name__ = name
    return method


def has_names(self: Tensor) -> bool:
    """Never: PyTorch has no named tensors."""
    return False


_OWN: tuple[Callable[..., Any], ...] = (to, set_grad_, set_data, stride, has_names)
_ATTRIBUTES = (
    *("data", "is_sparse", "is_sparse_csr", "is_quantized", "retains_grad", "output_nr"),
    "_version",
)
_NAMED = ("rename", "rename_", "align_to", "align_as", "refine_names")

#: $<name>(), beside those of dialect.py
METHODS: dict[str, Callable[..., Any]] = {
    "slice": slice_,
    **{function.__name__: function for function in _OWN},
    **{name: _attribute(name) for name in _ATTRIBUTES},
    **{name: _unnamed(name) for name in _NAMED},
}


def type_text(x: object) -> str:
    """R torch's name of a dtype, layout, memory format or scheme: Float, Strided, ..."""
    name = str(x).removeprefix("torch.")
    if isinstance(x, torch.dtype):
        return TYPE_NAMES.get(name, name.capitalize())
    return {"contiguous_format": "contiguous", "preserve_format": "preserve"}.get(name, name)


def storage_address(x: torch.UntypedStorage) -> str:
    """Where the memory is, as text: R has no number for every address."""
    return f"0x{x.data_ptr():x}"


def grad_fn_name(x: torch.autograd.graph.Node) -> str:
    """What a node of the graph is called: libtorch's name, as R's torch prints it."""
    return x.name()


def from_buffer(x: Tensor, shape: list[int], dtype: torch.dtype) -> Tensor:
    """The memory of an R vector, which ``x`` shares, as another dtype and shape."""
    flat = x.reshape(-1).view(torch.uint8)
    needed = dtype.itemsize * torch.Size(shape).numel()
    if flat.numel() < needed:
        raise ValueError(f"buffer: has {flat.numel()} bytes, and the shape needs {needed}")
    return flat[:needed].view(dtype).reshape(shape)


def to_buffer(x: Tensor) -> object:
    """The bytes of a tensor, as an R raw vector."""
    whole = x.detach().cpu().contiguous().reshape(-1)
    return to_robject(whole.view(torch.uint8) if whole.dtype != torch.bool else whole.byte())


def seed(x: torch.Generator) -> str:
    """The seed of a generator, as text."""
    return str(x.initial_seed())


def set_seed(x: torch.Generator, value: str) -> None:
    """Seeds a generator."""
    x.manual_seed(int(value))


def same_parts(x: Tensor) -> dict[str, object]:
    """What tells one tensor from another: for comparisons in R."""
    return {
        "dtype": type_text(x.dtype),
        "device": str(x.device),
        "shape": list(x.shape),
        "requires_grad": x.requires_grad,
        "grad_fn": None if x.grad_fn is None else grad_fn_name(x.grad_fn),
    }
