"""Batch and group normalization of one value, which PyTorch's Python functions refuse.

R's torch calls the operators below these functions, and goes on: the value is its own mean, so the
result is the bias, and the running variance is NaN from then on. `torch_fit()` refuses such a batch
before it comes here (`models.training.data.least_rows`).

Tests: test-nn-norms.R.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode

#: The layers whose function refuses.
LAYERS = (_BatchNorm, nn.GroupNorm)


def unchecked(
    module: nn.Module, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Callable[..., Any]:
    """A module's `function`, with R torch's normalizations where PyTorch's would refuse the input.

    Of modules with others inside, nn.Sequential is looked through; those that are written in R call
    their parts from R.
    """
    x = args[0] if args else kwargs.get("input")
    if not isinstance(x, torch.Tensor) or x.dim() < 2 or x.shape[0] != 1:
        return function
    # In a batch of one row as many values as channels (or groups) are one for each.
    if isinstance(module, nn.GroupNorm):
        refused = x.numel() == module.num_groups
    elif isinstance(module, _BatchNorm):
        refused = x.numel() == x.shape[1] and _normalizes(module)
    else:
        refused = isinstance(module, nn.Sequential) and _normalizes(module)
    return functools.partial(_with_operators, function) if refused else function


def _normalizes(module: nn.Module) -> bool:
    """Does the layer, or one of an nn.Sequential, take the moments of its input?"""
    if isinstance(module, nn.Sequential):
        return any(_normalizes(part) for part in module)
    if isinstance(module, _BatchNorm):
        return module.training or module.running_mean is None
    return isinstance(module, nn.GroupNorm)


# ---- nnf_<name>() ----


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """PyTorch's function without its checks of `input` and `eps`."""
    cudnn = torch.backends.cudnn.enabled
    return torch.batch_norm(
        input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn
    )


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """PyTorch's function without its check of `input`."""
    cudnn = torch.backends.cudnn.enabled
    return torch.instance_norm(
        input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn
    )


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """PyTorch's function without its check of `input`."""
    return torch.group_norm(input, num_groups, weight, bias, eps, torch.backends.cudnn.enabled)


# ---- in a module ----

_OURS: dict[Any, Callable[..., Tensor]] = {F.batch_norm: batch_norm, F.group_norm: group_norm}


class _Operators(TorchFunctionMode):
    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        return _OURS.get(func, func)(*args, **(kwargs or {}))


def _with_operators(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with _Operators():
        return function(*args, **kwargs)
