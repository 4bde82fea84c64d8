"""The loss of proportional hazards: what a network of log hazards minimises.

Tests: tests/models/training/test_cox_loss.py.
"""

import torch
from torch import Tensor


def cox_loss(output: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
    """Negative partial log-likelihood of log hazards, with Efron's (1977) denominators for ties.

    The rows at hand are all that are at risk: with batches, each is its own sample (Katzman and
    others, 2018, DeepSurv, take all rows at once). Of a row with an event it is the logarithm of
    its share of the hazard at risk, negative; of the others 0.

    Args:
        output: log hazards, shape (n,) or (n, 1).
        y: columns of time, event (1, or 0 for censored) and, where there are strata, their codes:
            shape (n, 2) or (n, 3).
        reduction: "mean" over the n rows, or "none".
    """
    eta = output.reshape(len(y))
    eta = eta.float() if eta.dtype in (torch.float16, torch.bfloat16) else eta
    order = torch.argsort(y[:, 0], descending=True, stable=True)
    if y.shape[1] == 3:
        order = order[torch.argsort(y[order, 2], stable=True)]
    y, eta = y[order], eta[order]
    event, stratum = y[:, 1].to(eta), (y[:, 2] if y.shape[1] == 3 else torch.zeros_like(y[:, 0]))
    # Ranges of equal time and stratum, and of equal stratum, by where they begin and end.
    tie, start = _ranges((stratum[1:] != stratum[:-1]) | (y[1:, 0] != y[:-1, 0]))
    _, first = _ranges(stratum[1:] != stratum[:-1])
    last = torch.searchsorted(tie, tie, right=True)

    top = eta.detach().max()
    hazard = torch.exp(eta - top)
    total = torch.cat([hazard.new_zeros(1), hazard.cumsum(0)])
    deaths = torch.cat([event.new_zeros(1), event.cumsum(0)])
    dying = torch.zeros_like(hazard).index_add(0, tie, hazard * event)[tie]
    share = (deaths[:-1] - deaths[start]) / (deaths[last] - deaths[start]).clamp(min=1)
    denominator = total[last] - total[first] - share * dying
    died = event > 0
    logs = torch.where(died, torch.log(torch.where(died, denominator, 1.0)), 0.0)
    # Of events at one time each has the mean of their denominators, whatever their order.
    mean = torch.zeros_like(logs).index_add(0, tie, logs)[tie]
    mean = mean / (deaths[last] - deaths[start]).clamp(min=1)
    loss = torch.where(died, mean + top - eta, 0.0)
    return loss.mean() if reduction == "mean" else torch.zeros_like(loss).index_add(0, order, loss)


def _ranges(changes: Tensor) -> tuple[Tensor, Tensor]:
    """Of each row, the number of its range and where that begins; rows are in their order."""
    number = torch.cat([changes.new_zeros(1, dtype=torch.long), changes.long().cumsum(0)])
    return number, torch.searchsorted(number, number, right=False)
