"""Scaling as layers: it travels with the weights, so that a saved network takes raw columns.

Tests: tests/models/table/test_fit.py.
"""

import torch
from torch import Tensor, nn


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

    def forward(self, x: Tensor) -> Tensor:
        """Rows to rows."""
        return (x - self.mean) / self.sd


class Unstandardize(Standardize):
    """The inverse, for a response: x * sd + mean."""

    def forward(self, x: Tensor) -> Tensor:
        """Rows to rows."""
        return x * self.sd + self.mean


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each column, in float64, block by block of rows."""
    n, total = len(x), x.new_zeros(x.shape[1], dtype=torch.float64)
    blocks = x.split(65536)
    for block in blocks:
        total += block.double().sum(0)
    mean = total / n
    squares = torch.zeros_like(total)
    for block in blocks:
        squares += (block.double() - mean).square().sum(0)
    sd = (squares / max(n - 1, 1)).sqrt()
    constant = sd <= 1e-12 * mean.abs()
    return mean, torch.where(constant, torch.ones_like(sd), sd)
