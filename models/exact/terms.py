"""The columns of a formula's terms, made of its variables some rows at a time.

R's model.matrix() writes a factor of 26 levels as 25 columns, of a million rows 200 MB; here a
factor stays its codes: what a fit multiplies are sums over the rows of each level.

Tests: tests/models/exact/test_terms.py, test-fit-formula.R.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor


class Coded(NamedTuple):
    """A code made of factors: which variables they are, and how many levels each has.

    The first's vary fastest.
    """

    factors: tuple[int, ...]
    levels: tuple[int, ...]


class Cells(NamedTuple):
    """Columns that are one table's rows, by code, times one product of numbers.

    Attributes:
        code: which of the layout's codes.
        table: what stands for each code: a row each, shape (levels, q).
        numbers: (variable, column) of each number of the product; none is 1.
        at: which columns these are, shape (q,).
    """

    code: int
    table: Tensor
    numbers: tuple[tuple[int, int], ...]
    at: Tensor


class Layout(NamedTuple):
    """Which columns there are: `plain` are products of numbers alone, one column each."""

    p: int
    plain: list[tuple[tuple[int, int], ...]]
    plain_at: Tensor
    codes: list[Coded]
    cells: list[Cells]


class Terms:
    """A table whose columns are products of variables.

    Args:
        variables: numbers, shape (n,) or (n, q), or the codes from 1 of a factor, (n,).
        places: for each term the numbers of its variables, from 0.
        tables: for each of those None, or of a factor what stands for each level: a row each.

    Attributes:
        device: where the variables are.
        shape: of the whole: rows, and columns in the order of model.matrix(), where of a product
            the first variable's vary fastest. Without an intercept's.

    Raises:
        ValueError: numbers that are NaN or infinite.
    """

    def __init__(
        self,
        variables: Sequence[Tensor],
        places: Sequence[Sequence[int]],
        tables: Sequence[Sequence[Tensor | None]],
    ) -> None:
        self._variables = variables
        self._places, self._tables = places, tables
        for x in variables:
            if x.is_floating_point() and not bool(x.sum().isfinite() or x.isfinite().all()):
                raise ValueError("x holds values that are NaN or infinite")
        self.device = variables[0].device
        self._layout = _laid_out(variables, places, tables)
        self.shape = (len(variables[0]), self._layout.p)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def n_plain(self) -> int:
        """Columns that are numbers."""
        return len(self._layout.plain)

    def to(self, device: torch.device) -> "Terms":
        """The same on a device."""
        if device == self.device:
            return self
        tables = [[t if t is None else t.to(device) for t in term] for term in self._tables]
        return Terms([x.to(device) for x in self._variables], self._places, tables)

    def rows(self, start: int, end: int) -> "TermRows":
        """Those from `start` to before `end`."""
        layout, here = self._layout, [x[start:end] for x in self._variables]
        plain = torch.empty(len(layout.plain), len(here[0]), dtype=torch.float64).to(self.device)
        for row, numbers in zip(plain, layout.plain, strict=True):
            row.copy_(_product(here, numbers))
        codes = [_joined(here, code) for code in layout.codes]
        times = [
            _product(here, part.numbers).double() if part.numbers else None for part in layout.cells
        ]
        return TermRows(layout, plain, codes, times)


@dataclass
class TermRows:
    """Some rows of `Terms`.

    Attributes:
        layout: which columns there are.
        plain: those that are numbers, each in one piece, shape (d, n), in float64.
        codes: from 0, (n,), for each of the layout's.
        times: for each of the layout's cells what they are multiplied by, (n,), or None.
    """

    layout: Layout
    plain: Tensor
    codes: list[Tensor]
    times: list[Tensor | None]

    def __len__(self) -> int:
        return self.plain.shape[1]

    @property
    def device(self) -> torch.device:
        """Where they are."""
        return self.plain.device

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self), self.layout.p

    def dense(self) -> Tensor:
        """All columns, shape (n, p)."""
        found = self.plain.new_empty(self.shape)
        found[:, self.layout.plain_at] = self.plain.T
        for part, times in zip(self.layout.cells, self.times, strict=True):
            values = part.table.index_select(0, self.codes[part.code])
            found[:, part.at] = values if times is None else times[:, None] * values
        return found

    def product(self, b: Tensor) -> Tensor:
        """The columns times b, shape (n,)."""
        found = b[self.layout.plain_at] @ self.plain
        for part, times in zip(self.layout.cells, self.times, strict=True):
            values = (part.table @ b[part.at]).index_select(0, self.codes[part.code])
            found += values if times is None else times * values
        return found

    def selected(self, index: Tensor) -> "TermRows":
        """The rows of these numbers."""
        return replace(
            self,
            plain=self.plain[:, index],
            codes=[codes[index] for codes in self.codes],
            times=[times if times is None else times[index] for times in self.times],
        )

    def divided(self, by: Tensor) -> "TermRows":
        """Each column over its number."""
        layout = self.layout
        cells = [part._replace(table=part.table / by[part.at]) for part in layout.cells]
        plain = self.plain / by[layout.plain_at][:, None]
        return replace(self, layout=layout._replace(cells=cells), plain=plain)


def _laid_out(
    variables: Sequence[Tensor],
    places: Sequence[Sequence[int]],
    tables: Sequence[Sequence[Tensor | None]],
) -> Layout:
    """The columns term by term: the numbers of a product go through its factors' whole table."""
    device = variables[0].device
    found = Layout(0, [], torch.empty(0), [], [])
    plain_at, first = [], 0
    for term, of_each in zip(places, tables, strict=True):
        pairs = list(zip(term, of_each, strict=True))
        widths = [_width(variables[i]) if t is None else t.shape[1] for i, t in pairs]
        grid = torch.arange(first, first + math.prod(widths)).reshape(widths[::-1])
        numeric = [k for k, (_, t) in enumerate(pairs) if t is None]
        coded = [k for k, (_, t) in enumerate(pairs) if t is not None]
        # A row for each product of numbers, a column for each of the factors'; as in the whole
        # the first variable's vary fastest.
        order = [len(pairs) - 1 - k for k in (*reversed(numeric), *reversed(coded))]
        rows = grid.permute(order).reshape(math.prod(widths[k] for k in numeric), -1)
        products = _products(pairs, numeric, widths)
        if coded:
            factors = [(i, t.double().contiguous()) for i, t in pairs if t is not None]
            code = Coded(tuple(i for i, _ in factors), tuple(len(t) for _, t in factors))
            if code not in found.codes:
                found.codes.append(code)
            table, number = _crossed([t for _, t in factors]), found.codes.index(code)
            found.cells.extend(
                Cells(number, table, numbers, at.to(device))
                for at, numbers in zip(rows, products, strict=True)
            )
        else:
            found.plain.extend(products)
            plain_at += rows[:, 0].tolist()
        first += grid.numel()
    return found._replace(p=first, plain_at=torch.tensor(plain_at, dtype=torch.int64).to(device))


