"""Quantile regression against sample quantiles, and the conditions of a minimum."""

import pytest
import torch

from torchbridge.models import fit_quantile

torch.manual_seed(3)
X = torch.randn(101, 3, dtype=torch.float64)
Y = X @ torch.tensor([1.0, -2.0, 0.5]).double() + torch.randn(101).double().exp()


def test_without_columns_it_is_the_sample_quantile():
    """The median of an odd number of values is one of them."""
    found = fit_quantile(X[:, :0], Y)
    assert float(found.coefficients[0]) == pytest.approx(float(Y.median()), rel=1e-14)
    assert found.deviance == pytest.approx(float((Y - Y.median()).abs().sum() / 2), rel=1e-14)


@pytest.mark.parametrize("tau", [0.05, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("weighted", [False, True])
def test_conditions_of_the_minimum(tau, weighted):
    """As many rows as coefficients are met exactly, at prices between tau - 1 and tau."""
    weights = (torch.arange(101) % 4).double() if weighted else torch.ones(101).double()
    found = fit_quantile(X, Y, tau, weights=weights)
    design = torch.cat([torch.ones(101, 1).double(), X], 1)
    residual = Y - found.fitted
    met = (residual.abs() < 1e-10) & (weights > 0)
    assert int(met.sum()) == 4
    price = tau - (residual < 0).double()
    pulled = design[~met].T @ (weights * price)[~met]
    of_met = torch.linalg.solve((weights[:, None] * design)[met].T, -pulled)
    assert float(of_met.min()) >= tau - 1 - 1e-9
    assert float(of_met.max()) <= tau + 1e-9


def test_units_do_not_count():
    """Columns and response on other scales."""
    plain, other = fit_quantile(X, Y, 0.3), fit_quantile(1e6 * X, 1e-5 * Y, 0.3)
    torch.testing.assert_close(
        other.coefficients[1:] * 1e11, plain.coefficients[1:], rtol=1e-9, atol=0
    )
    torch.testing.assert_close(
        other.standard_errors[1:] * 1e11, plain.standard_errors[1:], rtol=1e-6, atol=0
    )


def test_dependent_columns_are_left_out_and_offsets_added():
    """As of `fit_glm`."""
    found = fit_quantile(torch.cat([X, X[:, :1]], 1), Y + X[:, 1], offset=X[:, 1])
    plain = fit_quantile(X, Y)
    assert found.coefficients.isnan().tolist() == [False] * 4 + [True]
    torch.testing.assert_close(found.coefficients[:4], plain.coefficients, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(found.fitted, plain.fitted + X[:, 1])


@pytest.mark.parametrize("tau", [0, 1, -0.5, 2])
def test_bad_quantiles_are_named(tau):
    """They lie within 0 and 1."""
    with pytest.raises(ValueError, match="tau must be"):
        fit_quantile(X, Y, tau)


def test_too_few_rows_are_named():
    """There must be more rows than columns."""
    with pytest.raises(ValueError, match="too few rows"):
        fit_quantile(X[:4], Y[:4])
