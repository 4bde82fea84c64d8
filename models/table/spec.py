"""The spec of a model in a file: checked by itself, and then the weights against it.

Nothing is allocated for what a spec says before the tensors that come with it are found to fit:
the module is made without memory, on PyTorch's meta device.

Tests: tests/models/table/test_spec.py.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from torchbridge.saving.tensor_content import Content

from ..exact.links import find_link
from ..training.weights import check_weights
from .registry import MODELS

_DTYPES = ("float16", "bfloat16", "float32", "float64")
#: More than any table has of columns, outputs, levels or units.
_MOST = 2**31 - 1
#: Options may be lists that have nothing to do with layers, so long.
_FEW = 16


def is_size(x: object) -> bool:
    """A whole number that can be the size of something."""
    return type(x) is int and 0 <= x <= _MOST


def _are_sizes(x: object) -> bool:
    return isinstance(x, list | tuple) and len(x) <= 2**20 and all(is_size(n) for n in x)


def _optional(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda x: x is None or check(x)


def _is_flag(x: object) -> bool:
    return isinstance(x, bool)


def _are_options(x: object) -> bool:
    return isinstance(x, Mapping) and all(isinstance(name, str) for name in x)


def _is_link(x: object) -> bool:
    try:
        return isinstance(x, str) and bool(find_link(x))
    except ValueError:
        return False


#: What a spec may hold -> what it must be.
_KEYS: dict[str, Callable[[Any], bool]] = {
    "model": _optional(lambda x: isinstance(x, str) and x in MODELS),
    "model_options": _are_options,
    "inputs": _are_sizes,
    "n_levels": _optional(_are_sizes),
    "n_outputs": is_size,
    "n_classes": _optional(is_size),
    "dtype": lambda x: x in _DTYPES,
    "squeeze": _is_flag,
    "link": _optional(_is_link),
    "scale_input": _is_flag,
    "scale_output": _is_flag,
    "intercept": _is_flag,
    "coefficients": lambda x: _are_sizes(x) and len(x) == 2,
    "baseline": _is_flag,
    "shapes": lambda x: _are_options(x) and all(_are_sizes(shape) for shape in x.values()),
}
#: What every spec has, and what those of networks, of coefficients and of buffers have.
_ALL = ("model", "model_options", "inputs", "n_levels", "n_classes", "dtype")
_NETWORK = ("n_outputs", "squeeze", "link", "scale_input", "scale_output")
_COEFFICIENTS = ("n_outputs", "squeeze", "link", "intercept", "coefficients", "baseline")


def check_spec(spec: Mapping[str, Any]) -> None:
    """An error that names the first entry of a spec that is missing, unknown or out of range."""
    unknown = [key for key in spec if key not in _KEYS]
    if unknown:
        raise ValueError(f"spec: {unknown[0]!r} is not known")
    for key in _ALL:
        _check(spec, key)
    row = None if spec["model"] is None else MODELS[spec["model"]]
    if row is None or not row.exact:
        needed: Sequence[str] = _NETWORK
    else:
        needed = _COEFFICIENTS if row.takes_response else ("shapes",)
    for key in needed:
        _check(spec, key)
    if row is not None and not row.exact and len(spec["inputs"]) != row.n_dims:
        raise ValueError(f"spec: inputs is {spec['inputs']!r}")


def _check(spec: Mapping[str, Any], key: str) -> None:
    if key not in spec:
        raise ValueError(f"spec: {key} is missing")
    if not _KEYS[key](spec[key]):
        raise ValueError(f"spec: {key} is {_shown(spec[key])}")


def _shown(x: object) -> str:
    text = repr(x)
    return text if len(text) < 80 else f"{text[:76]} ..."


def load_module(make: Callable[[], nn.Module], spec: Mapping[str, Any], weights: Content) -> Any:
    """The module of a spec, with its weights.

    Args:
        make: makes the module of the spec; called where tensors take no memory.
        weights: whose header must have the module's names, shapes and dtypes.

    Raises:
        ValueError: the spec describes no module, or another than the weights are of.
    """
    if _n_layers(spec) > max(_FEW, len(weights.entries)):
        raise ValueError("the weights are of another model: it has more layers than there are")
    try:
        with torch.device("meta"):
            module = make()
    except (TypeError, ValueError, RuntimeError, OverflowError, LookupError) as error:
        raise ValueError(f"spec: it describes no model ({first_line(error)})") from error
    check_weights(module, weights)
    module.load_state_dict(weights.tensors(), assign=True)
    return module


def _n_layers(spec: Mapping[str, Any]) -> int:
    """At least so many layers, each with weights of its own; making them takes time and memory."""
    options = spec["model_options"]
    lists = (spec["n_levels"], *options.values())
    layers = options.get("layers", 0)
    return max(
        layers if isinstance(layers, int) else 0,
        *(len(value) for value in lists if isinstance(value, list | tuple)),
        0,
    )


def first_line(error: Exception) -> str:
    """What an error says, without where in PyTorch it comes from."""
    return (str(error).splitlines() or [type(error).__name__])[0]
