"""R's statistics of tensors: covariances, sums by group.

Order statistics need no rules of their own: R's functions for them choose elements by position.

Tests: test-autodiff-rules.R.
"""

from __future__ import annotations

import torch
from torch import Tensor

from torchbridge.autodiff.protocols import Numbers
from torchbridge.autodiff.rules import number, on_one_device


def covariance(x: Numbers, y: Numbers | None, use: str, correlation: bool) -> Tensor:
    """R's ``cov`` (and ``var``), or ``cor``, of columns.

    Args:
        x: A vector (n) or a matrix (n, p).
        y: Likewise, of n rows; None for x itself.
        use: What NaN means, in R's words, in full.
        correlation: ``cor``.

    Returns:
        One number where both are vectors, else the matrix of the columns' pairs.

    Raises:
        ValueError: the rows differ, or there is a NaN and `use` is "all.obs".
    """
    x = number(x)
    x, y = on_one_device([x, x if y is None else number(y)])
    single = x.dim() < 2 and y.dim() < 2
    x, y = (z if z.dim() == 2 else z.reshape(-1, 1) for z in (x, y))
    if x.shape[0] != y.shape[0]:
        raise ValueError(f"incompatible dimensions: {x.shape[0]} and {y.shape[0]} rows")
    here, there = ~x.isnan(), ~y.isnan()
    if use == "all.obs" and not bool(here.all() and there.all()):
        raise ValueError("missing observations in cov/cor")
    if use == "everything" or use == "all.obs":
        result = _of_columns(x, y, None, correlation)
    elif use == "pairwise.complete.obs":
        result = _of_pairs(x, y, here, there, correlation)
    else:
        complete = here.all(1) & there.all(1)
        if use == "complete.obs" and not bool(complete.any()):
            raise ValueError("no complete element pairs")
        result = _of_columns(x, y, complete, correlation)
    return result.reshape(()) if single else result


def _of_columns(x: Tensor, y: Tensor, rows: Tensor | None, correlation: bool) -> Tensor:
    if rows is None:
        count: Tensor | float = float(x.shape[0])
    else:
        count = rows.sum().to(x.dtype)
        x, y = (torch.where(rows.unsqueeze(1), z, 0.0) for z in (x, y))
    a, b = x - x.sum(0) / count, y - y.sum(0) / count
    if rows is not None:
        a, b = (torch.where(rows.unsqueeze(1), z, 0.0) for z in (a, b))
    products = a.mT @ b
    if correlation:
        lengths = [(z * z).sum(0).sqrt() for z in (a, b)]
        return products / (lengths[0].unsqueeze(1) * lengths[1])
    return products / (count - 1)


def _of_pairs(x: Tensor, y: Tensor, here: Tensor, there: Tensor, correlation: bool) -> Tensor:
    """Each pair of columns by the rows that both have."""
    rows = []
    for i in range(x.shape[1]):
        both = [here[:, i] & there[:, j] for j in range(y.shape[1])]
        pairs = [
            _of_columns(x[:, i : i + 1], y[:, j : j + 1], both[j], correlation)
            for j in range(y.shape[1])
        ]
        rows.append(torch.cat(pairs, 1))
    return torch.cat(rows)


def sums_by_group(x: Numbers, group: Tensor, groups: float, na_rm: bool) -> Tensor:
    """R's ``rowsum``: the sums of the rows (n) by their group's place; a matrix."""
    x = number(x)
    x = x if x.dim() == 2 else x.reshape(-1, 1)
    if na_rm:
        x = torch.where(x.isnan(), 0.0, x)
    zeros = torch.zeros(int(groups), x.shape[1], dtype=x.dtype, device=x.device)
    return zeros.index_add(0, group.to(device=x.device, dtype=torch.int64), x)


#: Elements of a series that one triangular system solves.
_BLOCK = 256


def recursive_filter(x: Numbers, taps: Numbers, before: Numbers | None) -> Tensor:
    """R's ``filter(method = "recursive")`` of one series.

    Args:
        x: The series (n).
        taps: The filter (p): ``y[i] = x[i] + taps[0] * y[i - 1] + ...``.
        before: The p values before the first, the latest last; None is zeros.
    """
    x, taps = number(x).reshape(-1), number(taps).reshape(-1)
    p, size = taps.numel(), max(min(x.numel(), _BLOCK), taps.numel())
    lag = torch.arange(size)[:, None] - torch.arange(size)[None, :]
    own = torch.where((lag > 0) & (lag <= p), -taps[(lag - 1).clamp(0, p - 1)], 0.0)
    reach = torch.arange(size)[:, None] - torch.arange(p)[None, :] + p - 1
    carried = torch.where(reach < p, taps[reach.clamp(max=p - 1)], 0.0)
    last = taps.new_zeros(p) if before is None else number(before).reshape(-1)
    parts = []
    for part in x.split(size):
        n = part.numel()
        right = (part + carried[:n] @ last).unsqueeze(1)
        y = torch.linalg.solve_triangular(
            own[:n, :n], right, upper=False, unitriangular=True
        ).squeeze(1)
        last = torch.cat([last, y])[-p:]
        parts.append(y)
    return torch.cat(parts)
