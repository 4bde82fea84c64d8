"""Scaling as layers: it travels with the weights, so that a saved network takes raw columns.

Tests: tests/models/networks/test_scaling.py, tests/models/table/test_fit.py.
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


#: Numbers that are taken at once: as doubles they stay in a processor's cache.
_BLOCK, _BLOCK_OF_GPU = 2**18, 2**23


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each column, in float64, in one pass by blocks of rows."""
    if len(x) == 0:
        raise ValueError("x has no rows")
    if is_sparse(x):
        return _sparse_moments(x)
    size = _BLOCK if x.device.type == "cpu" else _BLOCK_OF_GPU
    blocks = x.detach().split(max(1, size // max(1, x.shape[1])))
    mean, squares = x.new_zeros(2, x.shape[1], dtype=torch.float64)
    room = torch.empty_like(blocks[0], dtype=torch.float64)
    n = 0
    for block in blocks:
        # Each block's own moments, put together with those before (Chan, Golub and LeVeque, 1983).
        k = len(block)
        values = room[:k].copy_(block)
        own = values.sum(0) / k
        values -= own
        difference = own - mean
        n += k
        mean += difference * (k / n)
        squares += values.square_().sum(0)
        squares += difference.square_() * (k * (n - k) / n)
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
