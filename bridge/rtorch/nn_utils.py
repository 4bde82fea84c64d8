"""R's ``nn_init_*`` and ``nn_utils_*``: torch.nn.init and torch.nn.utils.

Tests: test-nn-utils.R, test-nn-init.R.
"""

from __future__ import annotations

import inspect
from typing import Any, cast

import torch
from torch import nn
from torch.nn import utils
from torch.nn.utils import rnn

from torchbridge.rtorch import layers
from torchbridge.values.protocols import RValue


def set_values(name: str, tensor: torch.Tensor, arguments: dict[str, RValue] | list[Any]) -> None:
    """R's ``nn_init_<name>``: the function of torch.nn.init."""
    function = getattr(nn.init, name)
    known = inspect.signature(function).parameters
    function(tensor, **{k: layers.argument(known[k], v, False) for k, v in dict(arguments).items()})


def gain(nonlinearity: str, param: float | None) -> float:
    """R's ``nn_init_calculate_gain``."""
    return nn.init.calculate_gain(cast(Any, nonlinearity), param)


def clip_grad_norm(
    parameters: list[torch.Tensor], max_norm: float, norm_type: float, strict: bool
) -> torch.Tensor:
    """R's ``nn_utils_clip_grad_norm_``."""
    return utils.clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite=strict)


def clip_grad_value(parameters: list[torch.Tensor], value: float) -> None:
    """R's ``nn_utils_clip_grad_value_``."""
    utils.clip_grad_value_(parameters, value)


def parameters_to_vector(parameters: list[torch.Tensor]) -> torch.Tensor:
    """R's ``nn_utils_parameters_to_vector``."""
    return utils.parameters_to_vector(parameters)


def vector_to_parameters(vec: torch.Tensor, parameters: list[torch.Tensor]) -> None:
    """R's ``nn_utils_vector_to_parameters``."""
    with torch.no_grad():
        utils.vector_to_parameters(vec, parameters)


def pack_padded_sequence(
    x: torch.Tensor, lengths: torch.Tensor | list[int], batch_first: bool, strict: bool
) -> rnn.PackedSequence:
    """R's ``nn_utils_rnn_pack_padded_sequence``."""
    return rnn.pack_padded_sequence(x, lengths, batch_first, strict)


def pack_sequence(sequences: list[torch.Tensor], strict: bool) -> rnn.PackedSequence:
    """R's ``nn_utils_rnn_pack_sequence``."""
    return rnn.pack_sequence(sequences, strict)


def pad_packed_sequence(
    sequence: object, batch_first: bool, value: float, total_length: int | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """R's ``nn_utils_rnn_pad_packed_sequence``."""
    if not isinstance(sequence, rnn.PackedSequence):
        raise TypeError(f"`sequence` must be a packed sequence, not {layers.described(sequence)}")
    return rnn.pad_packed_sequence(sequence, batch_first, value, total_length)


def pad_sequence(
    sequences: list[torch.Tensor], batch_first: bool, value: float, side: str
) -> torch.Tensor:
    """R's ``nn_utils_rnn_pad_sequence``."""
    return rnn.pad_sequence(sequences, batch_first, value, side)


# ---- weight normalization ----


def split_weight(module: nn.Module, name: str, dim: float | None) -> None:
    """A parameter becomes its direction (``<name>_v``) and its length (``<name>_g``)."""
    weight = module._parameters.get(name)
    if weight is None:
        raise ValueError(f"`name`: the module has no parameter `{name}`")
    values = weight.detach()
    del module._parameters[name]
    module.register_parameter(f"{name}_g", nn.Parameter(_length(values, dim)))
    module.register_parameter(f"{name}_v", nn.Parameter(values.clone()))
    recompute_weight(module, name, dim)


def normed_weight(module: nn.Module, name: str, dim: float | None) -> torch.Tensor:
    """The weight of its direction and length."""
    direction, length = (module._parameters.get(f"{name}_{part}") for part in "vg")
    if direction is None or length is None:
        raise ValueError(f"the module has no normalized weight `{name}`: use `$apply()` first")
    return torch._weight_norm(direction, length, _axis(dim))


def recompute_weight(module: nn.Module, name: str, dim: float | None) -> None:
    """The module's weight is computed again: a tensor in its graph, and no parameter."""
    module.__dict__[name] = normed_weight(module, name, dim)


def join_weight(module: nn.Module, name: str, dim: float | None) -> None:
    """One parameter again."""
    weight = normed_weight(module, name, dim).detach()
    for part in (f"{name}_g", f"{name}_v"):
        del module._parameters[part]
    module.__dict__.pop(name, None)
    module.register_parameter(name, nn.Parameter(weight))


def _axis(dim: float | None) -> int:
    return -1 if dim is None else int(dim) - 1


def _length(x: torch.Tensor, dim: float | None) -> torch.Tensor:
    return torch.norm_except_dim(x, 2, _axis(dim))
