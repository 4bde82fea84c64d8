"""R's columns, as the matrix and the codes that a model takes.

They come as tensors over R's own memory, one a column (or one for a matrix), and become the
matrix in one pass.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..arguments import whole_numbers
from ..exact.terms import Terms
from ..sparse import in_one_piece
from ..table.registry import MODELS
from ..training.data import dtype_of

#: Rows that are brought from columns to rows at once: they stay in the cache on the way.
_BLOCK_ROWS = 4096


class Columns:
    """How a table's columns become what a model takes.

    Args:
        model: a name or a module.
        levels: for each column the number of levels of a factor, or 0 for numbers.
        dtype: what a network computes in; a module has its own.
    """

    def __init__(
        self, model: Any, levels: Sequence[int] | int, dtype: torch.dtype = torch.float32
    ) -> None:
        row = MODELS[model] if isinstance(model, str) else None
        self.levels = whole_numbers("levels", levels, 0)
        self.factors = [n for n in self.levels if n]
        self.embeds = row is not None and row.takes_codes
        self.dtype = dtype
        if row is not None and row.exact:
            self.dtype = torch.float64
        elif isinstance(model, nn.Module):
            self.dtype = dtype_of(model, dtype)

    def arrange(self, columns: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
        """Numbers (n, p), and codes from 0 (n, factors) where the model embeds factors.

        Args:
            columns: one tensor a column, of n numbers or of codes from 1; or an only tensor of
                the numbers as they are, (n, ...).
        """
        if len(columns) == 1 and columns[0].ndim > 1:
            return in_one_piece(columns[0].to(self.dtype)), None
        if self.embeds:
            numbers = [c for c, n in zip(columns, self.levels, strict=True) if not n]
            factors = [c.long() - 1 for c, n in zip(columns, self.levels, strict=True) if n]
            n_rows = len(columns[0])
            codes = torch.stack(factors, 1) if factors else torch.zeros(n_rows, 0).long()
            return as_rows(numbers, n_rows, self.dtype), codes
        spread: list[Tensor] = []
        for column, n in zip(columns, self.levels, strict=True):
            # One column a level but the first, as R's contr.treatment has it.
            spread += [column == level for level in range(2, n + 1)] if n else [column]
        return as_rows(spread, len(columns[0]), self.dtype), None

    def as_terms(self, columns: Sequence[Tensor]) -> Terms:
        """The same columns where they are, for a fit that takes them so."""
        # One column a level but the first, as R's contr.treatment has it.
        tables = [torch.eye(n)[:, 1:] if n else None for n in self.levels]
        return Terms(columns, [[i] for i in range(len(columns))], [[table] for table in tables])


def as_rows(columns: Sequence[Tensor], n_rows: int, dtype: torch.dtype) -> Tensor:
    """Columns as the matrix (n, p) with rows in one piece."""
    if len(columns) == 1:
        return columns[0].to(dtype).reshape(n_rows, 1).contiguous()
    rows = torch.empty(n_rows, len(columns), dtype=dtype)
    if not columns:
        return rows
    alike = len({column.dtype for column in columns}) == 1
    blocks = zip(*(column.split(_BLOCK_ROWS) for column in columns), strict=True)
    for part, block in zip(rows.split(_BLOCK_ROWS), blocks, strict=True):
        # One call for all columns, where they have one type.
        brought = torch.stack(block if alike else [column.to(dtype) for column in block])
        part.copy_(brought.to(dtype).T)
    return rows
