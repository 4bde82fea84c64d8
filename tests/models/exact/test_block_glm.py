"""Generalized linear models of sparse rows and of blocks, against those of the dense whole."""

import warnings

import pytest
import torch

from torchbridge.models import fit_glm
from torchbridge.models.exact.block_glm import BlockTask, fit_blocks
from torchbridge.models.exact.blocks import Block
from torchbridge.models.exact.families import find_family
from torchbridge.models.exact.normal_equations import CrossProduct

from .test_glm import CASES, RESPONSES, design

SKIPPED = ("iterations", "converged")


def sparse_design(n=80):
    """With a column of zeros, and one that is there twice."""
    x, eta, u = design(n)
    generator = torch.Generator().manual_seed(3)
    x = x * (torch.rand(x.shape, generator=generator) < 0.6)
    third = (torch.arange(n) % 3 == 0).double()[:, None]
    return torch.cat([x, third, torch.zeros(n, 1).double(), x[:, :1]], 1), eta, u


def check_equal(found, dense, tol, empty=()):
    assert found.converged == dense.converged
    for name, value in vars(dense).items():
        other = getattr(found, name)
        if name in empty:
            assert other.shape == (0,)
        elif isinstance(value, torch.Tensor):
            size = float(value.nan_to_num().abs().max())
            assert torch.allclose(other, value, rtol=tol, atol=tol * size, equal_nan=True), name
        elif isinstance(value, float):
            assert other == pytest.approx(value, rel=tol, nan_ok=True), name
        elif name not in SKIPPED:
            assert other == value, name


@pytest.mark.parametrize(("family", "link"), CASES)
def test_sparse_equals_dense(family, link):
    x, eta, u = sparse_design()
    y = RESPONSES[family](eta, u)
    # Some rows do not count.
    beside = {"weights": (torch.arange(80) % 4).double()}
    beside["offset"] = 0.1 * torch.sin(torch.arange(80.0)).double()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dense = fit_glm(x, y, family, link, tol=1e-14, max_iter=100, **beside)
        found = fit_glm(x.to_sparse_csr(), y, family, link, tol=1e-14, max_iter=100, **beside)
    assert dense.converged
    check_equal(found, dense, 1e-11)


def in_blocks(x, y, family="gaussian", link=None, intercept=True, size=17, w=None, o=None):
    name = family
    family, link = find_family(family, link)
    w = torch.ones_like(y) if w is None else w
    o = torch.zeros_like(y) if o is None else o

    def blocks():
        for i in range(0, len(y), size):
            j = slice(i, i + size)
            yield Block(x[j], y[j], w[j], o[j])

    return fit_blocks(
        BlockTask(blocks, x.shape[1], family, link, name, intercept, 1e-12, 100, False)
    )


ROWS = ("linear_predictor", "fitted", "working_weights")


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize(
    ("family", "link"), [("gaussian", "identity"), ("binomial", "logit"), ("poisson", "log")]
)
def test_blocks_equal_the_whole(family, link, intercept):
    x, eta, u = sparse_design()
    y = RESPONSES[family](eta, u)
    w, o = (torch.arange(80) % 4).double(), 0.1 * torch.sin(torch.arange(80.0)).double()
    dense = fit_glm(x, y, family, link, weights=w, offset=o, intercept=intercept, tol=1e-12)
    found = in_blocks(x, y, family, link, intercept, w=w, o=o)
    check_equal(found, dense, 1e-11, ROWS)


@pytest.mark.parametrize(
    "change",
    [
        lambda x, y: (x + 1e6, y),  # means far from 0
        lambda x, y: (torch.cat([x, x[:, :1] + 1e-5 * x[:, 1:2]], 1), y),  # nearly dependent
        lambda x, y: (torch.cat([x, x.sum(1, keepdim=True)], 1), y),  # dependent
        lambda x, y: (x, 3 + x.sum(1) + 1e-7 * y),  # hardly anything left to explain
        lambda x, y: (
            x * torch.tensor([1e200, 1e-200, 1], dtype=x.dtype),
            y * 1e180,
        ),  # out of range
        lambda x, y: (x[:3], y[:3]),  # more columns than rows
        lambda x, y: (x[:, :0], y),  # none
    ],
)
@pytest.mark.parametrize("sparse", [False, True])
def test_least_squares_keeps_its_digits(change, sparse):
    x, eta, u = design()
    x, y = change(x, RESPONSES["gaussian"](eta, u))
    dense = fit_glm(x, y)
    found = fit_glm(x.to_sparse_csr(), y) if sparse and x.shape[1] else in_blocks(x, y)
    for name in ("coefficients", "standard_errors"):
        ours, theirs = getattr(found, name), getattr(dense, name)
        assert torch.allclose(ours, theirs, rtol=2e-9, atol=0, equal_nan=True), name
    assert found.rank == dense.rank
    if dense.df_residual:
        assert found.deviance == pytest.approx(dense.deviance, rel=2e-9)


def test_a_closed_form_of_many_blocks():
    """Columns of which half the rows are 1 and half -1, orthogonal: the means say all."""
    n = 1 << 12
    bits = (torch.arange(n)[:, None] >> torch.arange(12)) & 1
    x = (2 * bits - 1).double()
    b = torch.linspace(-1, 1, 12).double()
    y = 5 + x @ b + x[:, :1].prod(1) * x[:, 1]  # what is left is orthogonal to all columns
    found = in_blocks(x, y, size=100)
    expected = torch.cat([torch.tensor([5.0]).double(), b])
    assert torch.allclose(found.coefficients, expected, rtol=0, atol=1e-14)
    assert found.deviance == pytest.approx(n, rel=1e-13)
    error = (n / (n - 13) / n) ** 0.5
    assert torch.allclose(found.standard_errors, torch.full((13,), error).double(), rtol=1e-13)


def test_the_cross_product_knows_its_limits():
    x, _, _ = design()
    sums = CrossProduct(intercept=True)
    sums.add(torch.cat([x, x[:, :1] + 1e-5 * x[:, 1:2]], 1), torch.ones(80).double(), x[:, 0])
    assert sums.solved() is None


def test_no_row_counts():
    x, _, u = design()
    with pytest.raises(ValueError, match="no row with a weight above 0"):
        in_blocks(x, u, w=torch.zeros(80).double())
