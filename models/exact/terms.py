"""The columns of a formula's terms, made of its variables some rows at a time.

R's model.matrix() writes a factor of 26 levels as 25 columns, of a million rows 200 MB; here they
are there for the rows at hand alone.

Tests: tests/models/exact/test_terms.py, test-fit-formula.R.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


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
        self._terms = [
            [(i, None if table is None else table.double()) for i, table in zip(*term, strict=True)]
            for term in zip(places, tables, strict=True)
        ]
        for x in variables:
            if x.is_floating_point() and not bool(x.sum().isfinite() or x.isfinite().all()):
                raise ValueError("x holds values that are NaN or infinite")
        self.device = variables[0].device
        self.shape = (len(variables[0]), self.rows(0, 1).shape[1])

    def __len__(self) -> int:
        return self.shape[0]

    def to(self, device: torch.device) -> "Terms":
        """The same on a device."""
        if device == self.device:
            return self
        places = [[i for i, _ in term] for term in self._terms]
        tables = [[t if t is None else t.to(device) for _, t in term] for term in self._terms]
        return Terms([x.to(device) for x in self._variables], places, tables)

    def rows(self, start: int, end: int) -> Tensor:
        """Those from `start` to before `end`, in float64."""
        return torch.cat([self._term(term, start, end) for term in self._terms], 1)

    def _term(self, term: list[tuple[int, Tensor | None]], start: int, end: int) -> Tensor:
        found: Tensor | None = None
        for i, table in term:
            part = self._variables[i][start:end]
            if table is None:
                part = part.double().reshape(len(part), -1)
            else:
                part = table.index_select(0, part.long() - 1)
            found = part if found is None else (part[:, :, None] * found[:, None, :]).flatten(1)
        assert found is not None
        return found
