"""How PyTorch writes operators by those of its core, and where we write them ourselves.

Tests: tests/autodiff/test_xla_operators.py, tests/models/training/test_compiled.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

_ATEN = torch.ops.aten


@lru_cache(maxsize=1)
def core_decompositions() -> dict[Any, Callable[..., Any]]:
    """How operators are written by those of the core."""
    # (The public table asks every operator there is first, which takes as long as all the rest.)
    found: dict[Any, Callable[..., Any]] = torch._decomp._core_aten_decompositions_post_autograd()
    found = {**found, **OWN}
    # PyTorch 2.6 writes it by uniform numbers, which are not those that it draws itself.
    found.pop(_ATEN.bernoulli.p, None)
    return found


def _multilabel_parts(x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """What each label (rows, labels, classes) adds, before it is cut off at 0; and which count.

    Labels are those before the first -1; classes, those that are no label.
    """
    n = x.shape[-1]
    is_label = (target >= 0).long().cumprod(-1).bool()
    labels = target.clamp(min=0)
    places = torch.arange(n, device=x.device)
    is_target = ((labels.unsqueeze(-1) == places) & is_label.unsqueeze(-1)).any(-2)
    apart = 1 - x.gather(-1, labels).unsqueeze(-1) + x.unsqueeze(-2)
    return apart, is_label.unsqueeze(-1) & ~is_target.unsqueeze(-2)


def _multilabel_margin_loss(x: Tensor, target: Tensor, reduction: int) -> tuple[Tensor, Tensor]:
    apart, counts = _multilabel_parts(x, target)
    loss = torch.where(counts, apart.clamp(min=0), 0).sum((-1, -2)) / x.shape[-1]
    found = (loss, loss.mean(), loss.sum())[reduction]
    return found, (~counts.any(-2)).to(x.dtype)


def _multilabel_margin_loss_backward(
    gradient: Tensor, x: Tensor, target: Tensor, reduction: int, is_target: Tensor
) -> Tensor:
    apart, counts = _multilabel_parts(x, target)
    n = x.shape[-1]
    rows = x.numel() // n if reduction == 1 else 1
    slope = (counts & (apart > 0)).to(x.dtype) / (n * rows)
    slope = slope * (gradient[..., None, None] if reduction == 0 else gradient)
    return slope.sum(-2).scatter_add(-1, target.clamp(min=0), -slope.sum(-1))


#: PyTorch's own counts labels after the first -1 too (2.13), and so do its compilers.
OWN: dict[Any, Callable[..., Any]] = {
    _ATEN.multilabel_margin_loss_forward.default: _multilabel_margin_loss,
    _ATEN.multilabel_margin_loss_backward.default: _multilabel_margin_loss_backward,
}
