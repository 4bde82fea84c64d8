"""The cross product of a formula's columns, by sums over the rows of each level.

Two indicator columns multiply to how often their levels meet, one and a column of numbers to the
sum of these over a level: a pass over the rows for each pair of terms, where the columns
themselves would cost one for each pair of columns.

Tests: tests/models/exact/test_terms.py.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from .design import all_one
from .terms import TermRows


class _Indicators(NamedTuple):
    """Indicators of a code, times a number less its centre: where their sums stand.

    Attributes:
        code: which of the layout's.
        part: which of its cells has the number; None is 1.
        center: what is taken from it.
        columns: of the sums.
    """

    code: int
    part: int | None
    center: float
    columns: slice

    def times(self, rows: TermRows, weights: Tensor) -> Tensor:
        """These weights times the number."""
        number = None if self.part is None else rows.times[self.part]
        return weights if number is None else weights * (number - self.center)


class CellSums:
    """`[1 x z]' W [1 x z]`, where x are columns of terms less their shift.

    The sums are those of numbers and of indicators; what stands for each level comes last. Numbers
    are taken from what they are in the mean of the first rows, so that squares keep their digits.

    Args:
        first: the first rows.
        shift: what is taken from each of the p columns.
    """

    def __init__(self, first: TermRows, shift: Tensor) -> None:
        self._layout, self._shift = first.layout, shift
        self._beside = 2 + len(self._layout.plain)  # 1, the numbers, z
        self._indicators: list[_Indicators] = []
        size = self._beside
        for code, of in enumerate(self._layout.codes):
            levels = math.prod(of.levels)
            parts = [
                k for k, part in enumerate(self._layout.cells) if part.code == code and part.numbers
            ]
            for part in (None, *parts):
                number = None if part is None else first.times[part]
                center = 0.0 if number is None else float(number.mean())
                columns = slice(size, size + levels)
                self._indicators.append(_Indicators(code, part, center, columns))
                size += levels
        self._sums = torch.zeros(size, size, dtype=torch.float64, device=shift.device)

    def add(self, rows: TermRows, weights: Tensor, z: Tensor) -> None:
        """Rows, their weights and their right side."""
        shift = self._shift[self._layout.plain_at]
        beside = z.new_empty(self._beside, len(z))
        beside[0], beside[-1] = 1.0, z
        torch.sub(rows.plain, shift[:, None], out=beside[1:-1])
        weighted = beside if all_one(weights) else beside * weights
        n = self._beside
        self._sums[:n, :n] += weighted @ beside.T
        for k, own in enumerate(self._indicators):
            codes = rows.codes[own.code]
            of_each = own.times(rows, weighted)
            for row, values in zip(self._sums[:n, own.columns], of_each, strict=True):
                row.scatter_add_(0, codes, values)
            for other in self._indicators[: k + 1]:
                self._add_meeting(rows, other, own, other.times(rows, of_each[0]))

    def _add_meeting(
        self, rows: TermRows, one: _Indicators, other: _Indicators, weights: Tensor
    ) -> None:
        """What the rows weigh in which two levels meet."""
        sums, codes = self._sums[one.columns, other.columns], rows.codes[other.code]
        if one.code == other.code:
            sums.diagonal().scatter_add_(0, codes, weights)
            return
        found = sums.new_zeros(sums.numel())
        found.scatter_add_(0, rows.codes[one.code] * sums.shape[1] + codes, weights)
        sums += found.view_as(sums)

    def total(self, intercept: bool) -> Tensor:
        """The cross product, with or without its first column."""
        layout, last = self._layout, self._beside - 1
        combined = self._sums.new_zeros(len(self._sums), layout.p + 2)
        combined[0, 0] = combined[last, -1] = 1.0
        combined[torch.arange(1, last), 1 + layout.plain_at] = 1.0
        plain = {one.code: one.columns for one in self._indicators if one.part is None}
        for k, part in enumerate(layout.cells):
            at, number = 1 + part.at, next((x for x in self._indicators if x.part == k), None)
            combined[0, at] = -self._shift[part.at]  # the numbers are without theirs already
            combined[plain[part.code], at] = part.table * (1.0 if number is None else number.center)
            if number is not None:
                combined[number.columns, at] = part.table
        upper = self._sums.triu(1)
        whole = upper + upper.T + self._sums.diagonal().diag()
        found = combined.T @ whole @ combined
        return found if intercept else found[1:, 1:]
