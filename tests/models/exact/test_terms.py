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
    assert torch.equal(terms.rows(0, 6000), expected.double())
    assert torch.equal(terms.rows(4000, 4003), expected[4000:4003].double())


@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
def test_a_fit_is_that_of_the_dense_columns(terms, variables, family):
    x = variables[1]
    y = {"gaussian": x + torch.sin(x), "binomial": (x > 0.3).double(), "poisson": (x + 3).floor()}
    y[family][::7] = 1.0
    weights = torch.ones(6000, dtype=torch.float64)
    weights[:5] = 0
    found = fit_glm(terms, y[family].clamp(min=0), family, weights=weights)
    # Of fewer numbers than are fitted in blocks.
    dense = fit_glm(terms.rows(0, 6000), y[family].clamp(min=0), family, weights=weights)
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
