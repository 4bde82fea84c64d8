"""Modules in safetensors files: how one made of PyTorch's own layers is made again.

A description names classes of ``torch.nn`` and their arguments, which are read off the
attributes of the layers. It is used only where the module made from it is the same: same
text, same names and shapes. Modules with code of their own have no description.

Tests: test-save-files.R, tests/saving/test_saved_modules.py.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn

from torchbridge.rtorch import layers, modules, registration, rnn_names
from torchbridge.saving import names
from torchbridge.saving.files import Tensors
from torchbridge.saving.tensor_content import parsed

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_PLAIN = (bool, int, float, str, type(None))
#: Arguments that say how many layers a layer makes.
_COUNTS = ("num_layers", "num_encoder_layers", "num_decoder_layers")


def describe(module: nn.Module) -> str | None:
    """What `build` makes the module from (JSON), or None where nothing can."""
    try:
        parts = _describe(module)
        if parts is None or not _same(_made(parts, len(module.state_dict())), module):
            return None
    except Exception:  # any layer may ask for what its attributes do not say
        return None
    return json.dumps(
        {
            "layers": parts,
            "frozen": [n for n, p in module.named_parameters() if not p.requires_grad],
            "evaluating": [n for n, m in module.named_modules() if not m.training],
        }
    )


def build(description: str, state: Tensors) -> nn.Module:
    """The module of a description, with the tensors of its ``state_dict``.

    Raises:
        ValueError: they make no module.
    """
    try:
        parts = parsed(description)
        module = _made(parts["layers"], len(state))
        found = rnn_names.python_names(module, dict(state))
        if found.keys() != module.state_dict().keys():
            raise ValueError("the tensors have other names")
        # Not strict: of a name with a dot PyTorch thinks that it is in a submodule.
        module.load_state_dict(found, strict=False, assign=True)
        frozen, evaluating = set(parts["frozen"]), set(parts["evaluating"])
    except Exception as error:  # any layer may refuse its arguments in a way of its own
        raise ValueError("the description and the tensors of a module make no module") from error
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(name not in frozen)
    for name, part in module.named_modules():
        part.training = name not in evaluating
    return module


def _describe(module: nn.Module) -> dict[str, Any] | None:
    cls = type(module)
    if getattr(nn, cls.__name__, None) is not cls:
        return None
    if isinstance(module, CONTAINERS):
        children = [(name, _describe(child)) for name, child in module.named_children()]
        if any(child is None for _, child in children):
            return None
        return {"class": cls.__name__, "children": children}
    arguments = {}
    for parameter in layers.signature(cls):
        name = parameter.name
        if name in ("device", "dtype") or not hasattr(module, name):
            continue
        value = getattr(module, name)
        if isinstance(value, torch.Tensor):
            value = True  # bias = TRUE has become the bias
        elif value is None and parameter.default is True:
            value = False
        if not _is_plain(value):
            return None
        # Defaults say nothing, and an older PyTorch may not know the argument.
        if type(value) is not type(parameter.default) or value != parameter.default:
            arguments[name] = value
    return {"class": cls.__name__, "arguments": arguments}


def _is_plain(value: object) -> bool:
    return isinstance(value, _PLAIN) or (
        isinstance(value, (tuple, list)) and all(isinstance(v, _PLAIN) for v in value)
    )


def _made(parts: dict[str, Any], n_tensors: int) -> nn.Module:
    """The module, on no device: it takes no memory, and no random numbers.

    Args:
        n_tensors: how many tensors its state has. A layer of several layers has some for each.
    """
    if sum(_counted(parts)) > n_tensors:
        raise ValueError("there are more layers than the file has tensors")
    return _assembled(parts)


def _counted(parts: dict[str, Any]) -> Iterator[int]:
    """What the descriptions say of numbers of layers."""
    for _, child in parts.get("children", ()):
        yield from _counted(child)
    given = parts.get("arguments", {})
    yield from (max(0, given[name]) for name in _COUNTS if isinstance(given.get(name), int))


def _assembled(parts: dict[str, Any]) -> nn.Module:
    cls = names.layer_of_nn(parts["class"])
    if "children" in parts:
        if cls not in CONTAINERS:
            raise TypeError(f"torch.nn.{parts['class']} is no container")
        made = cls()
        for name, child in parts["children"]:
            registration.put(made, "module", name, _assembled(child))
        return made
    arguments = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in parts["arguments"].items()
    }
    if not all(_is_plain(value) for value in arguments.values()):
        raise TypeError(f"the arguments of torch.nn.{parts['class']} are no plain data")
    if "bias" not in [parameter.name for parameter in layers.signature(cls)]:
        arguments.pop("bias", None)  # a newer PyTorch's; the names of the tensors say the same
    with torch.device("meta"):
        return cls(**arguments)


def _same(made: nn.Module, module: nn.Module) -> bool:
    return (
        repr(made) == repr(module)
        and _shapes(made) == _shapes(module)
        # What is not in the state would be lost, what is shared would not be any more.
        and len(list(module.buffers())) == _in_state(module, module.named_buffers())
        and len(list(module.parameters())) == len(_all_parameters(module))
        and len(list(module.modules())) == len(list(made.modules()))
    )


def _shapes(module: nn.Module) -> dict[str, torch.Size]:
    return {name: x.shape for name, x in module.state_dict().items()}


def _in_state(module: nn.Module, named: Iterable[tuple[str, torch.Tensor]]) -> int:
    state = module.state_dict()
    return sum(name in state for name, _ in named)


def _all_parameters(module: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return list(module.named_parameters(remove_duplicate=False))


# ---- modules that are written in R: what Python has of them ----


def own(module: nn.Module, in_r: bool) -> dict[str, Any]:
    """What belongs to a module itself, its submodules apart.

    Raises:
        TypeError: its class is written in Python, or it has an attribute that is no data.
    """
    cls = type(module)
    if not in_r and cls not in CONTAINERS:
        raise TypeError(f"the code of the Python class {cls.__name__} cannot be saved")
    attributes, plain = {}, {}
    for name, value in vars(module).items():
        if name.startswith("_") or name == "training":
            continue
        if isinstance(value, torch.Tensor):
            attributes[name] = value
        elif _is_plain(value):
            plain[name] = value
        else:
            raise TypeError(f"the attribute `{name}` of a {cls.__name__} is no data")
    buffers = {name: x for name, x in module._buffers.items() if x is not None}
    return {
        "class": cls.__name__,
        "parameters": {name: x for name, x in module._parameters.items() if x is not None},
        "buffers": buffers,
        "passing": [name for name in buffers if name in module._non_persistent_buffers_set],
        "attributes": attributes,
        "plain": json.dumps(plain),
        "training": module.training,
    }


def container(name: str) -> nn.Module:
    """An empty container of modules."""
    cls = names.layer_of_nn(name)
    if cls not in CONTAINERS:
        raise TypeError(f"torch.nn.{name} is no container")
    return cls()


def fill(
    module: nn.Module,
    parameters: Tensors,
    buffers: Tensors,
    passing: str | list[str],
    attributes: Tensors,
    plain: str,
) -> None:
    """Give a module just made what `own` found."""
    if not all(
        isinstance(x, dict | list | str) for x in (parameters, buffers, attributes, passing)
    ):
        raise ValueError("the parts of a saved module are missing")
    for name, value in dict(parameters).items():
        registration.put(module, "parameter", name, value)
    passing = [passing] if isinstance(passing, str) else passing
    for name, value in dict(buffers).items():
        registration.put(module, "buffer", name, value, name not in passing)
    for name, value in dict(attributes).items():
        names.set_attribute(module, name, value)
    for name, value in parsed(plain).items():
        data: Any = tuple(value) if isinstance(value, list) else value
        if not _is_plain(data):
            raise TypeError(f"the attribute `{name}` is no plain data")
        names.set_attribute(module, name, data)


def set_training(module: nn.Module, training: bool) -> None:
    """The mode of the module itself: its parts have theirs."""
    module.training = training


# ---- modules that R's torch has written ----


def layer(name: str, arguments: dict[str, Any], state: Tensors) -> nn.Module:
    """A layer of torch.nn from the arguments that R's torch had for it.

    Args:
        name: of the class.
        arguments: R's, by name: counted from 1, and NULL where Python has a default of its own.
        state: its tensors, by R's names.

    Raises:
        ValueError: they make no layer.
    """
    cls, tensors = names.layer_of_nn(name), dict(state)
    try:
        with torch.device("meta"):
            module = layers.make(name, **_known(cls, dict(arguments), len(tensors)))
        found = _unscaled(module) | rnn_names.python_names(module, tensors)
        if found.keys() != module.state_dict().keys():
            raise ValueError("the tensors have other names")
        module.load_state_dict(found, strict=False, assign=True)
    except Exception as error:  # any layer may refuse its arguments in a way of its own
        raise ValueError(f"the fields and tensors of a {name} make none: {error}") from error
    for path, parameter in module.named_parameters():
        parameter.requires_grad_(path not in tensors or found[path].requires_grad)
    return module


def _unscaled(module: nn.Module) -> dict[str, torch.Tensor]:
    """Weights of 1 for norms of transformers without bias, which have none in R's torch."""
    return {
        (f"{path}." if path else "") + f"{name}.weight": torch.ones(norm.normalized_shape)
        for path, part in module.named_modules()
        for name, norm in part.named_children()
        if isinstance(part, nn.TransformerEncoderLayer) and isinstance(norm, nn.LayerNorm)
    }


