"""Rows in blocks: what an exact fit sees of data that are sparse, or that no memory holds.

Tests: tests/models/exact/test_block_glm.py.
"""

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from torch import Tensor

from ..sparse import is_sparse, rows, span, with_values
from .terms import TermRows

#: Numbers of a block of sparse rows that is dense for a while.
_DENSE = 2**22


class Block(NamedTuple):
    """Some rows, in float64 on one device.

    Attributes:
        x: their columns, without an intercept, shape (n, p); dense, a CSR tensor, or of terms.
        y, w, o: response, weights (not negative) and offset, shape (n,).
    """

    x: Tensor | TermRows
    y: Tensor
    w: Tensor
    o: Tensor

    def counted(self) -> "Block":
        """The rows that have a weight."""
        if len(self.w) and bool(self.w.min() > 0):
            return self
        index = (self.w > 0).nonzero()[:, 0]
        if isinstance(self.x, TermRows):
            x: Tensor | TermRows = self.x.selected(index)
        else:
            x = rows(self.x, index) if is_sparse(self.x) else self.x[index]
        return Block(x, self.y[index], self.w[index], self.o[index])

    def divided(self, of_column: Tensor, unit: float) -> "Block":
        """Columns, and response and offset, over these numbers."""
        x = self.x
        if isinstance(x, TermRows):
            x = x.divided(of_column)
        elif is_sparse(x):
            x = with_values(x, x.values() / of_column[x.col_indices()])
        else:
            x = x / of_column
        return Block(x, self.y / unit, self.w, self.o / unit)


#: Gives the blocks anew, each time it is called.
Blocks = Callable[[], Iterator[Block]]


def check_square(p: int) -> None:
    """An error where the square of p columns, and its factors, are more than the memory."""
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", ()):
        return
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if 4 * 8 * p**2 > memory:
        raise ValueError(
            f"x has {p} columns, whose covariance alone takes {8e-9 * p**2:.0f} GB: mlp() "
            "takes so many, and where x is dense fit_path (torch_path() in R)"
        )


def dense_parts(x: Tensor | TermRows) -> Iterator[tuple[int, Tensor]]:
    """Rows as dense tensors of some megabytes, each with the number of its first."""
    if isinstance(x, TermRows):
        yield 0, x.dense()
        return
    if not is_sparse(x):
        yield 0, x
        return
    size = max(1, _DENSE // max(1, x.shape[1]))
    for start in range(0, len(x), size):
        yield start, span(x, start, min(start + size, len(x))).to_dense()
