"""What R's ``module$...`` and the containers of modules do, called by the R package.

Tests: test-nn-members.R, test-nn-containers.R.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from torchbridge.rtorch import layers
from torchbridge.rtorch.modules import keep
from torchbridge.rtorch.operators import as_dtype
from torchbridge.values.protocols import RValue

if TYPE_CHECKING:
    from torchbridge.arrays.protocols import Device, TorchDType

#: nn.Sequential, nn.ModuleList and their kin; which of them takes what, PyTorch says.
Container: TypeAlias = Any

#: Parameters and buffers whose size is not known yet.
_LAZY = (UninitializedParameter, UninitializedBuffer)


def parameter(x: torch.Tensor, requires_grad: bool) -> nn.Parameter:
    """R's ``nn_parameter``."""
    return nn.Parameter(x, requires_grad)


def buffer(x: torch.Tensor, persistent: bool) -> torch.Tensor:
    """R's ``nn_buffer``: a tensor that becomes a buffer where it is assigned to a module."""
    return nn.Buffer(x, persistent=persistent)


def is_parameter(x: object) -> bool:
    """R's ``is_nn_parameter``."""
    return isinstance(x, nn.Parameter)


def is_buffer(x: object) -> bool:
    """R's ``is_nn_buffer``."""
    return isinstance(x, nn.Buffer)


def parameters(module: nn.Module, recursive: bool = True) -> dict[str, nn.Parameter]:
    """Parameters by name."""
    return dict(module.named_parameters(recurse=recursive))


def buffers(module: nn.Module, recursive: bool = True) -> dict[str, torch.Tensor]:
    """Buffers by name."""
    return dict(module.named_buffers(recurse=recursive))


def children(module: nn.Module) -> dict[str, nn.Module]:
    """Submodules by name."""
    return dict(module.named_children())


def modules(module: nn.Module) -> dict[str, nn.Module]:
    """A module (named "") and all below it, by name."""
    return dict(module.named_modules())


def member_names(module: nn.Module) -> list[str]:
    """The names of parameters, buffers and submodules of a module itself."""
    return [*module._parameters, *module._buffers, *module._modules]


def state_dict(module: nn.Module, prefix: str, keepvars: bool) -> dict[str, Any]:
    """R's ``$state_dict()``."""
    return dict(module.state_dict(prefix=prefix, keep_vars=keepvars))


def load_state_dict(module: nn.Module, state: RValue, strict: bool) -> None:
    """R's ``$load_state_dict()``: nothing changes unless everything fits."""
    if not isinstance(state, dict) and not (isinstance(state, list) and not state):
        raise TypeError("`state_dict` must be a named list of tensors, each name once")
    given = {
        key: value if _is_state(key, value) else _as_tensor(key, value)
        for key, value in dict(state).items()
    }
    ours = module.state_dict(keep_vars=True)
    missing = [key for key in ours if key not in given]
    unknown = [key for key in given if key not in ours]
    if strict and (missing or unknown):
        reasons = []
        if missing:
            reasons.append(f"it lacks {_listed(missing)}")
        if unknown:
            reasons.append(f"this module has no {_listed(unknown)}")
        raise ValueError(f"`state_dict` does not fit: {'; '.join(reasons)}")
    for key, value in given.items():
        mine = ours.get(key)
        if not isinstance(mine, torch.Tensor) or isinstance(mine, _LAZY):
            continue
        if mine.shape != value.shape:
            raise ValueError(
                f'`state_dict` does not fit: "{key}" has shape {_shape(value)}, '
                f"the module's {_shape(mine)}"
            )
    module.load_state_dict(given, strict=strict)


def _is_state(key: str, value: object) -> bool:
    return isinstance(value, torch.Tensor) or key.endswith("_extra_state")


def _as_tensor(key: str, value: RValue) -> torch.Tensor:
    try:
        return torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f'`state_dict`: "{key}" is not a tensor or array') from error


