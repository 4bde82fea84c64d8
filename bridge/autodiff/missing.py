"""NaN among a function's data, which must not enter the gradient of what leaves them out.

What is NaN for a NaN of the data, and is masked later (``na.rm``, an index, ``ifelse``), gets a
gradient of 0 from there; but 0 times a derivative that is NaN is NaN. So from the first data with
NaN on, elementwise rules compute such elements from 1 instead, and make them NaN by ``where``,
which stops the gradient on its way back.

Tests: test-autodiff-missing.R.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import get_proxy_mode

_beware = False


def beware(on: bool) -> None:
    """Whether there have been data with NaN in the function that runs."""
    global _beware  # noqa: PLW0603
    _beware = on


def is_wary() -> bool:
    """Have there been data with NaN in the function that runs?"""
    return _beware


def guarded(f: Callable[..., Tensor], *operands: Tensor | float) -> Tensor:
    """f(*operands), elementwise, with a gradient of 0 where it is NaN."""
    result = f(*operands)
    if not _beware:
        return result
    bad = result.isnan()
    if get_proxy_mode() is None and not bool(bad.any()):
        return result
    fine = [torch.where(bad, 1.0, x) if isinstance(x, torch.Tensor) else x for x in operands]
    return torch.where(bad, math.nan, f(*fine))


def guarded_product(f: Callable[[Tensor, Tensor], Tensor], x: Tensor, y: Tensor) -> Tensor:
    """f(x, y), a product of matrices or vectors, with a gradient of 0 where it is NaN."""
    if not _beware:
        return f(x, y)
    here, there = x.isnan(), y.isnan()
    if get_proxy_mode() is None and not bool(here.any() or there.any()):
        return f(x, y)
    found = [torch.where(z, 1.0, 0.0).to(x.dtype) for z in (here, there)]
    bad = f(found[0], torch.ones_like(y)) + f(torch.ones_like(x), found[1]) > 0
    product = f(torch.where(here, 0.0, x), torch.where(there, 0.0, y))
    return torch.where(bad, math.nan, product)
