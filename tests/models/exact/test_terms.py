"""Columns of a formula's terms, made block by block, beside the dense columns."""

import pytest
import torch

from torchbridge.models.exact.glm import fit_glm
from torchbridge.models.exact.terms import Terms


@pytest.fixture(scope="module")
def variables():
    generator = torch.Generator().manual_seed(1)
    n = 6000
    codes = torch.randint(1, 4, (n,), generator=generator, dtype=torch.int32)
    numbers = torch.randn(n, 2, generator=generator, dtype=torch.float64)
    return [codes, numbers[:, 0], numbers, torch.arange(n, dtype=torch.int32) % 2 + 1]


TREATMENT = torch.tensor([[0.0, 0], [1, 0], [0, 1]])


@pytest.fixture(scope="module")
def terms(variables):
    return Terms(
        variables, [[0], [1], [0, 2], [3, 0]],
        [[TREATMENT], [None], [torch.eye(3), None], [torch.tensor([[0.0], [1]]), TREATMENT]],
    )  # fmt: skip


def test_columns_are_those_of_model_matrix(variables, terms):
    g, x, m, h = variables
    is_level = g[:, None] == torch.arange(1, 4)
    second = (h == 2)[:, None]
    expected = torch.cat(
        [
            is_level[:, 1:],
            x[:, None],
            *(is_level * m[:, [j]] for j in range(2)),
            second & is_level[:, 1:],
        ],
        1,
    )
    assert terms.shape == (6000, 2 + 1 + 6 + 2) and len(terms) == 6000
    assert torch.equal(terms.rows(0, 6000).dense(), expected.double())
    assert torch.equal(terms.rows(4000, 4003).dense(), expected[4000:4003].double())


@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
def test_a_fit_is_that_of_the_dense_columns(terms, variables, family):
    x = variables[1]
    y = {"gaussian": x + torch.sin(x), "binomial": (x > 0.3).double(), "poisson": (x + 3).floor()}
    y[family][::7] = 1.0
    weights = torch.ones(6000, dtype=torch.float64)
    weights[:5] = 0
    found = fit_glm(terms, y[family].clamp(min=0), family, weights=weights)
    # Of fewer numbers than are fitted in blocks.
    dense = fit_glm(terms.rows(0, 6000).dense(), y[family].clamp(min=0), family, weights=weights)
    assert found.rank == dense.rank == 12 - 1  # x:g holds x
    torch.testing.assert_close(
        found.coefficients, dense.coefficients, rtol=1e-10, atol=1e-12, equal_nan=True
    )
    torch.testing.assert_close(
        found.covariance, dense.covariance, rtol=1e-9, atol=1e-15, equal_nan=True
    )
    torch.testing.assert_close(found.fitted, dense.fitted, rtol=1e-10, atol=1e-12)
    assert found.log_likelihood == pytest.approx(dense.log_likelihood, rel=1e-12)


def test_a_large_table_is_fitted_in_blocks_with_the_digits_of_qr(monkeypatch):
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(40_000, 8, generator=generator, dtype=torch.float64)
    x = torch.cat([x, x[:, :1] * 3, 1e6 + x[:, 1:2]], 1)  # one depends, one is far off
    y = x[:, 0] - 2 * x[:, 1] + torch.randn(40_000, generator=generator, dtype=torch.float64)
    found = fit_glm(x, y)
    monkeypatch.setattr("torchbridge.models.exact.glm._LARGE", x.numel() + 1)
    qr = fit_glm(x, y)
    assert torch.equal(found.coefficients.isnan(), qr.coefficients.isnan())
    assert int(qr.coefficients.isnan().sum()) == 2
    kept = ~qr.coefficients.isnan()
    torch.testing.assert_close(
        found.coefficients[kept], qr.coefficients[kept], rtol=1e-9, atol=1e-10
    )
    errors = (found.standard_errors / qr.standard_errors - 1)[kept]
    assert float(errors.abs().max()) < 1e-9


def test_infinite_numbers_are_refused(variables):
    with pytest.raises(ValueError, match="NaN or infinite"):
        Terms([variables[1] / 0], [[0]], [[None]])


@pytest.mark.parametrize("intercept", [True, False])
def test_numbers_far_from_zero_keep_their_digits_within_levels(variables, intercept, monkeypatch):
    g, x, m, h = variables
    year = 2000 + x
    plain, crossed = [[None], [TREATMENT]], [TREATMENT, None]
    terms = Terms([g, year, m], [[1], [0], [0, 1], [1, 0, 2]], [*plain, crossed, [None, *crossed]])
    dense = terms.rows(0, 6000).dense()
    level = g[:, None] == torch.tensor([2, 3])
    expected = (year[:, None] * level)[:, :, None] * m[:, None, :]
    torch.testing.assert_close(dense[:, 5:], expected.transpose(1, 2).flatten(1), rtol=0, atol=0)
    y = x + h + torch.sin(m[:, 1])
    weights = 1 + (torch.arange(6000) % 3).double()
    found = fit_glm(terms, y, weights=weights, intercept=intercept)
    monkeypatch.setattr("torchbridge.models.exact.glm._LARGE", dense.numel() + 1)
    qr = fit_glm(dense, y, weights=weights, intercept=intercept)
    torch.testing.assert_close(found.coefficients, qr.coefficients, rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(found.standard_errors, qr.standard_errors, rtol=1e-8, atol=0)
    # (Without an intercept nothing is taken from its mean.)
    torch.testing.assert_close(found.fitted, qr.fitted, rtol=0, atol=1e-9 if intercept else 1e-8)


def test_codes_and_products_can_be_selected_divided_and_multiplied(terms):
    rows, b = terms.rows(10, 60), torch.arange(11, dtype=torch.float64)
    torch.testing.assert_close(rows.product(b), rows.dense() @ b)
    index = torch.tensor([3, 40, 7])
    assert torch.equal(rows.selected(index).dense(), rows.dense()[index])
    torch.testing.assert_close(rows.divided(b + 1).dense(), rows.dense() / (b + 1))