def _listed(names: list[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _shape(x: torch.Tensor) -> str:
    return f"({', '.join(map(str, x.shape))})"


def to(
    module: nn.Module, args: list[Any], dtype: TorchDType, device: Device, non_blocking: bool
) -> None:
    """R's ``$to()``: an unnamed argument is a device or a dtype, whichever it names."""
    for value in args:
        if dtype is None and layers.is_dtype(value):
            dtype = value
        elif device is None:
            device = value
        else:
            raise TypeError("`to()` takes one device and one dtype")
    if device is not None:
        device = layers.as_device(device)
    module.to(device=device, dtype=as_dtype(dtype), non_blocking=non_blocking)


def register(module: nn.Module, kind: str, name: str, value: Any, persistent: bool = True) -> None:
    """R's ``$register_parameter()``, ``$register_buffer()`` and ``$add_module()``."""
    if kind == "buffer":
        module.register_buffer(name, value, persistent=persistent)
    elif kind == "parameter":
        if isinstance(value, torch.Tensor) and not isinstance(value, nn.Parameter):
            value = nn.Parameter(value)
        module.register_parameter(name, value)
    else:
        keep(value)
        module.add_module(name, value)


def apply(module: nn.Module, function: Callable[[nn.Module], None]) -> None:
    """R's ``$apply()``: of every submodule, then of the module itself."""
    module.apply(function)


def clone(module: nn.Module) -> nn.Module:
    """R's ``$clone()``: a copy with parameters of its own."""
    return copy.deepcopy(module)


def summary(module: nn.Module) -> dict[str, Any]:
    """What printing a module needs."""
    return {
        "total": _count(module),
        "class": _class_name(module),
        "modules": [
            {"name": name, "class": _class_name(child), "parameters": _count(child)}
            for name, child in module.named_children()
        ],
        "parameters": _tensors(module._parameters),
        "buffers": _tensors(module._buffers),
    }


def _class_name(module: nn.Module) -> str:
    return layers.r_name(type(module)) or type(module).__name__


def _count(module: nn.Module) -> float:
    return float(sum(p.numel() for p in module.parameters() if not isinstance(p, _LAZY)))


def _tensors(found: Mapping[str, torch.Tensor | None]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "dtype": str(x.dtype).removeprefix("torch."),
            "shape": None if isinstance(x, _LAZY) else list(x.shape),
        }
        for name, x in found.items()
        if x is not None
    ]


# ---- containers ----


def sequential(modules: list[nn.Module], names: list[str]) -> nn.Sequential:
    """R's ``nn_sequential``; an unnamed module has its place, from 0, for its name."""
    result = nn.Sequential()
    for place, (name, module) in enumerate(zip(names, modules, strict=True)):
        keep(module)
        result.add_module(name or str(place), module)
    return result


def container(kind: str, values: dict[str, Any] | list[Any]) -> nn.Module:
    """R's ``nn_module_list``, ``nn_module_dict``, ``nn_parameter_list``, ``..._dict``."""
    for value in values.values() if isinstance(values, dict) else values:
        keep(value)
    made: nn.Module = getattr(nn, kind)(values if values else None)
    return made


def item(module: Container, position: float) -> object:
    """R's ``module[[i]]``."""
    return module[_place(module, position)]


def set_item(module: Container, position: float, value: nn.Module | torch.Tensor) -> None:
    """R's ``module[[i]] <- value``; one past the end appends."""
    keep(value)
    if position == len(module) + 1:
        module.append(value)
    else:
        module[_place(module, position)] = value


def subset(module: Container, positions: RValue) -> nn.Module:
    """R's ``module[i]``: the same kind of container with some of the modules."""
    chosen = [module[_place(module, p)] for p in layers.as_list(positions)]
    return nn.Sequential(*chosen) if isinstance(module, nn.Sequential) else type(module)(chosen)


def append(module: Container, values: list[nn.Module | torch.Tensor]) -> None:
    """R's ``$append()`` and ``$extend()``."""
    for value in values:
        keep(value)
        module.append(value)


def insert(module: Container, position: float, value: nn.Module | torch.Tensor) -> None:
    """R's ``$insert()``: before the i-th."""
    keep(value)
    module.insert(len(module) if position == len(module) + 1 else _place(module, position), value)


def _place(module: Container, position: float) -> int:
    n = len(module)
    if position != int(position) or not 1 <= abs(position) <= n:
        raise IndexError(f"`i` must be a place from 1 to {n} (or -1, the last), not {position:g}")
    return int(position) - 1 if position > 0 else int(position)


def size(module: Container) -> int:
    """R's ``length(module)``."""
    return len(module)


def items(module: Container) -> dict[str, Any] | list[Any]:
    """R's ``as.list(module)``: named where the container is a dict."""
    return dict(module.items()) if hasattr(module, "items") else list(module)
