"""Columns as a caller gives them, as the tensors that a model takes; errors name the column.

Tests: tests/models/table/test_fit.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from torchbridge.arrays.array_library import without_index

from ..arguments import kind_of
from ..sparse import as_rows, is_sparse_matrix, with_values


@dataclass
class TableData:
    """The columns of a table, as of `fit_table`."""

    numeric: Any
    response: Any
    codes: Any = None
    weights: Any = None
    offset: Any = None
    strata: Any = None


def as_inputs_of(
    numeric: Any,
    codes: Any,
    dtype: str,
    shape: Sequence[int] | None,
    levels: Sequence[int] | None,
    prefix: str = "",
) -> tuple[Tensor, ...]:
    """What the module takes, checked against the shape of a row and the levels."""
    x = columns_of(f"{prefix}numeric", numeric, dtype)
    if x.ndim < 2:
        raise ValueError(f"{prefix}numeric must have shape (n, p), not {tuple(x.shape)}")
    if shape is not None and list(x.shape[1:]) != list(shape):
        raise ValueError(
            f"{prefix}numeric must have rows of shape {tuple(shape)}, not {tuple(x.shape[1:])}"
        )
    if codes is None:
        if levels:
            raise ValueError(f"{prefix}codes is missing: the model has {len(levels)} factors")
        return (x,)
    found = codes_within(f"{prefix}codes", codes, levels or [], 2)
    if len(found) != len(x):
        raise ValueError(f"{prefix}numeric has {len(x)} rows and codes has {len(found)}")
    return x, found


def columns_of(name: str, value: Any, dtype: str) -> Tensor:
    """Numeric columns in a dtype: those of a sparse matrix (SciPy's, torch's) stay sparse."""
    if not is_sparse_matrix(value):
        return numbers(name, value, dtype)
    found, target = as_rows(name, value), getattr(torch, dtype)
    return found if found.dtype == target else with_values(found, found.values().to(target))


def as_tensor(name: str, value: Any) -> Tensor:
    """A tensor of a tensor, a NumPy array or a pandas Series of numbers."""
    if is_sparse_matrix(value):
        raise TypeError(f"{name} must be dense: sparse matrices are for numeric")
    if isinstance(value, Tensor):
        return value.detach()
    value = without_index(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        # What pandas gives is read-only, and torch warns of that: np.require() copies it then.
        return torch.from_numpy(np.require(value, requirements=["C", "W"]))
    raise TypeError(
        f"{name} must be a torch tensor or a NumPy array of numbers, not {kind_of(value)}"
    )


def numbers(name: str, value: Any, dtype: str) -> Tensor:
    """The same in a dtype."""
    return as_tensor(name, value).to(getattr(torch, dtype))


def optional_numbers(name: str, value: Any, dtype: str) -> Tensor | None:
    """The same, or None."""
    return None if value is None else numbers(name, value, dtype)


def codes_within(name: str, value: Any, levels: Sequence[int], ndim: int) -> Tensor:
    """Integer codes, each column within its levels."""
    codes = as_tensor(name, value)
    if codes.is_floating_point() and not bool((codes == codes.round()).all()):
        raise TypeError(f"{name} must be integer codes from 0")
    codes = codes.long()
    if ndim == 1 and codes.ndim == 2 and codes.shape[1] == 1:
        codes = codes[:, 0]
    if codes.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dims, not {codes.ndim}")
    columns = codes[:, None] if ndim == 1 else codes
    if columns.shape[1] != len(levels):
        raise ValueError(f"{name} has {columns.shape[1]} columns, and n_levels {len(levels)}")
    for i, n in enumerate(levels):
        if len(columns) and not (0 <= int(columns[:, i].min()) <= int(columns[:, i].max()) < n):
            where = f" column {i}" if ndim == 2 else ""
            raise ValueError(f"{name}{where} holds codes outside 0 to {n - 1}")
    return codes
