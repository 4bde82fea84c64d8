"""Probability distributions of ``torch.distributions`` as R calls them (``distr_*``).

R's numbers become tensors of the default dtype, so that a vector is one distribution for each
of its elements; the categories of a categorical distribution count from 1.

Tests: test-tensor-distributions.R.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import distributions

from torchbridge.values.protocols import RValue

#: Arguments that PyTorch wants as ints, by class; elsewhere a whole number is a parameter.
_INTS = {
    "Multinomial": {"total_count"},
    "LKJCholesky": {"dim"},
    "Independent": {"reinterpreted_batch_ndims"},
}
#: Here a number beside a matrix would be a batch of one.
_OF_MATRICES = {"LKJCholesky", "Wishart"}


def make(name: str, arguments: dict[str, RValue]) -> distributions.Distribution:
    """The distribution of the class ``name`` with R's arguments."""
    ints = _INTS.get(name, set())
    values = {
        key: _int(value, key) if key in ints else _operand(value)
        for key, value in arguments.items()
        if value is not None
    }
    if name not in _OF_MATRICES:  # R's numbers are vectors of one element
        values = {
            key: torch.tensor([value]) if isinstance(value, float) else value
            for key, value in values.items()
        }
    values.setdefault("validate_args", False)  # as R's torch: NaN comes of NaN, and no error
    made: distributions.Distribution = getattr(distributions, name)(**values)
    return made


def draw(x: distributions.Distribution, method: str, shape: RValue) -> torch.Tensor:
    """``sample()`` or ``rsample()`` of the shape ``shape`` and that of one draw."""
    if method == "rsample" and not x.has_rsample:
        raise NotImplementedError(
            f"{type(x).__name__} has no rsample(): gradients do not pass through its draws; "
            "sample() draws without"
        )
    sizes = [] if shape is None else shape if isinstance(shape, (list, tuple)) else [shape]
    drawn = getattr(x, method)(torch.Size(_int(size, "sample_shape") for size in sizes))
    return _from_one(x, drawn)


def of_value(x: distributions.Distribution, method: str, value: Any) -> torch.Tensor:
    """``log_prob(value)``, ``cdf(value)`` or ``icdf(value)``."""
    value = _operand(value)
    if not isinstance(value, torch.Tensor):
        value = torch.tensor(value, dtype=torch.get_default_dtype())
    if method != "icdf" and isinstance(x, distributions.Categorical):
        value = value - 1
        if not bool(x.support.check(value).all()):  # it has no probability to give
            last = x.param_shape[-1]
            raise ValueError(f"value must be whole numbers within the support, 1 to {last}")
    found: torch.Tensor = getattr(x, method)(value)
    return found


def support(x: distributions.Distribution, expand: bool) -> torch.Tensor:
    """Every value of a discrete distribution, along the first dim."""
    return _from_one(x, x.enumerate_support(expand))


def kl_divergence(p: distributions.Distribution, q: distributions.Distribution) -> torch.Tensor:
    """Kullback-Leibler divergence of ``q`` from ``p``, where PyTorch has its formula."""
    return distributions.kl_divergence(p, q)


def expand(x: distributions.Distribution, batch_shape: RValue) -> distributions.Distribution:
    """As many distributions as ``batch_shape`` says."""
    sizes = batch_shape if isinstance(batch_shape, (list, tuple)) else [batch_shape]
    expanded: distributions.Distribution = x.expand(
        torch.Size(_int(size, "batch_shape") for size in sizes)
    )
    return expanded


def attribute(x: distributions.Distribution, name: str) -> RValue:
    """A property such as ``mean``; ``event_shape`` of numbers is None, ``mode`` counts from 1."""
    value = getattr(x, name)
    if isinstance(value, torch.Size):
        return value if value or name != "event_shape" else None
    return _from_one(x, value) if name == "mode" else value


def class_name(x: distributions.Distribution) -> str:
    """The name of its class, such as Normal."""
    return type(x).__name__


def text(x: distributions.Distribution) -> str:
    """What R prints."""
    return repr(x)


def _operand(value: Any) -> Any:
    """R's numbers as a tensor of the default dtype; one number stays one."""
    if isinstance(value, (torch.Tensor, distributions.Distribution, bool, str)):
        return value
    if isinstance(value, (int, float)):
        return float(value)
    return torch.as_tensor(value, dtype=torch.get_default_dtype())


def _int(value: RValue, name: str) -> int:
    if isinstance(value, torch.Tensor):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise TypeError(f"{name}: expected a whole number, not {value!r}")
    return int(value)


def _from_one(x: distributions.Distribution, value: torch.Tensor) -> torch.Tensor:
    return value + 1 if isinstance(x, distributions.Categorical) else value
