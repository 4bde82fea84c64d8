"""Functions that R torch has and PyTorch has not: sparsemax, the area under min(FPR, FNR).

Tests: test-nn-own-layers.R.
"""

from __future__ import annotations

import torch


def sparsemax(x: torch.Tensor, dim: float) -> torch.Tensor:
    """The projection of x onto the simplex along a dim, which R counts from 1.

    Martins, Astudillo: From Softmax to Sparsemax, 2016, algorithm 1.
    """
    axis = int(dim) - 1 if dim > 0 else int(dim)
    if dim == 0:
        raise ValueError("`dim` counts dims from 1 (or -1, the last), not from 0")
    ordered = x.sort(dim=axis, descending=True).values
    excess = ordered.cumsum(axis) - 1
    shape = [1] * x.dim()
    shape[axis] = x.shape[axis]
    place = torch.arange(1, x.shape[axis] + 1, dtype=x.dtype, device=x.device).view(shape)
    size = (place * ordered > excess).sum(dim=axis, keepdim=True)
    return (x - excess.gather(axis, size - 1) / size).clamp(min=0)


def area_under_min_fpr_fnr(x: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The area under the smaller of the two error rates, as the threshold goes through all of x.

    Positive is what has the largest target. Without both kinds there is no error: 0.

    Hillman, Hocking: Optimizing ROC curves with a sort-based surrogate loss, 2023, equation 7.
    """
    x = x.flatten()
    positive = (target == target.max()).flatten()
    if positive.shape != x.shape:
        raise ValueError("`target` must have as many elements as `input`")
    n = positive.sum()
    if n == 0 or n == len(positive):
        return x.sum() * 0
    ordered, order = x.sort(descending=True)
    above = positive[order].to(x.dtype)
    false_negative = 1 - above.cumsum(0) / n
    false_positive = (1 - above).cumsum(0) / (len(positive) - n)
    smaller = torch.minimum(false_positive, false_negative)
    # Equal predictions are one threshold, whose gradient is the last one's, as in R's torch.
    last = torch.cat([ordered[:-1] != ordered[1:], torch.ones_like(positive[:1])])
    smaller, ordered = smaller[last][:-1], ordered[last]
    return (smaller * (ordered[:-1] - ordered[1:])).sum()
