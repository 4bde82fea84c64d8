"""Means and standard deviations of a design's columns, in one pass that does not know its levels.

A term's columns are those of each combination of its factors' levels: a number (or 1) in the rows
that have it and 0 in the others. Of each combination that comes up the pass keeps count, mean and
sum of squares; they are put together by Chan, Golub and LeVeque (1983, The American Statistician
37).

Tests: tests/models/table/test_streamed_table.py.
"""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from .formula import Layout

#: As of `networks.scaling.moments`: a column that is constant but for rounding.
_CONSTANT = 1e-12


class Moments:
    """Count, mean and sum of squared differences from it, of numbers that come in parts."""

    def __init__(self, n: float = 0, mean: float = 0.0, squares: float = 0.0) -> None:
        self.n, self.mean, self.squares = n, mean, squares

    def merge(self, n: float, mean: float, squares: float) -> "Moments":
        """With those of another part."""
        total = self.n + n
        if n:
            apart = mean - self.mean
            self.squares += squares + apart * apart * self.n * n / total
            self.mean += apart * n / total
            self.n = total
        return self

    def take(self, values: np.ndarray) -> "Moments":
        """With these numbers."""
        if len(values) == 0:
            return self
        mean = float(values.mean())
        return self.merge(len(values), mean, float(np.square(values - mean).sum()))

    @property
    def mean_and_sd(self) -> tuple[float, float]:
        """The standard deviation (n - 1) is 1 where the numbers are all alike."""
        sd = float(np.sqrt(self.squares / max(self.n - 1, 1)))
        return self.mean, 1.0 if sd <= _CONSTANT * abs(self.mean) else sd


class TermMoments:
    """Those of a term, of each combination of levels.

    Args:
        parts: its expressions.
        factors: which of them are factors.
        dtype: what the design is rounded to before it is used.
    """

    def __init__(self, parts: Sequence[str], factors: set[str], dtype: str) -> None:
        self.numbers = [part for part in parts if part not in factors]
        self.factors = [part for part in parts if part in factors]
        self.dtype = dtype
        self.found: dict[tuple[str, ...], Moments] = {}

    def take(
        self,
        numbers: Mapping[str, np.ndarray],
        codes: Mapping[str, np.ndarray],
        words: Mapping[str, Sequence[str]],
        n: int,
    ) -> None:
        """With n more rows: the numbers of expressions, the codes of factors, and their words."""
        values = np.ones(n)
        for part in self.numbers:
            values = values * numbers[part]
        values = values.astype(self.dtype).astype(float)
        if not self.factors:
            self.found.setdefault((), Moments()).take(values)
            return
        sizes = [len(words[part]) for part in self.factors]
        group = np.ravel_multi_index([codes[part] for part in self.factors], sizes)
        counts = np.bincount(group)
        present = np.flatnonzero(counts)
        means = np.zeros(len(counts))
        means[present] = np.bincount(group, values)[present] / counts[present]
        squares = np.bincount(group, np.square(values - means[group]))
        for place in present:
            at = [int(i) for i in np.unravel_index(place, sizes)]
            key = tuple(words[part][i] for part, i in zip(self.factors, at, strict=True))
            self.found.setdefault(key, Moments()).merge(counts[place], means[place], squares[place])

    def of(self, levels: Mapping[str, str], n: float) -> Moments:
        """Those of the column of these levels, of n rows."""
        key = tuple(levels[part] for part in self.factors)
        inside = self.found.get(key, Moments())
        return Moments(n - inside.n).merge(inside.n, inside.mean, inside.squares)


def design_moments(
    layout: Layout, terms: Mapping[tuple[str, ...], TermMoments], n: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column of a layout's design, of n rows."""
    found = []
    for block in layout.blocks():
        moments = terms[tuple(part for part, _ in block)]
        factors = [(part, shown) for part, shown in reversed(block) if shown is not None]
        for words in product(*(shown for _, shown in factors)):  # the first runs fastest
            levels = {part: word for (part, _), word in zip(factors, words, strict=True)}
            found.append(moments.of(levels, n).mean_and_sd)
    mean, sd = np.array(found, float).reshape(-1, 2).T
    return mean, sd