def initialize_base(module: nn.Module, arguments: dict[str, Any]) -> None:
    """The same for a module whose class in R inherits from a layer; without its tensors."""
    assert isinstance(module, modules.RModule)
    with torch.device("meta"):
        modules.initialize_base(module, **_known(module._r_base, dict(arguments), 1000))


def _known(cls: type[nn.Module], arguments: dict[str, Any], n_tensors: int) -> dict[str, Any]:
    """Arguments that Python's class has, without NULL where it wants a value."""
    if any(
        isinstance(arguments.get(n), (int, float)) and arguments[n] > n_tensors for n in _COUNTS
    ):
        raise ValueError("there are more layers than tensors")
    signature = {p.name: p for p in layers.signature(cls)}
    return {
        name: value
        for name, value in arguments.items()
        if name in signature and (value is not None or _takes_none(signature[name]))
    }


def _takes_none(parameter: inspect.Parameter) -> bool:
    kind = layers.annotation(parameter)
    return parameter.default is None or "None" in kind or "Optional" in kind


def fill_state(module: nn.Module, parameters: Tensors, buffers: Tensors) -> None:
    """Give a module written in R its own parameters and buffers, by their names in R."""
    for kind, values in (("parameter", dict(parameters)), ("buffer", dict(buffers))):
        for name, x in values.items():
            value = nn.Parameter(x.detach(), x.requires_grad) if kind == "parameter" else x
            registration.put(module, kind, rnn_names.python_name(module, name), value)
