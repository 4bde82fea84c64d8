"""Patterns of Hessians, beside the Hessian."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from torchbridge.autodiff.derivatives import hessian
from torchbridge.autodiff.hessian_pattern import pattern

GROUP = torch.arange(12) % 4
DESIGN = torch.tensor([[1.0, 0, 2, 0, 0, 0, 0, 0], [0, 1, 0, 0, 3, 0, 0, 0]], dtype=torch.float64)


def _loop(x: Tensor) -> Tensor:
    total = x.new_zeros(())
    for i in range(1, len(x)):
        total = total + torch.cosh(x[i] - x[i - 1])
    return total


EXACT: dict[str, Callable[[Tensor], Tensor]] = {
    "groups": lambda x: torch.exp(x[:4][GROUP] + x[4] - 1).sum() + (x**2).sum(),
    "neighbours": lambda x: ((x[1:] - 0.5 * x[:-1]) ** 2).sum() + (x[0] ** 2),
    "loop": _loop,
    "products": lambda x: torch.dot(x[:3], x[3:6]) + (x[6:] * x[6:]).sum() + (x[:6] ** 2).sum(),
    "quotient": lambda x: (1 / x).sum() + (x[1] / x[2]),
    "design": lambda x: torch.log1p(torch.exp(DESIGN @ x)).sum() + (x**3).sum(),
    "row": lambda x: (torch.exp(x[None, :] @ DESIGN.mT)).sum() + (x**3).sum(),
    "precision": lambda x: (x[None, :] @ (DESIGN.mT @ DESIGN) @ x[:, None]).sum() + (x**2).sum(),
    "moved": lambda x: torch.exp(torch.cat((x[4:], x[:4])).flip(0) + x).sum(),
    "put": lambda x: (
        torch.exp(x.index_copy(0, torch.tensor([1]), x[:1] + x[7])).sum() + (x**2).sum()
    ),
    "means": lambda x: torch.exp(x.reshape(2, 4).mean(0)).sum() + (x**2).sum(),
    "chosen": lambda x: (torch.where(x > 0, torch.exp(x), x * x) + x[0]).sum(),
}


def _dense(f: Callable[[Tensor], Tensor], x: Tensor, places: list[int]) -> set[tuple[int, int]]:
    found = pattern(f, x, np.array(places))
    assert found is not None
    return set(zip(found[0].tolist(), found[1].tolist(), strict=True))


@pytest.mark.parametrize("name", EXACT)
def test_pattern_is_that_of_the_hessian(name: str) -> None:
    f = EXACT[name]
    x = torch.linspace(0.3, 1.9, 8, dtype=torch.float64)
    known = {tuple(at) for at in hessian(f, x).nonzero().tolist()}
    assert _dense(f, x, list(range(8))) == known | {(i, i) for i in range(8)}
    places = [5, 0, 3, 4]
    assert _dense(f, x, places) == {
        (i, j) for i in range(4) for j in range(4) if i == j or (places[i], places[j]) in known
    }


def test_what_has_no_rule_is_dense_and_what_is_large_has_no_pattern() -> None:
    x = torch.linspace(0.3, 1.9, 8, dtype=torch.float64)
    whole = {(i, j) for i in range(3) for j in range(3)} | {(i, i) for i in range(8)}
    assert _dense(lambda x: torch.logsumexp(x[:3], 0) + x.sum(), x, list(range(8))) == whole
    assert pattern(lambda x: x.sum() ** 2, torch.zeros(5000), np.arange(5000)) is None

    def changes(x: Tensor) -> Tensor:
        y = x * 1.0
        y[0] += x[1]
        return (y**2).sum()

    assert pattern(changes, x, np.arange(8)) is None
