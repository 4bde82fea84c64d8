"""Matrices of R's package Matrix <-> sparse CSC tensors: a dgCMatrix has the same three arrays.

Other sparse classes (symmetric, triangular, diagonal, by rows, triplets, patterns, permutations)
are made one by Matrix itself, or an lgCMatrix, whose tensor is bool; a dense one is a plain array.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from torchbridge.process import host
from torchbridge.process.errors import RError

if TYPE_CHECKING:
    import torch

    from torchbridge._native import RObject
    from torchbridge.arrays.array_library import Arrays
    from torchbridge.process.native_core import NativeCore


def is_sparse_r(x: RObject) -> bool:
    """Is this R object a sparse matrix of package Matrix?"""
    return x.typeof == "S4" and any(name.endswith("Matrix") for name in x.classes)


def is_scipy(x: object) -> bool:
    """Is x a sparse matrix or array of SciPy's? False, at no cost, where SciPy is not loaded."""
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and bool(sparse.issparse(x))


def canonical(x: Any) -> Any:
    """A matrix by rows or columns, sorted, entries given twice added: itself, or a copy."""
    if not x.has_canonical_format:
        x = x.copy()
        x.sum_duplicates()
    return x


def from_r(x: RObject, library: Arrays[Any, Any], convert: Callable[[RObject], Any]) -> Any:
    """A sparse CSC tensor of a matrix of Matrix (RObject), a plain one of a dense matrix.

    Dimnames stay in R. `convert` gives the array of one vector, in the dtype and place asked for.

    Raises:
        TypeError: the library is NumPy, and the matrix is sparse.
        ValueError: the matrix's slots do not go together.
    """
    if "dgCMatrix" not in x.classes:
        x = _general(x)
    if x.typeof != "S4":
        return convert(x)
    torch = getattr(library, "torch", None)
    if torch is None:
        raise TypeError("x: NumPy has no sparse arrays; as.matrix(x) in R, or to_torch(x)")
    kinds = {**_SLOTS, "x": "logical" if "lgCMatrix" in x.classes else "double"}
    slots = {name: _slot(x, name, kind) for name, kind in kinds.items()}
    columns, rows, shape = (library.view(slots[name]).long() for name in ("p", "i", "Dim"))
    _check(columns, rows, len(slots["x"]), shape.tolist())
    values = convert(slots["x"])
    _accept_beta()
    return torch.sparse_csc_tensor(
        columns.to(values.device),
        rows.to(values.device),
        values,
        size=tuple(shape.tolist()),
        check_invariants=False,  # checked above, in R's words
    )


def rows_to_read(x: RObject, read: Callable[[RObject], torch.Tensor]) -> torch.Tensor:
    """A CSR tensor of a sparse matrix of Matrix: a dgRMatrix's over R's own memory.

    Others are put by rows, once. `read` gives the tensor over one vector's memory.

    Raises:
        ValueError: the matrix's slots do not go together.
    """
    import torch

    by_rows = "dgRMatrix" in x.classes
    if not by_rows and "dgCMatrix" not in x.classes:
        x = _general(x)
    inner = "j" if by_rows else "i"
    kind = "logical" if "lgCMatrix" in x.classes else "double"
    kinds = {"p": "integer", inner: "integer", "Dim": "integer", "x": kind}
    slots = {name: _slot(x, name, kind) for name, kind in kinds.items()}
    pointers, places, shape, values = (read(slots[name]) for name in ("p", inner, "Dim", "x"))
    size = shape.tolist()
    _check(pointers, places, len(slots["x"]), size if not by_rows else size[::-1])
    _accept_beta()
    make = torch.sparse_csr_tensor if by_rows else torch.sparse_csc_tensor
    found = make(pointers, places, values, size=tuple(size), check_invariants=False)
    return found if by_rows else found.to_sparse_csr()


