"""Families of generalized linear models, by R's names.

Variances, deviances and log-likelihoods are those of McCullagh and Nelder, Generalized Linear
Models (1989), chapter 2, with R's conventions for weights: a weight counts a row that many
times, and for the binomial family it is the number of trials of which `y` is the share.

Tests: tests/models/exact/test_glm.py.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from ..arguments import lookup
from .design import all_one
from .links import LINKS, Link, find_link


class Family(NamedTuple):
    """A distribution of the response.

    Attributes:
        name: R's, in lower case and with underscores.
        links: the links it takes, its canonical one (or R's default) first.
        variance: of mu, without the dispersion.
        unit_deviance: of (y, mu), each row's, before weights.
        log_likelihood: of (y, mu, weights, deviance), at R's estimate of the dispersion;
            None for the quasi families, which have none.
        start: first values of mu, of (y, weights).
        valid: which values y may take, in words and as a test of the least and the greatest.
        mean: is mu what it may be, in every row?
        dispersion: None where it is estimated, else its value.
        canonical: the link whose inverse has the variance as its derivative.
        counts_scale: whether an estimated dispersion is a parameter of the likelihood.
    """

    name: str
    links: tuple[str, ...]
    variance: Callable[[Tensor], Tensor]
    unit_deviance: Callable[[Tensor, Tensor], Tensor]
    log_likelihood: Callable[[Tensor, Tensor, Tensor, float], float] | None
    start: Callable[[Tensor, Tensor], Tensor]
    valid: tuple[str, Callable[[float, float], bool]]
    mean: Callable[[Tensor], bool]
    dispersion: float | None
    canonical: str | None = None
    counts_scale: bool = True

    def deviances(self, y: Tensor) -> Callable[[Tensor], Tensor]:
        """Each row's deviance, before weights, as a function of mu."""
        if self.takes_shares and _are_classes(y):
            failures = _rest(y)
            return lambda mu: _log_of_class(failures, mu).mul_(_MINUS_TWO)
        return partial(self.unit_deviance, y)

    @property
    def takes_shares(self) -> bool:
        """Is the response a share of successes, or one of two classes?"""
        return self.valid is _SHARE

    def share_of_scale(self, weights: Tensor, n: int, weight: float) -> float:
        """The share of the deviance at which some rows' log-likelihood is theirs of all rows'.

        R's estimate of the dispersion is the deviance over the n rows ("gaussian") or over the
        sum of their weights.
        """
        return len(weights) / n if self.name == "gaussian" else float(weights.sum()) / weight

    @property
    def estimates_scale(self) -> bool:
        """Does the likelihood have a dispersion parameter, which counts in AIC?"""
        return self.counts_scale and self.dispersion is None and self.log_likelihood is not None


def _xlogy(x: Tensor, y: Tensor) -> Tensor:
    return torch.special.xlogy(x, y)


def gaussian_log_likelihood(n: int, log_weight: float, deviance: float) -> float:
    """Of n rows whose weights' logs have this sum, at R's estimate of the dispersion."""
    return (log_weight - n * (math.log(2 * math.pi * deviance / n) + 1)) / 2


def _gaussian_log_likelihood(y: Tensor, mu: Tensor, weights: Tensor, deviance: float) -> float:
    return gaussian_log_likelihood(len(y), float(weights.log().sum()), deviance)


def _binomial_log_likelihood(y: Tensor, mu: Tensor, weights: Tensor, deviance: float) -> float:
    if _are_classes(y) and all_one(weights):
        return _log_of_class(_rest(y), mu).sum().item()
    size, successes = weights.round(), (weights * y).round()
    choose = (
        torch.lgamma(size + 1) - torch.lgamma(successes + 1) - torch.lgamma(size - successes + 1)
    )
    return float((choose + _xlogy(successes, mu) + _xlogy(size - successes, 1 - mu)).sum())


def _poisson_log_likelihood(y: Tensor, mu: Tensor, weights: Tensor, deviance: float) -> float:
    return float((weights * (_xlogy(y, mu) - mu - torch.lgamma(y + 1))).sum())


def _gamma_log_likelihood(y: Tensor, mu: Tensor, weights: Tensor, deviance: float) -> float:
    shape = float(weights.sum()) / deviance
    rows = (shape - 1) * y.log() - shape * y / mu - shape * (mu / shape).log() - math.lgamma(shape)
    return float((weights * rows).sum())


def _inverse_gaussian_log_likelihood(
    y: Tensor, mu: Tensor, weights: Tensor, deviance: float
) -> float:
    dispersion = deviance / float(weights.sum())
    rows = math.log(2 * math.pi * dispersion) + 1 + 3 * y.log()
    return -float((weights * rows).sum()) / 2


#: PyTorch takes a number of Python's in twice the time of a tensor, and fits of few rows are calls.
_ONE = torch.ones((), dtype=torch.float64)
_MINUS_TWO = torch.tensor(-2.0, dtype=torch.float64)


def _rest(share: Tensor) -> Tensor:
    return torch.sub(_ONE, share)


def _are_classes(y: Tensor) -> bool:
    """Is each of these shares 0 or 1?"""
    return not bool((y * _rest(y)).any())


def _log_of_class(failures: Tensor, mu: Tensor) -> Tensor:
    """Of each row's class, 0 or 1, the logarithm of its probability."""
    return torch.sub(mu, failures).abs_().log_()


def _binomial_deviance(y: Tensor, mu: Tensor) -> Tensor:
    failures = _rest(y)
    half = _xlogy(y, y / mu) + _xlogy(failures, failures / _rest(mu))
    return half + half


def _poisson_deviance(y: Tensor, mu: Tensor) -> Tensor:
    return 2 * (_xlogy(y, y) - _xlogy(y, mu) - (y - mu))


def _binomial_start(y: Tensor, weights: Tensor) -> Tensor:
    return (weights * y + 0.5) / (weights + 1)


def _is_any(mu: Tensor) -> bool:
    return True


def _is_positive(mu: Tensor) -> bool:
    return mu.aminmax().min.item() > 0


def _is_share(mu: Tensor) -> bool:
    low, high = mu.aminmax()
    return low.item() > 0 and high.item() < 1


_ANY = ("finite", lambda low, high: True)
_SHARE = ("shares between 0 and 1", lambda low, high: low >= 0 and high <= 1)
_COUNT = ("not negative", lambda low, high: low >= 0)
_POSITIVE = ("above 0", lambda low, high: low > 0)

_GAUSSIAN = Family(
    "gaussian",
    ("identity", "log", "inverse"),
    torch.ones_like,
    lambda y, mu: (y - mu).square(),
    _gaussian_log_likelihood,
    lambda y, weights: y,
    _ANY,
    _is_any,
    None,
    "identity",
)
_BINOMIAL = Family(
    "binomial",
    ("logit", "probit", "cloglog", "cauchit", "log"),
    lambda mu: mu * _rest(mu),
    _binomial_deviance,
    _binomial_log_likelihood,
    _binomial_start,
    _SHARE,
    _is_share,
    1.0,
    "logit",
)
_POISSON = Family(
    "poisson",
    ("log", "identity", "sqrt"),
    lambda mu: mu,
    _poisson_deviance,
    _poisson_log_likelihood,
    lambda y, weights: y + 0.1,
    _COUNT,
    _is_positive,
    1.0,
    "log",
)

FAMILIES = {
    family.name: family
    for family in (
        _GAUSSIAN,
        _BINOMIAL,
        _POISSON,
        Family(
            "gamma",
            ("inverse", "log", "identity"),
            lambda mu: mu**2,
            lambda y, mu: -2 * ((y / mu).log() - (y - mu) / mu),
            _gamma_log_likelihood,
            lambda y, weights: y,
            _POSITIVE,
            _is_positive,
            None,
        ),
        Family(
            "inverse_gaussian",
            ("1/mu^2", "inverse", "log", "identity"),
            lambda mu: mu**3,
            lambda y, mu: (y - mu) ** 2 / (y * mu**2),
            _inverse_gaussian_log_likelihood,
            lambda y, weights: y,
            _POSITIVE,
            _is_positive,
            None,
        ),
        _BINOMIAL._replace(name="quasibinomial", log_likelihood=None, dispersion=None),
        _POISSON._replace(name="quasipoisson", log_likelihood=None, dispersion=None),
    )
}


# ---- families that have a parameter, in their name ----


def _negative_binomial(text: str) -> Family:
    """Of counts whose variance is mu + mu^2 / theta; R's MASS, of Venables and Ripley (2002)."""
    theta = _as_theta(text)

    def unit_deviance(y: Tensor, mu: Tensor) -> Tensor:
        logs = (y + theta) * ((y + theta) / (mu + theta)).log()
        return 2 * (_xlogy(y, y.clamp(min=1) / mu) - logs)

    def log_likelihood(y: Tensor, mu: Tensor, weights: Tensor, deviance: float) -> float:
        rows = (
            torch.lgamma(theta + y)
            - math.lgamma(theta)
            - torch.lgamma(y + 1)
            + theta * math.log(theta)
            + _xlogy(y, mu)
            - (theta + y) * (mu + theta).log()
        )
        return float((weights * rows).sum())

    return Family(
        f"negative_binomial({text})",
        ("log", "sqrt", "identity"),
        lambda mu: mu + mu**2 / theta,
        unit_deviance,
        log_likelihood,
        lambda y, weights: y + (y == 0) / 6,
        _COUNT,
        _is_positive,
        None,
        counts_scale=False,
    )


def _as_theta(text: str) -> float:
    try:
        theta = float(text)
    except ValueError:
        theta = math.nan
    if not 0 < theta < math.inf:
        raise ValueError(
            f'family "negative_binomial({text})": theta must be a number above 0, as in '
            '"negative_binomial(2)"'
        )
    return theta


def _quasi(variance: str) -> Family:
    """Only a variance and a link."""
    row: _Quasi = lookup('the variance of family "quasi"', variance, _QUASI)
    return Family(
        f"quasi({variance})",
        tuple(LINKS),
        row.like.variance,
        row.deviance or row.like.unit_deviance,
        None,
        row.start,
        row.like.valid if row.like.name == "binomial" else row.valid,
        row.like.mean,
        None,
    )


class _Quasi(NamedTuple):
    """A variance: the family that has it, first means, what y may be, and deviances with y 0."""

    like: Family
    start: Callable[[Tensor, Tensor], Tensor]
    valid: tuple[str, Callable[[float, float], bool]]
    deviance: Callable[[Tensor, Tensor], Tensor] | None = None


def _off_zero(y: Tensor, weights: Tensor) -> Tensor:
    return y + 0.1 * (y == 0)


def _quasi_gamma_deviance(y: Tensor, mu: Tensor) -> Tensor:
    # As R has it where y is 0, of which the gamma distribution has no deviance.
    return (-2 * ((torch.where(y == 0, 1.0, y) / mu).log() - (y - mu) / mu)).clamp(min=0)


_QUASI = {
    "constant": _Quasi(_GAUSSIAN, lambda y, weights: y, _ANY),
    "mu": _Quasi(_POISSON, _off_zero, _COUNT),
    "mu(1-mu)": _Quasi(_BINOMIAL, lambda y, weights: y.clamp(0.001, 0.999), _SHARE),
    "mu^2": _Quasi(FAMILIES["gamma"], _off_zero, _COUNT, _quasi_gamma_deviance),
    "mu^3": _Quasi(FAMILIES["inverse_gaussian"], _off_zero, _COUNT),
}

#: Families whose name has a parameter in brackets: "negative_binomial(2)", "quasi(mu^2)".
WITH_PARAMETER: dict[str, Callable[[str], Family]] = {
    "negative_binomial": _negative_binomial,
    "quasi": _quasi,
}


def find_family(family: str, link: str | None = None) -> tuple[Family, Link]:
    """The family called so, and its link: by name, or its default."""
    name, bracket, rest = family.partition("(") if isinstance(family, str) else (family, "", "")
    if name in WITH_PARAMETER and bracket and rest.endswith(")"):
        found: Family = WITH_PARAMETER[name](rest[:-1])
    elif name in WITH_PARAMETER:
        raise ValueError(f'family "{name}" needs a parameter, as in {_EXAMPLES[name]}')
    else:
        found = lookup("family", family, FAMILIES)
    return found, find_link(found.links[0] if link is None else link, found.links)


_EXAMPLES = {"negative_binomial": '"negative_binomial(2)"', "quasi": '"quasi(mu^2)"'}


def is_least_squares(family: Family, link: Link) -> bool:
    """Is it least squares, in one step?"""
    return (family.name, link.name) == ("gaussian", "identity")


def check_values(argument: str, y: Tensor, family: Family, name: str) -> None:
    """Are they values that the family, which the caller calls `name`, can give?"""
    words, is_valid = family.valid
    if family.valid is _ANY or not y.numel():
        return
    low, high = y.aminmax()
    if not is_valid(low.item(), high.item()):
        raise ValueError(f'{argument} must be {words} with family "{name}"')
