"""Checks of arguments that several files share; each error names the argument."""

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import torch


def lookup(argument: str, name: Any, table: Mapping[str, Any]) -> Any:
    """The entry called `name`, or an error that lists the names there are."""
    if not isinstance(name, str):
        raise TypeError(f"{argument} must be a string, not {kind_of(name)}")
    if name not in table:
        valid = ", ".join(f'"{key}"' for key in table)
        raise ValueError(f'{argument} "{name}" is not known; it can be {valid}')
    return table[name]


def whole_number(argument: str, value: Any, minimum: int | None = None) -> int:
    """`value` as an int. R's plain numbers are doubles, so 100.0 is taken as 100."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value != int(value):
        raise TypeError(f"{argument} must be a whole number, not {value!r}")
    if minimum is not None and value < minimum:
        raise ValueError(f"{argument} must be at least {minimum}, not {value!r}")
    return int(value)


def number(argument: str, value: Any) -> float:
    """`value` as a float, finite and not negative."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{argument} must be a number, not {value!r}")
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{argument} must be finite and not negative, not {value!r}")
    return float(value)


def kind_of(value: Any) -> str:
    """What an error calls a value of the wrong type."""
    return type(value).__name__


def dtype_name(dtype: torch.dtype) -> str:
    """A dtype as its users spell it: float32."""
    return str(dtype).removeprefix("torch.")
