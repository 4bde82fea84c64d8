"""The gradient of a weighted sum of products with a Hessian, beside the one of all its elements."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from torchbridge.autodiff.slopes import slopes

D = torch.cdist(*[torch.linspace(0, 1, 7, dtype=torch.float64)[:, None] ** 2] * 2)


def _process(x: Tensor) -> Tensor:
    u = x[2:]
    cov = torch.exp(-D * x[0].exp()) + torch.eye(7, dtype=x.dtype)
    return u @ torch.linalg.solve(cov, u) + (u * x[1]).exp().sum()


def _quadratic(x: Tensor) -> Tensor:
    return (x[2:] ** 2).sum() * 3 + x[0] ** 3


@pytest.mark.parametrize("f", [_process, _quadratic, lambda x: x.sum()])
def test_it_is_the_gradient_of_the_sum(f) -> None:
    torch.manual_seed(1)
    x = torch.randn(9, dtype=torch.float64)
    places = torch.arange(2, 9)
    seeds, weights = torch.randn(2, 12, 7, dtype=torch.float64)
    found = slopes(f, x, places, seeds, weights)

    def whole(x: Tensor) -> Tensor:
        return torch.autograd.functional.hessian(f, x, create_graph=True)

    def total(x: Tensor) -> Tensor:
        return ((seeds @ whole(x)[2:, 2:]) * weights).sum()

    assert torch.allclose(
        found.gradient, torch.autograd.functional.jacobian(f, x), rtol=1e-12, atol=1e-12
    )
    assert torch.allclose(
        found.pull, torch.autograd.functional.jacobian(total, x), rtol=1e-9, atol=1e-9
    )
    v = torch.randn(7, dtype=torch.float64)
    assert torch.allclose(found.product(v), whole(x)[:, 2:] @ v, rtol=1e-10, atol=1e-10)
