"""On which of q variables each element of a tensor depends: a sparse pattern, by rows.

``Support(starts, variables)`` says that element i depends on
``variables[starts[i]:starts[i + 1]]``, in order and none twice. All is done for all elements at
once, in NumPy.

Tests: tests/autodiff/test_supports.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Indices: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Support:
    """The variables of each of m elements."""

    starts: Indices
    variables: Indices

    @property
    def size(self) -> int:
        """How many elements there are."""
        return len(self.starts) - 1

    @property
    def counts(self) -> Indices:
        """How many variables each has."""
        return np.diff(self.starts)

    @property
    def rows(self) -> Indices:
        """The element of each of `variables`."""
        return np.repeat(np.arange(self.size), self.counts)


def of_pairs(rows: Indices, variables: Indices, size: int) -> Support:
    """Of (element, variable) in any order, perhaps several times."""
    q = int(variables.max()) + 1 if len(variables) else 1
    keys = np.unique(rows * q + variables)
    counts = np.bincount(keys // q, minlength=size)
    return Support(np.concatenate(([0], np.cumsum(counts))).astype(np.int64), keys % q)


def none(size: int) -> Support:
    """Of elements that depend on nothing."""
    return Support(np.zeros(size + 1, np.int64), np.zeros(0, np.int64))


def stacked(parts: list[Support]) -> Support:
    """The elements of all, one after another."""
    counts = np.concatenate([part.counts for part in parts])
    starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return Support(starts, np.concatenate([part.variables for part in parts]))


def taken(support: Support, elements: Indices) -> Support:
    """Elements by their numbers, in that order."""
    counts = support.counts[elements]
    starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    at = np.arange(starts[-1]) + np.repeat(support.starts[elements] - starts[:-1], counts)
    return Support(starts, support.variables[at])


def gathered(support: Support, elements: Indices, owners: Indices, size: int) -> Support:
    """`size` elements, each the union of those of `elements` that it owns."""
    found = taken(support, elements)
    return of_pairs(owners[found.rows], found.variables, size)


def union(parts: list[Support]) -> Support:
    """Element by element, of supports of one size."""
    if len(parts) == 1 or all(part is parts[0] for part in parts):
        return parts[0]
    rows = np.concatenate([part.rows for part in parts])
    return of_pairs(rows, np.concatenate([part.variables for part in parts]), parts[0].size)


def products(a: Support, b: Support) -> int:
    """How many pairs of variables meet in an element."""
    return int((a.counts * b.counts).sum())


def pairs(a: Support, b: Support) -> tuple[Indices, Indices]:
    """The pairs of a variable of `a` and one of `b` that meet in some element, each once."""
    met = taken(b, a.rows)
    first = np.repeat(a.variables, met.counts)
    q = int(max(first.max(initial=0), met.variables.max(initial=0))) + 1
    keys = np.unique(first * q + met.variables)
    return keys // q, keys % q
