"""Matrix::dgCMatrix <-> sparse CSC tensor: the same three arrays on both sides."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def is_sparse_r(x: Any) -> bool:
    """Is this R object a sparse matrix of package Matrix?"""
    return x.typeof == "S4" and any(name.endswith("Matrix") for name in x.classes)


def from_r(x: Any, library: Any, convert: Callable[[Any], Any]) -> Any:
    """A sparse CSC tensor of a dgCMatrix (RObject); dimnames stay in R.

    `convert` gives the array of one slot, in the dtype and place asked for.
    """
    if "dgCMatrix" not in x.classes:
        raise TypeError(
            f"x: a {x.classes[0]} of package Matrix; as(x, 'CsparseMatrix') or as.matrix(x) "
            "converts it in R"
        )
    torch = getattr(library, "torch", None)
    if torch is None:
        raise TypeError("x: NumPy has no sparse arrays; as.matrix(x) in R, or to_torch(x)")
    values = convert(x.slot("x"))
    columns, rows, shape = (library.view(x.slot(name)).long() for name in ("p", "i", "Dim"))
    return torch.sparse_csc_tensor(
        columns.to(values.device), rows.to(values.device), values, size=tuple(shape.tolist())
    )


def to_r(core: Any, x: Any, convert: Callable[[Any], Any]) -> Any:
    """A dgCMatrix of a 2-d sparse tensor of any layout, with double values."""
    torch = sys.modules["torch"]
    if x.dim() != 2:
        raise TypeError(f"x: R has sparse matrices only, this sparse tensor has {x.dim()} dimensions")
    if x.is_complex():
        raise TypeError("x: R has no complex sparse matrices; use x.to_dense()")
    x = x.detach().cpu()
    if x.layout is torch.sparse_coo:
        x = x.coalesce()
    x = x.to_sparse_csc()
    return core.helper("new_dgCMatrix").call(
        convert(x.ccol_indices().to(torch.int32)),
        convert(x.row_indices().to(torch.int32)),
        convert(x.values().to(torch.float64)),
        list(x.shape),
    )
