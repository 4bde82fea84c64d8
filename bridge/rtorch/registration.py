"""Parameters, buffers and submodules under any name that R torch allows: also one with dots.

nn.Module refuses a dot in a name, for its paths have them. What it keeps is a dict all the same,
and its lists, states and copies work on any name.

Tests: tests/rtorch/test_registration.py.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

_KINDS = {"parameter": "_parameters", "buffer": "_buffers", "module": "_modules"}


def put(module: nn.Module, kind: str, name: str, value: Any, persistent: bool = True) -> None:
    """Give a module a "parameter", "buffer" or "module" of this name, or None under it.

    Raises:
        TypeError: the value is of another kind.
        KeyError: the name is empty, or the module has something else under it.
    """
    free = name.replace(".", "_") if "." in name else name
    scratch = nn.Module() if free != name else module
    if kind == "parameter":
        if isinstance(value, torch.Tensor) and not isinstance(value, nn.Parameter):
            value = nn.Parameter(value)
        scratch.register_parameter(free, value)
    elif kind == "buffer":
        scratch.register_buffer(free, value, persistent=persistent)
    else:
        scratch.add_module(free, value)
    if scratch is not module:  # checked by PyTorch: now under the name itself
        for place in _KINDS.values():
            getattr(module, place).pop(name, None)
        getattr(module, _KINDS[kind])[name] = getattr(scratch, _KINDS[kind])[free]
    if kind == "buffer":
        passing = module._non_persistent_buffers_set
        (passing.discard if persistent else passing.add)(name)


def put_value(module: nn.Module, name: str, value: Any) -> None:
    """What ``setattr()`` does with a parameter, buffer or module."""
    if "." not in name:
        nn.Module.__setattr__(module, name, value)
    elif isinstance(value, nn.Module):
        put(module, "module", name, value)
    elif isinstance(value, nn.Parameter):
        put(module, "parameter", name, value)
    else:
        put(module, "buffer", name, value, getattr(value, "persistent", True))
