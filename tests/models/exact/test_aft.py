"""Parametric models of times against closed forms and the definition."""

import math

import pytest
import torch
from torch.distributions import Normal

from torchbridge.models import fit_aft, fit_glm
from torchbridge.models.exact.aft import TIME_DISTRIBUTIONS

torch.manual_seed(1)
X = torch.randn(60, 2, dtype=torch.float64)
TIME = torch.exp(1 + X @ torch.tensor([0.5, -0.3], dtype=torch.float64) + 0.7 * torch.randn(60))
EVENT = torch.rand(60) < 0.7
UPPER = torch.where(EVENT, TIME, math.inf)


def test_exponential_rates_are_events_over_time():
    """Without columns."""
    found = fit_aft(X[:, :0], TIME, UPPER, "exponential")
    rate = float(EVENT.sum() / TIME.sum())
    assert float(found.coefficients[0]) == pytest.approx(-math.log(rate), rel=1e-13)
    assert found.log_likelihood == pytest.approx(float(EVENT.sum()) * (math.log(rate) - 1))


def test_gaussian_without_censoring_is_least_squares():
    """With the maximum likelihood's scale."""
    y = TIME.log()
    found, line = fit_aft(X, y, y, "gaussian"), fit_glm(X, y)
    torch.testing.assert_close(found.coefficients, line.coefficients, rtol=1e-10, atol=1e-12)
    assert float(found.scale[0]) == pytest.approx(math.sqrt(line.deviance / 60), rel=1e-10)
    of_logs = fit_aft(X, TIME, TIME, "lognormal")
    torch.testing.assert_close(of_logs.coefficients, found.coefficients, rtol=1e-10, atol=1e-12)
    jacobian = float(y.sum())
    assert of_logs.log_likelihood == pytest.approx(found.log_likelihood - jacobian, rel=1e-12)


@pytest.mark.parametrize("name", list(TIME_DISTRIBUTIONS))
def test_maximum_of_the_definition(name):
    """Events, censored on either side and between: a gradient of 0, and its information."""
    lower, upper = TIME.clone(), UPPER.clone()
    lower[:5], upper[:5] = -math.inf, TIME[:5]
    lower[5:12], upper[5:12] = TIME[5:12], 1.5 * TIME[5:12]
    found = fit_aft(X, lower, upper, name)
    family = TIME_DISTRIBUTIONS[name]
    parameters = torch.cat([found.coefficients, found.extra])

    def of(b):
        scale = b[3:].exp() if len(b) > 3 else torch.tensor(family.scale, dtype=torch.float64)
        eta = b[0] + X @ b[1:3]
        low, high = (lower.clamp(min=0).log(), upper.log()) if family.log_time else (lower, upper)
        exact, right = lower == upper, upper == math.inf

        def z(bound, rows):
            return (bound[rows] - eta[rows]) / scale

        density = family.of.log_density(z(low, exact)) - torch.log(scale)
        total = (density - low[exact] * family.log_time).sum()
        total = total + family.of.log_above(z(low, right)).sum()
        total = total + family.of.log_below(z(high, slice(0, 5))).sum()
        rows = slice(5, 12)
        below = [family.of.log_below(z(bound, rows)).exp() for bound in (low, high)]
        return total + (below[1] - below[0]).log().sum()

    assert found.log_likelihood == pytest.approx(float(of(parameters)), rel=1e-12)
    assert torch.autograd.functional.jacobian(of, parameters).abs().max() < 1e-8
    information = -torch.autograd.functional.hessian(of, parameters)
    torch.testing.assert_close(found.covariance, information.inverse(), rtol=1e-7, atol=1e-12)


def test_far_tails_keep_their_digits():
    """Intervals some forty standard deviations out."""
    of = TIME_DISTRIBUTIONS["gaussian"].of
    low = torch.tensor([30.0, -31.0, 0.1], dtype=torch.float64)
    high = torch.tensor([31.0, -30.0, 0.2], dtype=torch.float64)
    found = of.log_between(low, high)
    # Mills' ratio at 30: log(phi(30) / 30 (1 - 1/900 + 3/900^2 - 15/900^3)).
    tail = -450 - math.log(2 * math.pi) / 2 - math.log(30)
    tail += math.log(1 - 1 / 900 + 3 / 900**2 - 15 / 900**3 + 105 / 900**4)
    below = Normal(0.0, 1.0).cdf(torch.stack([low[2], high[2]]))
    middle = torch.log(below[1] - below[0])
    torch.testing.assert_close(
        found, torch.tensor([tail, tail, float(middle)], dtype=torch.float64), rtol=1e-12, atol=0
    )


def test_survival_and_quantiles_are_inverse():
    """The time by which a share p has had the event is survived by 1 - p; strata have scales."""
    strata = (X[:, 0] > 0).long()
    found = fit_aft(X, TIME, UPPER, strata=strata)
    assert found.scale.shape == (2,)
    p = torch.tensor([0.1, 0.5])
    times = found.quantile(X[:3], p, strata[:3])
    for i in range(3):
        at = found.survival(X[i : i + 1], times[i], strata[i : i + 1])
        torch.testing.assert_close(at[0], 1 - p.double())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-TIME, UPPER, "weibull"), "times must be above 0"),
        ((TIME, TIME - 1, "weibull"), "lower must be at most upper"),
        ((TIME, torch.full((60,), math.inf), "weibull"), "all times are censored"),
        ((TIME, UPPER, "gamma"), 'distribution "gamma" is not known'),
        ((TIME * math.nan, UPPER, "weibull"), "lower holds NaN"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    """Each error says which."""
    with pytest.raises(ValueError, match=message):
        fit_aft(X, *arguments)
