"""arrays/scipy_arrays.py: sparse matrices of SciPy and of R's package Matrix, both ways."""

from __future__ import annotations

import numpy as np
import pytest

import torchbridge as tb
from torchbridge.process import host

scipy_sparse = pytest.importorskip("scipy.sparse")

DENSE = np.array([[0, 1.5, 0], [2, 0, 0], [0, -3, 4], [0, 0, 0]])
SYMMETRIC = "Matrix::forceSymmetric(Matrix::Matrix(c(2, 1, 0, 1, 0, 3, 0, 3, 5), 3, sparse = TRUE))"


@pytest.fixture(scope="module")
def matrix(r):
    r("loadNamespace('Matrix')")
    if not r.true("requireNamespace('Matrix', quietly = TRUE)"):
        pytest.skip("needs Matrix")
    return r


@pytest.mark.parametrize("format", ["csc", "csr", "coo", "bsr", "dia", "dok", "lil"])
@pytest.mark.parametrize("kind", ["matrix", "array"])
def test_every_format_is_a_dgCMatrix(matrix, format, kind):  # noqa: N802
    x = getattr(scipy_sparse, f"{format}_{kind}")(DENSE)
    made = tb.to_r(x)
    assert matrix.true("methods::is(x, 'dgCMatrix') && methods::validObject(x)", x=made)
    assert matrix.true("identical(as.matrix(x), y)", x=made, y=tb.to_r(DENSE))


def test_unsorted_columns_and_entries_given_twice(matrix):
    x = scipy_sparse.csc_matrix(([1.0, 2, 3, 4], [2, 0, 1, 1], [0, 2, 4]), shape=(3, 2))
    before = x.indices.copy()
    made = tb.to_r(x)
    assert matrix.true("methods::validObject(x)", x=made)
    assert matrix.true("identical(as.matrix(x), y)", x=made, y=tb.to_r(x.toarray()))
    assert x.indices.tolist() == before.tolist()  # the user's own stays as it was


def test_logicals_and_integers(matrix):
    logical = tb.to_r(scipy_sparse.csr_matrix(DENSE != 0))
    assert matrix.true("methods::is(x, 'lgCMatrix') && methods::validObject(x)", x=logical)
    whole = tb.to_r(scipy_sparse.csr_matrix(np.array([[0, 7]])))
    assert matrix.true("methods::is(x, 'dgCMatrix') && x[1, 2] == 7", x=whole)


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        (np.array([[1j]]), TypeError, "no sparse matrices of complex128"),
        (np.array([[2**53 + 1]]), ValueError, "not every value of x is one"),
    ],
)
def test_what_r_has_not_is_refused(matrix, values, error, words):
    with pytest.raises(error, match=words):
        tb.to_r(scipy_sparse.csr_matrix(values))


@pytest.mark.parametrize(
    "code",
    [
        "Matrix::sparseMatrix(i = c(1, 3), j = c(2, 2), x = c(1.5, NA), dims = c(4, 3))",
        SYMMETRIC,
        f"methods::as({SYMMETRIC}, 'RsparseMatrix')",
        f"methods::as(methods::as({SYMMETRIC}, 'generalMatrix'), 'RsparseMatrix')",
        f"methods::as({SYMMETRIC}, 'TsparseMatrix')",
        f"Matrix::triu({SYMMETRIC})",
        f"{SYMMETRIC} > 1",
        f"methods::as({SYMMETRIC}, 'nMatrix')",
        "Matrix::Diagonal(3)",
        "Matrix::Diagonal(x = c(TRUE, FALSE, TRUE))",
        "methods::as(c(2L, 3L, 1L), 'pMatrix')",
        "methods::as(c(2L, 2L, 1L), 'indMatrix')",
        "Matrix::Matrix(0, 0, 4, sparse = TRUE)",
    ],
)
def test_every_class_of_matrix_is_a_csc_matrix(matrix, code):
    x = host.native().RObject.from_address(matrix(code).rid).value()
    assert isinstance(x, scipy_sparse.csc_matrix) and x.has_canonical_format
    assert x.dtype == ("float64" if matrix.true(f"methods::is({code}, 'dMatrix')") else "bool")
    expected = np.asarray(tb.to_numpy(matrix(f"as.matrix({code}) + 0")))
    np.testing.assert_array_equal(x.toarray().astype(float), expected)


def test_a_logical_matrix_with_na_is_doubles(matrix):
    code = "Matrix::sparseMatrix(i = 1:2, j = 1:2, x = c(TRUE, NA))"
    x = host.native().RObject.from_address(matrix(code).rid).value()
    np.testing.assert_array_equal(x.toarray(), [[1, 0], [0, np.nan]])


def test_damaged_slots_are_an_error(matrix):
    for options, name in (("", "dgCMatrix"), (", symmetric = TRUE", "dsCMatrix")):
        make = f"Matrix::sparseMatrix(1:2, 1:2, x = c(1, 2){options})"
        made = matrix(f"{{ x <- {make}; x@i[1] <- 90000000L; x }}")
        x = host.native().RObject.from_address(made.rid)
        with pytest.raises(ValueError, match=f"x: this {name} is damaged: .*'i' slot"):
            x.value()
    made = matrix("{ x <- Matrix::sparseMatrix(1:2, 1:2); x@p[2] <- 9L; x }")
    x = host.native().RObject.from_address(made.rid)
    with pytest.raises(ValueError, match="x: this ngCMatrix is damaged"):
        x.value()
