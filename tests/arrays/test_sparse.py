"""dgCMatrix <-> sparse tensors: the same matrix on both sides, whatever the layout."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import torchbridge as tb

# torch's own announcements that its sparse tensors are young
pytestmark = pytest.mark.filterwarnings("error", "ignore:Sparse")

LAYOUTS = {
    "coo": lambda x: x.to_sparse_coo(),
    "csr": lambda x: x.to_sparse_csr(),
    "csc": lambda x: x.to_sparse_csc(),
    "bsr": lambda x: x.to_sparse_bsr((2, 2)),
    "bsc": lambda x: x.to_sparse_bsc((2, 2)),
}


@pytest.fixture
def matrix(r):
    """A dgCMatrix of 4 rows and 6 columns with one empty row and one empty column."""
    return r(
        "Matrix::sparseMatrix(i = c(1, 4, 2, 1), j = c(1, 1, 3, 6), x = c(1.5, -2, 1e300, -0.25), "
        "dims = c(4, 6))"
    )


@given(
    rows=st.integers(0, 6),
    columns=st.integers(0, 6),
    seed=st.integers(0, 2**32 - 1),
    density=st.sampled_from([0, 0.2, 1]),
)
@settings(max_examples=25, deadline=None)
def test_a_sparse_matrix_comes_back_identical(r, rows, columns, seed, density):
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random((rows, columns)) < density, rng.normal(size=(rows, columns)), 0)
    as_sparse = "methods::as(methods::as(x, 'CsparseMatrix'), 'generalMatrix')"
    x = r(f"{{ loadNamespace('Matrix'); {as_sparse} }}", x=tb.to_r(dense))
    t = tb.to_torch(x)
    assert (t.layout, t.dtype, tuple(t.shape)) == (torch.sparse_csc, torch.float64, dense.shape)
    assert torch.equal(t.to_dense(), torch.from_numpy(dense))
    assert r.identical(tb.to_r(t), x)


def test_the_three_arrays_are_r_s_own(r, matrix):
    t = tb.to_torch(matrix)
    assert t.ccol_indices().tolist() == list(r("x@p", x=matrix)) == [0, 2, 2, 3, 3, 3, 4]
    assert t.row_indices().tolist() == list(r("x@i", x=matrix)) == [0, 3, 1, 0]
    assert t.values().tolist() == list(r("x@x", x=matrix)) == [1.5, -2, 1e300, -0.25]
    t.values().zero_()
    assert list(r("x@x", x=matrix)) == [1.5, -2, 1e300, -0.25]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "int64", "bool"])
def test_every_layout_and_dtype_goes_to_r(r, matrix, layout, dtype):
    dense = torch.tensor([[1, 0, 0, 2], [0, 0, 0, 0]], dtype=getattr(torch, dtype))
    x = tb.to_r(LAYOUTS[layout](dense))
    assert r.true("methods::is(x, 'dgCMatrix') && methods::validObject(x)", x=x)
    assert r.identical(r("as.matrix(x)", x=x), tb.to_r(dense.double()))


def test_entries_given_twice_are_added(r):
    x = torch.sparse_coo_tensor([[0, 0], [1, 1]], [1.5, 2.0], (2, 2), dtype=torch.float64)
    assert r.identical(r("as.matrix(x)", x=tb.to_r(x)), r("matrix(c(0, 0, 3.5, 0), 2)"))


def test_gradients_are_left_behind(r):
    x = torch.eye(2, dtype=torch.float64).to_sparse_csc().requires_grad_()
    assert r.identical(r("as.matrix(x)", x=tb.to_r(x)), r("diag(2)"))


def test_dtype_and_device_are_those_asked_for(matrix):
    x = tb.to_torch(matrix, dtype="float32")
    assert (x.dtype, x.layout) == (torch.float32, torch.sparse_csc)


def test_na_follows_the_policy(r, nothing_left):
    x = r("Matrix::sparseMatrix(i = 1:2, j = 1:2, x = c(NA, 3))")
    back = tb.to_r(tb.to_torch(x))
    assert r.true("is.na(x@x[1]) && !is.nan(x@x[1])", x=back)
    assert tb.to_torch(x, na=7).values().tolist() == [7, 3]
    with pytest.raises(ValueError, match="na: x has NA, and int32 cannot hold it"):
        tb.to_torch(x, dtype="int32")


@pytest.mark.parametrize("options", [{"share": True}, {"na": "mask"}])
def test_sharing_and_masks_are_not_for_sparse_matrices(matrix, options):
    with pytest.raises(ValueError, match="share and na='mask' are not for sparse matrices"):
        tb.to_torch(matrix, **options)


_CLASSES = {
    "dsCMatrix": "Matrix::Matrix(c(2, 1, 1, 2), 2, 2, sparse = TRUE)",
    "dtCMatrix": "Matrix::triu(m)",
    "dgTMatrix": "methods::as(m, 'TsparseMatrix')",
    "dgRMatrix": "methods::as(m, 'RsparseMatrix')",
    "lgCMatrix": "m > 2",
    "ngCMatrix": "methods::as(m, 'nMatrix')",
    "ltCMatrix": "Matrix::triu(m > 2)",
    "dtTMatrix": "methods::as(Matrix::Diagonal(2), 'TsparseMatrix')",
    "ddiMatrix": "Matrix::Diagonal(2, 3:4)",
    "ldiMatrix": "Matrix::Diagonal(2, c(TRUE, FALSE))",
    "pMatrix": "methods::as(3:1, 'pMatrix')",
    "dgeMatrix": "Matrix::Matrix(c(2, 1, 3, 2), 2, 2)",
    "dsyMatrix": "Matrix::Matrix(c(2, 1, 1, 2), 2, 2, sparse = FALSE)",
}


@pytest.mark.parametrize("name", _CLASSES)
def test_every_class_of_matrix_is_a_tensor(r, name, nothing_left):
    made = "m <- Matrix::sparseMatrix(i = c(1, 2, 3, 3), j = c(1, 2, 2, 3), x = c(2, 3, 1, 4))"
    x = r(f"{{ {made}; {_CLASSES[name]} }}")
    assert r.true(f"methods::is(x, '{name}')", x=x)
    tensor = tb.to_torch(x)
    plain = tb.to_torch(r("as.matrix(x)", x=x))
    dense = name in ("dgeMatrix", "dsyMatrix")
    assert tensor.layout == (torch.strided if dense else torch.sparse_csc)
    assert tensor.dtype == plain.dtype
    assert torch.equal(tensor if dense else tensor.to_dense(), plain)
    assert tb.to_torch(x, dtype="float32").dtype == torch.float32


def test_a_damaged_symmetric_matrix_is_refused(r, nothing_left):
    made = "x <- Matrix::Matrix(c(2, 1, 1, 2), 2, 2, sparse = TRUE); x@i[1] <- 9L; x"
    with pytest.raises(ValueError, match="x: this dsCMatrix is damaged"):
        tb.to_torch(r(f"{{ {made} }}"))


def test_numpy_has_no_sparse_arrays(matrix):
    with pytest.raises(TypeError, match="x: NumPy has no sparse arrays"):
        tb.to_numpy(matrix)


def test_integers_that_a_double_cannot_hold_are_refused(r):
    x = torch.tensor([[2**53 + 1, 0]]).to_sparse_csc()
    with pytest.raises(ValueError, match="x: R's sparse matrices hold doubles"):
        tb.to_r(x)
    assert list(r("x@x", x=tb.to_r(torch.tensor([[2**53, 0]]).to_sparse_csc()))) == [2**53]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: torch.ones(2, 2, 2).to_sparse_coo(), TypeError, "no plain sparse matrix"),
        (lambda: torch.ones(2).to_sparse_coo(), TypeError, "no plain sparse matrix"),
        (lambda: torch.eye(4).to_sparse(1), TypeError, "no plain sparse matrix"),
        (
            lambda: torch.nested.nested_tensor([torch.ones(2)], layout=torch.jagged),
            TypeError,
            "a nested tensor holds tensors of several sizes",
        ),
        (lambda: torch.ones(2, 2, dtype=torch.cfloat).to_sparse(), TypeError, "no complex"),
        (
            lambda: torch.sparse_coo_tensor(size=(2**31, 1)),
            ValueError,
            "end at 2147483647 rows, columns and values",
        ),
    ],
)
def test_what_is_no_sparse_matrix_of_r_is_refused(make, error, message, nothing_left):
    with pytest.raises(error, match=f"x: .*{message}"):
        tb.to_r(make())


@pytest.mark.parametrize(
    ("slots", "words"),
    [
        ({"p": "c(1L, 1L, 2L)"}, "p does not rise from 0"),
        ({"p": "c(0L, 2L, 1L)"}, "p does not rise from 0"),
        ({"p": "c(0L, -1L, 2L)"}, "p does not rise from 0"),
        ({"p": "c(0L, NA, 2L)"}, "p does not rise from 0"),
        ({"p": "c(0L, 1L, 5L)"}, "p ends at 5, and i has 2, x has 2 elements"),
        ({"p": "c(0L, 1L, 1L)"}, "p ends at 1, and i has 2, x has 2 elements"),
        ({"p": "c(0L, 2L)"}, "p has 2 elements for 2 columns"),
        ({"p": "integer()"}, "p has 0 elements for 2 columns"),
        ({"p": "c(0, 1, 2)"}, "p is of type double, not integer"),
        ({"i": "c(0L, 2L)"}, "i has rows that are none of 0 to 1"),
        ({"i": "c(-1L, 1L)"}, "i has rows that are none of 0 to 1"),
        ({"i": "c(NA, 1L)"}, "i has rows that are none of 0 to 1"),
        ({"i": "0L"}, "p ends at 2, and i has 1, x has 2 elements"),
        ({"i": "c(1L, 1L)", "p": "c(0L, 2L, 2L)"}, "i has rows of a column out of order, or twice"),
        ({"i": "c(1L, 0L)", "p": "c(0L, 0L, 2L)"}, "i has rows of a column out of order, or twice"),
        ({"x": "1"}, "p ends at 2, and i has 2, x has 1 elements"),
        ({"x": "1:2"}, "x is of type integer, not double"),
        ({"x": "c('a', 'b')"}, "x is of type character, not double"),
        ({"x": "NULL"}, "x is not there"),
        ({"Dim": "c(-2L, 2L)"}, r"Dim is \(-2, 2\), not the numbers of rows and columns"),
        ({"Dim": "c(2L, 2L, 1L)"}, r"Dim is \(2, 2, 1\), not"),
        ({"Dim": "c(2L, 9L)"}, "p has 3 elements for 9 columns"),
        ({"Dim": "c(1L, 2L)"}, "i has rows that are none of 0 to 0"),
    ],
)
def test_slots_that_do_not_go_together_are_named(r, slots, words):
    damage = "; ".join(f"attr(m, '{name}') <- {value}" for name, value in slots.items())
    x = r(f"{{ m <- Matrix::sparseMatrix(1:2, 1:2, x = c(1, 2)); {damage}; m }}")
    with pytest.raises(ValueError, match=f"x: its slot {words}.*: this dgCMatrix is damaged"):
        tb.to_torch(x)


def test_empty_columns_may_stand_anywhere(r):
    for p, i in (("c(0L, 0L, 1L, 1L)", "0L"), ("c(0L, 2L, 2L, 3L)", "c(0L, 1L, 0L)")):
        make = f"methods::new('dgCMatrix', p = {p}, i = {i}, x = {i} + 1, Dim = c(2L, 3L))"
        x = r(f"{{ loadNamespace('Matrix'); {make} }}")
        assert torch.equal(tb.to_torch(x).to_dense(), tb.to_torch(r("as.matrix(x)", x=x)))
