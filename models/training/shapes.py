"""The shape of a network's output, of layers that tell it by their sizes.

To look at that a fit needs no forward pass of a row, which takes longer than all its other checks.

Tests: tests/models/training/test_shapes.py.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ..networks.activations import ACTIVATIONS
from ..networks.mlp import Residual
from ..networks.scaled import Scaled
from ..networks.scaling import Standardize, Unstandardize
from .parts import Parts


def output_like(module: nn.Module, x: Tensor, parts: Parts) -> Tensor | None:
    """A row of the shape and type that the module gives for rows like those of x, of no values.

    None where only the module knows, which may be that it cannot take x: with hooks, layers or
    parameters of another kind, or in another type.
    """
    shape, device = x.shape, x.device
    if len(shape) < 2 or x.layout is not torch.strided or not parts.are_on(device):
        return None
    if torch.is_autocast_enabled(device.type):
        return None
    width = _width(module, shape[-1], x.dtype)
    return None if width is None else x.new_empty((1, *shape[1:-1], width))


def _width(module: nn.Module, width: int, dtype: torch.dtype) -> int | None:
    """Columns of what a layer gives for so many."""
    rule, own = _RULES.get(type(module)), module.__dict__
    if rule is None or own["_forward_hooks"] or own["_forward_pre_hooks"] or "forward" in own:
        return None
    return width if rule is _SAME else rule(module, width, dtype)


def _linear(module: nn.Module, width: int, dtype: torch.dtype) -> int | None:
    own: Any = module._parameters
    weight, bias = own.get("weight"), own.get("bias")
    if not _is_plain(weight, dtype):
        return None
    shape = weight.shape
    if len(shape) != 2 or shape[1] != width:
        return None
    out: int = shape[0]
    return out if bias is None or (_is_plain(bias, dtype) and bias.shape == (out,)) else None


def _scaling(module: nn.Module, width: int, dtype: torch.dtype) -> int | None:
    own: Any = module._buffers
    tensors = [own.get(name) for name in ("mean", "sd")]
    return width if all(_is_plain(t, dtype) and t.shape == (width,) for t in tensors) else None


def _in_turn(modules: Any, width: int, dtype: torch.dtype) -> int | None:
    for module in modules:
        found = _width(module, width, dtype)
        if found is None:
            return None
        width = found
    return width


def _sequential(module: nn.Module, width: int, dtype: torch.dtype) -> int | None:
    return _in_turn(module._modules.values(), width, dtype)


def _scaled(module: Any, width: int, dtype: torch.dtype) -> int | None:
    return _in_turn((module.input, module.network, module.output), width, dtype)


def _residual(module: Any, width: int, dtype: torch.dtype) -> int | None:
    found = _width(module.layers, width, dtype)
    return found if found == _width(module.skip, width, dtype) else None


def _is_plain(tensor: Any, dtype: torch.dtype) -> bool:
    """Is it PyTorch's own kind of tensor, in this type?"""
    return type(tensor) in _PLAIN and tensor.dtype is dtype


_PLAIN = (nn.Parameter, Tensor)
_Rule = Callable[[nn.Module, int, torch.dtype], int | None]
#: Of layers that give a number for each number.
_SAME: _Rule = lambda module, width, dtype: width  # noqa: E731
_RULES: dict[type, _Rule] = {
    **dict.fromkeys((*ACTIVATIONS.values(), nn.Dropout), _SAME),
    nn.Linear: _linear,
    nn.Sequential: _sequential,
    Residual: _residual,
    Scaled: _scaled,
    Standardize: _scaling,
    Unstandardize: _scaling,
}
