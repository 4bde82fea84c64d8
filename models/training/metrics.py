"""What a fit can be measured by beside its loss: by name, of all rows of an epoch.

Tests: tests/models/training/test_metrics.py.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..arguments import kind_of, lookup
from .losses import Loss
from .ranks import in_all

#: Losses of two classes, whose one output says how likely the second is -> where it begins to be
#: the likelier one.
_BINARY = {
    "binary_cross_entropy": 0.5,
    "binary_cross_entropy_with_logits": 0.0,
    "soft_margin_loss": 0.0,
}
#: Losses whose output is the logarithm of the mean.
_LOG_MEANS = ("poisson_nll_loss", "gamma_nll_loss")


class Seen(NamedTuple):
    """A batch as the loss saw it."""

    output: Tensor
    y: Tensor
    weights: Tensor | None


def accuracy(score: Tensor, predicted: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """The share of the rows whose likeliest class is theirs."""
    return ((predicted == y) * weights).sum() / weights.sum()


def balanced_accuracy(score: Tensor, predicted: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """The mean over the classes present of the share of each that is predicted right."""
    n = int(y.max()) + 1
    right, all_ = (
        torch.zeros(n, dtype=torch.float64, device=y.device).index_add_(0, y, values)
        for values in ((predicted == y) * weights, weights)
    )
    return (right[all_ > 0] / all_[all_ > 0]).mean()


def roc_auc(score: Tensor, predicted: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """The share of pairs of a row of each class of two that the score puts in order; ties half.

    (Hanley and McNeil, 1982, The meaning and use of the area under a ROC curve.)
    """
    values, place = score.unique(return_inverse=True)
    second, first = (
        torch.zeros(len(values), dtype=torch.float64, device=y.device).index_add_(
            0, place, weights * (y == code)
        )
        for code in (1, 0)
    )
    ordered = second * (first.cumsum(0) - first / 2)
    return ordered.sum() / (second.sum() * first.sum())


def mse(predicted: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """The mean squared error."""
    return ((predicted - y) ** 2 * weights).sum() / weights.sum()


def rmse(predicted: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Its root."""
    return mse(predicted, y, weights).sqrt()


def mae(predicted: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """The mean absolute error."""
    return ((predicted - y).abs() * weights).sum() / weights.sum()


def r_squared(predicted: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """1 less the squared error over that of the mean, of all columns of y together."""
    mean = (y * weights).sum(0) / weights.sum(0)
    return 1 - ((predicted - y) ** 2 * weights).sum() / ((y - mean) ** 2 * weights).sum()


# name -> (function, what y holds)
METRICS: dict[str, tuple[Callable[..., Tensor], str]] = {
    "accuracy": (accuracy, "classes"),
    "balanced_accuracy": (balanced_accuracy, "classes"),
    "roc_auc": (roc_auc, "classes"),
    "mse": (mse, "values"),
    "rmse": (rmse, "values"),
    "mae": (mae, "values"),
    "r_squared": (r_squared, "values"),
}


class Metrics:
    """The metrics of a fit.

    Args:
        names: of `METRICS`; a string is one.
        loss: the fit's, which says what outputs are.
    """

    def __init__(self, names: str | Iterable[str], loss: Loss) -> None:
        given = [names] if isinstance(names, str) else names
        if not isinstance(given, Iterable):
            valid = ", ".join(f'"{name}"' for name in METRICS)
            raise TypeError(f"metrics must be names, not {kind_of(names)}; they can be {valid}")
        self.names = list(dict.fromkeys(given))
        self.loss = loss
        binary = loss.name in _BINARY and loss.known
        for name in self.names:
            _, holds = lookup("metrics", name, METRICS)
            if loss.holds == "events":
                raise ValueError(f'metrics: there is none for loss "{loss.name}"')
            classes = loss.holds == "classes" or binary
            if loss.known and classes != (holds == "classes"):
                raise ValueError(
                    f'metrics: "{name}" is for {holds}, and loss "{loss.name}" is for '
                    + ("classes" if classes else "values")
                )

    def __bool__(self) -> bool:
        return bool(self.names)

    def of(
        self,
        prefix: str,
        seen: Sequence[Seen],
        rows_of_all: Callable[[Tensor], Tensor] = lambda rows: rows,
    ) -> dict[str, Tensor]:
        """By name with the prefix, of these batches together; float64.

        Args:
            rows_of_all: makes of the rows in this process those of all.
        """
        output, y = (torch.cat([batch[i] for batch in seen]) for i in (0, 1))  # type: ignore
        output, y, weights = (rows_of_all(t) for t in (output, y, _weights(seen)))
        found: dict[str, Tensor] = {}
        for name in self.names:
            function, holds = METRICS[name]
            arrange = self._classes if holds == "classes" else self._values
            found[f"{prefix}_{name}"] = function(*arrange(name, output, y, weights))
        return found

    def _classes(
        self, name: str, output: Tensor, y: Tensor, weights: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """How likely the second class is (of two), the likeliest class, the row's own, weights."""
        if self.loss.name in _BINARY:
            score, own = output.flatten(), (y > 0.5).long().flatten()
            predicted = (score > _BINARY[self.loss.name]).long()
        elif y.is_floating_point() or output.ndim != y.ndim + 1:
            raise ValueError(
                f'metrics: "{name}" takes class codes and an output for each class, and the loss '
                f"gets y of shape {tuple(y.shape)} ({y.dtype}) and output {tuple(output.shape)}"
            )
        else:
            predicted, own = output.argmax(1).flatten(), y.flatten()
            score = (output[:, 1] - output[:, 0]).flatten() if output.shape[1] == 2 else own
            if name == "roc_auc" and output.shape[1] != 2:
                raise ValueError(f'metrics: "roc_auc" is of two classes, not {output.shape[1]}')
        return score.double(), predicted, own, _spread(weights, y).flatten()

    def _values(
        self, name: str, output: Tensor, y: Tensor, weights: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The mean of the response, the response, weights."""
        if output.shape != y.shape:
            raise ValueError(
                f'metrics: "{name}" takes outputs in the shape of y, which is {tuple(y.shape)}, '
                f"not {tuple(output.shape)}"
            )
        output = output.double()
        means = output.exp() if self.loss.name in _LOG_MEANS else output
        return means, y.double(), _spread(weights, y)


def check_defined(row: dict[str, float]) -> None:
    """An error where a metric has no value."""
    for name, value in row.items():
        if value - value != 0:
            raise in_all(
                ValueError(
                    f"{name} has no value in these rows: roc_auc takes both classes, r_squared a y "
                    "that is not constant"
                )
            )


def _weights(seen: Sequence[Seen]) -> Tensor:
    if seen[0].weights is None:
        return torch.ones(sum(len(b.y) for b in seen), device=seen[0].y.device).double()
    weights: list[Any] = [batch.weights for batch in seen]
    return torch.cat(weights).double()


def _spread(weights: Tensor, y: Tensor) -> Tensor:
    """A weight for each element of y."""
    return weights.reshape(-1, *[1] * (y.ndim - 1)).expand(y.shape)
