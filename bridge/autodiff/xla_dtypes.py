"""What the rows of XLA's table share: names of dtypes, and the error of what has no row.

Tests: tests/autodiff/test_xla_operators.py.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import torch

Array = Any


class UnknownOperator(ValueError):
    """An operator that has no row, or has none for what it is called with."""


def as_dtype(dtype: torch.dtype) -> Any:
    """NumPy's name of a dtype."""
    return jnp.dtype(str(dtype).removeprefix("torch."))
