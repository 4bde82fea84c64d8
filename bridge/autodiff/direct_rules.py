"""R's rules as the native core reaches them, with no R code between.

Most operands need nothing of what rules.py sees to: they are floats of one shape, or one stands
beside a number. These go to PyTorch at once; all others to the rule.

Tests: test-autodiff-numeric.R, test-autodiff-index.R.
"""

from __future__ import annotations

import operator as op
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from torchbridge.autodiff import density_table, rules
from torchbridge.autodiff.missing import is_wary
from torchbridge.autodiff.rules import ARITHMETIC, MATH, arith, truth
from torchbridge.rtorch.operators import COMPARISON

_FLOATS = (torch.float64, torch.float32)
_ONE = (1,)
_OF_TRUTH = frozenset((*COMPARISON, "&", "|"))
_UNARY = {"neg": "-", "pos": "+", "!": "!"}
_SUMMARIES = ("sum", "prod", "max", "min")
_TESTS = ("is.na", "is.nan", "is.finite", "is.infinite")


def r_operator(name: str, x: Tensor | float, y: Tensor | float | None) -> object:
    """An R operator or function of tensors and single numbers that are not NA, one a tensor.

    `y` is None for ``neg``, ``pos`` and ``!``, for functions of the Math group that keep the shape
    or are cumulative, for ``sum``, ``prod``, ``max``, ``min``, ``mean``, ``t`` and ``is.na`` and
    its kin.

    Returns:
        The rule's value, or NotImplemented where R code must see to missing values.
    """
    if y is None:
        return _of_one(name, x)
    wary = is_wary()
    if not wary and _are_alike(x, y):
        direct = ARITHMETIC.get(name)
        if direct is not None:
            return direct(x, y)
        if name in COMPARISON:
            return truth(COMPARISON[name](x, y))
    if name == "%*%":
        return rules.matmul(x, y)
    if wary and name in _OF_TRUTH:
        return NotImplemented
    return arith(name, x, y)


def _are_alike(x: Tensor | float, y: Tensor | float) -> bool:
    """Floats of one shape on one device, or such a tensor and a number, be it of no dims."""
    if x.__class__ is not Tensor:
        return x.__class__ is float and y.__class__ is Tensor and y.dtype in _FLOATS
    if x.dtype not in _FLOATS:
        return False
    if y.__class__ is not Tensor:
        return y.__class__ is float
    if y.dtype not in _FLOATS or x.device != y.device:
        return False
    if x.shape == y.shape or not x.dim() or not y.dim():
        return True
    return x.dtype is y.dtype and _ONE in (x.shape, y.shape)


def _of_one(name: str, x: Any) -> object:
    if x.__class__ is Tensor:
        dtype = x.dtype
        if dtype in _FLOATS and not is_wary():
            direct = _DIRECT.get(name)
            if direct is not None:
                return direct(x)
        elif dtype is torch.bool and name == "!":
            return truth(~x)
    if name in _UNARY:
        return arith(_UNARY[name], x)
    if name in _SUMMARIES:
        return rules.summary(name, [x], False)
    if name in _TESTS:
        return rules.test(name, x)
    other = _OTHERS.get(name)
    return rules.math(name, x) if other is None else other(x)


_OTHERS: dict[str, Callable[..., Tensor]] = {
    "mean": rules.mean,
    "t": rules.transpose,
    "as.vector": rules.flat,
}

#: Of floats none of which is NaN among the data; as rules.math() has them.
_DIRECT: dict[str, Callable[[Tensor], object]] = {
    "neg": op.neg,
    "mean": torch.mean,
    "sum": torch.sum,
    "prod": torch.prod,
    "max": torch.amax,
    "min": torch.amin,
    "is.na": lambda x: truth(x.isnan()),
    **{
        name: MATH.get(name) or getattr(torch, name)
        for name in (
            *("abs", "sign", "sqrt", "exp", "expm1", "log", "log1p", "log2", "log10"),
            *("floor", "ceiling", "trunc", "round", "lgamma", "digamma", "gamma", "trigamma"),
            *("cos", "sin", "tan", "acos", "asin", "atan", "cosh", "sinh", "tanh"),
        )
    },
}


# ---- of any number of operands -------------------------------------------------------------


def r_rule(name: str, *given: Tensor | float | bytearray) -> object:
    """A rule of tensors without names, numbers, truth values and some doubles, as their bytes.

    Returns:
        Its value, or NotImplemented where R code must do it.
    """
    operands: list[Any] = [
        torch.frombuffer(x, dtype=torch.float64) if x.__class__ is bytearray else x for x in given
    ]
    rule = _RULES.get(name)
    if rule is not None:
        return rule(*operands)
    if name in density_table.TABLE:
        return _density(name, *operands)
    return r_operator(name, *operands)


def _density(name: str, *given: Any) -> object:
    n = 1 if name.startswith("d") else 2
    flags = given[-n:]
    if not all(flag.__class__ is bool for flag in flags):
        return NotImplemented  # R code says so
    return rules.density(name, True, list(given[:-n]), *flags)


def _extreme(name: str, *given: Any) -> object:
    x, y, na_rm = given[0], given[1], given[-1]
    two = len(given) == 3 and x.__class__ is Tensor and y.__class__ is Tensor
    if two and na_rm is False and not is_wary() and _are_alike(x, y):
        return (torch.minimum if name == "pmin" else torch.maximum)(x, y)
    return rules.extreme(name, list(given[:-1]), na_rm)


def _combine(*parts: Any) -> Tensor:
    for x in parts:
        if x.__class__ is not Tensor or x.dtype is not torch.float64 or x.dim() != 1:
            return rules.combine(list(parts))
    return torch.cat(rules.on_one_device(list(parts)))


_RULES: dict[str, Callable[..., object]] = {
    "c": _combine,
    "pmin": partial(_extreme, "pmin"),
    "pmax": partial(_extreme, "pmax"),
    "ifelse": rules.chosen,
    "matrix": lambda x, rows, columns, byrow: rules.array(x, [rows, columns], byrow),
    **{
        name: lambda x, na_rm, dims, name=name: rules.margins(name, x, na_rm, dims)
        for name in ("rowSums", "colSums", "rowMeans", "colMeans")
    },
}


def select(x: Tensor, dim: int, places: bytearray) -> Tensor:
    """The elements of a dim at positions from 0, which are int64."""
    at = torch.frombuffer(places, dtype=torch.int64)
    return x.index_select(dim, at if x.device.type == "cpu" else at.to(x.device))
