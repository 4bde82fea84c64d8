"""Several responses against `lm` (its mlm), to the last digits."""

import numpy as np
import pytest
import torch

import torchbridge as tb
from torchbridge.models import fit_glm
from torchbridge.models.exact.responses import fit_responses
from torchbridge.models.table.fit import fit_table


def data(n=60):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 3, generator=generator, dtype=torch.float64)
    noise = torch.randn(n, 2, generator=generator, dtype=torch.float64)
    return x, x @ torch.tensor([[1.0, 0], [2, -1], [0, 0.5]]).double() + noise + 1


def test_equals_mlm(r):
    x, y = data()
    found = fit_responses(x, y)
    expected = r(
        "{ f <- lm(y ~ x); list(b = coef(f), v = vcov(f), f = fitted(f), d = deviance(f)) }",
        x=tb.to_r(x),
        y=tb.to_r(y),
    )
    for name, value in zip(
        "bvfd", ("coefficients", "covariance", "fitted", "deviance"), strict=True
    ):
        np.testing.assert_allclose(
            getattr(found, value), np.asarray(expected.rx2(name)), rtol=1e-9, atol=1e-12
        )


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e160])
def test_each_response_is_a_model_of_its_own(scale):
    x, y = data()
    x = torch.cat([x * scale, x[:, :1] * scale], 1)  # the last depends on the first
    y = y * torch.tensor([1.0, scale], dtype=torch.float64)
    w = (torch.arange(60) % 3).double()
    found = fit_responses(x, y, weights=w, offset=y.flip(0) / 8)
    for j in range(2):
        one = fit_glm(x, y[:, j], weights=w, offset=y.flip(0)[:, j] / 8)
        np.testing.assert_allclose(found.coefficients[:, j], one.coefficients, rtol=1e-8)
        of = slice(5 * j, 5 * j + 5)
        np.testing.assert_allclose(found.standard_errors[of], one.standard_errors, rtol=1e-8)
        np.testing.assert_allclose(found.fitted[:, j], one.fitted, rtol=1e-9, atol=1e-300)
        assert (found.rank, found.df_residual, found.n_obs) == (4, one.df_residual, one.n_obs)


def test_a_table_takes_them_for_linear_models_alone():
    x, y = data()
    found = fit_table("linear", x, y)
    torch.testing.assert_close(found.fitted, found.model.predict(x), rtol=1e-10, atol=1e-10)
    assert found.fitted.shape == (60, 2)
    with pytest.raises(ValueError, match='response has 2 columns: model "poisson" takes one'):
        fit_table("poisson", x, y.abs())


def test_bad_arguments_are_named():
    x, y = data()
    with pytest.raises(ValueError, match=r"y must have shape \(60, m\), not \(59, 2\)"):
        fit_responses(x, y[1:])
    with pytest.raises(ValueError, match="y holds values that are NaN or infinite"):
        fit_responses(x, y / 0)
