"""The module of a fit that has coefficients.

Tests: tests/models/table/test_fit.py.
"""

import torch
from torch import Tensor, nn


class LinearPredictor(nn.Module):
    """`x b'`, and an intercept where there is one: the module of an exact fit, in float64."""

    coefficients: Tensor

    def __init__(self, n_outputs: int, n_coefficients: int, intercept: bool) -> None:
        super().__init__()
        self.intercept = intercept
        shape = (n_outputs, n_coefficients)
        self.register_buffer("coefficients", torch.zeros(shape, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """Linear predictors, shape (n, outputs)."""
        if not self.intercept:
            return x @ self.coefficients.T
        return x @ self.coefficients[:, 1:].T + self.coefficients[:, 0]
