"""Standard distributions, by what survival and ordinal models ask of them.

Tests: tests/models/exact/test_aft.py, tests/models/exact/test_ordinal.py.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

Function = Callable[[Tensor], Tensor]


class Distribution(NamedTuple):
    """Of a standardised variable z: logarithms that keep their digits in both tails.

    Attributes:
        log_density: log f(z).
        log_below: log P(Z <= z).
        log_above: log P(Z > z).
        quantile: z of a probability.
    """

    log_density: Function
    log_below: Function
    log_above: Function
    quantile: Function

    def log_between(self, low: Tensor, high: Tensor) -> Tensor:
        """log P(low < Z <= high), of finite low < high; -inf where they are not in that order."""
        # In either tail by its own logarithms, as probabilities near 1 have no digits left.
        right = low + high > 0
        of_left = _log_minus(
            self.log_below(torch.where(right, -1.0, low)),
            self.log_below(torch.where(right, 1.0, high)),
        )
        of_right = _log_minus(
            self.log_above(torch.where(right, high, 1.0)),
            self.log_above(torch.where(right, low, -1.0)),
        )
        return torch.where(right, of_right, of_left)


def _log_minus(low: Tensor, high: Tensor) -> Tensor:
    """log(exp(high) - exp(low)), of low < high (Maechler, 2012, Accurately computing
    log(1 - exp(-|a|)))."""
    ordered = high > low
    gap = torch.where(ordered, high - low, 1.0)
    small = gap < math.log(2)
    near = torch.log(-torch.expm1(-torch.where(small, gap, 0.5)))
    far = torch.log1p(-torch.exp(-torch.where(small, 1.0, gap)))
    return torch.where(ordered, high + torch.where(small, near, far), -torch.inf)


def _log_of_cloglog(z: Tensor) -> Tensor:
    """log(1 - exp(-exp(z)))."""
    return _log_minus(-torch.exp(z), torch.zeros_like(z))


def _log_below_cauchy(z: Tensor) -> Tensor:
    far = z < -1
    tail = torch.atan(-1 / torch.where(far, z, -2.0)) / math.pi
    return torch.where(far, tail, 0.5 + torch.atan(torch.where(far, 0.0, z)) / math.pi).log()


def _log_density_normal(z: Tensor) -> Tensor:
    return -(z**2) / 2 - math.log(2 * math.pi) / 2


LOGISTIC = Distribution(
    lambda z: z - 2 * F.softplus(z, threshold=700),
    lambda z: -F.softplus(-z, threshold=700),
    lambda z: -F.softplus(z, threshold=700),
    torch.logit,
)
NORMAL = Distribution(
    _log_density_normal,
    torch.special.log_ndtr,
    lambda z: torch.special.log_ndtr(-z),
    torch.special.ndtri,
)
#: Of the logarithm of exponential times: the least of many.
SMALLEST = Distribution(
    lambda z: z - torch.exp(z),
    _log_of_cloglog,
    lambda z: -torch.exp(z),
    lambda p: torch.log(-torch.log1p(-p)),
)
#: The greatest of many: Gumbel's.
LARGEST = Distribution(
    lambda z: -z - torch.exp(-z),
    lambda z: -torch.exp(-z),
    lambda z: _log_of_cloglog(-z),
    lambda p: -torch.log(-torch.log(p)),
)
CAUCHY = Distribution(
    lambda z: -torch.log1p(z**2) - math.log(math.pi),
    _log_below_cauchy,
    lambda z: _log_below_cauchy(-z),
    lambda p: torch.tan(math.pi * (p - 0.5)),
)
