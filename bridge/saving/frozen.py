"""What ``saveRDS()`` keeps of the Python objects that R holds, and what ``readRDS()`` makes of it.

The native core (values/saved.c) asks for the bytes of an object when R writes its handle, and
gives them back when a handle that was read is first used. Kept are

- tensors and modules of ``torch.nn``'s own classes: as bytes of safetensors (`files`);
- modules written in R, and containers of modules: what Python has of them as bytes, beside
  it, as R values, their R half and their submodules, each with bytes of its own;
- functions and classes of torch and torchbridge, dtypes and devices: by name.

Of anything else the bytes say why it is not kept. Reading them runs no code that is in
them: they name only attributes of torch and torchbridge.

Tests: test-save-frozen.R.
"""

from __future__ import annotations

import json
import warnings
import weakref
from typing import Any

import torch
from torch import nn

from torchbridge.process import host
from torchbridge.rtorch import modules, registration
from torchbridge.saving import files, module_trees, names, saved_modules

_DAMAGED = "this saved Python object is damaged"

Shared = weakref.WeakValueDictionary[str, torch.Tensor]


def freeze(x: object) -> tuple[bytes, dict[str, Any] | None]:
    """The bytes of an object, and what R writes beside them (of modules; else None)."""
    try:
        tree, tensors, parts = _frozen(x)
        tree["places"] = {name: _place(value) for name, value in tensors.items()}
        return files.dumps(tree, tensors), parts
    except Exception as error:  # R's own work goes on; using what was saved says why it fails
        why = {"kind": "gone", "why": _reason(x, error), "places": {}}
        return files.dumps(why, {}), None


def new_shared() -> Shared:
    """What the handles that were written together have in common: tensors by their memory."""
    return weakref.WeakValueDictionary()


def thaw(data: bytes, parts: Any, shared: Shared) -> Any:
    """The object of these bytes.

    Raises:
        ValueError: they are damaged, or say why the object was not kept.
        UnknownName: they name what a file may not name.
    """
    # Else R would not know a tensor from another object.
    host.native().set_tensor_type(torch.Tensor)
    content = _loaded(data)
    tree = content["value"]
    if tree["kind"] == "gone":
        raise ValueError(tree["why"])
    try:
        return _thawed(tree, content["tensors"], parts, shared)
    except names.UnknownName:
        raise
    except (LookupError, AttributeError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(_DAMAGED) from error


def _thawed(
    tree: dict[str, Any], found: dict[str, torch.Tensor], parts: Any, shared: Shared
) -> Any:
    if tree["kind"] == "name":
        return names.named(*tree["name"])
    if tree["kind"] == "device":
        return torch.device(tree["name"])
    tensors = {name: shared.setdefault(tree["places"][name], x) for name, x in found.items()}
    if tree["kind"] == "tensor":
        return tensors["value"]
    if not isinstance(parts, dict):
        raise ValueError("this saved module has lost its parts")
    return _module(tree["module"], tensors, parts)


def _loaded(data: bytes) -> dict[str, Any]:
    try:
        content = files.loads(data, None)
        if not isinstance(content["value"], dict) or not {"kind", "places"} <= set(
            content["value"]
        ):
            raise ValueError("what it is is not said")
        return content
    except ValueError as error:
        raise ValueError(f"{_DAMAGED}: {error}") from error
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        content = files.loads(data, "cpu")
        reason = str(error).splitlines()[0]
        warnings.warn(f"a saved tensor is on the CPU now: {reason}", stacklevel=2)
        return content


def _frozen(
    x: object,
) -> tuple[dict[str, Any], dict[str, torch.Tensor], dict[str, Any] | None]:
    if isinstance(x, torch.Tensor):
        return {"kind": "tensor"}, {"value": x}, None
    if isinstance(x, nn.Module):
        return _frozen_module(x)
    if isinstance(x, torch.device):
        return {"kind": "device", "name": str(x)}, {}, None
    place = names.named_as(x)
    if place is None:
        raise TypeError("only tensors, modules and what torch has by name can be saved")
    return {"kind": "name", "name": place}, {}, None


def _frozen_module(
    x: nn.Module,
) -> tuple[dict[str, Any], dict[str, torch.Tensor], dict[str, Any]]:
    tensors: dict[str, torch.Tensor] = {}
    parts: dict[str, Any] = {"half": modules.half_in_r(x)}
    in_r = isinstance(x, modules.RModule)
    if in_r or type(x) in saved_modules.CONTAINERS:
        tree = {"class": None if in_r else type(x).__name__, **module_trees.own(x, "", tensors)}
        parts["children"] = dict(x.named_children())
    else:
        tree = module_trees.tree_of(x, "", tensors)
    return {"kind": "module", "module": tree}, tensors, parts


def _module(
    tree: dict[str, Any], tensors: dict[str, torch.Tensor], parts: dict[str, Any]
) -> nn.Module:
    half = parts["half"]
    if half is not None:
        half = host.native().helper("saved_half").call(half)
    if "children" not in parts:
        module = module_trees.made(tree, "", tensors)
    elif tree["class"] is None:
        module = modules.create(half("class"), half)
    else:
        module = saved_modules.container(tree["class"])
    if half is not None:
        modules.revive(module, half)
    if "children" in parts:
        with modules.without_fields(module):
            module_trees.fill(module, tree, "", tensors)
            for name, child in dict(parts["children"]).items():
                registration.put(module, "module", name, child)
    return module


def _place(x: torch.Tensor) -> str:
    """The same for tensors that are one: of the same kind, over the same memory."""
    return json.dumps([*map(str, files.place(x)), isinstance(x, nn.Parameter), x.requires_grad])


def _reason(x: object, error: Exception) -> str:
    kind = f"{type(x).__module__}.{type(x).__qualname__}".removeprefix("builtins.")
    text = f"this Python object ({kind}) is from another R session, which could not save it"
    advice = "make it again"
    if isinstance(x, (torch.Tensor, nn.Module)):
        text += f": {error}"
        if isinstance(x, nn.Module):
            advice = "make it again and load its `$state_dict()`, which can be saved"
    elif hasattr(x, "state_dict"):
        advice = "make it again and load its `$state_dict()`, which can be saved"
    return f"{text}; {advice}"
