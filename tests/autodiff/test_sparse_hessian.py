"""Sparse Hessians by colours, beside the dense ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from torchbridge.autodiff import sparse_hessian
from torchbridge.autodiff.derivatives import hessian
from torchbridge.autodiff.replay import Replay

torch.manual_seed(1)
FIRST = torch.randint(0, 40, (200,))
SECOND = torch.randint(0, 10, (200,)) + 40


def _crossed(x: Tensor) -> Tensor:
    rows = torch.exp(x[FIRST] + x[SECOND] * x[52] + x[50] * x[51] * 0.1)
    return rows.sum() + (x[:50] ** 2).sum() * x[51]


def _crossed_by_gathers(x: Tensor) -> Tensor:
    first, second = x.narrow(0, 0, 40).index_select(0, FIRST), x.index_select(0, SECOND)
    rows = torch.exp(first + second * x[52] + x[50] * x[51] * 0.1)
    return rows.sum() + (x[:50] ** 2).sum() * x[51] + (first * first.roll(1)).sum()


def _pairs(x: Tensor) -> Tensor:
    return (torch.exp(x[:25] * x[25:50] * x[51]) + x[:25] ** 2 * x[52]).sum() + x[50] ** 2


def _series(x: Tensor) -> Tensor:
    steps = (x[1:50] - 0.5 * x[:49] - x[50]) ** 2 * torch.exp(x[51])
    return steps.sum() + x[:50].sin().sum() + x[52] ** 2


@pytest.mark.parametrize(
    ("f", "most"),
    [(_crossed, 14), (_crossed_by_gathers, 6), (_pairs, 2), (_series, 4)],
    ids=["crossed", "crossed by gathers", "pairs", "series"],
)
@pytest.mark.parametrize("hub", [False, True])
def test_elements_and_the_determinants_slope_are_the_dense_ones(
    f: Callable[[Tensor], Tensor], most: int, hub: bool
) -> None:
    random = ([50] if hub else []) + list(range(50))
    x = torch.randn(53, dtype=torch.float64) * 0.3
    found = sparse_hessian.plan(f, x, random)
    assert found is not None
    plan = found[0]
    assert len(plan.seeds) <= most
    value, slope, elements = sparse_hessian.curvature(f, x, plan)
    known = hessian(f, x)
    dense = torch.zeros(len(random), len(random), dtype=torch.float64)
    dense[plan.row, plan.column] = elements
    dense[plan.column, plan.row] = elements
    assert torch.allclose(dense, known[random][:, random], rtol=1e-13, atol=1e-13)
    assert value == f(x).item()
    (gradient,) = torch.autograd.grad(f(v := x.clone().requires_grad_()), v)
    assert torch.allclose(slope, gradient[random], rtol=1e-13, atol=1e-14)
    inverse = torch.linalg.inv(dense)
    logs = (torch.func.hessian(f)(v)[random][:, random] * inverse).sum() / 2
    (pull,) = torch.autograd.grad(logs, v)
    at = inverse[plan.row, plan.column]
    whole, ours, right = sparse_hessian.pull(f, x, plan, at, elements)
    assert right
    assert torch.allclose(whole, gradient, rtol=1e-13)
    assert torch.allclose(ours, pull, rtol=1e-10, atol=1e-10)
    assert not sparse_hessian.pull(f, x, plan, at, elements * 1.0001)[2]
    across = sparse_hessian.cross(f, x, plan, [51, 52])
    assert torch.allclose(across, known[random][:, [51, 52]], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("f", [_crossed, _crossed_by_gathers, _series])
@pytest.mark.parametrize("verb", ["curvature", "pull"])
def test_a_replayed_function_has_the_same_numbers_before_and_after_it_is_a_program(
    f: Callable[[Tensor], Tensor], verb: str
) -> None:
    x = torch.randn(53, dtype=torch.float64) * 0.3
    found = sparse_hessian.plan(f, x, list(range(50)))
    assert found is not None
    plan = found[0]
    evaluator = sparse_hessian.evaluator(Replay(f), plan, verb, 53)
    for turn in range(44):
        x = x + 0.01 * torch.sin(torch.arange(53) + turn)
        known: tuple[object, ...] = sparse_hessian.curvature(f, x, plan)
        numbers = x
        if verb == "pull":
            elements = sparse_hessian.curvature(f, x, plan)[2] * (1 + 1e-5 * (turn % 2))
            inverse = torch.cos(torch.arange(len(elements), dtype=torch.float64))
            numbers = torch.cat((x, inverse, elements))
            known = sparse_hessian.pull(f, x, plan, inverse, elements)
            assert known[2] is (turn % 2 == 0)
        given = torch.frombuffer(
            bytearray(evaluator(bytearray(numbers.numpy().tobytes()))), dtype=torch.float64
        )
        parts = [torch.as_tensor(part, dtype=torch.float64).reshape(-1) for part in known]
        assert torch.allclose(given, torch.cat(parts), rtol=1e-11, atol=1e-11)
    assert evaluator.why is None
    assert evaluator._programs


def test_where_the_function_is_not_finite_a_program_says_so_too() -> None:
    def f(x: Tensor) -> Tensor:
        return (x[:8] ** 2 * x[8]).sum() - x[8].log()

    x = torch.ones(9, dtype=torch.float64)
    found = sparse_hessian.plan(f, x, list(range(8)))
    assert found is not None
    evaluator = sparse_hessian.evaluator(Replay(f), found[0], "curvature", 9)
    for _ in range(17):
        evaluator(bytearray(x.numpy().tobytes()))
    assert evaluator._programs
    x[8] = -1.0
    with pytest.raises(ValueError, match="NaN"):
        evaluator(bytearray(x.numpy().tobytes()))


def test_a_dense_hessian_has_no_plan() -> None:
    x = torch.ones(6, dtype=torch.float64)
    assert sparse_hessian.plan(lambda x: x.sum() ** 2, x, list(range(6))) is None
