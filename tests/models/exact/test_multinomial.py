"""Multinomial logistic regression against `nnet::multinom` and `glm`."""

import numpy as np
import pytest
import torch

import torchbridge as tb
from torchbridge.models import fit_glm, fit_multinomial

R_FIT = """{
  k <- max(y) + 1
  # (Its Hessian fails where there is an offset.)
  offset <- any(o != 0)
  fit <- nnet::multinom(if (offset) factor(y) ~ x + offset(o) else factor(y) ~ x, weights = w,
    trace = FALSE, reltol = 1e-16, abstol = 1e-16, maxit = 2000, Hess = !offset)
  list(b = t(coef(fit)), v = if (!offset) vcov(fit) else NA,
    l = as.numeric(logLik(fit)), f = t(fitted(fit)),
    d = fit$deviance, df = fit$edf)
}"""


def data(n=150, k=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 2, generator=generator, dtype=torch.float64)
    scores = x @ torch.randn(2, k, generator=generator, dtype=torch.float64)
    u = torch.rand(n, k, generator=generator, dtype=torch.float64)
    return x, (scores - (-u.log()).log()).argmax(1)


@pytest.mark.parametrize("weighted", [False, True])
def test_equals_multinom(r, weighted):
    if not r.true("requireNamespace('nnet', quietly = TRUE)"):
        pytest.skip("no R package nnet")
    x, y = data()
    weights = (torch.arange(150) % 3 + 1).double() if weighted else torch.ones(150).double()
    offset = 0.2 * torch.stack([x[:, 0], x[:, 1], x[:, 0] * 0], 1) * weighted
    found = fit_multinomial(x, y, weights=weights, offset=offset)
    answer = r(R_FIT, x=tb.to_r(x), y=tb.to_r(y.int()), w=tb.to_r(weights), o=tb.to_r(offset))
    expected = {name: np.asarray(answer.rx2(name), float) for name in answer.names}
    np.testing.assert_allclose(found.coefficients.T, expected["b"], rtol=1e-6, atol=1e-6)
    if not weighted:
        np.testing.assert_allclose(found.covariance, expected["v"], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found.log_likelihood, expected["l"][0], rtol=1e-10)
    np.testing.assert_allclose(found.fitted.T, expected["f"], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found.predict(x, offset), found.fitted, rtol=1e-12)
    assert found.df == expected["df"][0]
    assert found.converged


def test_two_classes_are_logistic_regression():
    x, y = data(k=2)
    found = fit_multinomial(x, y)
    logistic = fit_glm(x, y.double(), "binomial")
    np.testing.assert_allclose(found.coefficients[0], logistic.coefficients, rtol=1e-9)
    np.testing.assert_allclose(found.standard_errors[0], logistic.standard_errors, rtol=1e-7)
    assert found.log_likelihood == pytest.approx(logistic.log_likelihood, rel=1e-12)


def test_gradient_vanishes_at_the_estimate():
    x, y = data(k=4)
    found = fit_multinomial(x, y)
    b = found.coefficients.clone().requires_grad_()
    scores = torch.cat([torch.ones(150, 1).double(), x], 1) @ b.T
    logs = torch.cat([torch.zeros(150, 1).double(), scores], 1).log_softmax(1)
    logs.gather(1, y[:, None]).sum().backward()
    assert b.grad.abs().max() < 1e-8


def test_dependent_column_is_left_out():
    x, y = data()
    found = fit_multinomial(torch.cat([x, x[:, :1]], 1), y)
    assert found.coefficients[:, 3].isnan().all()
    torch.testing.assert_close(found.coefficients[:, :3], fit_multinomial(x, y).coefficients)


@pytest.mark.parametrize("power", [-600, -100, -25, 40, 900])
def test_columns_of_any_scale(power):
    x, y = data(k=4)
    weights = (torch.arange(150) % 3).double()  # some do not count
    units = torch.tensor([1.0, 2.0**power, 1.0], dtype=torch.float64)
    plain = fit_multinomial(x, y, weights=weights)
    scaled = fit_multinomial(x * units[1:], y, weights=weights)
    close = {"rtol": 1e-10}
    np.testing.assert_allclose(scaled.coefficients * units, plain.coefficients, **close)
    np.testing.assert_allclose(scaled.standard_errors * units, plain.standard_errors, **close)
    np.testing.assert_allclose(scaled.fitted, plain.fitted, **close)
    np.testing.assert_allclose(scaled.predict(x * units[1:]), plain.fitted, **close)
    assert scaled.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-12)


def test_standard_errors_are_roots_of_variances():
    found = fit_multinomial(*data(k=4))
    variances = found.covariance.diagonal().reshape(3, 3)
    np.testing.assert_allclose(found.standard_errors, variances.sqrt(), rtol=1e-12)


def test_separated_classes_warn():
    x = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]])
    with pytest.warns(UserWarning, match="separated"):
        fit_multinomial(x, torch.tensor([0, 0, 1, 1]))


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"y": torch.rand(150)}, TypeError, "y must be a tensor of integer class codes"),
        ({"y": torch.zeros(150).long()}, ValueError, "at least 2"),
        ({"n_classes": 2}, ValueError, "at most 2 classes"),
        ({"n_classes": 5}, ValueError, "y has no row of class 3: drop it"),
        ({"offset": torch.zeros(150, 2)}, ValueError, "offset must have shape (150, 3)"),
    ],
)
def test_bad_argument_is_named(changed, error, message):
    x, y = data()
    with pytest.raises(error) as caught:
        fit_multinomial(**({"x": x, "y": y} | changed))
    assert message in str(caught.value)
