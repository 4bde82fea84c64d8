"""Losses, by their names in `torch.nn.functional`.

Tests: tests/models/training/test_fit.py.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ..arguments import kind_of, lookup
from .cox_loss import cox_loss


def gamma_nll_loss(output: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
    """Negative log-likelihood of gamma responses whose log mean is `output`.

    Up to terms without the mean, and per unit of shape: `y exp(-output) + output`
    (McCullagh and Nelder, Generalized Linear Models, 1989, section 8.3).
    """
    loss = y * torch.exp(-output) + output
    return loss.mean() if reduction == "mean" else loss


# name in torch.nn.functional (and gamma_nll_loss, cox_loss) -> (function, what y holds)
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
    "cox_loss": (cox_loss, "events"),
}


class Loss(NamedTuple):
    """What is minimised: called with outputs, targets and row weights, it gives one number."""

    name: str
    function: Callable[..., Tensor]
    holds: str
    known: bool

    def __call__(self, output: Tensor, y: Tensor, weights: Tensor | None = None) -> Tensor:
        """The mean over rows, each counting `weights` times."""
        if not self.known:
            return self._own(output, y, weights)
        if weights is None:
            return self.function(output, y)
        return _weighted(self.function(output, y, reduction="none"), weights)

    def _own(self, output: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
        """The mean of what a caller's function gives: a value a row or an output, or one."""
        loss: Any = self.function(output, y)
        if not isinstance(loss, Tensor):
            raise TypeError(f"loss must return a tensor, not {kind_of(loss)}")
        one, rows = loss.numel() == 1, loss.numel() == len(output)
        if not one and not rows and loss.shape != output.shape:
            raise ValueError(
                f"loss must return {len(output)} values, one for each row, or one value; of output "
                f"{tuple(output.shape)} and y {tuple(y.shape)} it made shape {tuple(loss.shape)}"
            )
        if weights is None:
            return loss.mean()
        if one and not rows:
            raise ValueError("loss must return one value for each row where there are weights")
        return _weighted(loss, weights)


def _weighted(loss: Tensor, weights: Tensor) -> Tensor:
    return (loss.reshape(len(weights), -1).mean(1) * weights).mean()


def find_loss(loss: str | Callable[..., Tensor]) -> Loss:
    """The loss called so, or of a function (output, y)."""
    if callable(loss):
        return Loss(getattr(loss, "__name__", kind_of(loss)), loss, "anything", False)
    function, holds = lookup("loss", loss, LOSSES)
    return Loss(loss, function, holds, True)


def check_own_loss(loss: Loss, output: Tensor, y: Tensor, weights: Tensor | None) -> None:
    """An error unless a caller's function gives what the loop can use, for these few rows."""
    # Off the graph of the module, and such that the function may change it in place.
    output = output.detach().requires_grad_().clone()
    with torch.enable_grad(), _PairsOfRows(output, y):
        try:
            loss(output, y, weights)
        except (RuntimeError, IndexError) as error:
            if type(error) not in (RuntimeError, IndexError):  # R's own
                raise
            raise ValueError(
                f"loss cannot take output of shape {tuple(output.shape)} and y of shape "
                f"{tuple(y.shape)}: {error}"
            ) from error


class _PairsOfRows(TorchFunctionMode):
    """An error where a function broadcasts an output (n, 1) against y (n), or the reverse.

    What comes of it has each row's output beside every other row's y, and a mean of that is one
    number like any other. (A function that pairs rows on purpose, as a ranking loss does, pairs
    y with y and outputs with outputs.)
    """

    def __init__(self, output: Tensor, y: Tensor) -> None:
        super().__init__()
        self.shapes = tuple(output.shape), tuple(y.shape)
        n = len(output)
        self.pairs = {(n,), (n, 1)} if n > 1 else set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call it; then look at shapes."""
        found = func(*args, **(kwargs or {}))
        given = [t for t in args if isinstance(t, Tensor)][:2]
        if self.pairs and len(given) == 2 and {tuple(t.shape) for t in given} == self.pairs:
            one, other = given
            name = getattr(func, "__name__", "")
            if one.requires_grad != other.requires_grad and (
                name.endswith("_loss") or _is_square(found, len(one))
            ):
                raise ValueError(
                    f"loss pairs every row with every other: it broadcasts {tuple(one.shape)} "
                    f"against {tuple(other.shape)}. It is called with output of shape "
                    f"{self.shapes[0]} and y of shape {self.shapes[1]}"
                )
        return found


def _is_square(found: Any, n: int) -> bool:
    first = found[0] if isinstance(found, (tuple, list)) and found else found
    return isinstance(first, Tensor) and tuple(first.shape) == (n, n)
