"""Functions of what they gather."""

from __future__ import annotations

import torch
from torch import Tensor

from torchbridge.autodiff import gathers

INDEX = torch.tensor([2, 0, 2, 1])


def _f(x: Tensor) -> Tensor:
    u = x.narrow(0, 1, 3)
    rows = u.index_select(0, INDEX) * x[0]
    # Each once: no copy is needed.
    turned = u.index_select(0, torch.tensor([2, 1, 0]))
    return (rows**2).sum() + (turned * u).sum() + x.index_select(0, torch.tensor([0, 0])).prod()


def test_gathers_are_found_and_are_variables() -> None:
    x = torch.tensor([0.5, 1.0, 2.0, 3.0], dtype=torch.float64)
    found = gathers.owners(_f, x)
    assert [part.tolist() for part in found] == [[3, 1, 3, 2], [0, 0]]
    of = gathers.function_of_copies(_f, 4, found)
    z = x[torch.cat((torch.arange(4), *found))].requires_grad_()
    value = of(z)
    assert isinstance(value, Tensor)
    assert value.item() == _f(x).item()
    (slope,) = torch.autograd.grad(value, z)
    # x[0] directly, u in the second sum, the rows, and the last two.
    rows = x[found[0]]
    assert torch.allclose(slope[0], 2 * x[0] * (rows**2).sum())
    assert torch.allclose(slope[1:4], 2 * x[[3, 2, 1]])
    assert torch.allclose(slope[4:8], 2 * x[0] ** 2 * rows)
    assert slope[8:].tolist() == [0.5, 0.5]


def test_another_way_gathers_from_the_vector_itself() -> None:
    x = torch.tensor([0.5, 1.0, 2.0, 3.0], dtype=torch.float64)
    of = gathers.function_of_copies(_f, 4, [torch.tensor([3, 1])])
    z = x[torch.tensor([0, 1, 2, 3, 3, 1])].requires_grad_()
    value = of(z)
    assert isinstance(value, Tensor)
    (slope,) = torch.autograd.grad(value, z)
    (known,) = torch.autograd.grad(_f(v := x.clone().requires_grad_()), v)
    assert torch.equal(slope[:4], known)
    assert slope[4:].tolist() == [0, 0]