def _width(x: Tensor) -> int:
    return 1 if x.ndim == 1 else x.shape[1]


def _products(
    pairs: Sequence[tuple[int, Tensor | None]], numeric: Sequence[int], widths: Sequence[int]
) -> list[tuple[tuple[int, int], ...]]:
    """Which columns of its numbers each product is of, the first variable's varying fastest."""
    found: list[tuple[tuple[int, int], ...]] = [()]
    for k in numeric:
        found = [(*one, (pairs[k][0], j)) for j in range(widths[k]) for one in found]
    return found


def _crossed(tables: Sequence[Tensor]) -> Tensor:
    """What stands for each pair of levels, the first of which vary fastest, as the columns do."""
    found = tables[0]
    for table in tables[1:]:
        pairs = table[:, None, :, None] * found[None, :, None, :]
        found = pairs.reshape(len(table) * len(found), -1)
    return found


def _product(variables: Sequence[Tensor], numbers: Sequence[tuple[int, int]]) -> Tensor:
    found: Tensor | None = None
    for i, j in numbers:
        x = variables[i]
        x = x if x.ndim == 1 else x[:, j]
        found = x if found is None else found.double() * x
    assert found is not None
    return found


def _joined(variables: Sequence[Tensor], code: Coded) -> Tensor:
    """The code from 0 of each row's levels."""
    found, step = variables[code.factors[0]].long() - 1, code.levels[0]
    for i, levels in zip(code.factors[1:], code.levels[1:], strict=True):
        found += step * (variables[i].long() - 1)
        step *= levels
    return found
