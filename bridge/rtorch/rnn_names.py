"""The names of a recurrent layer's parameters: R torch counts layers from 1, PyTorch from 0.

``weight_ih_l1`` is in R the first layer's, in Python the second's. States that R gives and files
that R writes have R's names; what is loaded may have either's: that of layer 0 tells.

Tests: tests/rtorch/test_rnn_names.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from torch import nn

T = TypeVar("T")

_LAYER = re.compile(r"((?:weight|bias)_(?:ih|hh|hr)_l)(\d+)(_reverse)?")


def r_names(module: nn.Module, values: Mapping[str, T], prefix: str = "") -> dict[str, T]:
    """Values by the paths of a module's tensors, by R's paths."""
    layers = _recurrent(module)
    return {_shifted(name, layers, prefix, 1): value for name, value in values.items()}


def python_names(module: nn.Module, values: Mapping[str, T]) -> dict[str, T]:
    """And back; those of a layer that has Python's names stay."""
    layers = {path for path in _recurrent(module) if not _has_layer_0(path, values)}
    return {_shifted(name, layers, "", -1): value for name, value in values.items()}


def r_name(module: nn.Module, name: str) -> str:
    """R's name of a module's own parameter."""
    return _moved(name, 1) if isinstance(module, nn.RNNBase) else name


def python_name(module: nn.Module, name: str) -> str:
    """Python's name of a module's own parameter; one that is Python's alone (layer 0) stays."""
    return _moved(name, -1) if isinstance(module, nn.RNNBase) else name


def _recurrent(module: nn.Module) -> set[str]:
    found = module.named_modules(remove_duplicate=False)
    return {name for name, part in found if isinstance(part, nn.RNNBase)}


def _has_layer_0(path: str, names: Iterable[str]) -> bool:
    start = f"{path}." if path else ""
    return any(f"{start}{kind}_ih_l0" in names for kind in ("weight", "bias"))


def _shifted(name: str, layers: set[str], prefix: str, by: int) -> str:
    if not layers or not name.startswith(prefix):
        return name
    path, dot, last = name[len(prefix) :].rpartition(".")
    return prefix + path + dot + _moved(last, by) if path in layers else name


def _moved(name: str, by: int) -> str:
    found = _LAYER.fullmatch(name)
    if found is None or int(found[2]) + by < 0:
        return name
    return f"{found[1]}{int(found[2]) + by}{found[3] or ''}"
