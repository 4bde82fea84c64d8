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

from torchbridge.rtorch import layers, registration, rnn_names
from torchbridge.rtorch.modules import RModule, keep
from torchbridge.rtorch.operators import as_dtype
from torchbridge.values.protocols import RValue

if TYPE_CHECKING:
    from torchbridge.arrays.protocols import Device, TorchDType

#: nn.Sequential, nn.ModuleList and their kin; which of them takes what, PyTorch says.
Container: TypeAlias = Any

#: Parameters and buffers whose size is not known yet.
_LAZY = (UninitializedParameter, UninitializedBuffer)
#: What a layer counts for itself: states that R torch wrote may lack it.
_COUNTED = ("num_batches_tracked",)


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
    """Parameters by name; of the module itself (``recursive=False``), under each of its names."""
    found = module.named_parameters(recurse=recursive, remove_duplicate=recursive)
    return rnn_names.r_names(module, dict(found))


def buffers(module: nn.Module, recursive: bool = True) -> dict[str, torch.Tensor]:
    """Buffers by name, likewise."""
    return dict(module.named_buffers(recurse=recursive, remove_duplicate=recursive))


def children(module: nn.Module) -> dict[str, nn.Module]:
    """Submodules by name: one that has two names, under both."""
    return {name: child for name, child in module._modules.items() if child is not None}


def modules(module: nn.Module) -> dict[str, nn.Module]:
    """A module (named "") and all below it, by name."""
    return dict(module.named_modules())


def member_names(module: nn.Module) -> list[str]:
    """The names of parameters, buffers and submodules of a module itself."""
    own = [rnn_names.r_name(module, name) for name in module._parameters]
    return [*own, *module._buffers, *module._modules]


def own_part(module: nn.Module, part: str) -> Any:
    """R's ``private$modules_``, ``private$parameters_`` and the like."""
    if part == "training":
        return module.training
    if part == "passing":
        return sorted(module._non_persistent_buffers_set)
    if part == "modules":
        return children(module)
    return parameters(module, False) if part == "parameters" else buffers(module, False)


def options(module: nn.Module) -> dict[str, Any]:
    """What else a module itself was told, by name: values as they are, objects as their text."""
    plain = (bool, int, float, str, type(None))
    return {
        name: value if isinstance(value, plain) else repr(value)
        for name, value in sorted(vars(module).items())
        if not name.startswith("_")
    }


def set_part(module: nn.Module, part: str, values: Any) -> None:
    """And ``private$modules_ <- values``: these are all of them now."""
    if part == "training":
        module.train(values)
        return
    if part == "passing":
        names = [values] if isinstance(values, str) else list(values or ())
        module._non_persistent_buffers_set = set(names)
        return
    kind = part.removesuffix("s")
    if values and not isinstance(values, dict):
        raise TypeError(f"`private${part}_` must be a named list")
    held = getattr(module, f"_{part}")
    for name in list(held):
        del held[name]
    for name, value in (values or {}).items():
        register(module, kind, name, value)


def state_dict(module: nn.Module, prefix: str, keepvars: bool) -> dict[str, Any]:
    """R's ``$state_dict()``: detached, but they say whether their tensor has a gradient."""
    state = dict(module.state_dict(prefix=prefix, keep_vars=True))
    if not keepvars:
        state = {name: _detached(x) for name, x in state.items()}
    return rnn_names.r_names(module, state, prefix)


def _detached(x: Any) -> Any:
    if not isinstance(x, torch.Tensor) or isinstance(x, _LAZY):
        return x
    return x.detach().requires_grad_(x.requires_grad)


