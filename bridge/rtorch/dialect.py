"""Functions whose arguments or results R torch has otherwise than PyTorch.

Dims and positions have been counted from 0 by the time they get here (operators.py reads
these signatures, annotations too, as it reads PyTorch's own: an annotation decides what R's value
becomes); results that are positions are counted from 1 here, because which of the results are
positions depends on the arguments.

Tests: test-tensor-operators.R.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def einsum(equation: str, *operands: Any, tensors: Any = None) -> Any:
    """Tensors one by one, or as one list, in R also called ``tensors``."""
    if tensors is not None:
        operands = (*operands, tensors)
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    return torch.einsum(equation, *operands)


def meshgrid(*parts: Any, tensors: Any = None, indexing: str = "ij") -> Any:
    """Tensors (or R vectors) one by one, or as one list, in R also called ``tensors``."""
    if tensors is not None:
        parts = (*parts, tensors)
    if len(parts) == 1 and isinstance(parts[0], (list, tuple)):
        parts = tuple(parts[0])
    return torch.meshgrid(
        *(part if isinstance(part, torch.Tensor) else torch.as_tensor(part) for part in parts),
        indexing=indexing,
    )


def linspace(start: float, end: float, steps: int = 100, **options: Any) -> Any:
    """100 steps unless told otherwise."""
    return torch.linspace(start, end, steps, **options)


def logspace(start: float, end: float, steps: int = 100, base: float = 10, **options: Any) -> Any:
    """100 steps unless told otherwise."""
    return torch.logspace(start, end, steps, base, **options)


def nonzero(self: torch.Tensor, as_list: bool = False) -> Any:
    """With ``as_list`` (PyTorch's ``as_tuple``) a list, one tensor of positions a dim."""
    if as_list:
        return [index + 1 for index in torch.nonzero(self, as_tuple=True)]
    return torch.nonzero(self) + 1


def where(condition: torch.Tensor, self: Any = None, other: Any = None) -> Any:
    """Without ``self`` and ``other`` the positions where the condition holds, a list."""
    if self is None and other is None:
        return nonzero(condition, as_list=True)
    return torch.where(condition, self, other)


def tensordot(a: torch.Tensor, b: torch.Tensor, dims: Any = 2) -> Any:
    """``dims``: how many of the last of ``a`` and first of ``b``, or a list of both's dims."""
    if isinstance(dims, torch.Tensor):
        dims = dims.tolist()
    if isinstance(dims, (list, tuple)):
        return torch.tensordot(a, b, [_from_zero(d) for d in dims])
    return torch.tensordot(a, b, int(dims))


def _from_zero(dims: Any) -> list[int]:
    listed = dims if isinstance(dims, (list, tuple)) else [dims]
    if 0 in listed:
        raise IndexError("dims: dims count from 1 in R (negative ones from the end); 0 is none")
    return [int(d) - 1 if d > 0 else int(d) for d in listed]


def mean(
    self: torch.Tensor, dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> torch.Tensor:
    """R's ``mean``: of ints too, which PyTorch refuses."""
    if dtype is None:
        if not (self.is_floating_point() or self.is_complex()):
            dtype = torch.get_default_dtype()
        elif dim is None:
            return self.mean()
    return torch.mean(self, dim, keepdim, dtype=dtype)


def unique(
    self: torch.Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The values, and where asked for the ``inverse_indices`` (from 1) and ``counts``."""
    result = torch.unique(
        self,
        sorted=sorted,
        return_inverse=return_inverse,
        return_counts=return_counts,
        dim=dim,
    )
    return _unique_results(result, return_inverse, return_counts)


def unique_consecutive(
    self: torch.Tensor,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The values, and where asked for the ``inverse_indices`` (from 1) and ``counts``."""
    result = torch.unique_consecutive(
        self, return_inverse=return_inverse, return_counts=return_counts, dim=dim
    )
    return _unique_results(result, return_inverse, return_counts)


def _unique_results(result: Any, inverse: bool, counts: bool) -> Any:
    if not (inverse or counts):
        return result
    named = {"output": result[0]}
    if inverse:
        named["inverse_indices"] = result[1] + 1
    if counts:
        named["counts"] = result[-1]
    return named


#: torch_<name>()
FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        einsum,
        linspace,
        logspace,
        meshgrid,
        nonzero,
        tensordot,
        unique,
        unique_consecutive,
        where,
    )
}

#: $<name>()
METHODS: dict[str, Callable[..., Any]] = {
    function.__name__: function for function in (nonzero, unique, unique_consecutive)
}
