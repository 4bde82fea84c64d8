"""Sparse patterns by rows, beside sets."""

from __future__ import annotations

import numpy as np

from torchbridge.autodiff import supports
from torchbridge.autodiff.supports import Support

RNG = np.random.default_rng(3)


def _random(size: int, q: int) -> tuple[Support, list[set[int]]]:
    sets = [set(map(int, RNG.integers(0, q, RNG.integers(0, 4)))) for _ in range(size)]
    rows = [i for i, found in enumerate(sets) for _ in found]
    variables = [v for found in sets for v in found]
    return supports.of_pairs(np.array(rows, int), np.array(variables, int), size), sets


def _sets(support: Support) -> list[set[int]]:
    parts = np.split(support.variables, support.starts[1:-1])
    return [set(map(int, part)) for part in parts]


def test_rows_are_taken_stacked_gathered_and_united() -> None:
    a, of_a = _random(20, 7)
    b, of_b = _random(20, 9)
    assert _sets(a) == of_a
    elements = RNG.integers(0, 20, 33)
    assert _sets(supports.taken(a, elements)) == [of_a[i] for i in elements]
    assert _sets(supports.stacked([a, supports.none(2), b])) == of_a + [set(), set()] + of_b
    assert _sets(supports.union([a, b])) == [x | y for x, y in zip(of_a, of_b, strict=True)]
    owners = RNG.integers(0, 5, 33)
    known: list[set[int]] = [set() for _ in range(5)]
    for element, owner in zip(elements, owners, strict=True):
        known[owner] |= of_a[element]
    assert _sets(supports.gathered(a, elements, owners, 5)) == known


def test_pairs_are_those_that_meet() -> None:
    a, of_a = _random(20, 7)
    b, of_b = _random(20, 9)
    known = {(i, j) for x, y in zip(of_a, of_b, strict=True) for i in x for j in y}
    first, second = supports.pairs(a, b)
    assert len(first) == len(known)
    assert set(zip(first.tolist(), second.tolist(), strict=True)) == known
    assert supports.products(a, b) == sum(len(x) * len(y) for x, y in zip(of_a, of_b, strict=True))
    assert len(supports.pairs(supports.none(4), supports.none(4))[0]) == 0
