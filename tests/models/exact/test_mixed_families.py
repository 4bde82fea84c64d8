"""Log-densities of mixed models' rows, and their derivatives."""

import math

import pytest
import torch
from torch import Tensor

from torchbridge.models.exact.mixed_families import FAMILIES, derivatives

LOG_PHI = 0.4
ETA = torch.linspace(-1.2, 0.9, 6, dtype=torch.float64)
TRIALS = torch.full((6,), 5.0, dtype=torch.float64)
WEIGHTS = torch.linspace(0.5, 2, 6, dtype=torch.float64)
COUNTS = torch.tensor([0.0, 1, 4, 0, 2, 5], dtype=torch.float64)
Y = {
    "gaussian": COUNTS - 2,
    "binomial": COUNTS,
    "poisson": COUNTS,
    "negative_binomial": COUNTS,
    "beta": (COUNTS + 0.5) / 6,
    "gamma": COUNTS + 0.1,
}
CASES = [(name, link) for name, family in FAMILIES.items() for link in family.links]


def _eta(link: str) -> Tensor:
    return ETA.abs() + 0.3 if link in ("identity", "sqrt", "inverse") else ETA


def _columns(name: str, link: str, eta: Tensor, log_phi: float, zero: Tensor | None) -> Tensor:
    return derivatives(name, link, Y[name], TRIALS, WEIGHTS, eta, log_phi, zero, 3)


@pytest.mark.parametrize(("name", "link"), CASES)
def test_each_column_is_the_derivative_of_the_one_before(name: str, link: str) -> None:
    eta, h = _eta(link), 1e-5
    zero = ETA * 0.5 if name in ("binomial", "poisson", "negative_binomial") else None
    at = _columns(name, link, eta, LOG_PHI, zero)
    up, down = (_columns(name, link, eta + s * h, LOG_PHI, zero) for s in (1, -1))
    slopes = (up - down) / (2 * h)
    torch.testing.assert_close(at[:, 1:4], slopes[:, :3], rtol=1e-6, atol=1e-6)
    first = 4
    if FAMILIES[name].dispersion:
        up, down = (_columns(name, link, eta, LOG_PHI + s * h, zero) for s in (1, -1))
        slopes = (up - down) / (2 * h)
        torch.testing.assert_close(at[:, first : first + 3], slopes[:, :3], rtol=1e-6, atol=1e-6)
        first += 3
    if zero is not None:
        up, down = (_columns(name, link, eta, LOG_PHI, zero + s * h) for s in (1, -1))
        slopes = (up - down) / (2 * h)
        torch.testing.assert_close(at[:, first : first + 3], slopes[:, :3], rtol=1e-6, atol=1e-6)
        first += 3
    assert at.shape == (6, first)


def test_densities_are_those_of_torch() -> None:
    phi = math.exp(LOG_PHI)
    mean, share = ETA.exp(), torch.sigmoid(ETA)
    of = torch.distributions
    known = {
        ("gaussian", "identity"): of.Normal(ETA, math.sqrt(phi)),
        ("binomial", "logit"): of.Binomial(TRIALS, share),
        ("poisson", "log"): of.Poisson(mean),
        ("negative_binomial", "log"): of.NegativeBinomial(phi, mean / (mean + phi)),
        ("beta", "logit"): of.Beta(share * phi, (1 - share) * phi),
        ("gamma", "log"): of.Gamma(1 / phi, 1 / (phi * mean)),
    }
    for (name, link), distribution in known.items():
        found = _columns(name, link, ETA, LOG_PHI, None)[:, 0]
        torch.testing.assert_close(found, WEIGHTS * distribution.log_prob(Y[name]))


def test_zeros_of_their_own() -> None:
    zero = torch.full_like(ETA, -0.3)
    plain = _columns("poisson", "log", ETA, 0.0, None)[:, 0] / WEIGHTS
    share = torch.sigmoid(zero)
    known = (share * (COUNTS == 0) + (1 - share) * plain.exp()).log()
    found = derivatives("poisson", "log", COUNTS, TRIALS, WEIGHTS, ETA, 0.0, zero, 2)
    assert found.shape == (6, 3)
    torch.testing.assert_close(found[:, 0], WEIGHTS * known)
