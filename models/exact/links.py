"""Link functions of generalized linear models, by R's names.

Tests: tests/models/exact/test_glm.py.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..arguments import lookup

_EPS = torch.finfo(torch.float64).eps


class Link(NamedTuple):
    """g, with eta = g(mu): the link, its inverse, and the inverse's derivative d mu/d eta.

    `both` gives the last two at once, where that is less work.
    """

    name: str
    link: Callable[[Tensor], Tensor]
    inverse: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    both: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None

    def at(self, eta: Tensor) -> tuple[Tensor, Tensor]:
        """The inverse and its derivative."""
        return (self.inverse(eta), self.slope(eta)) if self.both is None else self.both(eta)


def _normal_density(eta: Tensor) -> Tensor:
    return torch.exp(-(eta**2) / 2) / math.sqrt(2 * math.pi)


def _cloglog_inverse(eta: Tensor) -> Tensor:
    return (-torch.expm1(-torch.exp(eta))).clamp(_EPS, 1 - _EPS)


# The bounds keep fitted probabilities inside (0, 1), as R's make.link does: as far as 1/eps for
# odds, as far as the tails' eps for the others.
_LOGIT = -math.log(_EPS)
_PROBIT = 8.12589066470190
_CAUCHIT = 1 / (math.pi * _EPS)


def _logit_both(eta: Tensor) -> tuple[Tensor, Tensor]:
    inside = eta.clamp(-_LOGIT, _LOGIT)
    mu = inside.sigmoid()
    return mu, mu * inside.neg().sigmoid()


def _log_both(eta: Tensor) -> tuple[Tensor, Tensor]:
    mu = torch.exp(eta).clamp(min=_EPS)
    return mu, mu


LINKS = {
    link.name: link
    for link in (
        Link("identity", lambda mu: mu, lambda eta: eta, torch.ones_like),
        Link(
            "log",
            torch.log,
            lambda eta: torch.exp(eta).clamp(min=_EPS),
            lambda eta: torch.exp(eta).clamp(min=_EPS),
            _log_both,
        ),
        Link("inverse", lambda mu: 1 / mu, lambda eta: 1 / eta, lambda eta: -1 / eta**2),
        Link("1/mu^2", lambda mu: 1 / mu**2, lambda eta: eta**-0.5, lambda eta: -(eta**-1.5) / 2),
        Link("sqrt", torch.sqrt, lambda eta: eta**2, lambda eta: 2 * eta),
        Link(
            "logit",
            torch.logit,
            lambda eta: torch.sigmoid(eta.clamp(-_LOGIT, _LOGIT)),
            lambda eta: _logit_both(eta)[1],
            _logit_both,
        ),
        Link(
            "probit",
            torch.special.ndtri,
            lambda eta: torch.special.ndtr(eta.clamp(-_PROBIT, _PROBIT)),
            lambda eta: _normal_density(eta).clamp(min=_EPS),
        ),
        Link(
            "cloglog",
            lambda mu: torch.log(-torch.log1p(-mu)),
            _cloglog_inverse,
            lambda eta: (torch.exp(eta.clamp(max=700) - torch.exp(eta))).clamp(min=_EPS),
        ),
        Link(
            "cauchit",
            lambda mu: torch.tan(math.pi * (mu - 0.5)),
            lambda eta: 0.5 + torch.atan(eta.clamp(-_CAUCHIT, _CAUCHIT)) / math.pi,
            lambda eta: (1 / (math.pi * (1 + eta**2))).clamp(min=_EPS),
        ),
    )
}


def find_link(name: str, allowed: Sequence[str] = tuple(LINKS)) -> Link:
    """The link called so, of those allowed; a family that takes all takes powers of mu, too."""
    if isinstance(name, str) and name.startswith("mu^") and len(allowed) == len(LINKS):
        return _power(name)
    found: Link = lookup("link", name, {known: LINKS[known] for known in allowed})
    return found


def _power(name: str) -> Link:
    try:
        power = float(name.removeprefix("mu^"))
    except ValueError:
        power = math.nan
    if not 0 < power < math.inf:
        raise ValueError(f'link "{name}": the power must be a number above 0')
    return Link(
        name,
        lambda mu: mu**power,
        lambda eta: (eta ** (1 / power)).clamp(min=_EPS),
        lambda eta: (eta ** (1 / power - 1) / power).clamp(min=_EPS),
    )