def to_r(core: NativeCore, x: torch.Tensor, convert: Callable[[torch.Tensor], RObject]) -> RObject:
    """A dgCMatrix of a 2-d sparse tensor of any layout, with double values."""
    torch = sys.modules["torch"]
    if x.dim() != 2 or x.dense_dim() != 0:
        raise TypeError("x: R has sparse matrices only: this tensor is no plain sparse matrix")
    if x.is_complex():
        raise TypeError("x: R has no complex sparse matrices; use x.to_dense()")
    x = x.detach().cpu()
    if x.layout in (torch.sparse_bsr, torch.sparse_bsc):
        x = x.to_sparse_coo()
    _accept_beta()
    x = x.to_sparse_csc()
    values = x.values().to(torch.float64)
    whole = x.values() if x.dtype == torch.int64 and values.numel() else None
    largest = 0 if whole is None else max(abs(int(v)) for v in whole.aminmax())
    check_fits(x.shape, values.numel(), largest)
    return core.helper("new_sparse").call(
        "dgCMatrix",
        convert(x.ccol_indices().to(torch.int32)),
        convert(x.row_indices().to(torch.int32)),
        convert(values),
        list(x.shape),
    )


def _general(x: RObject) -> RObject:
    try:
        found: RObject = host.native().helper("sparse_or_plain").call(x)
    except RError as error:  # anybody can set R's slots
        if "invalid class" not in error.message:
            raise
        raise ValueError(f"x: this {x.classes[0]} is damaged: {error.message}") from error
    return found


#: The slots of a dgCMatrix, and their types.
_SLOTS = {"p": "integer", "i": "integer", "Dim": "integer", "x": "double"}


def _slot(x: RObject, name: str, kind: str) -> RObject:
    found = x.slot(name)
    if found is None or found.typeof != kind:
        has = "is not there" if found is None else f"is of type {found.typeof}, not {kind}"
        raise _damaged(name, has)
    return found


def _check(columns: torch.Tensor, rows: torch.Tensor, n_values: int, shape: list[int]) -> None:
    """An error where the slots of a dgCMatrix, which anybody can set, do not go together."""
    if len(shape) != 2 or min(shape) < 0:
        raise _damaged("Dim", f"is {tuple(shape)}, not the numbers of rows and columns")
    if columns.ndim != 1 or len(columns) != shape[1] + 1:
        raise _damaged("p", f"has {columns.numel()} elements for {shape[1]} columns, not one more")
    steps = columns.diff()
    if int(columns[0]) != 0 or (len(steps) and int(steps.min()) < 0):
        raise _damaged("p", "does not rise from 0")
    if int(columns[-1]) != rows.numel() or n_values != rows.numel():
        ends = f"ends at {int(columns[-1])}, and i has {rows.numel()}, x has {n_values} elements"
        raise _damaged("p", ends)
    if len(rows) and (int(rows.min()) < 0 or int(rows.max()) >= shape[0]):
        raise _damaged("i", f"has rows that are none of 0 to {shape[0] - 1}")
    within = rows.diff() > 0
    within[columns[1:-1][(columns[1:-1] > 0) & (columns[1:-1] < len(rows))] - 1] = True
    if not bool(within.all()):
        raise _damaged("i", "has rows of a column out of order, or twice")


def _damaged(slot: str, why: str) -> ValueError:
    return ValueError(f"x: its slot {slot} {why}: this dgCMatrix is damaged")


def _accept_beta() -> None:
    """torch warns once that these layouts may change; nobody here asked for them."""
    warnings.filterwarnings("ignore", "Sparse CS[CR] tensor support is in beta", UserWarning)


_INT_MAX = 2**31 - 1
_EXACT = 2**53  # every integer up to here is a double


def check_fits(shape: Sequence[int], n_values: int, largest: int) -> None:
    """An error for what R's sparse matrices do not hold.

    They hold doubles, and beyond 2^53 the odd integers are none: `largest` is the largest
    absolute value where the values are integers, else 0.
    """
    if largest > _EXACT:
        raise ValueError("x: R's sparse matrices hold doubles, and not every value of x is one")
    if max(*shape, n_values) > _INT_MAX:
        raise ValueError(f"x: R's sparse matrices end at {_INT_MAX} rows, columns and values")
