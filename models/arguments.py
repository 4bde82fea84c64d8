"""Checks of arguments that several files share; each error names the argument.

Tests: tests/models/training/test_fit.py.
"""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from numbers import Real
from typing import Any

import torch


def lookup(argument: str, name: Any, table: Mapping[str, Any]) -> Any:
    """The entry called `name`, or an error that lists the names there are."""
    if isinstance(name, str) and name in table:
        return table[name]
    valid = ", ".join(f'"{key}"' for key in table)
    if not isinstance(name, str):
        raise TypeError(f"{argument} must be a string, not {kind_of(name)}; it can be {valid}")
    raise ValueError(f'{argument} "{name}" is not known; it can be {valid}')


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
    name = type(value).__name__
    return "an object of R" if name == "RObject" else name


def dtype_name(dtype: torch.dtype) -> str:
    """A dtype as its users spell it: float32."""
    return str(dtype).removeprefix("torch.")


def positive(argument: str, value: Any) -> float:
    """`value` as a float, finite and above 0."""
    found = number(argument, value)
    if found == 0:
        raise ValueError(f"{argument} must be above 0")
    return found


def probability(argument: str, value: Any) -> float:
    """`value` as a float, at least 0 and below 1."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{argument} must be a number, not {value!r}")
    if not 0 <= float(value) < 1:
        raise ValueError(f"{argument} must be at least 0 and below 1, not {value!r}")
    return float(value)


def flag(argument: str, value: Any) -> bool:
    """`value`, which must be True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{argument} must be True or False, not {value!r}")
    return value


def whole_numbers(argument: str, values: Any, minimum: int) -> list[int]:
    """`values` as a list of ints; a single number is a list of one."""
    found: Any = [values] if isinstance(values, Real) else values
    if isinstance(found, str) or not isinstance(found, Sequence):
        raise TypeError(f"{argument} must be whole numbers, not {values!r}")
    return [whole_number(argument, value, minimum) for value in found]


def options(argument: str, value: Any) -> dict[str, Any]:
    """`value` as a dict of options by name; None is none."""
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise TypeError(f"{argument} must be options by name, not {value!r}")
    return dict(value)


@cache
def parameters_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's arguments, in order."""
    return tuple(inspect.signature(function).parameters)


def defaults_of(function: Any) -> dict[str, Any]:
    """Its arguments that have a default -> the default, which stands there and nowhere else."""
    return dict(_defaults(function))


@cache
def _defaults(function: Callable[..., Any]) -> tuple[tuple[str, Any], ...]:
    found = inspect.signature(function).parameters.items()
    return tuple((name, p.default) for name, p in found if p.default is not p.empty)


def check_options(
    argument: str, name: str, function: Callable[..., Any], given: Mapping[str, Any]
) -> None:
    """An error that names the first option of `name` that its function does not take."""
    valid = parameters_of(function)
    unknown = [option for option in given if option not in valid]
    if unknown:
        raise ValueError(
            f'{argument}: "{name}" has no option "{unknown[0]}"; it can have '
            + (", ".join(valid) or "none")
        )
