"""The path against what defines it: the conditions of a minimum, and its two ends."""

import signal

import pytest
import torch

from torchbridge.models import fit_glm, fit_path
from torchbridge.models.exact import penalty_path

GENERATOR = torch.Generator().manual_seed(5)
X = (
    torch.randn(80, 5, generator=GENERATOR, dtype=torch.float64)
    * torch.tensor([1.0, 3.0, 0.2, 1.0, 1.0], dtype=torch.float64)
    + 2
)
ETA = 0.3 * X[:, 0] - 0.2 * X[:, 1]
WEIGHTS = torch.rand(80, generator=GENERATOR, dtype=torch.float64) + 0.5
OFFSET = 0.1 * X[:, 3]
RESPONSES = {
    "gaussian": ETA + torch.randn(80, generator=GENERATOR, dtype=torch.float64),
    "binomial": torch.bernoulli(ETA.sigmoid(), generator=GENERATOR),
    "poisson": torch.poisson(ETA.exp(), generator=GENERATOR),
}


def inverse(family, eta):
    return {"gaussian": eta, "binomial": eta.sigmoid(), "poisson": eta.exp()}[family]


@pytest.mark.parametrize("family", list(RESPONSES))
@pytest.mark.parametrize("mixture", [1.0, 0.5])
def test_every_point_fulfils_the_conditions_of_a_minimum(family, mixture):
    y = RESPONSES[family]
    path = fit_path(X, y, family, mixture=mixture, weights=WEIGHTS, offset=OFFSET, n_penalties=12)
    assert path.df[0] == 0
    assert path.df[-1] == 5
    assert bool((path.deviance_ratio.diff() >= -1e-12).all())
    share = WEIGHTS / WEIGHTS.sum()
    middle = share @ X
    sd = (share @ (X - middle) ** 2).sqrt()
    for penalty, b in zip(path.penalty, path.coefficients, strict=True):
        score = share * (y - inverse(family, b[0] + X @ b[1:] + OFFSET))
        assert abs(float(score.sum())) < 1e-8
        gradient, slopes = ((X - middle) / sd).T @ score, b[1:] * sd
        bound = penalty * (mixture * slopes.sign() + (1 - mixture) * slopes)
        is_in = slopes != 0
        torch.testing.assert_close(gradient[is_in], bound[is_in], rtol=0, atol=1e-8)
        assert bool((gradient[~is_in].abs() <= penalty * mixture + 1e-8).all())


@pytest.mark.parametrize("family", list(RESPONSES))
def test_without_a_penalty_it_is_the_exact_fit(family):
    y = RESPONSES[family]
    found = fit_path(X, y, family, penalty=[0.0], weights=WEIGHTS, offset=OFFSET)
    exact = fit_glm(X, y, family, weights=WEIGHTS, offset=OFFSET)
    torch.testing.assert_close(found.coefficients[0], exact.coefficients, rtol=0, atol=1e-7)
    ratio = 1 - exact.deviance / exact.null_deviance
    assert float(found.deviance_ratio[0]) == pytest.approx(ratio, rel=1e-8)


def test_ridge_regression_has_its_closed_form():
    y = RESPONSES["gaussian"]
    found = fit_path(X, y, penalty=[0.7], mixture=0.0)
    z = (X - X.mean(0)) / X.std(0, unbiased=False)
    slopes = torch.linalg.solve(z.T @ z / 80 + 0.7 * torch.eye(5).double(), z.T @ y / 80)
    expected = slopes / X.std(0, unbiased=False)
    torch.testing.assert_close(found.coefficients[0, 1:], expected, rtol=1e-8, atol=1e-10)
    none = fit_path(X, y, penalty=[0.0], intercept=False)
    expected = torch.linalg.lstsq(X, y).solution
    torch.testing.assert_close(none.coefficients[0], expected, rtol=1e-7, atol=1e-9)


def test_a_constant_column_stays_at_0():
    x = torch.cat([X, torch.full((80, 1), 3.0).double()], 1)
    assert bool((fit_path(x, RESPONSES["gaussian"]).coefficients[:, 6] == 0).all())


def test_bad_input():
    y = RESPONSES["gaussian"]
    with pytest.raises(ValueError, match="mixture must be a number from 0 to 1, not 2"):
        fit_path(X, y, mixture=2)
    with pytest.raises(ValueError, match="penalty must be finite numbers from 0, not -1"):
        fit_path(X, y, penalty=[1, -1])
    with pytest.raises(ValueError, match="y must be"):
        fit_path(X, y, "poisson")
    with pytest.raises(ValueError, match="weights must not be negative"):
        fit_path(X, y, weights=-WEIGHTS)


def test_an_interrupt_gives_the_penalties_so_far(monkeypatch):
    whole = fit_path(X, RESPONSES["gaussian"], n_penalties=10)
    solve, calls = penalty_path._Task.solve, []

    def interrupted(task, b, penalty):
        calls.append(penalty)
        if len(calls) == last:
            signal.raise_signal(signal.SIGINT)
        return solve(task, b, penalty)

    monkeypatch.setattr(penalty_path._Task, "solve", interrupted)
    last = 5  # the first call is that of no penalty
    found = fit_path(X, RESPONSES["gaussian"], n_penalties=10)
    assert found.status == "interrupted after 3 of 10 penalties"
    assert torch.equal(found.penalty, whole.penalty[:3])
    assert torch.equal(found.coefficients, whole.coefficients[:3])
    assert whole.status == "completed"
    calls.clear()
    last = 2
    with pytest.raises(KeyboardInterrupt):
        fit_path(X, RESPONSES["gaussian"], n_penalties=10)


@pytest.mark.parametrize("power", [-900, -600, 600, 900])
def test_columns_of_any_scale(power):
    units = torch.tensor([2.0**power, 1.0, 2.0**-power, 1.0, 1.0], dtype=torch.float64)
    plain = fit_path(X, RESPONSES["poisson"], "poisson", weights=WEIGHTS, n_penalties=8)
    scaled = fit_path(X * units, RESPONSES["poisson"], "poisson", weights=WEIGHTS, n_penalties=8)
    close = {"rtol": 1e-10, "atol": 1e-12}
    torch.testing.assert_close(scaled.penalty, plain.penalty, **close)
    torch.testing.assert_close(scaled.coefficients[:, 0], plain.coefficients[:, 0], **close)
    torch.testing.assert_close(
        scaled.coefficients[:, 1:] * units, plain.coefficients[:, 1:], **close
    )
