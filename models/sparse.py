"""Wide tables as sparse tensors by rows (CSR): made, checked, and taken apart without being dense.

What comes in may be SciPy's or torch's sparse matrix of any layout; what models get is a CSR
tensor. torch multiplies these, and does little else with them: their rows are taken here.

Tests: tests/models/test_sparse.py.
"""

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

from torchbridge.arrays.sparse import canonical, is_scipy

from .arguments import kind_of


def is_sparse(x: Any) -> bool:
    """Is it a sparse tensor, of whatever layout?"""
    return isinstance(x, Tensor) and x.layout is not torch.strided


def is_sparse_matrix(x: Any) -> bool:
    """Is it that, or a sparse matrix or array of SciPy's?"""
    return is_sparse(x) or is_scipy(x)


def as_rows(name: str, x: Any) -> Tensor:
    """The CSR tensor of a sparse matrix of torch's or SciPy's; its own memory where it is one.

    Raises:
        TypeError: complex numbers.
        ValueError: no matrix, or values that are NaN or infinite.
    """
    if not is_sparse_matrix(x):
        raise TypeError(f"{name} must be a sparse matrix, not {kind_of(x)}")
    if x.ndim != 2:
        raise ValueError(f"{name} must have shape (n, p), not {tuple(x.shape)}")
    found = _of_torch(x) if isinstance(x, Tensor) else _of_scipy(name, x)
    values = found.values()
    if values.ndim != 1:
        raise ValueError(f"{name} must have a number a place, not {tuple(values.shape[1:])}")
    if values.is_complex():
        raise TypeError(f"{name} must hold real numbers, not complex ones")
    check_finite(name, found)
    return found


def check_finite(name: str, x: Tensor) -> None:
    """An error where a stored value is NaN or infinite (a NA of R's is NaN)."""
    values = x.values()
    if values.is_floating_point() and not bool(values.sum().isfinite()):
        n_bad = values.numel() - int(values.isfinite().sum())
        if n_bad:
            raise ValueError(f"{name} holds {n_bad} stored values that are NaN or infinite")


def csr(pointers: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    """A CSR tensor of its three parts, which are known to go together."""
    _accept_beta()
    return torch.sparse_csr_tensor(pointers, columns, values, size=shape, check_invariants=False)


def transposed(x: Tensor) -> Tensor:
    """The CSR tensor of the transposed matrix."""
    _accept_beta()
    by_columns = torch.sparse_csc_tensor(
        x.crow_indices(),
        x.col_indices(),
        x.values(),
        size=(x.shape[1], x.shape[0]),
        check_invariants=False,
    )
    return by_columns.to_sparse_csr()


def with_values(x: Tensor, values: Tensor) -> Tensor:
    """The same places with other values."""
    return csr(x.crow_indices(), x.col_indices(), values, (x.shape[0], x.shape[1]))


def row_numbers(x: Tensor) -> Tensor:
    """The row of each stored value."""
    counts = x.crow_indices().diff()
    return torch.repeat_interleave(torch.arange(len(counts), device=x.device), counts)


def span(x: Tensor, start: int, end: int) -> Tensor:
    """The rows from `start` to before `end`, in the same memory."""
    pointers = x.crow_indices()[start : end + 1]
    first, last = (int(pointers[0]), int(pointers[-1])) if len(pointers) else (0, 0)
    inside = slice(first, last)
    n = max(len(pointers) - 1, 0)
    if n == 0:
        pointers = x.crow_indices()[:1]
    return csr(pointers - first, x.col_indices()[inside], x.values()[inside], (n, x.shape[1]))


def rows(x: Tensor, index: Tensor) -> Tensor:
    """These rows."""
    pointers = x.crow_indices().long()
    starts, counts = pointers[index], pointers.diff()[index]
    ends = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    n_values = int(ends[-1])
    # The place of each value: its row's first, and how far it is from it.
    shift = torch.repeat_interleave(starts - ends[:-1], counts, output_size=n_values)
    places = shift + torch.arange(n_values, device=x.device)
    return csr(
        ends.to(x.crow_indices().dtype),
        x.col_indices().index_select(0, places),
        x.values().index_select(0, places),
        (len(index), x.shape[1]),
    )


def taken(x: Tensor, index: Tensor) -> Tensor:
    """Rows of any tensor by their numbers."""
    return rows(x, index) if is_sparse(x) else x.index_select(0, index)


def part(x: Tensor, start: int, end: int) -> Tensor:
    """Rows of any tensor, from `start` to before `end`, in the same memory."""
    return span(x, start, min(end, len(x))) if is_sparse(x) else x[start:end]


def in_one_piece(x: Tensor) -> Tensor:
    """Any tensor, with its rows in one piece; a sparse one has them so."""
    return x if is_sparse(x) else x.contiguous()


def _of_torch(x: Tensor) -> Tensor:
    x = x.detach()
    if x.layout is torch.sparse_csr:
        return x
    if x.layout is torch.sparse_coo:
        x = x.coalesce()
    _accept_beta()
    if x.layout in (torch.sparse_bsr, torch.sparse_bsc):
        x = x.to_sparse_coo().coalesce()
    return x.to_sparse_csr()


def _accept_beta() -> None:
    """torch warns once that these layouts may change; nobody here asked for them."""
    warnings.filterwarnings("ignore", "Sparse (CSR|CSC) tensor support", UserWarning)


def _of_scipy(name: str, x: Any) -> Tensor:
    if x.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, not {x.dtype}")
    x = canonical(x.tocsr())
    # Read-only arrays would make torch warn: what it gets, nobody writes to.
    parts = [torch.from_numpy(np.require(a, requirements=["C", "W"])) for a in _arrays(x)]
    return csr(parts[0], parts[1], parts[2], (x.shape[0], x.shape[1]))


def _arrays(x: Any) -> tuple[Any, Any, Any]:
    """Pointers, columns and values, the first two of one type."""
    pointers, columns = x.indptr, x.indices
    if pointers.dtype != columns.dtype:
        columns = columns.astype(pointers.dtype)
    return pointers, columns, x.data
