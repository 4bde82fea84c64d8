"""Log-likelihoods of rows of mixed models, with derivatives in their linear predictors.

What the Laplace approximation needs of a distribution: the log-density l of each row, its first
three derivatives in the linear predictor eta, and how l, dl/deta and d2l/deta2 change with the
logarithm of the dispersion and with the linear predictor of zero inflation. Densities are R's;
those of the beta and the negative binomial distribution by mean and dispersion are of S. Ferrari
and F. Cribari-Neto (2004, Beta regression for modelling rates and proportions) and of A. Cameron
and P. Trivedi (2013, Regression analysis of count data).

Tests: tests/models/exact/test_mixed_families.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from .links import LINKS


class Rows(NamedTuple):
    """y, and what the binomial distribution counts beside it: its trials."""

    y: Tensor
    trials: Tensor


#: l of each row, of (rows, link, eta, log dispersion).
LogDensity = Callable[[Rows, str, Tensor, Tensor], Tensor]


def _mean(link: str, eta: Tensor) -> Tensor:
    return LINKS[link].inverse(eta)


def _log_mean(link: str, eta: Tensor) -> Tensor:
    return eta if link == "log" else _mean(link, eta).log()


def _binomial(rows: Rows, link: str, eta: Tensor, log_phi: Tensor) -> Tensor:
    y, n = rows
    choose = torch.lgamma(n + 1) - torch.lgamma(y + 1) - torch.lgamma(n - y + 1)
    if link == "logit":
        return choose + y * eta - n * softplus(eta)
    if link == "cloglog":
        failure = -eta.exp()
        return choose + y * torch.log(-torch.expm1(failure)) + (n - y) * failure
    if link == "probit":
        tails = torch.special.log_ndtr(eta), torch.special.log_ndtr(-eta)
        return choose + y * tails[0] + (n - y) * tails[1]
    mu = _mean(link, eta)
    return choose + y * mu.log() + (n - y) * torch.log1p(-mu)


def _poisson(rows: Rows, link: str, eta: Tensor, log_phi: Tensor) -> Tensor:
    y = rows.y
    # (y log(mu) is 0 for y = 0, whatever mu.)
    logs = torch.where(y > 0, y * _log_mean(link, eta), 0.0)
    return logs - _mean(link, eta) - torch.lgamma(y + 1)


def _negative_binomial(rows: Rows, link: str, eta: Tensor, log_phi: Tensor) -> Tensor:
    """Variance mu + mu^2 / phi."""
    y, phi = rows.y, log_phi.exp()
    log_mean = _log_mean(link, eta)
    choose = torch.lgamma(y + phi) - torch.lgamma(phi) - torch.lgamma(y + 1)
    both = torch.logaddexp(log_mean, log_phi)
    return choose + phi * (log_phi - both) + y * (log_mean - both)


def _beta(rows: Rows, link: str, eta: Tensor, log_phi: Tensor) -> Tensor:
    """Shapes mu phi and (1 - mu) phi."""
    y, phi, mu = rows.y, log_phi.exp(), _mean(link, eta)
    a, b = mu * phi, (1 - mu) * phi
    scale = torch.lgamma(phi) - torch.lgamma(a) - torch.lgamma(b)
    return scale + (a - 1) * y.log() + (b - 1) * torch.log1p(-y)


def _gamma(rows: Rows, link: str, eta: Tensor, log_phi: Tensor) -> Tensor:
    """Shape 1 / phi, mean mu: phi is the squared coefficient of variation."""
    y, shape = rows.y, (-log_phi).exp()
    log_rate = -log_phi - _log_mean(link, eta)
    return shape * log_rate - torch.lgamma(shape) + (shape - 1) * y.log() - log_rate.exp() * y


def _gaussian(rows: Rows, link: str, eta: Tensor, log_phi: Tensor) -> Tensor:
    """Variance phi."""
    residual = rows.y - _mean(link, eta)
    return -(math.log(2 * math.pi) + log_phi + residual**2 * (-log_phi).exp()) / 2


class MixedFamily(NamedTuple):
    """A distribution: its log-density, the links it takes, and whether it has a dispersion."""

    log_density: LogDensity
    links: tuple[str, ...]
    dispersion: bool


FAMILIES = {
    "gaussian": MixedFamily(_gaussian, ("identity", "log", "inverse"), True),
    "binomial": MixedFamily(_binomial, ("logit", "probit", "cloglog", "cauchit"), False),
    "poisson": MixedFamily(_poisson, ("log", "identity", "sqrt"), False),
    "negative_binomial": MixedFamily(_negative_binomial, ("log", "identity", "sqrt"), True),
    "beta": MixedFamily(_beta, ("logit", "probit", "cloglog", "cauchit"), True),
    "gamma": MixedFamily(_gamma, ("log", "identity", "inverse"), True),
}


def derivatives(
    family: str,
    link: str,
    y: Tensor,
    trials: Tensor,
    weights: Tensor,
    eta: Tensor,
    log_phi: float,
    zero: Tensor | None,
    order: int,
) -> Tensor:
    """A column each of l and its derivatives, weighted, one row an observation.

    Args:
        family, link: names of `FAMILIES` and of their links.
        y: responses (n); of the binomial family successes.
        trials: of the binomial family (n); not read by others.
        weights: what each row's l counts (n).
        eta: the linear predictor (n).
        log_phi: the logarithm of the dispersion; not read where the family has none.
        zero: the linear predictor of a zero's logit (n), where zeros are inflated.
        order: 2, or 3 for all that the gradient of the Laplace approximation needs.

    Returns:
        Columns l, l', l''; with `order` 3 also l''', and for the dispersion and then for the zero
        inflation, where there are such, the derivatives of l, l' and l'' in it.
    """
    found = FAMILIES[family]
    eta = eta.detach().clone().requires_grad_()
    phi = torch.full_like(eta, log_phi).requires_grad_(order == 3 and found.dispersion)
    inputs = [eta] + ([phi] if phi.requires_grad else [])
    if zero is not None:
        zero = zero.detach().clone().requires_grad_(order == 3)
        if order == 3:
            inputs.append(zero)
    value = found.log_density(Rows(y, trials), link, eta, phi)
    if zero is not None:
        one = logsigmoid(-zero) + value
        value = torch.where(y == 0, torch.logaddexp(logsigmoid(zero), one), one)
    level = weights * value
    columns = [[level]]
    for turn in range(1, order + 1):
        slopes = _slopes(level, inputs if order == 3 else [eta], create=turn < order)
        columns.append(slopes)
        level = slopes[0]
    ordered = [level[0] for level in columns]
    for k in range(1, len(inputs) if order == 3 else 1):
        ordered.extend(level[k] for level in columns[1:])
    return torch.stack([column.detach() for column in ordered], dim=1)


def _slopes(level: Tensor, inputs: list[Tensor], create: bool) -> list[Tensor]:
    if not level.requires_grad:
        return [torch.zeros_like(x) for x in inputs]
    found = torch.autograd.grad(level.sum(), inputs, create_graph=create, allow_unused=True)
    return [
        torch.zeros_like(x) if slope is None else slope
        for x, slope in zip(inputs, found, strict=True)
    ]
