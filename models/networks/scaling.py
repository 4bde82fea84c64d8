"""Scaling as layers: it travels with the weights, so that a saved network takes raw columns.

Tests: tests/models/table/test_fit.py.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..sparse import is_sparse, with_values


class Standardize(nn.Module):
    """(x - mean) / sd, column by column, with constants learned from data once."""

    mean: Tensor
    sd: Tensor

    def __init__(self, n_columns: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_columns))
        self.register_buffer("sd", torch.ones(n_columns))

    def learn(self, x: Tensor) -> "Standardize":
        """Take mean and standard deviation (n - 1) of these rows; a constant column keeps 1."""
        mean, sd = moments(x)
        self.mean.copy_(mean)
        self.sd.copy_(sd)
        return self

    def forward(self, x: Tensor) -> Any:
        """Rows to rows; of a sparse tensor `ScaledRows`, which a linear layer takes."""
        if is_sparse(x):
            return ScaledRows(x, self.mean, self.sd)
        return (x - self.mean) / self.sd


class ScaledRows:
    """(x - mean) / sd of a sparse x, which is not sparse, and is not made.

    A linear layer of it is one of x, over sd, and a constant: `F.linear` of one gives that.
    """

    def __init__(self, x: Tensor, mean: Tensor, sd: Tensor) -> None:
        self.x, self.mean, self.sd = x, mean, sd

    def linear(self, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """What `F.linear` of the dense matrix would be."""
        scaled = with_values(self.x, self.x.values() / self.sd[self.x.col_indices()])
        constant = -(weight @ (self.mean / self.sd))
        return F.linear(scaled, weight) + (constant if bias is None else constant + bias)

    def __add__(self, other: Tensor) -> Tensor:
        """Beside rows as wide as these, which are dense: a residual block's input."""
        return (self.x.to_dense() - self.mean) / self.sd + other

    @classmethod
    def __torch_function__(
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if function is F.linear and isinstance(args[0], cls):
            return args[0].linear(*args[1:], **(kwargs or {}))
        name = getattr(function, "__name__", "this")
        raise TypeError(f"x is sparse, and {name} is no linear layer: the first layer must be one")


class Unstandardize(Standardize):
    """The inverse, for a response: x * sd + mean."""

    def forward(self, x: Tensor) -> Tensor:
        """Rows to rows."""
        return x * self.sd + self.mean


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each column, in float64, block by block of rows."""
    if is_sparse(x):
        return _sparse_moments(x)
    n, total = len(x), x.new_zeros(x.shape[1], dtype=torch.float64)
    blocks = x.split(65536)
    for block in blocks:
        total += block.double().sum(0)
    mean = total / n
    squares = torch.zeros_like(total)
    for block in blocks:
        squares += (block.double() - mean).square().sum(0)
    sd = (squares / max(n - 1, 1)).sqrt()
    return mean, _without_constants(mean, sd)


def _sparse_moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """The same of stored values, and of the zeros that are not."""
    n, columns, values = len(x), x.col_indices().long(), x.values().double()
    nothing = values.new_zeros(x.shape[1])
    mean = nothing.index_add(0, columns, values) / n
    squares = nothing.index_add(0, columns, (values - mean[columns]).square())
    stored = nothing.index_add(0, columns, torch.ones_like(values))
    sd = ((squares + (n - stored) * mean.square()) / max(n - 1, 1)).sqrt()
    return mean, _without_constants(mean, sd)


def _without_constants(mean: Tensor, sd: Tensor) -> Tensor:
    """1 for a column that has no deviation."""
    return torch.where(sd <= 1e-12 * mean.abs(), torch.ones_like(sd), sd)
