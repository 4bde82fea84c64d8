"""The columns of a data frame of numbers and text, as numbers: for scikit-learn's estimators.

Tests: tests/models/table/test_estimators.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd


def has_text(x: Any) -> bool:
    """Is it a data frame (pandas', polars', ...) with columns that are not numbers?"""
    if not hasattr(x, "columns") or not hasattr(x, "__getitem__"):
        return False
    return any(not _is_numeric(column) for column in _as_pandas(x).values())


def named(frame: Any) -> pd.DataFrame:
    """As many columns of these names: not each scikit-learn knows the names of polars' frames."""
    return pd.DataFrame(columns=list(frame.columns), index=range(len(frame)))


class FrameColumns:
    """How the columns of one data frame become a matrix, for others like it.

    Text, categories and truth values become a column for each level but the first (as R's treatment
    contrasts); numbers stay one column.

    Args:
        frame: the data frame to learn levels from.
    """

    def __init__(self, frame: Any) -> None:
        self.levels: dict[str, list[Any] | None] = {}
        for name, column in _as_pandas(frame).items():
            self.levels[name] = None if _is_numeric(column) else _levels(name, column)

    def matrix(self, frame: Any) -> np.ndarray:
        """The numbers, float64 of shape (n, p); NaN where numbers are missing."""
        columns = _as_pandas(frame)
        blocks = [self._block(name, columns) for name in self.levels]
        return np.concatenate(blocks, 1)

    def _block(self, name: str, columns: Mapping[str, pd.Series]) -> np.ndarray:
        column, levels = columns[name], self.levels[name]
        if levels is None:
            if not _is_numeric(column):
                raise ValueError(f'X: column "{name}" was numeric in fit, and is not')
            return column.to_numpy(float, na_value=np.nan)[:, None]
        values = _texts(name, column)
        new = sorted(set(values) - set(levels))
        if new:
            raise ValueError(f'X: column "{name}" has the new level "{new[0]}"')
        return (values.to_numpy()[:, None] == np.array(levels[1:], object)).astype(float)


def _as_pandas(frame: Any) -> dict[str, pd.Series]:
    if isinstance(frame, pd.DataFrame):
        return {name: frame.iloc[:, i] for i, name in enumerate(frame.columns)}
    return {name: pd.Series(frame[name].to_numpy()) for name in frame.columns}


def _is_numeric(column: pd.Series) -> bool:
    if column.dtype == object:  # polars' lists of numbers and None, numbers read as objects
        return pd.api.types.infer_dtype(column, skipna=True) in ("integer", "floating", "boolean")
    return pd.api.types.is_numeric_dtype(column)


def _levels(name: str, column: pd.Series) -> list[str]:
    """The levels: the categories' order, else sorted."""
    values = set(_texts(name, column))
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [str(level) for level in column.cat.categories if str(level) in values]
    return sorted(values)


def _texts(name: str, column: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_timedelta64_dtype(column):
        raise TypeError(f'X: column "{name}" holds times: make numbers of them')
    if column.isna().any():
        raise ValueError(f'X: column "{name}" has missing values')
    return column.astype(object).map(str)
