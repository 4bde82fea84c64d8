"""SciPy's sparse matrices <-> those of R's package Matrix.

Every format of SciPy's is a dgCMatrix, of logicals an lgCMatrix; every sparse class of Matrix
(symmetric, triangular, diagonal, by rows, triplets, patterns, permutations) is a csc_matrix of the
whole matrix. Dimnames stay in R.

Tests: tests/arrays/test_scipy_arrays.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from torchbridge.arrays.into_r import to_robject
from torchbridge.arrays.sparse import canonical, check_fits
from torchbridge.process import host
from torchbridge.process.errors import RError

if TYPE_CHECKING:
    from torchbridge._native import RObject
    from torchbridge.arrays.protocols import NDArray


def to_r(x: Any) -> RObject:
    """The dgCMatrix (lgCMatrix) of a sparse matrix: sorted, and entries given twice added.

    Raises:
        TypeError: complex values, or an array that is no matrix.
        ValueError: integers that no double is, or more than R's matrices hold.
    """
    import numpy as np

    if x.ndim != 2:
        raise TypeError(f"x: R has sparse matrices only, and this array has {x.ndim} dims")
    if x.dtype.kind not in "biuf":
        raise TypeError(f"x: R has no sparse matrices of {x.dtype}; use x.toarray()")
    x = canonical(x.tocsc())
    whole = x.dtype.kind in "iu" and x.nnz
    check_fits(x.shape, x.nnz, max(abs(int(x.max())), abs(int(x.min()))) if whole else 0)
    logical = x.dtype.kind == "b"
    return (
        host.native()
        .helper("new_sparse")
        .call(
            "lgCMatrix" if logical else "dgCMatrix",
            to_robject(x.indptr.astype(np.int32)),
            to_robject(x.indices.astype(np.int32)),
            to_robject(x.data if logical else x.data.astype(np.float64)),
            list(x.shape),
        )
    )


def from_r(x: Any) -> Any:
    """The csc_matrix of a sparse matrix of Matrix (RObject): float64, or bool where it is logical.

    A logical matrix with NA is float64 with NaN. Without SciPy the R object itself.

    Raises:
        ValueError: the matrix's slots do not go together.
    """
    try:
        from scipy import sparse
    except ImportError:
        return x
    import numpy as np

    try:
        whole = host.native().helper("general_columns").call(x)
    except RError as error:  # anybody can set R's slots
        if "invalid class" not in error.message:
            raise
        raise ValueError(f"x: this {x.classes[0]} is damaged: {error.message}") from error
    slots = {name: cast("RObject", whole.slot(name)) for name in ("p", "i", "x", "Dim")}
    entries = slots["x"]
    return sparse.csc_matrix(
        (
            _logical(entries) if entries.typeof == "logical" else np.array(entries),
            np.array(slots["i"]),
            np.array(slots["p"]),
        ),
        shape=tuple(np.array(slots["Dim"]).tolist()),
    )


def _logical(entries: RObject) -> NDArray:
    import numpy as np

    values = np.array(entries)
    if not entries.any_na():
        return values.astype(bool)
    missing = np.asarray(entries.na_mask()) == 0
    result: NDArray = np.where(missing, np.nan, values.astype(np.float64))
    return result
