"""Least squares of rows that come in blocks: the cross product where it is good enough, else QR.

The cross product of the columns is the sum of those of the blocks, and a matrix that is sparse has
one that costs its entries alone; but it squares the condition of the columns. Where that would
cost digits, the triangle of each block and the one so far are made one by QR (Golub and Van Loan,
Matrix Computations, 2013, section 5.2; the sequential TSQR of Demmel et al., 2012).

Tests: tests/models/exact/test_block_glm.py.
"""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from ..sparse import is_sparse, row_numbers, transposed, with_values
from .blocks import dense_parts
from .cell_sums import CellSums
from .design import all_one
from .least_squares import independent_columns
from .terms import TermRows

#: The condition (of columns of length 1) beyond which the cross product has lost digits: of
#: sixteen it leaves ten.
_CONDITION = 1e3
#: A column whose squared part that others do not explain is below this depends on them; what lies
#: between this and one over the squared condition the cross product cannot tell.
_DEPENDS = 1e-13
#: What is left of a response of length 1 must be more than this, squared, or QR finds it.
_LEFT = 1e-4
#: Squares beyond these have left the range of float64, or are near its ends.
_RANGE = (2.0**-800, 2.0**800)
#: Rows that are added to a triangle at once, at least.
_ROWS = 4096


class OutOfRange(ArithmeticError):
    """Squares of the columns leave the range of float64: they must be divided first."""


class Normal(NamedTuple):
    """What a least squares problem comes down to.

    Attributes:
        kept: numbers of the columns that do not depend on earlier ones.
        r: their triangle; `r'r` is the cross product of the weighted columns.
        right: solves with `r` to the coefficients.
        left: sum of squares that the columns do not explain.
        centred: the same of the intercept alone, or of nothing where there is none.
    """

    kept: Tensor
    r: Tensor
    right: Tensor
    left: float
    centred: float

    def coefficients(self, p: int) -> Tensor:
        """Of all p columns, 0 for those that are not kept."""
        found = self.right.new_zeros(p)
        solved = torch.linalg.solve_triangular(self.r, self.right[:, None], upper=True)[:, 0]
        found[self.kept.to(found.device)] = solved
        return found


class Sums(Protocol):
    """What blocks are added to."""

    def add(self, x: Tensor | TermRows, weights: Tensor, z: Tensor) -> None:
        """Rows of the columns (dense, CSR, or of terms), their weights and their right side."""

    def solved(self, kept: Tensor | None = None) -> Normal | None:
        """The problem of all rows so far, of these columns or of those that are independent.

        None where the numbers are not good enough.
        """


class CrossProduct:
    """The sum of `[1 x z]' W [1 x z]`.

    Dense columns, and with an intercept the right side, are taken from what they are in the mean
    of the first block: what is left of a sum of squares then has its digits.
    """

    def __init__(self, intercept: bool) -> None:
        self.intercept = intercept
        self.sum: Tensor | None = None
        self.shift: Tensor | None = None  # of the columns, and of z last
        self._cells: CellSums | None = None

    def add(self, x: Tensor | TermRows, weights: Tensor, z: Tensor) -> None:
        """See `Sums`."""
        if self.shift is None:
            self.shift = self._shift(x, z)
        z = z - self.shift[-1]
        if isinstance(x, TermRows):
            if self._cells is None:
                self._cells = CellSums(x, self.shift[:-1])
            self._cells.add(x, weights, z)
            return
        found = self._sparse(x, weights, z) if is_sparse(x) else self._dense(x, weights, z)
        self.sum = found if self.sum is None else self.sum.add_(found)

    def _shift(self, x: Tensor | TermRows, z: Tensor) -> Tensor:
        shift = z.new_zeros(x.shape[1] + 1)
        if self.intercept and len(z):
            shift[-1] = z.mean()
            if isinstance(x, TermRows) or not is_sparse(x):
                shift[:-1] = (x.dense() if isinstance(x, TermRows) else x).mean(0)
        return shift

    def _dense(self, x: Tensor, weights: Tensor, z: Tensor) -> Tensor:
        assert self.shift is not None
        first, p = int(self.intercept), x.shape[1]
        all_ = x.new_empty(len(x), first + p + 1)
        if first:
            all_[:, 0] = 1.0
            torch.sub(x, self.shift[:-1], out=all_[:, 1:-1])
        else:
            all_[:, :-1] = x
        all_[:, -1] = z
        return all_.T @ (all_ if all_one(weights) else weights[:, None] * all_)

    def _sparse(self, x: Tensor, weights: Tensor, z: Tensor) -> Tensor:
        weighted = with_values(x, x.values() * weights[row_numbers(x)])
        p, first = x.shape[1], int(self.intercept)
        found = z.new_zeros(first + p + 1, first + p + 1)
        beside = torch.stack([torch.ones_like(z), z], 1)
        across = transposed(weighted) @ beside  # (p, 2)
        slopes = slice(first, first + p)
        found[slopes, slopes] = product(transposed(x), weighted)
        found[slopes, -1] = found[-1, slopes] = across[:, 1]
        found[-1, -1] = (weights * z * z).sum()
        if first:
            found[0, 0], found[0, -1] = weights.sum(), (weights * z).sum()
            found[-1, 0] = found[0, -1]
            found[0, slopes] = found[slopes, 0] = across[:, 0]
        return found

    def solved(self, kept: Tensor | None = None) -> Normal | None:
        """See `Sums`."""
        if self._cells is not None:
            self.sum = self._cells.total(self.intercept)
        assert self.sum is not None and self.shift is not None
        squares = self.sum.diagonal()
        # (A step's right side vanishes at the end, and only its columns matter.)
        _check_range(squares if kept is None else squares[:-1])
        length = squares[:-1].sqrt()
        length = torch.where(length > 0, length, 1.0)
        gram = self.sum[:-1, :-1] / length / length[:, None]
        if kept is None:
            kept = _independent(gram)
        on = kept.to(gram.device)
        gram, length = gram[on][:, on], length[on]
        r = torch.linalg.cholesky_ex(gram, upper=True)
        if int(r.info) or not _is_good(r.L):
            return None
        target = (self.sum[:-1, -1][on] / length)[:, None]
        right = torch.linalg.solve_triangular(r.L.T, target, upper=False)[:, 0]
        total = float(squares[-1])
        left = total - float(right.square().sum())
        if left < _LEFT * total:
            return None
        return self._back(kept, r.L * length, right, left, total)

    def _back(self, kept: Tensor, r: Tensor, right: Tensor, left: float, total: float) -> Normal:
        """Of the columns as they are: the shift stands in the intercept's row alone."""
        assert self.sum is not None and self.shift is not None
        if not self.intercept:
            return Normal(kept, r, right, left, total)
        centred = total - float(self.sum[0, -1] ** 2 / self.sum[0, 0])
        r[0, 1:] += r[0, 0] * self.shift[:-1][kept[1:].to(r.device) - 1]
        right = right.clone()
        right[0] += r[0, 0] * self.shift[-1]
        return Normal(kept, r, right, left, centred)


