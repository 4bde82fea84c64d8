"""Columns as NumPy has them: what a formula is computed of, beside pandas' data frames.

Tests: tests/models/table/test_streamed_table.py.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa


class Column:
    """A column of a `Columns`: a `Factor` or `Numbers`."""

    @property
    def factor(self) -> "Factor":
        """It as a factor: what it holds as text."""
        raise NotImplementedError

    def head(self, n: int) -> "Column":
        """The first n rows."""
        raise NotImplementedError


class Factor(Column):
    """Text, or what is like it.

    Args:
        codes: of each row the place of its word, -1 where it is missing.
        words: different ones.
    """

    def __init__(self, codes: np.ndarray, words: Sequence[str]) -> None:
        self.codes, self.words = codes, list(words)

    @property
    def factor(self) -> "Factor":
        """As of `Column`."""
        return self

    def head(self, n: int) -> "Factor":
        """As of `Column`."""
        return Factor(self.codes[:n], self.words)


class Numbers(Column):
    """Numbers, of an Arrow array of integers, floating-point numbers or nothing."""

    def __init__(self, array: pa.Array) -> None:
        self.array = array

    @cached_property
    def values(self) -> np.ndarray:
        """In float64, NaN where they are missing."""
        array = self.array
        if array.null_count and not pa.types.is_floating(array.type):
            array = array.cast(pa.float64(), safe=False)
        return array.to_numpy(zero_copy_only=False).astype(float, copy=False)

    @cached_property
    def factor(self) -> Factor:
        """As of `Column`; NaN is missing."""
        found = self.array.dictionary_encode()
        values = found.dictionary.to_pylist()
        words = [str(x) for x in values if x == x]
        places = np.cumsum([x == x for x in values], dtype=np.int64) - 1
        places[[x != x for x in values]] = -1
        codes = found.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return Factor(np.append(places, -1)[codes], words)

    def head(self, n: int) -> "Numbers":
        """As of `Column`."""
        return Numbers(self.array[:n])


class Columns:
    """The columns of some rows, by name."""

    def __init__(self, n_rows: int, columns: Mapping[str, Column]) -> None:
        self.n_rows, self._columns = n_rows, columns
        self.columns = list(columns)

    def __len__(self) -> int:
        return self.n_rows

    def __getitem__(self, name: str) -> Column:
        return self._columns[name]

    def head(self, n: int) -> "Columns":
        """The first n rows."""
        columns = {name: column.head(n) for name, column in self._columns.items()}
        return Columns(min(n, self.n_rows), columns)

    @property
    def index(self) -> pd.Index:
        """As of a data frame: the numbers of the rows."""
        return pd.RangeIndex(self.n_rows)


#: What a formula is computed of.
Frame: TypeAlias = pd.DataFrame | Columns
