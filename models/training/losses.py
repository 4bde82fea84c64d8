"""Losses, by their names in `torch.nn.functional`.

Tests: tests/models/training/test_fit.py.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..arguments import kind_of, lookup


def gamma_nll_loss(output: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
    """Negative log-likelihood of gamma responses whose log mean is `output`.

    Up to terms without the mean, and per unit of shape: `y exp(-output) + output`
    (McCullagh and Nelder, Generalized Linear Models, 1989, section 8.3).
    """
    loss = y * torch.exp(-output) + output
    return loss.mean() if reduction == "mean" else loss


# name in torch.nn.functional (and gamma_nll_loss) -> (function, what y holds)
LOSSES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "mse_loss": (F.mse_loss, "values"),
    "l1_loss": (F.l1_loss, "values"),
    "smooth_l1_loss": (F.smooth_l1_loss, "values"),
    "huber_loss": (F.huber_loss, "values"),
    "soft_margin_loss": (F.soft_margin_loss, "values"),
    "poisson_nll_loss": (F.poisson_nll_loss, "values"),
    "gamma_nll_loss": (gamma_nll_loss, "values"),
    "binary_cross_entropy": (F.binary_cross_entropy, "values"),
    "binary_cross_entropy_with_logits": (F.binary_cross_entropy_with_logits, "values"),
    "cross_entropy": (F.cross_entropy, "classes"),
    "nll_loss": (F.nll_loss, "classes"),
}


class Loss(NamedTuple):
    """What is minimised: called with outputs, targets and row weights, it gives one number."""

    name: str
    function: Callable[..., Tensor]
    holds: str
    known: bool

    def __call__(self, output: Tensor, y: Tensor, weights: Tensor | None = None) -> Tensor:
        """The mean over rows, each counting `weights` times."""
        if weights is None:
            loss = self.function(output, y)
            return loss if self.known or loss.ndim == 0 else loss.mean()
        rows = (
            self.function(output, y, reduction="none") if self.known else self.function(output, y)
        )
        return (rows.reshape(len(weights), -1).mean(1) * weights).mean()


def find_loss(loss: str | Callable[..., Tensor]) -> Loss:
    """The loss called so, or of a function (output, y)."""
    if callable(loss):
        return Loss(getattr(loss, "__name__", kind_of(loss)), loss, "anything", False)
    function, holds = lookup("loss", loss, LOSSES)
    return Loss(loss, function, holds, True)


def check_custom_loss(loss: Loss, output: Tensor, y: Tensor, weighted: bool) -> None:
    """An error unless a caller's own loss gives what the loop can use."""
    found: Any = loss.function(output, y)
    if not isinstance(found, Tensor):
        raise TypeError(f"loss must return a tensor, not {kind_of(found)}")
    if weighted and (found.ndim == 0 or len(found) != len(output)):
        raise ValueError("loss must return one value for each row where there are weights")