class Triangle:
    """The triangle of the QR of `W^(1/2) [1 x z]`."""

    def __init__(self, intercept: bool) -> None:
        self.intercept = intercept
        self.r: Tensor | None = None

    def add(self, x: Tensor | TermRows, weights: Tensor, z: Tensor) -> None:
        """See `Sums`."""
        root = weights.sqrt()
        for start, dense in dense_parts(x):
            these = slice(start, start + len(dense))
            columns = [dense, z[these, None]]
            if self.intercept:
                columns.insert(0, torch.ones_like(columns[-1]))
            part = root[these, None] * torch.cat(columns, 1)
            for few in part.split(max(_ROWS, 4 * part.shape[1])):
                stacked = few if self.r is None else torch.cat([self.r, few])
                self.r = torch.linalg.qr(stacked, mode="r").R

    def solved(self, kept: Tensor | None = None) -> Normal:
        """See `Sums`; never None."""
        assert self.r is not None
        if not bool(self.r.isfinite().all()):
            raise OutOfRange
        if kept is None:
            kept = independent_columns(self.r[:, :-1])
        k = len(kept)
        columns = torch.cat([self.r[:, kept.to(self.r.device)], self.r[:, -1:]], 1)
        found = torch.linalg.qr(columns, mode="r").R
        alone = self.r[int(self.intercept) :, -1]
        return Normal(
            kept,
            found[:k, :k],
            found[:k, -1],
            float(found[k:, -1].square().sum()),
            float(alone.square().sum()),
        )


def product(a: Tensor, b: Tensor) -> Tensor:
    """The dense product of two CSR tensors."""
    if a.device.type == "cpu" and not torch.backends.mkl.is_available():
        return torch.sparse.mm(a.to_sparse_coo(), b.to_sparse_coo()).to_dense()
    return torch.sparse.mm(a, b).to_dense()


def _check_range(squares: Tensor) -> None:
    outside = ((squares < _RANGE[0]) & (squares != 0)) | ~(squares <= _RANGE[1])
    if bool(outside.any()):
        raise OutOfRange


def _independent(gram: Tensor) -> Tensor:
    """The columns, by number, that do not depend on earlier ones: by their cross product.

    Args:
        gram: of columns of length 1, or 0.
    """
    numbers = (gram.diagonal() > 0).nonzero()[:, 0].cpu()
    on = numbers.to(gram.device)
    rest, kept = gram[on][:, on], []
    while len(numbers):
        found = torch.linalg.cholesky_ex(rest)
        n_good = int(found.info) - 1 if int(found.info) else len(numbers)
        pivots = found.L.diagonal()[:n_good].square()
        small = (pivots < _DEPENDS).nonzero()
        n_good = int(small[0, 0]) if len(small) else n_good
        kept.append(numbers[:n_good])
        numbers = numbers[n_good + 1 :]
        # What those that are kept leave of the rest.
        beyond = slice(n_good + 1, None)
        factor = torch.linalg.cholesky_ex(rest[:n_good, :n_good]).L
        explained = torch.linalg.solve_triangular(factor, rest[:n_good, beyond], upper=False)
        rest = rest[beyond, beyond] - explained.T @ explained
    return torch.cat(kept) if kept else numbers


def _is_good(r: Tensor) -> bool:
    """Is the condition of columns of length 1 small enough? (By its 1-norm, from above.)"""
    if not len(r):
        return True
    inverse = torch.linalg.solve_triangular(r, torch.eye(len(r)).to(r), upper=True)
    found = torch.linalg.matrix_norm(r, ord=1) * torch.linalg.matrix_norm(inverse, ord=1)
    return bool(found <= _CONDITION)
