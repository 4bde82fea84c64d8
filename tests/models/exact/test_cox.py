"""Cox's model against its definition, term by term."""

import math

import pytest
import torch

from torchbridge.models import fit_cox

X = torch.tensor([[1.0, 0.3], [0, -1], [1, 2], [0, 0.1], [1, -0.7], [0, 1.3], [1, 0.4], [0, 0.9]])
TIME = torch.tensor([3.0, 3, 5, 5, 5, 8, 9, 9])
EVENT = torch.tensor([1.0, 1, 1, 0, 1, 1, 0, 1])
START = torch.tensor([0.0, 1, 0, 4, 2, 5, 0, 3])
STRATA = torch.tensor([0, 1, 0, 1, 1, 0, 0, 1])
WEIGHTS = torch.tensor([1.0, 2, 1, 0.5, 1, 1, 3, 1])


def partial_likelihood(b, *, start=None, strata=None, weights=None, offset=None, ties="efron"):
    """Risk set by risk set, as the paper writes it."""
    n = len(TIME)
    start = torch.full((n,), -math.inf) if start is None else start
    strata = torch.zeros(n) if strata is None else strata
    w = torch.ones(n) if weights is None else weights
    eta = X.double() @ b + (0 if offset is None else offset)
    total = torch.zeros((), dtype=torch.float64)
    for g in strata.unique():
        for t in TIME[(strata == g) & (EVENT == 1)].unique():
            dead = (t == TIME) & (EVENT == 1) & (strata == g)
            at_risk = (t <= TIME) & (start < t) & (strata == g)
            risk, dying = (w * eta.exp())[at_risk].sum(), (w * eta.exp())[dead].sum()
            total = total + (w * eta)[dead].sum()
            d = int(dead.sum())
            for i in range(d):
                if ties == "efron":
                    total = total - w[dead].mean() * torch.log(risk - i / d * dying)
                else:
                    total = total - w[dead][i] * torch.log(risk)
    return total


CASES = [
    {},
    {"ties": "breslow"},
    {"start": START},
    {"strata": STRATA},
    {"strata": STRATA, "start": START, "weights": WEIGHTS},
    {"weights": WEIGHTS, "ties": "breslow"},
    {"offset": 0.3 * X[:, 1]},
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "+".join(case) or "plain")
def test_maximum_of_the_definition(case):
    """The value, a gradient of 0 and the information of the likelihood as it is defined."""
    found = fit_cox(X, TIME, EVENT, **case)
    b = found.coefficients

    def of(b):
        return partial_likelihood(b, **case)

    assert found.log_likelihood == pytest.approx(float(of(b)), rel=1e-13)
    assert found.null_log_likelihood == pytest.approx(float(of(0 * b)), rel=1e-13)
    gradient = torch.autograd.functional.jacobian(of, b)
    information = -torch.autograd.functional.hessian(of, b)
    assert gradient.abs().max() < 1e-10
    torch.testing.assert_close(found.covariance, information.inverse(), rtol=1e-9, atol=0)
    assert float(found.martingale @ case.get("weights", torch.ones(8)).double()) == pytest.approx(
        0, abs=1e-12
    )


def test_survival_is_nelson_and_aalens_without_columns():
    """Without columns the hazard jumps by events over rows at risk."""
    found = fit_cox(X[:, :0], TIME, EVENT, ties="breslow")
    expected = torch.tensor([2 / 8, 2 / 8 + 2 / 6, 7 / 12 + 1 / 3, 11 / 12 + 1 / 2])
    torch.testing.assert_close(found.baseline[:, 2], expected.double())
    at = found.survival(X[:1, :0], torch.tensor([2.0, 3.0, 4.0, 100.0]))
    hazard = torch.cat([torch.zeros(1), expected[[0, 0, 3]]]).double()
    torch.testing.assert_close(at[0], torch.exp(-hazard))


def test_columns_that_say_nothing_are_left_out():
    """A constant, and one that is constant within strata."""
    x = torch.cat([X, torch.ones(8, 1), STRATA[:, None].float()], 1)
    found = fit_cox(x, TIME, EVENT, strata=STRATA)
    assert found.coefficients.isnan().tolist() == [False, False, True, True]
    plain = fit_cox(X, TIME, EVENT, strata=STRATA)
    torch.testing.assert_close(found.coefficients[:2], plain.coefficients)


def test_rows_without_weight_do_not_count():
    """As if they were not there."""
    keep = torch.tensor([0, 1, 2, 4, 5, 7])
    weights = torch.zeros(8).index_fill(0, keep, 1.0)
    found = fit_cox(X, TIME, EVENT, weights=weights)
    plain = fit_cox(X[keep], TIME[keep], EVENT[keep])
    torch.testing.assert_close(found.coefficients, plain.coefficients)
    assert found.n_obs == 6


def test_an_infinite_maximum_is_told():
    """Every event before every other row."""
    event = torch.tensor([1.0, 0] * 10)
    with pytest.warns(UserWarning, match=r"columns 0 .*infinite"):
        fit_cox(event[:, None], torch.arange(1.0, 21), event)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"event": torch.zeros(8)}, ValueError, "event holds no event"),
        ({"event": torch.full((8,), 2.0)}, ValueError, "event must hold 0"),
        ({"start": TIME}, ValueError, "start must be before time"),
        ({"ties": "exact"}, ValueError, 'ties "exact" is not known'),
        ({"strata": TIME}, TypeError, "strata must be a tensor of integer codes"),
        ({"time": TIME[:3]}, ValueError, "time must have shape"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message):
    """Each error says which."""
    given = {"time": TIME, "event": EVENT, **arguments}
    with pytest.raises(error, match=message):
        fit_cox(X, given.pop("time"), given.pop("event"), **given)
