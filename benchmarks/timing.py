"""How the benchmarks take the time of one run, and the loop that fits are timed beside."""

import time
from collections.abc import Callable

import torch
import torch.nn.functional as F


def once(run: Callable) -> float:
    """Seconds of one run, as of a user's loop: nothing is collected before it."""
    start = time.perf_counter()
    kept = run()
    seconds = time.perf_counter() - start
    del kept
    return seconds


def tight_loop(
    module: torch.nn.Module, x: torch.Tensor, y: torch.Tensor, epochs: int, batch: int
) -> None:
    """The training loop that one writes by hand: Adam, squared errors, and the epoch's loss.

    All rows at once are taken as they are; else the rows of a batch are drawn.
    """
    optimizer = torch.optim.Adam(module.parameters(), fused=True)
    for _ in range(epochs):
        total = torch.zeros((), dtype=torch.float64)
        for rows in [None] if batch == len(x) else torch.randperm(len(x)).split(batch):
            inputs = x if rows is None else x.index_select(0, rows)
            targets = y if rows is None else y.index_select(0, rows)
            optimizer.zero_grad()
            loss = F.mse_loss(module(inputs), targets)
            loss.backward()
            optimizer.step()
            total.add_(loss.detach(), alpha=len(inputs))
        total.item()
