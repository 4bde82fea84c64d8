"""Modules of torch.nn's own classes as JSON and tensors, and made again from them.

A node of the tree names a class of ``torch.nn.modules`` and what `saved_modules.describe`
says of it, or else its attributes: what its constructor left there, as `nn.Module.__dict__`
has it. No constructor runs on what a file says but those of torch's layers; attributes are plain
data, and have no name that a class of the module has (`names.set_attribute`).

Tests: test-save-frozen.R.
"""

from __future__ import annotations

import inspect
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from torchbridge.rtorch import registration
from torchbridge.saving import names, saved_modules

#: What JSON holds.
Json: TypeAlias = None | bool | int | float | str | list[Any] | dict[str, Any]


def tree_of(module: nn.Module, prefix: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
    """A module with all below it; its tensors are put into `tensors`, by name."""
    cls = type(module)
    if not cls.__module__.startswith("torch.nn.modules.") or names.named_as(cls) is None:
        raise TypeError(f"the code of the Python class {cls.__name__} cannot be saved")
    description = None if _is_container(module) else saved_modules.describe(module)
    if description is not None:
        state = module.state_dict(keep_vars=True)
        tensors.update({prefix + name: x for name, x in state.items()})
        return {"layer": description, "state": list(state)}
    return {
        "class": names.named_as(cls),
        **own(module, prefix, tensors),
        "children": [
            [name, tree_of(child, f"{prefix}{name}.", tensors)]
            for name, child in module.named_children()
        ],
    }


def made(tree: dict[str, Any], prefix: str, tensors: dict[str, Tensor]) -> nn.Module:
    """The module of a tree."""
    if "layer" in tree:
        state = {name: tensors[prefix + name] for name in tree["state"]}
        return saved_modules.build(tree["layer"], state)
    cls = names.layer_named(*tree["class"])
    module = cls.__new__(cls)
    nn.Module.__init__(module)
    fill(module, tree, prefix, tensors)
    for name, child in tree["children"]:
        registration.put(module, "module", name, made(child, f"{prefix}{name}.", tensors))
    return module


def own(module: nn.Module, prefix: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
    """What belongs to a module itself, its submodules apart."""
    attributes = {
        name: value
        for name, value in vars(module).items()
        if name not in names.COMMON and not name.startswith("_r_")
    }
    held: dict[str, dict[str, torch.Tensor]] = {
        "parameters": {n: x for n, x in module._parameters.items() if x is not None},
        "buffers": {n: x for n, x in module._buffers.items() if x is not None},
        "tensors": {n: x for n, x in attributes.items() if isinstance(x, torch.Tensor)},
    }
    for values in held.values():
        tensors.update({prefix + name: x for name, x in values.items()})
    return {
        **{kind: list(values) for kind, values in held.items()},
        "empty": [
            [n for n, x in found.items() if x is None]
            for found in (module._parameters, module._buffers)
        ],
        "passing": sorted(module._non_persistent_buffers_set),
        "attributes": {
            name: _encoded(name, value)
            for name, value in attributes.items()
            if name not in held["tensors"]
        },
        "training": module.training,
    }


def fill(module: nn.Module, tree: dict[str, Any], prefix: str, tensors: dict[str, Tensor]) -> None:
    """Give a module just made what `own` found."""
    for name, value in tree["attributes"].items():
        names.set_attribute(module, name, _decoded(value))
    for name in tree["parameters"]:
        registration.put(module, "parameter", name, tensors[prefix + name])
    for name in tree["buffers"]:
        passing = name in tree["passing"]
        registration.put(module, "buffer", name, tensors[prefix + name], not passing)
    for name in tree["tensors"]:
        names.set_attribute(module, name, tensors[prefix + name])
    for name in tree["empty"][0]:
        registration.put(module, "parameter", name, None)
    for name in tree["empty"][1]:
        registration.put(module, "buffer", name, None)
    module.training = bool(tree["training"])
    weight = next(module.parameters(recurse=False), None)
    if isinstance(module, nn.RNNBase) and weight is not None:
        module.to(weight.device)  # finds its weights


def _is_container(module: nn.Module) -> bool:
    return isinstance(module, saved_modules.CONTAINERS)


def _encoded(name: str, value: object) -> Json:
    """As JSON; what is not a scalar has its kind beside it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return [type(value).__name__, [_encoded(name, part) for part in value]]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return ["dict", [[key, _encoded(name, part)] for key, part in value.items()]]
    if isinstance(value, torch.dtype):
        return ["name", ["torch", str(value).removeprefix("torch.")]]
    if isinstance(value, torch.device):
        return ["device", str(value)]
    place = names.named_as(value)
    if place is None or inspect.isclass(value):
        raise TypeError(f"the attribute `{name}` is no data")
    return ["name", list(place)]


def _decoded(value: Json) -> Any:
    if not isinstance(value, list):
        return value
    kind, content = value
    if kind == "name":
        return names.function_named(*content)
    if kind == "device":
        return torch.device(content)
    if kind == "dict":
        return {key: _decoded(part) for key, part in content}
    collection = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind]
    return collection(_decoded(part) for part in content)
