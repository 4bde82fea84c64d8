"""The table of R's density and distribution functions on tensors: one row each.

A row is entered by `in_r` above a formula, in densities.py and distribution_functions.py. From it
``make document`` writes R's function (R/gen-densities.R), and R's call finds the formula here.

Parameters come to a formula as tensors of one shape, in R's order but for what `Density` says;
then the flags: of a density `log`, of the others `lower` and `log`.

Values that a formula must not see (a log of 0) are replaced before it, and its result after it:
only so are the gradients at the edges those of what stands there, not NaN. Most likelihoods never
come near an edge: a row's `ordinary` is the same to the bit without these steps, on parameters as
they come (one number may stand for all, also one of Python's), and None where a look at the values
says that it is not for them.

Tests: tests/generators/test_densities.py
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, where
from torch.fx.experimental.proxy_tensor import get_proxy_mode

#: A function of tensors of one shape and flags, whose number and names differ by formula.
Formula: TypeAlias = Callable[..., Tensor]

#: What an ordinary formula takes: tensors of one shape or of none, and numbers.
Operand: TypeAlias = "Tensor | float"

#: A formula for values that are not at an edge; None where some are.
Ordinary: TypeAlias = Callable[..., "Tensor | None"]


@dataclass(frozen=True)
class Density:
    """A function of R's on tensors.

    Attributes:
        formula: its value.
        arguments: R's arguments but for the flags, and their defaults as R code, None where there
            is none. `ncp` is not for tensors; of `rate` and `scale`, the formula takes the scale.
            Empty where R's function is written by hand.
        ordinary: the same value in fewer steps, where no argument is at an edge.
    """

    formula: Formula
    arguments: dict[str, str | None]
    ordinary: Ordinary | None = None

    @property
    def of_tensors(self) -> list[str]:
        """R's arguments that the formula takes."""
        without = {"ncp", "rate"} if "scale" in self.arguments else {"ncp"}
        return [name for name in self.arguments if name not in without]


#: R's name -> the row.
TABLE: dict[str, Density] = {}


def in_r(signature: str = "", ordinary: Ordinary | None = None) -> Callable[[Formula], Formula]:
    """A decorator that enters a formula into the table under its name.

    Args:
        signature: R's arguments as R writes them, but for the flags at the end, which each kind
            has alike; empty where R's function is written by hand.
        ordinary: `Density.ordinary`.

    Raises:
        TypeError: the formula does not take these arguments.
    """
    parts = [part.partition(" = ") for part in signature.split(", ")] if signature else []
    arguments = {name: default or None for name, _, default in parts}

    def enter(formula: Formula) -> Formula:
        name = formula.__name__
        row = Density(formula, arguments, ordinary)
        flags = 1 if name.startswith("d") else 2
        if arguments and len(inspect.signature(formula).parameters) - flags != len(row.of_tensors):
            raise TypeError(f"{name}: the formula must take {row.of_tensors} and {flags} flags")
        TABLE[name] = row
        return formula

    return enter


def ordinary_value(name: str, arguments: Sequence[Operand], flags: Sequence[bool]) -> Tensor | None:
    """A row's value where no argument is at an edge; None where one is, or nobody may look."""
    ordinary = TABLE[name].ordinary
    if ordinary is None or not _may_look(arguments):
        return None
    return ordinary(*arguments, *flags)


@contextmanager
def for_any_values() -> Iterator[None]:
    """Within, formulas are those of all arguments: what they do can be done to any others."""
    global _for_any  # noqa: PLW0603
    before, _for_any = _for_any, True
    try:
        yield
    finally:
        _for_any = before


_for_any = False


def _may_look(arguments: Sequence[Operand]) -> bool:
    """Has each a value now, to branch on, at no cost of waiting?"""
    if _for_any:
        return False
    for x in arguments:
        if isinstance(x, float):
            continue
        if type(x) not in (Tensor, torch.nn.Parameter) or not x.is_cpu:
            return False
        if not x.is_floating_point():
            return False
    if get_proxy_mode() is not None or torch._C._get_tracing_state() is not None:
        return False
    return torch._C._functorch.peek_interpreter_stack() is None


# ---- what formulas share -------------------------------------------------------------------


def every(condition: Tensor | bool) -> bool:
    """Do all elements hold?"""
    return condition if isinstance(condition, bool) else bool(condition.all())


def as_tensor(x: Operand) -> Tensor:
    """A number as a tensor of no dims."""
    return x if isinstance(x, Tensor) else torch.tensor(x, dtype=torch.float64)


def standardised(x: Operand, location: Operand, scale: Operand) -> Tensor:
    """(x - location) / scale, without the steps that change no bit."""
    if location.__class__ is not float or location != 0:
        x = x - location
    return as_tensor(x if scale.__class__ is float and scale == 1 else x / scale)


def log_of(x: Operand) -> Operand:
    """The logarithm, to the bit that of a tensor."""
    return 0.0 if x.__class__ is float and x == 1 else as_tensor(x).log()


def finite(value: Tensor, log: bool) -> Tensor | None:
    """A log density's `result` where all are finite: of most, where no argument is at an edge."""
    total = value.detach().sum()
    return result(value, log) if bool(total - total == 0) else None


def with_slopes(value: Tensor, like: Tensor) -> Tensor:
    """value with the derivatives of `like`: of the same function, not as exact but simpler."""
    return value + (like - like.detach())


def result(log_density: Tensor, log: bool) -> Tensor:
    """The density, or its logarithm where that is asked for."""
    return log_density if log else log_density.exp()


def nan_where(condition: Tensor, *values: Tensor, otherwise: Tensor) -> Tensor:
    """NaN for parameters out of range, and wherever an argument is NaN."""
    for value in values:
        condition = condition | value.isnan()
    return where(condition, math.nan, otherwise)
