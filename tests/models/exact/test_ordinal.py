"""Cumulative links against what they are in two classes, and against the definition."""

import pytest
import torch

from torchbridge.models import fit_glm, fit_ordinal, fit_table, load_table
from torchbridge.models.exact.ordinal import ORDINAL_LINKS

torch.manual_seed(2)
X = torch.randn(80, 2, dtype=torch.float64)
Y = torch.bucketize(
    X @ torch.tensor([0.8, -0.4]).double() + torch.randn(80), torch.tensor([-1, 0.5])
)
WEIGHTS = torch.arange(80) % 3


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_two_classes_are_a_binomial_model(link):
    """P(y <= 0) = F(threshold - x b): the model of 1 - y, with the slopes' signs turned."""
    two = (Y > 0).long()
    found, glm = fit_ordinal(X, two, link=link), fit_glm(X, 1.0 - two, "binomial", link)
    torch.testing.assert_close(found.coefficients, -glm.coefficients[1:], rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(found.extra, glm.coefficients[:1], rtol=1e-7, atol=1e-9)
    assert found.deviance == pytest.approx(glm.deviance, rel=1e-12)


@pytest.mark.parametrize("link", list(ORDINAL_LINKS))
def test_maximum_of_the_definition(link):
    """Its value, a gradient of 0, and its information."""
    found = fit_ordinal(X, Y, link=link, weights=WEIGHTS)
    parameters = torch.cat([found.coefficients, found.extra])

    def of(b):
        z = b[2:] - (X @ b[:2])[:, None]
        below = ORDINAL_LINKS[link].log_below(z).exp()
        below = torch.cat([torch.zeros(80, 1), below, torch.ones(80, 1)], 1)
        p = below.diff(dim=1).gather(1, Y[:, None])[:, 0]
        return (WEIGHTS * p.log()).sum()

    assert found.log_likelihood == pytest.approx(float(of(parameters)), rel=1e-12)
    assert torch.autograd.functional.jacobian(of, parameters).abs().max() < 1e-7
    information = -torch.autograd.functional.hessian(of, parameters)
    torch.testing.assert_close(found.covariance, information.inverse(), rtol=1e-7, atol=1e-12)
    torch.testing.assert_close(found.predict(X), found.fitted)
    torch.testing.assert_close(found.fitted.sum(1), torch.ones(80, dtype=torch.float64))


def test_without_columns_thresholds_are_the_shares():
    """The link of the classes' cumulated shares."""
    found = fit_ordinal(X[:, :0], Y)
    shares = torch.bincount(Y).cumsum(0)[:-1].double() / 80
    torch.testing.assert_close(found.extra, torch.logit(shares), rtol=1e-12, atol=0)


def test_a_table_keeps_it():
    """Spec and weights say it all; an offset moves the predictor, not the classes."""
    offset = 0.1 * X[:, 0]
    fit = fit_table("ordinal", X, Y, n_classes=3, offset=offset, model_options={"link": "probit"})
    again = load_table(fit.spec_json, fit.weights)
    for type in ("response", "link", "class"):
        torch.testing.assert_close(
            again.predict(X, offset=offset, type=type),
            fit.model.predict(X, offset=offset, type=type),
        )
    torch.testing.assert_close(again.predict(X, offset=offset), fit.exact.fitted)
    assert not torch.allclose(again.predict(X), fit.exact.fitted)


def test_separated_classes_are_told():
    """The slope has no finite maximum."""
    x = torch.arange(30.0)[:, None]
    with pytest.warns(UserWarning, match="separated"):
        fit_ordinal(x, (x[:, 0] / 10).long())


def test_bad_arguments_are_named():
    """Each error says which."""
    with pytest.raises(ValueError, match='link "log" is not known'):
        fit_ordinal(X, Y, link="log")
    with pytest.raises(ValueError, match="no row of class 3"):
        fit_ordinal(X, Y, 4)
    with pytest.raises(TypeError, match="integer class codes"):
        fit_ordinal(X, X[:, 0])