def load_state_dict(
    module: nn.Module, state: RValue, strict: bool | None = None, refer: bool = False
) -> None:
    """R's ``$load_state_dict()``: nothing changes unless everything fits.

    Args:
        strict: are names an error that the module does not have (True), and may some of its own
            be missing (False)? None: neither, and what PyTorch counts itself need not be there.
        refer: do its parameters become the tensors of the state, instead of copies?
    """
    if not isinstance(state, dict) and not (isinstance(state, list) and not state):
        raise TypeError("`state_dict` must be a named list of tensors, each name once")
    given = {
        key: value if _is_state(key, value) else _as_tensor(key, value)
        for key, value in dict(state).items()
    }
    given = rnn_names.python_names(module, given)
    ours = module.state_dict(keep_vars=True)
    counted = () if strict else _COUNTED
    missing = [key for key in ours if key not in given and not key.endswith(counted or "\0")]
    unknown = [key for key in given if key not in ours] if strict else []
    if strict is not False and (missing or unknown):
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
        if mine.shape == value.shape:
            continue
        if mine.numel() != 1 or value.numel() != 1:
            raise ValueError(
                f'`state_dict` does not fit: "{key}" has shape {_shape(value)}, '
                f"the module's {_shape(mine)}"
            )
        # R has no vector of no dims: a state that went through arrays, or was R torch's own, has
        # counters of shape (1).
        given[key] = value.reshape(mine.shape)
    if refer:
        _refer(module, given, ours)
    else:
        module.load_state_dict({key: given[key] for key in given if key in ours}, strict=False)


def _refer(module: nn.Module, given: dict[str, Any], ours: dict[str, Any]) -> None:
    """The tensors of a state become a module's own, wherever it has them."""
    needs = {key: x.requires_grad for key, x in ours.items() if isinstance(x, torch.Tensor)}
    for path, part in module.named_modules():
        for held in (part._parameters, part._buffers):
            for name, mine in held.items():
                key = f"{path}.{name}" if path else name
                if mine is None or key not in given or key not in ours:
                    continue
                value = given[key]
                if isinstance(mine, nn.Parameter) and not isinstance(value, nn.Parameter):
                    value = nn.Parameter(value.detach(), requires_grad=needs[key])
                held[name] = value.requires_grad_(needs[key])
        if isinstance(part, nn.RNNBase):
            part._init_flat_weights()


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
    keep(value)
    registration.put(module, kind, rnn_names.python_name(module, name), value, persistent)


def apply(module: nn.Module, function: Callable[[nn.Module], None]) -> None:
    """R's ``$apply()``: of every submodule, then of the module itself."""
    module.apply(function)


def apply_tensors(module: nn.Module, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """R's ``$.apply()``: of every parameter and buffer, which becomes what the function gives."""
    module._apply(function)


def clone(module: nn.Module, deep: bool) -> nn.Module:
    """R's ``$clone()``: a copy with parameters of its own (`deep`), or with the same ones."""
    if deep:
        return copy.deepcopy(module)
    new = module._r_copy() if isinstance(module, RModule) else copy.copy(module)
    for held in ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set"):
        new.__dict__[held] = copy.copy(module.__dict__[held])
    if isinstance(new, RModule):
        new._r_own_submodules()
    return new


def summary(module: nn.Module) -> dict[str, Any]:
    """What printing a module needs."""
    return {
        "total": _count(module),
        "class": _class_name(module),
        "modules": [
            {"name": name, "class": _class_name(child), "parameters": _count(child)}
            for name, child in module.named_children()
        ],
        "parameters": _tensors(rnn_names.r_names(module, module._parameters)),
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
        registration.put(result, "module", name or str(place), module)
    return result


def container(kind: str, values: dict[str, Any] | list[Any]) -> nn.Module:
    """R's ``nn_module_list``, ``nn_module_dict``, ``nn_parameter_list``, ``..._dict``."""
    for value in values.values() if isinstance(values, dict) else values:
        keep(value)
    made: nn.Module = getattr(nn, kind)(values if values else None)
    return made


def item(module: Container, position: float) -> object:
    """R's ``module[[i]]``: of any module that has submodules, the i-th of them."""
    if not hasattr(module, "__len__"):
        module = list(module._modules.values())
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
    for value in chosen:
        keep(value)
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
        most = f"a place from 1 to {n} (or -1, the last)" if n else "left out: there are none"
        raise IndexError(f"subscript out of bounds: `i` must be {most}, not {position:g}")
    return int(position) - 1 if position > 0 else int(position)


def size(module: Container) -> int:
    """R's ``length(module)``."""
    return len(module)


def items(module: Container) -> dict[str, Any] | list[Any]:
    """R's ``as.list(module)``: named where the container is a dict."""
    return dict(module.items()) if hasattr(module, "items") else list(module)
